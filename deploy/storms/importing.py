"""Imports that are broken off and go on, until their last line is settled."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc
from rapport.profiles.v1 import profile_service_pb2
from rapport.tables.v1 import table_service_pb2
from rapport.type.v1 import import_pb2
from story.data import ORDER_COLUMNS, OWN_CUSTOMER_COLUMNS

from . import people
from .caller import Caller, NoAnswer
from .chance import Chance
from .events import Events
from .told import Import, Told
from .world import CUSTOMERS, ORDERS, World

_CHUNK = 16_384
_SECONDS = 300


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


class Importer:
    """Imports into one table, one file after the other."""

    def __init__(self, noun: str, table: str, method: Any, listing: Callable[[], Any], start: Any, request: Any,
                 caller: Caller, events: Events) -> None:  # fmt: skip
        self._noun = noun
        self._table = table
        self._method = method
        self._listing = listing
        self._start = start
        self._request = request
        self._caller = caller
        self._events = events
        # The import that was begun last.
        self._previous = ""

    @classmethod
    def of_profiles(cls, world: World, caller: Caller, events: Events) -> "Importer":
        """Into the table of customers."""
        request = profile_service_pb2.ListProfileImportsRequest(parent=CUSTOMERS, page_size=1)
        return cls(
            "profile",
            CUSTOMERS,
            world.profiles.ImportProfiles,
            lambda: caller.read("the newest import of profiles", world.profiles.ListProfileImports, request),
            profile_service_pb2.ImportProfilesStart,
            profile_service_pb2.ImportProfilesRequest,
            caller,
            events,
        )

    @classmethod
    def of_rows(cls, world: World, caller: Caller, events: Events) -> "Importer":
        """Into the table of orders."""
        request = table_service_pb2.ListRowImportsRequest(parent=ORDERS, page_size=1)
        return cls(
            "row",
            ORDERS,
            world.tables.ImportRows,
            lambda: caller.read("the newest import of rows", world.tables.ListRowImports, request),
            table_service_pb2.ImportRowsStart,
            table_service_pb2.ImportRowsRequest,
            caller,
            events,
        )

    def run(self, file: File, request_id: str, key: str) -> Import:
        """Imports a file to its last line."""
        deadline = time.monotonic() + _SECONDS
        begin = self._start(
            parent=self._table,
            settings=import_pb2.ImportSettings(key=key, source="storm"),
            request_id=request_id,
        )
        start, offset = begin, 0
        while True:
            try:
                done = self._caller.stream(self._method, self._parts(start, file.content[offset:]))
            except grpc.RpcError as error:
                if not self._is_known(error):
                    self._caller.is_passing(request_id, error)
                done = self._newest()
            if done and done.progress.state == import_pb2.IMPORT_STATE_SUCCEEDED:
                self._previous = done.name
                return Import(done.name, file.lines, file.broken)
            # Nothing was begun, or it goes on where it stopped.
            start = self._start(resume=done.name) if done else begin
            offset = done.progress.settled_bytes if done else 0
            if time.monotonic() > deadline:
                raise NoAnswer(f"{request_id}: not imported after {_SECONDS} s")
            time.sleep(0.05)

    def _is_known(self, error: grpc.RpcError) -> bool:
        """Whether an error says that an earlier call, whose answer was lost, did it."""
        if error.code() == grpc.StatusCode.ALREADY_EXISTS:
            return "has begun the import" in (error.details() or "")
        return error.code() == grpc.StatusCode.FAILED_PRECONDITION and "has ended" in (error.details() or "")

    def _newest(self) -> Any:
        """The import that was begun last, if it is not an earlier file's."""
        found = next(iter(self._listing().imports), None)
        return found if found and found.name != self._previous else None

    def _parts(self, start: Any, content: bytes) -> Iterator[Any]:
        yield self._request(start=start)
        for begin in range(0, len(content), _CHUNK):
            self._events.note(f"{self._noun} chunk")
            yield self._request(chunk=content[begin : begin + _CHUNK])
            time.sleep(0.02)


def import_customers(importer: Importer, told: Told, file: File, request_id: str) -> None:
    """Imports customers and notes them."""
    told.profile_imports.append(importer.run(file, request_id, "customerCode"))
    for row in file.rows:
        told.add_customer(people.stored(row))


def import_orders(importer: Importer, told: Told, file: File, request_id: str) -> None:
    """Imports orders and notes them."""
    told.row_imports.append(importer.run(file, request_id, "orderCode"))
    for row in file.rows:
        told.add_order(row)
