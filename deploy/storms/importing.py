"""Imports that are broken off and go on, until their last line is settled."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
from rapport.profiles.v1 import profile_service_pb2
from rapport.tables.v1 import table_service_pb2
from rapport.type.v1 import import_pb2

from . import people
from .caller import Caller, NoAnswer
from .events import Events
from .files import File
from .told import Import, Told
from .world import CUSTOMERS, ORDERS, World

_CHUNK = 16_384
_SECONDS = 900


@dataclass(frozen=True)
class Target:
    """A table to import into, and how that is said."""

    noun: str
    table: str
    import_method: Any
    list_method: Any
    list_request: Any
    start: Any
    request: Any


def customers_table(world: World) -> Target:
    """Where profiles are imported."""
    return Target(
        "profile",
        CUSTOMERS,
        world.profiles.ImportProfiles,
        world.profiles.ListProfileImports,
        profile_service_pb2.ListProfileImportsRequest,
        profile_service_pb2.ImportProfilesStart,
        profile_service_pb2.ImportProfilesRequest,
    )


def orders_table(world: World) -> Target:
    """Where rows are imported."""
    return Target(
        "row",
        ORDERS,
        world.tables.ImportRows,
        world.tables.ListRowImports,
        table_service_pb2.ListRowImportsRequest,
        table_service_pb2.ImportRowsStart,
        table_service_pb2.ImportRowsRequest,
    )


class Importer:
    """Imports into one table, one file after the other."""

    def __init__(self, target: Target, caller: Caller, events: Events) -> None:
        self._target = target
        self._caller = caller
        self._events = events
        # The import that ended last.
        self._previous = ""

    def run(self, file: File, request_id: str, key: str) -> Import:
        """Imports a file to its last line."""
        deadline = time.monotonic() + _SECONDS
        begin = self._target.start(
            parent=self._target.table,
            settings=import_pb2.ImportSettings(key=key, source="storm"),
            request_id=request_id,
        )
        start, offset = begin, 0
        while True:
            try:
                done = self._caller.stream(self._target.import_method, self._parts(start, file.content[offset:]))
            except grpc.RpcError as error:
                if not self._is_known(error):
                    self._caller.is_passing(request_id, error)
                done = self._newest()
            if done and done.progress.state == import_pb2.IMPORT_STATE_SUCCEEDED:
                self._previous = done.name
                return Import(done.name, file.lines, file.broken)
            # Nothing was begun, or it goes on where it stopped.
            start = self._target.start(resume=done.name) if done else begin
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
        request = self._target.list_request(parent=self._target.table, page_size=1)
        found = next(iter(self._caller.read("the newest import", self._target.list_method, request).imports), None)
        return found if found and found.name != self._previous else None

    def _parts(self, start: Any, content: bytes) -> Iterator[Any]:
        yield self._target.request(start=start)
        for begin in range(0, len(content), _CHUNK):
            self._events.note(f"{self._target.noun} chunk")
            yield self._target.request(chunk=content[begin : begin + _CHUNK])
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
