"""The profiles and orders of a storm: each a pure function of the seed and its number."""

import datetime
from decimal import Decimal
from typing import Any

from story.data import ZONE, customer_row

from .chance import Chance

# Where the numbers of customers begin: those who are there before the storm, imported ones (a range for each file),
# those made one by one, some to be deleted again, and those whom a scenario's call makes.
BASE = 1
IMPORTED = 1_000_000
PER_FILE = 20_000
LEAVING = 7_000_000
MADE = 8_000_000
WELCOMED = 9_000_000


def code(number: int) -> str:
    """The customer's code."""
    return f"{number:05}"


def customer(number: int) -> dict[str, str]:
    """A line of a file of customers."""
    row = customer_row(number)
    del row["preferredStore"]
    return row


def stored(row: dict[str, str]) -> tuple[str, ...]:
    """How a customer must stand in the database: code, address, names, birth date, tier."""
    names = ("customerCode", "emailAddress", "firstName", "lastName", "birthDate", "tier")
    return tuple(row[name] or ("bronze" if name == "tier" else "") for name in names)


def profile_fields(row: dict[str, str]) -> dict[str, Any]:
    """The fields of a customer that is sent by a call, as JSON."""
    fields: dict[str, Any] = {name: {"stringValue": value} for name, value in row.items() if value}
    for name in ("marketingConsent", "newsletter"):
        fields[name] = {"boolValue": row[name] == "true"}
    year, month, day = map(int, row["birthDate"].split("-"))
    fields["birthDate"] = {"dateValue": {"year": year, "month": month, "day": day}}
    return fields


def order(chance: Chance, order_code: str, customers: int) -> dict[str, str]:
    """A line of a file of orders, of one of the first customers."""
    draw = chance.of("order", order_code)
    moment = datetime.datetime(1998, 1, 1, tzinfo=ZONE) + datetime.timedelta(minutes=draw.randrange(500_000))
    return {
        "orderCode": order_code,
        "customer": code(BASE + draw.randrange(customers)),
        "time": moment.isoformat(),
        "quantity": str(draw.randint(1, 9)),
        "amount": str(Decimal(draw.randint(100, 40_000)) / 100),
    }


def row_values(row: dict[str, str]) -> dict[str, Any]:
    """The values of an order that is sent by a call, as JSON."""
    moment = datetime.datetime.fromisoformat(row["time"]).astimezone(datetime.UTC)
    amount = Decimal(row["amount"])
    scale = -int(amount.as_tuple().exponent)
    return {
        "orderCode": {"stringValue": row["orderCode"]},
        "customer": {"stringValue": row["customer"]},
        "time": {"timestampValue": moment.isoformat().replace("+00:00", "Z")},
        "quantity": {"int64Value": row["quantity"]},
        "amount": {"decimalValue": {"low": str(int(amount.scaleb(scale))), "scale": scale}},
    }
