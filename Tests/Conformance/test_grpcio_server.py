"""Our client against the official server of Python."""

import grpc
import pytest
from echo import TIMEOUT


@pytest.fixture
def server(serve):
    return serve()


@pytest.mark.parametrize(
    "scenario, lines",
    [
        ("unary", ["hello"]),
        ("large", ["true"]),
        ("gzip", ["true"]),
        ("metadata", ['initial ["value", "second"]', "trailing [[0, 255, 1]]"]),
        ("collect", ["50 5000000"]),
        ("expand", ["5000000"]),
        ("chat", ["0", "1", "2", "end"]),
        ("fail", ['NOT_FOUND NOT_HERE ["a.b"] things/1', "schön: 100 %"]),
        ("unknown", ["UNIMPLEMENTED - [] -", "Method not found!"]),
    ],
)
def test_scenario(server, run, scenario, lines):
    assert run(server, scenario).finish() == lines


def test_compressed_responses_are_read(serve, run):
    server = serve(compression=grpc.Compression.Gzip)
    assert run(server, "large").finish() == ["true"]
    assert run(server, "expand").finish() == ["5000000"]


def test_a_deadline_ends_the_call_on_both_sides(server, run):
    assert run(server, "deadline").finish()[0].startswith("DEADLINE_EXCEEDED")
    assert server.cancelled.wait(TIMEOUT)


def test_cancelling_reaches_the_server(server, run):
    client = run(server, "cancel")
    assert server.hanging.wait(TIMEOUT)
    client.step()
    assert client.finish()[0].startswith("CANCELLED")
    assert server.cancelled.wait(TIMEOUT)


def test_calls_go_to_all_servers_in_turn(serve, run):
    servers = [serve(), serve()]
    client = run(servers, "steps")
    while min(server.answers for server in servers) == 0:  # until both are connected
        client.step("x")
    before = [server.answers for server in servers]
    for number in range(10):
        assert client.step(f"call {number}") == f"call {number}"
    assert [server.answers - count for server, count in zip(servers, before, strict=False)] == [5, 5]


def test_a_server_that_goes_loses_no_call(serve, run):
    servers = [serve(), serve()]
    client = run(servers, "steps")
    assert client.step("x") == "x"
    stopped = servers[0].server.stop(TIMEOUT)
    for number in range(50):
        assert client.step(f"call {number}") == f"call {number}"
    stopped.wait(TIMEOUT)
    assert client.step("y") == "y"


def test_a_client_finds_a_server_that_comes_back(serve, run):
    server = serve()
    client = run(server, "steps")
    assert client.step("x") == "x"
    server.server.stop(None).wait(TIMEOUT)
    while client.step("y") != "UNAVAILABLE":
        pass
    again = serve(server.port)
    while client.step("z") != "z":
        pass
    assert again.answers > 0


def test_more_calls_than_the_server_takes_at_once(serve, run):
    server = serve(options=[("grpc.max_concurrent_streams", 2)])
    assert run(server, "many").finish() == ["500"]
    assert server.answers == 500
