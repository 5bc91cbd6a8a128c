"""What waits, waits at its source: no process keeps what it cannot pass on."""

import itertools
import pathlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from imports import COLUMNS, csv_file, make_customers, profiles
from rapport.options.v1 import options_pb2
from rapport.profiles.v1 import profile_service_pb2
from rapport.type.v1 import import_pb2
from standstill import standing_still
from story import data

GIGABYTE = 1 << 30
MOST = 100 << 20


@contextmanager
def stalled(postmaster: int) -> Iterator[None]:
    """PostgreSQL as it is when its disk hangs: every process of it stands still, and its sockets stay open."""
    children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    with standing_still([postmaster, *map(int, children)]):
        yield


def greatest_size(process: int) -> int:
    """The most memory that the process ever held, in bytes."""
    status = pathlib.Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:"))


@pytest.mark.timeout(600)
def test_an_import_of_2_gb_into_a_stalled_database_holds_no_process_above_100_mb(own_suite):
    entity, channel = own_suite.entity(options_pb2.RIGHT_WRITE)
    table = make_customers(channel, entity)
    sent = 0

    def parts() -> Iterator[profile_service_pb2.ImportProfilesRequest]:
        nonlocal sent
        settings = import_pb2.ImportSettings(key="customerCode", source="test")
        yield profile_service_pb2.ImportProfilesRequest(
            start=profile_service_pb2.ImportProfilesStart(parent=table, settings=settings)
        )
        yield profile_service_pb2.ImportProfilesRequest(chunk=csv_file(COLUMNS, []))
        numbers = itertools.count(1)
        while sent < 2 * GIGABYTE:
            rows = csv_file(COLUMNS, [data.customer_row(next(numbers)) for _ in range(1000)])
            chunk = rows.split(b"\r\n", 1)[1]
            yield profile_service_pb2.ImportProfilesRequest(chunk=chunk)
            sent += len(chunk)

    call = profiles(channel).ImportProfiles.future(parts(), timeout=500)
    while sent < 5 << 20 and not call.done():
        time.sleep(0.01)
    with stalled(own_suite.suite.postgresql.process.pid):
        before = -1
        while before != sent:  # Until nothing more is taken.
            before = sent
            time.sleep(3)
        sizes = {name: greatest_size(process.pid) for name, process in own_suite.suite.services.items()}
        call.cancel()

    assert 5 << 20 <= sent < MOST, "the sender was not held back"
    assert {name: size for name, size in sizes.items() if size > MOST} == {}
