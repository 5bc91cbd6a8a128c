"""The cases of gRPC's interoperability tests, by grpcio, against our interop-server.

Each is what grpc/doc/interop-test-descriptions.md says under the same name. grpcio shows no compressed-flags, so where
they matter the bytes are looked at too.
"""

import base64
import concurrent.futures
import gzip
import pathlib
import queue
import struct
import time

import grpc
import pytest
from certificates import Authority
from echo import ROOT, TIMEOUT, Process
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc
from wire import DATA, END_HEADERS, END_STREAM, HEADERS, Wire, frame

MESSAGES = [
    "grpc/testing/empty.proto",
    "grpc/testing/messages.proto",
    "xds/data/orca/v3/orca_load_report.proto",
    "xds/service/orca/v3/orca.proto",
]
SERVICE = "/grpc.testing.TestService/"
# Sizes of what the streams send, and of what they ask for.
REQUESTS = [27182, 8, 1828, 45904]
RESPONSES = [31415, 9, 2653, 58979]
WHITESPACE = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"


@pytest.fixture(scope="module")
def types(tmp_path_factory):
    """The message classes by name."""
    output = tmp_path_factory.mktemp("interop") / "messages.pb"
    paths = [ROOT / "Tests/Proto", pathlib.Path(protoc.__file__).parent / "_proto"]
    words = ["protoc", "--include_imports", f"--descriptor_set_out={output}", *(f"-I{path}" for path in paths)]
    assert protoc.main([*words, *MESSAGES]) == 0
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes()).file:
        pool.Add(file)

    def type_of(name):
        full_name = name if "." in name else f"grpc.testing.{name}"
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(full_name))

    return type_of


class Client:
    """The service as grpcio calls it; requests are made of keywords."""

    def __init__(self, channel, types):
        self.channel, self.types = channel, types
        self.empty = self.method("unary_unary", "EmptyCall", "Empty")
        self.unary = self.method("unary_unary", "UnaryCall", "SimpleResponse")
        self.cacheable = self.method("unary_unary", "CacheableUnaryCall", "SimpleResponse")
        self.output = self.method("unary_stream", "StreamingOutputCall", "StreamingOutputCallResponse")
        self.input = self.method("stream_unary", "StreamingInputCall", "StreamingInputCallResponse")
        self.duplex = self.method("stream_stream", "FullDuplexCall", "StreamingOutputCallResponse")
        self.half_duplex = self.method("stream_stream", "HalfDuplexCall", "StreamingOutputCallResponse")

    def method(self, kind, name, response, service=SERVICE):
        return getattr(self.channel, kind)(
            service + name,
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=self.types(response).FromString,
        )

    def simple(self, response=314159, payload=271828, **fields):
        return self.types("SimpleRequest")(response_size=response, payload={"body": bytes(payload)}, **fields)

    def piece(self, payload, **fields):
        return self.types("StreamingInputCallRequest")(payload={"body": bytes(payload)}, **fields)

    def wish(self, *sizes, payload=0, **fields):
        return self.types("StreamingOutputCallRequest")(
            response_parameters=[{"size": size} for size in sizes], payload={"body": bytes(payload)}, **fields
        )


@pytest.fixture(scope="module")
def server():
    server = Process("--port", "0", program="interop-server")
    yield server
    server.terminate()
    assert server.finish()[1] == 0


@pytest.fixture
def client(server, types):
    with grpc.insecure_channel(server.address) as channel:
        yield Client(channel, types)


def failure(call, *arguments, **options):
    with pytest.raises(grpc.RpcError) as caught:
        result = call(*arguments, timeout=options.pop("timeout", TIMEOUT), **options)
        if hasattr(result, "__next__"):
            list(result)
    return caught.value


def check_large_unary(client, **options):
    response = client.unary(client.simple(), timeout=TIMEOUT, **options)
    assert response.payload.body == bytes(314159)


def test_empty_unary(client):
    assert client.empty(client.types("Empty")(), timeout=TIMEOUT).SerializeToString() == b""


def test_cacheable_unary(client):
    def answer(payload):
        request = client.types("SimpleRequest")(payload={"body": payload})
        response, call = client.cacheable.with_call(request, metadata=[("x-user-ip", "1.2.3.4")], timeout=TIMEOUT)
        assert ("cache-control", "max-age=60, public") in [tuple(item) for item in call.initial_metadata()]
        return response.payload.body

    now = str(time.time_ns()).encode()
    assert answer(now) == answer(now) != answer(now + b"0")


def test_large_unary(client):
    check_large_unary(client)


def test_large_unary_over_tls(start, types, tmp_path):
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.sign("server")
    words = ["--port", "0", "--use_tls", "true", "--tls-cert", certificate, "--tls-key", key]
    server = start(*words, program="interop-server")
    credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes())
    with grpc.secure_channel(f"localhost:{server.port}", credentials) as channel:
        check_large_unary(Client(channel, types))


def test_client_compressed_unary(client):
    wanted = {"expect_compressed": {"value": True}}
    assert failure(client.unary, client.simple(**wanted)).code() == grpc.StatusCode.INVALID_ARGUMENT
    response = client.unary(client.simple(**wanted), compression=grpc.Compression.Gzip, timeout=TIMEOUT)
    assert response.payload.body == bytes(314159)
    unwanted = client.simple(expect_compressed={"value": False})
    assert client.unary(unwanted, timeout=TIMEOUT).payload.body == bytes(314159)
    error = failure(client.unary, unwanted, compression=grpc.Compression.Gzip)
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_client_compressed_streaming(client):
    def requests(*wanted):
        return (client.piece(size, expect_compressed={"value": value}) for size, value in wanted)

    assert failure(client.input, requests((27182, True))).code() == grpc.StatusCode.INVALID_ARGUMENT
    compressed = client.input(requests((27182, True)), compression=grpc.Compression.Gzip, timeout=TIMEOUT)
    assert compressed.aggregated_payload_size == 27182
    assert client.input(requests((45904, False)), timeout=TIMEOUT).aggregated_payload_size == 45904


def exchange(server, method, messages, accept="identity,deflate,gzip"):
    """Sends (compressed-flag, bytes) by hand; the answer's fields and its messages with their flags."""
    wire = Wire(server)
    more = [("grpc-encoding", "gzip"), ("grpc-accept-encoding", accept)]
    wire.send(frame(HEADERS, END_HEADERS, 1, wire.headers(SERVICE + method, more=more)))
    for flag, data in messages:
        data = gzip.compress(data) if flag else data
        framed = bytes([flag]) + struct.pack(">I", len(data)) + data
        for start in range(0, len(framed), 16_000):
            wire.send(frame(DATA, 0, 1, framed[start : start + 16_000]))
    wire.send(frame(DATA, END_STREAM, 1))
    fields, data = wire.answer(1)
    wire.close()
    answers = []
    while data:
        flag, size = struct.unpack(">BI", data[:5])
        body, data = data[5 : 5 + size], data[5 + size :]
        answers.append((flag, gzip.decompress(body) if flag else body))
    return fields, answers


def test_a_stream_of_compressed_and_uncompressed_requests(server, client, types):
    pieces = [(value, client.piece(size, expect_compressed={"value": value})) for size, value in
              [(27182, True), (45904, False), (1, True), (1, False)]]  # fmt: skip
    fields, answers = exchange(
        server, "StreamingInputCall", [(int(value), piece.SerializeToString()) for value, piece in pieces]
    )
    assert fields["grpc-status"] == "0"
    assert types("StreamingInputCallResponse").FromString(answers[0][1]).aggregated_payload_size == 73088
    fields, _ = exchange(server, "StreamingInputCall", [(1, pieces[1][1].SerializeToString())])
    assert fields["grpc-status"] == "3"


# As large as the windows of a bare connection let an answer be.
@pytest.mark.parametrize("value", [True, False])
def test_server_compressed_unary(server, client, types, value):
    request = client.simple(response=60_000, payload=100, response_compressed={"value": value}).SerializeToString()
    fields, answers = exchange(server, "UnaryCall", [(0, request)])
    assert (fields["grpc-status"], fields.get("grpc-encoding")) == ("0", "gzip" if value else None)
    assert [(flag, types("SimpleResponse").FromString(data).payload.body) for flag, data in answers] == [
        (int(value), bytes(60_000))
    ]
    assert exchange(server, "UnaryCall", [(0, request)], accept="identity")[1][0][0] == 0
    large = client.simple(response_compressed={"value": value})
    assert client.unary(large, timeout=TIMEOUT).payload.body == bytes(314159)


def test_server_compressed_streaming(server, client, types):
    parameters = [{"size": 31415, "compressed": {"value": True}}, {"size": 20_000, "compressed": {"value": False}}]
    request = types("StreamingOutputCallRequest")(response_parameters=parameters)
    fields, answers = exchange(server, "StreamingOutputCall", [(0, request.SerializeToString())])
    assert (fields["grpc-status"], fields["grpc-encoding"]) == ("0", "gzip")
    response = types("StreamingOutputCallResponse").FromString
    assert [(flag, len(response(data).payload.body)) for flag, data in answers] == [(1, 31415), (0, 20_000)]
    request.response_parameters[1].size = 92653
    assert [len(part.payload.body) for part in client.output(request, timeout=TIMEOUT)] == [31415, 92653]


def test_client_streaming(client):
    response = client.input((client.piece(size) for size in REQUESTS), timeout=TIMEOUT)
    assert response.aggregated_payload_size == 74922


def test_server_streaming(client):
    parts = client.output(client.wish(*RESPONSES), timeout=TIMEOUT)
    assert [part.payload.body for part in parts] == [bytes(size) for size in RESPONSES]


def test_an_interval_comes_before_its_response(client):
    request = client.wish(1, 1)
    for parameters in request.response_parameters:
        parameters.interval_us = 100_000
    start = time.monotonic()
    assert len(list(client.output(request, timeout=TIMEOUT))) == 2
    assert time.monotonic() - start >= 0.2


class Turns:
    """Requests that are sent one by one."""

    def __init__(self):
        self.pieces = queue.Queue()

    def __iter__(self):
        return iter(self.pieces.get, None)


def test_ping_pong(client):
    turns = Turns()
    call = client.duplex(iter(turns), timeout=TIMEOUT)
    for payload, size in zip(REQUESTS, RESPONSES, strict=True):
        turns.pieces.put(client.wish(size, payload=payload))
        assert next(call).payload.body == bytes(size)
    turns.pieces.put(None)
    assert list(call) == []
    assert call.code() == grpc.StatusCode.OK


def test_half_duplex(client):
    requests = [client.wish(size, payload=payload) for payload, size in zip(REQUESTS, RESPONSES, strict=True)]
    parts = client.half_duplex(iter(requests), timeout=TIMEOUT)
    assert [len(part.payload.body) for part in parts] == RESPONSES


def test_empty_stream(client):
    call = client.duplex(iter([]), timeout=TIMEOUT)
    assert list(call) == []
    assert call.code() == grpc.StatusCode.OK


def test_custom_metadata(client):
    sent = [
        ("x-grpc-test-echo-initial", "test_initial_metadata_value"),
        ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"),
    ]
    _, unary = client.unary.with_call(client.simple(), metadata=sent, timeout=TIMEOUT)
    stream = client.duplex(iter([client.wish(314159, payload=271828)]), metadata=sent, timeout=TIMEOUT)
    assert [len(part.payload.body) for part in stream] == [314159]
    for call in (unary, stream):
        assert sent[0] in [tuple(item) for item in call.initial_metadata()]
        assert sent[1] in [tuple(item) for item in call.trailing_metadata()]


@pytest.mark.parametrize("message", ["test status message", WHITESPACE], ids=["status_code_and_message", "special"])
def test_status(client, message):
    status = {"code": 2, "message": message}
    calls = [
        failure(client.unary, client.simple(0, 0, response_status=status)),
        failure(client.duplex, iter([client.wish(response_status=status)])),
        failure(client.output, client.wish(response_status=status)),
    ]
    for error in calls:
        assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, message)


def test_unimplemented_method(client):
    method = client.method("unary_unary", "UnimplementedCall", "Empty")
    assert failure(method, client.types("Empty")()).code() == grpc.StatusCode.UNIMPLEMENTED


def test_unimplemented_service(client):
    method = client.method("unary_unary", "UnimplementedCall", "Empty", "/grpc.testing.UnimplementedService/")
    assert failure(method, client.types("Empty")()).code() == grpc.StatusCode.UNIMPLEMENTED


def test_cancel_after_begin(client):
    turns = Turns()
    call = client.input.future(iter(turns), timeout=TIMEOUT)
    call.cancel()
    assert call.code() == grpc.StatusCode.CANCELLED
    turns.pieces.put(None)


def test_cancel_after_first_response(client):
    turns = Turns()
    call = client.duplex(iter(turns), timeout=TIMEOUT)
    turns.pieces.put(client.wish(31415, payload=27182))
    assert len(next(call).payload.body) == 31415
    call.cancel()
    assert call.code() == grpc.StatusCode.CANCELLED
    turns.pieces.put(None)


def test_timeout_on_sleeping_server(client):
    turns = Turns()
    turns.pieces.put(client.wish(payload=27182))
    assert failure(client.duplex, iter(turns), timeout=0.001).code() == grpc.StatusCode.DEADLINE_EXCEEDED
    turns.pieces.put(None)


@pytest.mark.parametrize("field", ["response_size", "response_type"])
def test_what_cannot_be_given_is_refused(client, field):
    request = client.types("SimpleRequest")(**{field: -1})
    assert failure(client.unary, request).code() == grpc.StatusCode.INVALID_ARGUMENT


LOAD = {
    "cpu_utilization": 0.8210,
    "memory_utilization": 0.5847,
    "request_cost": {"cost": 3456.32},
    "utilization": {"util": 0.30499},
}


def check_report(report):
    assert (report.cpu_utilization, report.mem_utilization) == (0.8210, 0.5847)
    assert (dict(report.request_cost), dict(report.utilization)) == ({"cost": 3456.32}, {"util": 0.30499})


def test_orca_per_rpc(server, client, types):
    """grpcio keeps the report to itself, so it is read from the wire."""
    request = client.simple(1, 1, orca_per_query_report=LOAD).SerializeToString()
    value = exchange(server, "UnaryCall", [(0, request)])[0]["endpoint-load-metrics-bin"]
    report = base64.b64decode(value + "=" * (-len(value) % 4))
    check_report(types("xds.data.orca.v3.OrcaLoadReport").FromString(report))
    fields, _ = exchange(server, "UnaryCall", [(0, client.simple(1, 1).SerializeToString())])
    assert "endpoint-load-metrics-bin" not in fields


def test_orca_oob(client, types):
    method = client.method(
        "unary_stream", "StreamCoreMetrics", "xds.data.orca.v3.OrcaLoadReport", "/xds.service.orca.v3.OpenRcaService/"
    )
    reports = method(types("xds.service.orca.v3.OrcaLoadReportRequest")(), timeout=TIMEOUT)
    next(reports)
    assert len(list(client.duplex(iter([client.wish(1, orca_oob_report=LOAD)]), timeout=TIMEOUT))) == 1
    check_report(next(reports))
    reports.cancel()


def test_rpc_soak(client):
    """Many large calls on one channel, several at once."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: check_large_unary(client), range(100)))


def test_channel_soak(server, types):
    """A channel for each call."""
    for _ in range(20):
        with grpc.insecure_channel(server.address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            check_large_unary(Client(channel, types))
