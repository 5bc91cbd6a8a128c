"""The files that are imported: each a pure function of the seed and its number."""

import csv
import io
from dataclasses import dataclass

from story.data import ORDER_COLUMNS, OWN_CUSTOMER_COLUMNS

from . import people
from .chance import Chance


@dataclass(frozen=True)
class File:
    """A file to import: what is in it, and which of its lines are wrong on purpose."""

    rows: list[dict[str, str]]
    content: bytes
    broken: list[int]

    @property
    def lines(self) -> int:
        """Its data lines."""
        return len(self.rows) + len(self.broken)


def base_file(customers: int) -> File:
    """The customers that are there before the storm, and a line that is refused."""
    rows = [people.customer(people.BASE + place) for place in range(customers)]
    return _file(OWN_CUSTOMER_COLUMNS, rows, people.customer(people.IMPORTED - 1) | {"birthDate": "1975-02-30"}, 1)


def customers_file(chance: Chance, number: int) -> File:
    """The customers of one file, with a date that is none in one line."""
    draw = chance.of("customers", number)
    first = people.IMPORTED + number * people.PER_FILE
    rows = [people.customer(first + place) for place in range(draw.randint(2_000, 11_000))]
    wrong = people.customer(first + people.PER_FILE - 1) | {"birthDate": "1975-02-30"}
    return _file(OWN_CUSTOMER_COLUMNS, rows, wrong, draw.randrange(len(rows)))


def orders_file(chance: Chance, number: int, customers: int) -> File:
    """The orders of one file, with an amount that is none in one line."""
    draw = chance.of("orders", number)
    rows = [people.order(chance, f"f{number}-{place}", customers) for place in range(draw.randint(2_000, 11_000))]
    wrong = people.order(chance, f"f{number}-wrong", customers) | {"amount": "12,5O"}
    return _file([name for name in ORDER_COLUMNS if name != "store"], rows, wrong, draw.randrange(len(rows)))


def _file(columns: list[str], rows: list[dict[str, str]], wrong: dict[str, str], place: int) -> File:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows([*rows[:place], wrong, *rows[place:]])
    # The header is the first line.
    return File(rows, text.getvalue().encode(), [place + 2])
