"""A whole suite for the tests: the built executables on a data folder of their own, and official gRPC clients of it."""

import dataclasses
import itertools
import os
import pathlib
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc
import pytest
from clients import generate_clients
from supervisor.account import caller, unprivileged
from supervisor.suite import Suite

generate_clients()

from rapport.access.v1 import access_pb2, access_pb2_grpc  # noqa: E402  (generated a line above)
from rapport.options.v1 import options_pb2  # noqa: E402
from world import World  # noqa: E402


class _Bearer(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Adds the access token to every call."""

    def __init__(self, token: str) -> None:
        self._header = ("authorization", f"Bearer {token}")

    def _intercept(self, continuation: Any, details: Any, request: Any) -> Any:
        class Details(grpc.ClientCallDetails):
            method = details.method
            timeout = details.timeout or 60
            metadata = (*(details.metadata or ()), self._header)
            credentials = details.credentials
            wait_for_ready = details.wait_for_ready
            compression = details.compression

        return continuation(Details(), request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_unary = intercept_stream_stream = _intercept


@dataclasses.dataclass
class RunningSuite:
    """The suite under test, with a fresh entity for whoever asks."""

    suite: Suite
    _channels: list[grpc.Channel] = dataclasses.field(default_factory=list)
    _numbers: Iterator[int] = dataclasses.field(default_factory=lambda: itertools.count(1))

    def channel(
        self, secret: str | None = None, target: str | None = None, options: Sequence[tuple[str, Any]] = ()
    ) -> grpc.Channel:
        """A channel that carries the token which the key `secret` is exchanged for; without one, no token.

        It leads to the gateway, or to `target`.
        """
        plain = grpc.insecure_channel(target or self.suite.addresses["gateway.rpc"], options=options)
        self._channels.append(plain)
        if secret is None:
            return plain
        answer = access_pb2_grpc.AccessServiceStub(plain).ExchangeKey(
            access_pb2.ExchangeKeyRequest(secret=secret), timeout=60, wait_for_ready=True
        )
        return grpc.intercept_channel(plain, _Bearer(answer.access_token))

    def administrator(self) -> grpc.Channel:
        """A channel of the administrator's key."""
        return self.channel(self.suite.key_file("administrator").read_text().strip())

    def entity(self, *rights: int) -> tuple[str, grpc.Channel]:
        """A new entity's name, and a channel of a key with `rights` (write, unless named) on it alone."""
        access = access_pb2_grpc.AccessServiceStub(self.administrator())
        made = access.CreateEntity(
            access_pb2.CreateEntityRequest(
                entity_id=f"e{next(self._numbers)}",
                entity=access_pb2.Entity(display_name="Test", time_zone="Europe/Brussels"),
            )
        )
        return made.name, self.channel(self.key(made.name, *rights))

    def key(self, entity: str, *rights: int) -> str:
        """The secret of a new key with `rights` (write, unless named) on every module of `entity`."""
        access = access_pb2_grpc.AccessServiceStub(self.administrator())
        grants = [
            access_pb2.Grant(entity=entity, module=options_pb2.MODULE_ALL, right=right)
            for right in rights or (options_pb2.RIGHT_WRITE,)
        ]
        return access.CreateKey(
            access_pb2.CreateKeyRequest(key=access_pb2.Key(display_name="Test", grants=grants))
        ).secret

    def close(self) -> list[str]:
        """Stops the suite. Returns what did not go well."""
        for channel in self._channels:
            channel.close()
        return self.suite.stop()


def start(kind: type[Suite] = Suite, **options: Any) -> RunningSuite:
    """A suite of this kind, started."""
    binaries = os.environ.get("RAPPORT_BINARIES")
    if not binaries:
        pytest.fail("RAPPORT_BINARIES names no folder with the built executables: run deploy/test python")
    suite = kind(
        # Not pytest's own folder: PostgreSQL's account may not enter that.
        pathlib.Path(tempfile.mkdtemp(prefix="rapport-test-")),
        pathlib.Path(binaries),
        postgresql_account=unprivileged(),
        services_account=caller(),
        # Suites of several runs at once look for ports in different places.
        first_port=random.randrange(10_000, 29_000),
        is_durable=False,
        **options,
    )
    try:
        suite.start()
    except BaseException:
        suite.stop()
        raise
    return RunningSuite(suite)


def stop(running: RunningSuite) -> None:
    """Stops it; nothing is left of it but the logs of one that did not end well."""
    troubles = running.close()
    assert not troubles, f"{troubles}; the logs are in {running.suite.data}"
    shutil.rmtree(running.suite.data)


@pytest.fixture(scope="session")
def suite() -> Iterator[RunningSuite]:
    """One suite for all tests that leave its processes alone."""
    running = start()
    yield running
    stop(running)


@pytest.fixture
def own_suite() -> Iterator[RunningSuite]:
    """A suite for one test, which may kill its processes."""
    running = start()
    yield running
    stop(running)


@pytest.fixture(scope="session")
def starting() -> tuple[Callable[..., RunningSuite], Callable[[RunningSuite], None]]:
    """Starts and stops suites of another kind."""
    return start, stop


@pytest.fixture(scope="module")
def world(suite) -> World:
    """An entity with all that the main job makes."""
    return World(suite)


@pytest.fixture
def unchanged(world):
    """Holds what the lists show against what they showed before the test."""
    before = world.state()
    yield world
    assert world.state() == before
