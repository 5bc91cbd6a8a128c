"""The story's files are what the story says that they are."""

import csv
import pathlib
from collections import Counter

import pytest
from story import data


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("story")
    data.write_files(data.SOURCE, folder)
    return folder


def rows(file: pathlib.Path) -> list[dict[str, str]]:
    with open(file, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_customer_is_there_once_and_one_line_more_is_broken(files):
    codes = Counter(row["customerCode"] for row in rows(files / "customers.csv"))
    assert len(codes) == 23_570 + 1
    assert set(codes.values()) == {1}


def test_every_purchase_is_an_order_of_its_own_even_where_the_source_repeats_itself(files):
    orders = rows(files / "orders.csv")
    assert len(orders) == 69_659 + 1
    assert len({row["orderCode"] for row in orders}) == len(orders)
    same = Counter((p.customer, p.date, p.quantity, p.amount) for p in data.purchases(data.SOURCE))
    assert sum(count - 1 for count in same.values()) == 255


def test_the_broken_lines_are_where_the_story_expects_them(files):
    customers = (files / "customers.csv").read_text(encoding="utf-8").splitlines()
    orders = (files / "orders.csv").read_text(encoding="utf-8").splitlines()
    assert "1975-02-30" in customers[data.BROKEN_CUSTOMER["line"] - 1]
    assert "12,5O" in orders[data.BROKEN_ORDER["line"] - 1]


def test_a_day_begins_at_midnight_of_the_entitys_zone_in_summer_and_winter():
    by_date = {row["time"][:10]: row["time"] for row in data.order_rows(data.SOURCE)}
    assert by_date["1997-01-01"] == "1997-01-01T00:00:00+01:00"
    assert by_date["1997-07-01"] == "1997-07-01T00:00:00+02:00"


def test_the_values_of_a_customer_follow_from_the_number():
    assert data.customer_row(97 * 41) | {"firstName": "", "lastName": ""} == {
        "customerCode": "03977",
        "emailAddress": "",
        "firstName": "",
        "lastName": "",
        "motherLanguage": "fr",
        "birthDate": "1962-06-25",
        "marketingConsent": "false",
        "newsletter": "true",
        "tier": "",
        "preferredStore": "S06",
    }
