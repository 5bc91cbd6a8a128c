"""The tests of our client: what it calls, which is the official server of Python, and itself as a process."""

import concurrent.futures
import subprocess
import threading

import grpc
from echo import PROGRAMS, TIMEOUT
from google.protobuf.wrappers_pb2 import BytesValue
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status


class EchoServer:
    """The echo service, served by grpcio."""

    def __init__(self, port=0, credentials=None, **options):
        self.hanging = threading.Event()
        self.cancelled = threading.Event()
        self.answers = 0
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), **options)
        self.server.add_generic_rpc_handlers(
            [
                grpc.method_handlers_generic_handler(
                    "rapport.testing.Echo",
                    {
                        "Echo": self.method("unary_unary", self.echo),
                        "Fail": self.method("unary_unary", self.fail),
                        "Hang": self.method("unary_unary", self.hang),
                        "Collect": self.method("stream_unary", self.collect),
                        "Expand": self.method("unary_stream", self.expand),
                        "Chat": self.method("stream_stream", lambda requests, context: requests),
                    },
                )
            ]
        )
        address = f"127.0.0.1:{port}"
        self.port = (
            self.server.add_secure_port(address, credentials) if credentials else self.server.add_insecure_port(address)
        )
        self.server.start()

    @staticmethod
    def method(kind, behaviour):
        return getattr(grpc, f"{kind}_rpc_method_handler")(
            behaviour,
            request_deserializer=lambda data: BytesValue.FromString(data).value,
            response_serializer=lambda value: BytesValue(value=value).SerializeToString(),
        )

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
                field_violations=[error_details_pb2.BadRequest.FieldViolation(field="a.b", description="no")]
            ),
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


class Client:
    """Our client, running a scenario against servers, which are anything with a port."""

    def __init__(self, servers, scenario, *options):
        ports = ",".join(str(server.port) for server in servers)
        self.process = subprocess.Popen(
            [PROGRAMS / "rpc-echo-client", ports, scenario, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

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
