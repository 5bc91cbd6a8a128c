"""A key that is revoked, or loses a grant, stops within a second at every copy of the gateway."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from itertools import islice

import grpc
import pytest
from rapport.access.v1 import access_pb2, access_pb2_grpc
from supervisor.account import caller
from supervisor.ports import LOOPBACK, is_free
from supervisor.process import Process

from isolation import life
from isolation.methods import Answer, call, request_of
from isolation.world import new_key

PROMISED = 1.0
# What a machine that is busy with everything else may take on top of it. A token would last 15 minutes.
GRACE = 2.0


@pytest.fixture(scope="module")
def copy(suite) -> Iterator[str]:
    """The address of a second gateway of the same suite."""
    ports = list(islice((port for port in range(29_000, 30_000) if is_free(port)), 3))
    names = ("RAPPORT_LISTEN_PORT", "RAPPORT_ADMIN_PORT", "RAPPORT_HTTP_PORT")
    binary = suite.suite.command_line.with_name("rapport-gateway")
    process = Process(
        "gateway-copy",
        [str(binary), "--config", str(suite.suite.data / "config/gateway.json")],
        suite.suite.data / "log/gateway-copy.log",
        caller(),
        environment={name: str(port) for name, port in zip(names, ports, strict=True)},
    )
    process.start()
    try:
        until(lambda: is_ready(f"http://{LOOPBACK}:{ports[1]}/readyz"), 60)
        yield f"{LOOPBACK}:{ports[0]}"
    finally:
        process.ask_to_stop()
        trouble = process.wait(35)
    assert trouble is None


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def until(holds: Callable[[], bool], seconds: float) -> float:
    """Waits until something holds, and tells how long it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"it does not hold after {seconds} s"
        time.sleep(0.01)
    return time.monotonic() - began


class Caller:
    """A key that may read and export one entity, with its token at each of some gateways."""

    def __init__(self, suite, addresses: list[str]) -> None:
        self.entity, _ = suite.entity()
        made = new_key(suite, self.entity, [("PROFILES", "READ"), ("TARGETING", "READ")])
        self.name = made.key.name
        self._request = request_of(f"{life.PROFILES}/ListProfileTables", {"parent": self.entity})
        self._channels = [grpc.insecure_channel(address) for address in addresses]
        # The token of one gateway holds at the others.
        token = access_pb2_grpc.AccessServiceStub(self._channels[0]).ExchangeKey(
            access_pb2.ExchangeKeyRequest(secret=made.secret)
        )
        self._bearer = [("authorization", f"Bearer {token.access_token}")]

    def answers(self) -> list[Answer]:
        """What each gateway answers now."""
        path = f"{life.PROFILES}/ListProfileTables"
        return [call(channel, path, self._request, metadata=self._bearer) for channel in self._channels]

    def codes(self) -> set[grpc.StatusCode]:
        return {answer.code for answer in self.answers()}

    def close(self) -> None:
        for channel in self._channels:
            channel.close()


@pytest.fixture
def caller_of_both(suite, copy) -> Iterator[Caller]:
    made = Caller(suite, [suite.suite.addresses["gateway.rpc"], copy])
    assert made.codes() == {grpc.StatusCode.OK}
    yield made
    made.close()


def test_a_revoked_key_stops_within_a_second_at_every_copy_of_the_gateway(suite, caller_of_both):
    access = access_pb2_grpc.AccessServiceStub(suite.administrator())
    access.RevokeKey(access_pb2.RevokeKeyRequest(name=caller_of_both.name))
    until(lambda: caller_of_both.codes() == {grpc.StatusCode.UNAUTHENTICATED}, PROMISED + GRACE)
    assert all("revoked" in answer.message for answer in caller_of_both.answers())


def test_a_grant_that_is_taken_away_stops_within_a_second_at_every_copy_of_the_gateway(suite, caller_of_both):
    access = access_pb2_grpc.AccessServiceStub(suite.administrator())
    key = {"name": caller_of_both.name}
    left = {"entity": caller_of_both.entity, "module": "MODULE_TARGETING", "right": "RIGHT_READ"}
    access.UpdateKey(request_of(f"{life.ACCESS}/UpdateKey", {"key": key | {"grants": [left]}, "updateMask": "grants"}))
    until(lambda: caller_of_both.codes() == {grpc.StatusCode.PERMISSION_DENIED}, PROMISED + GRACE)
