"""One suite for all faults: each test mends what it broke."""

from collections.abc import Iterator

import pytest
from supervisor.account import unprivileged

from .disk import Disk
from .faulty import FaultySuite
from .mail import MailServer
from .shop import Shop


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailServer]:
    """The suite's mail server."""
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def disk() -> Iterator[Disk | None]:
    """Where PostgreSQL keeps the suite's database; nothing where none can be mounted."""
    try:
        disk = Disk(unprivileged())
    except PermissionError:
        yield None
        return
    yield disk
    disk.remove()


@pytest.fixture(scope="session")
def running(starting, mail_server, disk):
    """The suite with its clients."""
    start, stop = starting
    running = start(FaultySuite, smtp=mail_server.address, disk=disk)
    yield running
    stop(running)


@pytest.fixture
def faulty(running) -> FaultySuite:
    """The suite's processes."""
    return running.suite


@pytest.fixture
def shop(running, mail_server) -> Shop:
    """An entity of the test's own, with customers, a campaign and a scenario."""
    return Shop(running, mail_server)
