"""The story's files, made from the purchases at CDNOW, and what must come out of them.

CDNOW_master.txt has one header line, CRLF, and columns aligned by spaces: customer, date, number of discs, amount. It
is in the order of the customers. Everything else is computed from the customer's number: each run makes the same files.
"""

import csv
import datetime
import pathlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

# Where deploy/lib.sh puts it: in this Python's own environment.
SOURCE = pathlib.Path(sys.prefix) / "share" / "CDNOW_master.txt"

ZONE = ZoneInfo("Europe/Brussels")

CUSTOMER_COLUMNS = [
    "customerCode",
    "emailAddress",
    "firstName",
    "lastName",
    "motherLanguage",
    "birthDate",
    "marketingConsent",
    "newsletter",
    "tier",
    "preferredStore",
]
# Without the reference to another table.
OWN_CUSTOMER_COLUMNS = CUSTOMER_COLUMNS[:-1]
ORDER_COLUMNS = ["orderCode", "customer", "time", "quantity", "amount", "store"]
STORE_COLUMNS = ["code", "city", "country"]

# One line of each file is wrong on purpose: after this data line comes one more, which must be refused.
_CUSTOMERS_BEFORE_THE_BROKEN_LINE = 12_000
_ORDERS_BEFORE_THE_BROKEN_LINE = 34_567
BROKEN_CUSTOMER = {"line": _CUSTOMERS_BEFORE_THE_BROKEN_LINE + 2, "column": "birthDate"}
BROKEN_ORDER = {"line": _ORDERS_BEFORE_THE_BROKEN_LINE + 2, "column": "amount"}

# An order of 1998's customers that comes by the API, and somebody whom a call makes a customer.
BIG_ORDER = {
    "orderCode": "big-1",
    "customer": "00002",
    "time": "1998-07-01T10:00:00Z",
    "quantity": 12,
    "amount": 200.01,
    "store": "S02",
}
NEW_CUSTOMER = {
    "customerCode": "new-1",
    "emailAddress": "new-1@example.test",
    "firstName": "Aurélie",
    "lastName": "D'Hondt",
    "motherLanguage": "fr",
    "marketingConsent": True,
    "newsletter": True,
}

_FIRST_NAMES = [
    "Aïcha",
    "Anaïs",
    "Björn",
    "Chloé",
    "D'Arcy",
    "Élodie",
    "Fatma",
    "François",
    "Gaël",
    "Hélène",
    "Ingrid",
    "Jürgen",
    "Kevin",
    "Léa",
    "Marie-Claire",
    "Mo'nique",
    "Noël",
    "Ömer",
    "Piet",
    "Renée",
    "Søren",
    "Thérèse",
    "Wout",
    "Zoë",
]
_LAST_NAMES = [
    "Aerts",
    "Bäcker",
    "Citroën",
    "D'Hondt",
    "De Smet",
    "Fischer",
    "Garcia",
    "Grünwald",
    "Hardy",
    "Jacobs",
    "Janssens",
    "Lefèvre",
    "L'Heureux",
    "Maes",
    "Müller",
    "Nguyễn",
    "O'Brien",
    "Peeters",
    "Roß",
    "Sánchez",
    "Taylor",
    "Van 't Hof",
    "Vandenbroucke",
    "Willems",
    "Yılmaz",
    "Żak",
    "Çelik",
]
_CITIES = [
    ("Bruxelles", "BE"),
    ("Liège", "BE"),
    ("Namur", "BE"),
    ("Gent", "BE"),
    ("Antwerpen", "BE"),
    ("Lille", "FR"),
    ("Orléans", "FR"),
    ("Köln", "DE"),
    ("Aachen", "DE"),
    ("Maastricht", "NL"),
    ("'s-Hertogenbosch", "NL"),
    ("Luxembourg", "LU"),
]


@dataclass(frozen=True)
class Purchase:
    """A data line of the file: `number` counts them from 1."""

    number: int
    customer: int
    date: datetime.date
    quantity: int
    amount: Decimal


def purchases(file: pathlib.Path) -> Iterator[Purchase]:
    """The data lines, one at a time."""
    with open(file, encoding="ascii") as lines:
        next(lines)
        for number, line in enumerate(lines, start=1):
            customer, date, quantity, amount = line.split()
            yield Purchase(number, int(customer), datetime.date.fromisoformat(date), int(quantity), Decimal(amount))


def customer_row(number: int) -> dict[str, str]:
    """A line of customers.csv."""
    tier = {0: "gold", 1: "silver", 2: "silver", 3: "silver"}.get(number % 10, "")
    return {
        "customerCode": f"{number:05}",
        "emailAddress": "" if number % 97 == 0 else f"c{number}@example.test",
        "firstName": _FIRST_NAMES[number % len(_FIRST_NAMES)],
        "lastName": _LAST_NAMES[number * 31 % len(_LAST_NAMES)],
        "motherLanguage": ("en", "fr", "nl", "de")[number % 4],
        "birthDate": str(datetime.date(1930, 1, 1) + datetime.timedelta(days=number * 7919 % 22_000)),
        "marketingConsent": _boolean(number % 41 != 0),
        "newsletter": _boolean(number % 3 != 0),
        "tier": tier,
        "preferredStore": _store(number),
    }


def order_row(purchase: Purchase) -> dict[str, str]:
    """A line of orders.csv. Two lines of the source that are alike are two orders."""
    return {
        "orderCode": str(purchase.number),
        "customer": f"{purchase.customer:05}",
        "time": datetime.datetime.combine(purchase.date, datetime.time(), ZONE).isoformat(),
        "quantity": str(purchase.quantity),
        "amount": str(purchase.amount),
        "store": _store(purchase.number),
    }


def customer_rows(file: pathlib.Path) -> Iterator[dict[str, str]]:
    """One line for each customer of the source."""
    return (customer_row(number) for number, _ in groupby(purchases(file), lambda purchase: purchase.customer))


def order_rows(file: pathlib.Path) -> Iterator[dict[str, str]]:
    """One line for each purchase of the source."""
    return (order_row(purchase) for purchase in purchases(file))


def store_rows() -> Iterator[dict[str, str]]:
    """The twelve stores."""
    for number, (city, country) in enumerate(_CITIES):
        yield {"code": _store(number), "city": city, "country": country}


def write_files(source: pathlib.Path, folder: pathlib.Path, customer_columns: list[str] = CUSTOMER_COLUMNS) -> None:
    """Writes customers.csv, orders.csv and stores.csv into `folder`, a line at a time."""
    # The 30th of February; an O for a 0.
    no_customer = customer_row(99_998) | {"birthDate": "1975-02-30"}
    no_order = order_row(Purchase(99_999, 1, datetime.date(1998, 1, 2), 1, Decimal(0))) | {"amount": "12,5O"}
    write_file(folder / "stores.csv", STORE_COLUMNS, store_rows())
    write_file(
        folder / "customers.csv",
        customer_columns,
        _insert(no_customer, customer_rows(source), _CUSTOMERS_BEFORE_THE_BROKEN_LINE),
    )
    write_file(
        folder / "orders.csv", ORDER_COLUMNS, _insert(no_order, order_rows(source), _ORDERS_BEFORE_THE_BROKEN_LINE)
    )


def write_file(file: pathlib.Path, columns: list[str], rows: Iterator[dict[str, str]]) -> None:
    """Writes a CSV file of these columns, at once or not at all."""
    part = file.with_suffix(".part")
    with open(part, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    part.rename(file)


def lapsed_readers(source: pathlib.Path) -> set[str]:
    """The codes of whom the story's targeting must find.

    Subscribed to the newsletter, French or English, at least 2 orders in all, none since 1998-01-01, and amounts over
    100 in sum.
    """
    found = set()
    for number, group in groupby(purchases(source), lambda purchase: purchase.customer):
        bought = list(group)
        row = customer_row(number)
        if (
            row["newsletter"] == "true"
            and row["motherLanguage"] in ("en", "fr")
            and len(bought) >= 2
            and all(purchase.date < datetime.date(1998, 1, 1) for purchase in bought)
            and sum((purchase.amount for purchase in bought), Decimal(0)) > 100
        ):
            found.add(row["customerCode"])
    return found


def recipients(source: pathlib.Path) -> list[str]:
    """The codes of those lapsed readers who can get mail: they have an address and consent to marketing."""
    rows = (customer_row(int(code)) for code in sorted(lapsed_readers(source)))
    return [row["customerCode"] for row in rows if row["emailAddress"] and row["marketingConsent"] == "true"]


def latest_orders(source: pathlib.Path, codes: set[str]) -> dict[str, list[Purchase]]:
    """The last three purchases of each customer, newest first."""
    found = {}
    for number, group in groupby(purchases(source), lambda purchase: purchase.customer):
        code = f"{number:05}"
        if code in codes:
            found[code] = sorted(group, key=lambda bought: (bought.date, bought.number), reverse=True)[:3]
    return found


def city_of(store: str) -> str:
    """Where a store is."""
    return next(row["city"] for row in store_rows() if row["code"] == store)


def _store(number: int) -> str:
    return f"S{number % 12 + 1:02}"


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _insert(extra: dict[str, str], rows: Iterator[dict[str, str]], after: int) -> Iterator[dict[str, str]]:
    for number, row in enumerate(rows, start=1):
        yield row
        if number == after:
            yield extra
