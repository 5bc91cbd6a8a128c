"""Targetings across the profiles' own fields, the repository they refer to and their rows, by grpcio."""

import csv
import io
import itertools
import json
import pathlib
from collections import Counter
from decimal import Decimal

import grpc
import pytest
from custom_tables import create_custom_table
from google.protobuf import json_format
from imports import csv_file, import_file
from rapport.options.v1 import options_pb2
from rapport.profiles.v1 import profile_service_pb2, profile_service_pb2_grpc, profile_table_pb2
from rapport.tables.v1 import table_service_pb2, table_service_pb2_grpc
from rapport.targeting.v1 import targeting_pb2, targeting_service_pb2, targeting_service_pb2_grpc
from rapport.type.v1 import import_pb2 as type_import_pb2
from story import data

_DEFINITIONS = pathlib.Path(__file__).parents[2] / "deploy/story/definitions"
_ids = itertools.count(1)

CUSTOMERS = list(range(1, 61))
STORES = list(data.store_rows())
CITY = {store["code"]: store["city"] for store in STORES}
# Of every fifth customer there is none; the others have one to three, on days around new year.
ORDERS = [
    {
        "orderCode": f"{number}-{place}",
        "customer": f"{number:05}",
        "time": ["1997-12-31T23:59:59+01:00", "1998-01-01T00:00:00+01:00", "1998-01-02T12:00:00+01:00"][place],
        "quantity": str(place),
        "amount": ["0.10", "0.20", "30.00"][place],
        "store": "S01",
    }
    for number in CUSTOMERS
    for place in range(number % 5 and number % 3 + 1)
]


class World:
    """An entity with the story's tables and some of its data."""

    def __init__(self, suite) -> None:
        self.entity, self.channel = suite.entity(options_pb2.RIGHT_WRITE, options_pb2.RIGHT_EXPORT)
        self.targetings = targeting_service_pb2_grpc.TargetingServiceStub(self.channel)
        tables = table_service_pb2_grpc.TableServiceStub(self.channel)
        create_custom_table(tables, self.entity, "stores", self._definition("stores"))
        self._import_rows(tables, "stores", "code", csv_file(data.STORE_COLUMNS, STORES))
        definition = json_format.ParseDict(self._definition("customers"), profile_table_pb2.ProfileTable())
        self.customers = (
            profile_service_pb2_grpc.ProfileServiceStub(self.channel)
            .CreateProfileTable(
                profile_service_pb2.CreateProfileTableRequest(
                    parent=self.entity, profile_table_id="customers", profile_table=definition
                )
            )
            .name
        )
        create_custom_table(tables, self.entity, "orders", self._definition("orders"))
        rows = (data.customer_row(number) for number in CUSTOMERS)
        import_file(self.channel, self.customers, csv_file(data.CUSTOMER_COLUMNS, rows))
        self._import_rows(tables, "orders", "orderCode", csv_file(data.ORDER_COLUMNS, ORDERS))

    def _definition(self, name: str) -> dict:
        text = (_DEFINITIONS / f"{name}.json").read_text(encoding="utf-8")
        return json.loads(text.replace("entities/b2c", self.entity))

    def _import_rows(self, tables, name: str, key: str, file: bytes) -> None:
        start = table_service_pb2.ImportRowsStart(
            parent=f"{self.entity}/customTables/{name}", settings=type_import_pb2.ImportSettings(key=key)
        )
        done = tables.ImportRows(
            iter(
                [table_service_pb2.ImportRowsRequest(start=start), table_service_pb2.ImportRowsRequest(chunk=file)],
            )
        )
        assert done.progress.refused_lines == 0

    def draft(self, criterion: dict, **more) -> targeting_pb2.Targeting:
        """A targeting of the customers, from proto3 JSON."""
        draft = {"profileTable": self.customers, "criterion": criterion} | more
        return json_format.ParseDict(draft, targeting_pb2.Targeting())

    def count(self, criterion: dict) -> int:
        """How many customers meet a criterion."""
        request = targeting_service_pb2.CountTargetingRequest(parent=self.entity, targeting=self.draft(criterion))
        return self.targetings.CountTargeting(request).count

    def save(self, criterion: dict, **more) -> str:
        """The name of a new targeting."""
        request = targeting_service_pb2.CreateTargetingRequest(
            parent=self.entity, targeting_id=f"t{next(_ids)}", targeting=self.draft(criterion, **more)
        )
        return self.targetings.CreateTargeting(request).name

    def codes(self, targeting: str) -> set[str]:
        """The customers' codes in a targeting's export."""
        request = targeting_service_pb2.ExportTargetingRequest(parent=targeting, fields=["customerCode"])
        file = b"".join(part.chunk for part in self.targetings.ExportTargeting(request))
        return {row["customerCode"] for row in csv.DictReader(io.StringIO(file.decode(), newline=""))}

    def orders(self, aggregate: str, comparison: dict, **more) -> dict:
        """A criterion over a customer's orders."""
        return {
            "rows": {
                "table": f"{self.entity}/customTables/orders",
                "aggregate": f"AGGREGATE_{aggregate}",
                "comparison": comparison,
            }
            | more
        }


@pytest.fixture(scope="module")
def world(suite) -> World:
    return World(suite)


def field(name: str, comparison: dict) -> dict:
    return {"field": {"field": name, "comparison": comparison}}


def city(comparison: dict) -> dict:
    return {"reference": {"reference": "preferredStore", "column": "city", "comparison": comparison}}


def codes(numbers) -> set[str]:
    return {f"{number:05}" for number in numbers}


COUNTS = Counter(order["customer"] for order in ORDERS)
SUMS: Counter = Counter()
for _order in ORDERS:
    SUMS[_order["customer"]] += Decimal(_order["amount"])


def test_a_tree_over_fields_references_and_rows_finds_whom_python_finds(world):
    here = CITY["S01"]
    tree = {
        "any": {
            "criteria": [
                {"all": {"criteria": [field("tier", {"equals": {"stringValue": "gold"}}), city({"isSet": True})]}},
                {
                    "not": {
                        "any": {
                            "criteria": [
                                city({"equals": {"stringValue": here}}),
                                field("newsletter", {"equals": {"boolValue": True}}),
                            ]
                        }
                    }
                },
                world.orders("COUNT", {"range": {"after": {"value": {"int64Value": "2"}}}}),
            ]
        }
    }
    expected = set()
    for number in CUSTOMERS:
        row = data.customer_row(number)
        in_city = CITY[row["preferredStore"]] == here
        if row["tier"] == "gold" or not (in_city or row["newsletter"] == "true") or COUNTS[f"{number:05}"] > 2:
            expected.add(number)
    assert world.codes(world.save(tree)) == codes(expected)


def test_over_no_rows_a_sum_is_0_and_the_greatest_absent(world):
    without = codes(number for number in CUSTOMERS if number % 5 == 0)
    assert world.codes(world.save(world.orders("COUNT", {"equals": {"int64Value": "0"}}))) == without
    assert world.codes(world.save(world.orders("SUM", {"equals": {"int64Value": "0"}}, column="amount"))) == without
    small = world.orders("MAX", {"range": {"to": {"value": {"int64Value": "1"}}}}, column="amount")
    assert world.count(small) == sum(count < 3 for count in COUNTS.values())
    assert world.count({"not": small}) == len(CUSTOMERS) - world.count(small)


def test_decimals_compare_exactly(world):
    # 0.10 and 0.20 are no 0.3 in binary.
    exact = {"equals": {"decimalValue": {"low": "3", "scale": 1}}}
    found = world.codes(world.save(world.orders("SUM", exact, column="amount")))
    assert found == {code for code, amount in SUMS.items() if amount == Decimal("0.3")}
    assert found


def test_a_date_is_a_whole_day_in_the_entitys_zone(world):
    since = {"range": {"from": {"value": {"dateValue": {"year": 1998, "month": 1, "day": 1}}}}}
    where = [{"column": "time", "comparison": since}]
    found = world.codes(
        world.save(world.orders("COUNT", {"range": {"from": {"value": {"int64Value": "1"}}}}, where=where))
    )
    assert found == {code for code, count in COUNTS.items() if count > 1}


def test_a_sample_is_the_same_for_the_same_seed_and_counts_as_it_lists(world):
    everyone = field("customerCode", {"isSet": True})
    one = world.codes(world.save(everyone, limit={"count": "20", "seed": "5"}))
    assert len(one) == 20
    assert world.codes(world.save(everyone, limit={"count": "20", "seed": "5"})) == one
    assert world.codes(world.save(everyone, limit={"count": "20", "seed": "6"})) != one
    oldest_first = world.save(everyone, limit={"percent": 10, "topBy": "birthDate"})
    birth = {number: data.customer_row(number)["birthDate"] for number in CUSTOMERS}
    assert world.codes(oldest_first) == codes(sorted(CUSTOMERS, key=lambda number: birth[number])[-6:])


def test_the_pages_of_a_list_are_of_one_population(world):
    name = world.save(field("customerCode", {"isSet": True}))
    request = targeting_service_pb2.ListTargetedProfilesRequest(parent=name, page_size=25)
    pages = []
    while True:
        page = world.targetings.ListTargetedProfiles(request)
        pages.append(list(page.profiles))
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert [len(page) for page in pages] == [25, 25, 10]
    assert len(set(itertools.chain(*pages))) == 60


def test_what_is_wrong_with_a_criterion_is_told_by_its_place(world):
    faults = {
        "targeting.criterion.all.criteria[1].rows.column": world.orders("SUM", {"isSet": True}, column="colour"),
        "targeting.criterion.all.criteria[1].rows.where[0].comparison.equals": world.orders(
            "COUNT",
            {"isSet": True},
            where=[{"column": "amount", "comparison": {"equals": {"stringValue": "x"}}}],
        ),
        "targeting.criterion.all.criteria[1].reference.comparison.range": city(
            {"range": {"from": {"value": {"int64Value": "1"}}}}
        ),
        "targeting.criterion.all.criteria[1].field.field": field("shoeSize", {"isSet": True}),
    }
    for place, fault in faults.items():
        with pytest.raises(grpc.RpcError) as refused:
            world.save({"all": {"criteria": [field("tier", {"isSet": True}), fault]}})
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert place in refused.value.details()


def test_a_key_of_another_entity_finds_nothing_and_changes_nothing(world, suite):
    name = world.save(field("tier", {"isSet": True}))
    own, channel = suite.entity(options_pb2.RIGHT_WRITE, options_pb2.RIGHT_EXPORT)
    foreign = targeting_service_pb2_grpc.TargetingServiceStub(channel)
    pb = targeting_service_pb2
    draft = world.draft(field("tier", {"isSet": True}))
    calls = [
        lambda: foreign.GetTargeting(pb.GetTargetingRequest(name=name)),
        lambda: foreign.DeleteTargeting(pb.DeleteTargetingRequest(name=name)),
        lambda: foreign.ListTargetings(pb.ListTargetingsRequest(parent=world.entity)),
        lambda: foreign.ListTargetedProfiles(pb.ListTargetedProfilesRequest(parent=name)),
        lambda: list(foreign.ExportTargeting(pb.ExportTargetingRequest(parent=name))),
        lambda: foreign.CountTargeting(pb.CountTargetingRequest(parent=world.entity, name=name)),
        lambda: foreign.CountTargeting(pb.CountTargetingRequest(parent=own, name=name)),
        lambda: foreign.CountTargeting(pb.CountTargetingRequest(parent=own, targeting=draft)),
        lambda: foreign.CreateTargeting(pb.CreateTargetingRequest(parent=own, targeting_id="t", targeting=draft)),
        lambda: foreign.UpdateTargeting(
            pb.UpdateTargetingRequest(targeting=targeting_pb2.Targeting(name=name, display_name="Stolen"))
        ),
    ]
    for call in calls:
        with pytest.raises(grpc.RpcError) as refused:
            call()
        assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    assert not foreign.ListTargetings(pb.ListTargetingsRequest(parent="entities/-")).targetings
    assert world.targetings.GetTargeting(pb.GetTargetingRequest(name=name)).version == 1
