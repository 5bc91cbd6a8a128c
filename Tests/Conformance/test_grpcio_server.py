"""Our client against the official server of Python."""

import concurrent.futures
import subprocess
import threading

import grpc
import pytest
from google.protobuf import any_pb2
from google.protobuf.wrappers_pb2 import BytesValue
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from echo import PROGRAMS, TIMEOUT


class EchoServer:
    """The echo service, served by grpcio."""

    def __init__(self, port=0, **options):
        self.hanging = threading.Event()
        self.cancelled = threading.Event()
        self.answers = 0
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), **options)
        self.server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("rapport.testing.Echo", {
            "Echo": self.method("unary_unary", self.echo),
            "Fail": self.method("unary_unary", self.fail),
            "Hang": self.method("unary_unary", self.hang),
            "Collect": self.method("stream_unary", self.collect),
            "Expand": self.method("unary_stream", self.expand),
            "Chat": self.method("stream_stream", lambda requests, context: requests),
        })])
        self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        self.server.start()

    @staticmethod
    def method(kind, behaviour):
        return getattr(grpc, f"{kind}_rpc_method_handler")(
            behaviour,
            request_deserializer=lambda data: BytesValue.FromString(data).value,
            response_serializer=lambda value: BytesValue(value=value).SerializeToString())

    def echo(self, request, context):
        self.answers += 1
        metadata = [item for item in context.invocation_metadata() if item.key.startswith("x-")]
        context.send_initial_metadata(metadata)
        context.set_trailing_metadata(metadata)
        return request

    @staticmethod
    def fail(request, context):
        details = [
            error_details_pb2.ErrorInfo(reason="NOT_HERE", domain="python"),
            error_details_pb2.BadRequest(
                field_violations=[error_details_pb2.BadRequest.FieldViolation(field="a.b", description="no")]),
            error_details_pb2.ResourceInfo(resource_name="things/1"),
        ]
        status = status_pb2.Status(code=5, message="schön: 100 %")
        for detail in details:
            status.details.add().Pack(detail)
        context.abort_with_status(rpc_status.to_status(status))

    def hang(self, request, context):
        context.add_callback(self.cancelled.set)
        self.hanging.set()
        self.cancelled.wait(TIMEOUT)
        return request

    @staticmethod
    def collect(requests, context):
        sizes = [len(request) for request in requests]
        return f"{len(sizes)} {sum(sizes)}".encode()

    @staticmethod
    def expand(request, context):
        count, size = map(int, request.split())
        for _ in range(count):
            yield b"x" * size


@pytest.fixture
def serve():
    started = []

    def serve(*arguments, **options):
        started.append(EchoServer(*arguments, **options))
        return started[-1]

    yield serve
    for server in started:
        server.server.stop(None)


@pytest.fixture
def server(serve):
    return serve()


class Client:
    """Our client, running a scenario against servers."""

    def __init__(self, servers, scenario):
        ports = ",".join(str(server.port) for server in servers)
        self.process = subprocess.Popen(
            [PROGRAMS / "rpc-echo-client", ports, scenario], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def step(self, line=""):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip() if line else None

    def finish(self):
        """The lines that it printed until it closed itself."""
        output, _ = self.process.communicate(timeout=TIMEOUT)
        *lines, last = output.splitlines()
        assert (last, self.process.returncode) == ("closed", 0)
        return lines


@pytest.fixture
def run():
    started = []

    def run(servers, scenario):
        started.append(Client(servers if isinstance(servers, list) else [servers], scenario))
        return started[-1]

    yield run
    for client in started:
        client.process.kill()
        client.process.wait()


@pytest.mark.parametrize("scenario, lines", [
    ("unary", ["hello"]),
    ("large", ["true"]),
    ("gzip", ["true"]),
    ("metadata", ['initial ["value", "second"]', "trailing [[0, 255, 1]]"]),
    ("collect", ["50 5000000"]),
    ("expand", ["5000000"]),
    ("chat", ["0", "1", "2", "end"]),
    ("fail", ['NOT_FOUND NOT_HERE ["a.b"] things/1', "schön: 100 %"]),
    ("unknown", ["UNIMPLEMENTED - [] -", "Method not found!"]),
])
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
    assert [server.answers - count for server, count in zip(servers, before)] == [5, 5]


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
