"""The official client of Python against our server."""

import threading

import grpc
import pytest
from echo import TIMEOUT
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status


def failure(call, *arguments, **options):
    with pytest.raises(grpc.RpcError) as caught:
        result = call(*arguments, timeout=options.pop("timeout", TIMEOUT), **options)
        if hasattr(result, "__next__"):
            list(result)
    return caught.value


def test_all_four_kinds(echo):
    assert echo.echo(b"hello", timeout=TIMEOUT) == b"hello"
    assert echo.echo(b"", timeout=TIMEOUT) == b""
    assert echo.collect(iter([b"ab", b"c", b""]), timeout=TIMEOUT) == b"3 3"
    assert echo.collect(iter([]), timeout=TIMEOUT) == b"0 0"
    assert [len(part) for part in echo.expand(b"3 10", timeout=TIMEOUT)] == [10, 10, 10]
    assert list(echo.expand(b"0 10", timeout=TIMEOUT)) == []
    assert list(echo.chat(iter([b"a", b"b"]), timeout=TIMEOUT)) == [b"a", b"b"]


def test_a_chat_takes_turns(echo):
    turn = threading.Semaphore()

    def requests():
        for number in range(20):
            turn.acquire()
            yield str(number).encode()

    for number, response in enumerate(echo.chat(requests(), timeout=TIMEOUT)):
        assert response == str(number).encode()
        turn.release()


def test_metadata_goes_both_ways(echo):
    sent = [("x-name", "one"), ("x-name", "two, three"), ("x-data-bin", b"\0\xff\1"), ("x-data-bin", b"")]
    _, call = echo.echo.with_call(b"x", metadata=sent, timeout=TIMEOUT)
    for received in (call.initial_metadata(), call.trailing_metadata()):
        assert [(item.key, item.value) for item in received if item.key == "x-name"] == sent[:2]
        assert [(item.key, item.value) for item in received if item.key == "x-data-bin"] == sent[2:]


def test_an_error_carries_message_and_details(echo):
    error = failure(echo.fail, b"x")
    assert error.code() == grpc.StatusCode.NOT_FOUND
    assert error.details() == "Kein Profil „42“: 100 % weg.\nLegen Sie es an."
    status = rpc_status.from_call(error)
    assert status.message == error.details()
    info, request, resource = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.BadRequest(),
        error_details_pb2.ResourceInfo(),
    )
    for detail, message in zip(status.details, (info, request, resource), strict=True):
        assert detail.Unpack(message)
    assert (info.reason, info.domain) == ("PROFILE_NOT_FOUND", "rapport")
    assert [(item.field, item.description) for item in request.field_violations] == [("profile.name", "names nothing")]
    assert resource.resource_name == "entities/b2c/profileTables/customers/profiles/42"


def test_an_error_ends_a_stream_after_its_messages(echo):
    error = failure(echo.expand, b"nonsense")
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_an_unknown_method_is_unimplemented(echo):
    error = failure(echo.channel.unary_unary("/rapport.testing.Echo/Nothing"), b"")
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_request_that_is_no_message_is_refused(echo):
    error = failure(echo.channel.unary_unary("/rapport.testing.Echo/Echo"), b"\xff\xff")
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "google.protobuf.BytesValue" in error.details()


def test_a_deadline_cancels_the_handler(echo):
    assert failure(echo.hang, b"", timeout=0.5).code() == grpc.StatusCode.DEADLINE_EXCEEDED
    echo.wait_for("hang.cancelled")


def test_cancelling_a_call_cancels_the_handler(echo):
    call = echo.hang.future(b"", timeout=TIMEOUT)
    echo.wait_for("hang.started")
    call.cancel()
    echo.wait_for("hang.cancelled")


def test_cancelling_a_stream_midway_cancels_the_handler(echo):
    more = threading.Event()

    def requests():
        yield b"a"
        more.wait(TIMEOUT)

    call = echo.chat(requests(), timeout=TIMEOUT)
    assert next(call) == b"a"
    call.cancel()
    echo.wait_for("chat.failed")
    more.set()


def test_large_messages_go_through_small_windows(echo):
    large = bytes(range(256)) * 15_000
    assert echo.echo(large, timeout=TIMEOUT) == large
    assert echo.collect(iter([large] * 4), timeout=TIMEOUT) == f"4 {4 * len(large)}".encode()


def test_a_message_above_the_limit_is_refused(start, connect):
    echo = connect(start("max-request-size=1000", "max-response-size=100"))
    assert failure(echo.echo, b"x" * 2000).code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert failure(echo.echo, b"x" * 200).code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert failure(echo.expand, b"5 200").code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert echo.echo(b"x" * 90, timeout=TIMEOUT) == b"x" * 90


def test_a_slow_reader_stops_the_writer(server, connect, echo):
    options = [("grpc.http2.lookahead_bytes", 1 << 16), ("grpc.http2.bdp_probe", 0)]
    slow = connect(server, options=options).expand(b"4000 100000", timeout=TIMEOUT)
    next(slow)
    sent = -1
    while echo.count("expand.sent") != sent:
        sent = echo.count("expand.sent")
    assert sent < 200
    assert sum(1 for _ in slow) == 3999


def test_a_slow_handler_stops_the_client(server, echo):
    taken = 0

    def requests():
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 100_000

    call = echo.stall.future(requests(), timeout=TIMEOUT)
    echo.wait_for("hang.started")
    before = -1
    while taken != before:
        before = taken
        for _ in range(100):
            echo.echo(b"others go on", timeout=TIMEOUT)
    assert taken < 100
    assert server.resident_bytes() < 200 << 20
    call.cancel()
    echo.wait_for("hang.cancelled")


def test_gzip_both_ways(start, connect):
    server = start("gzip=1")
    echo = connect(server, compression=grpc.Compression.Gzip)
    large = b"compress me " * 100_000
    assert echo.echo(large, timeout=TIMEOUT) == large
    assert echo.echo(b"small", timeout=TIMEOUT) == b"small"
    assert b"".join(echo.expand(b"10 10000", timeout=TIMEOUT)) == b"".join(bytes([n]) * 10_000 for n in range(10))
    assert connect(server).echo(large, timeout=TIMEOUT) == large


def test_a_compressed_message_counts_as_what_it_becomes(start, connect):
    echo = connect(start("max-request-size=100000"), compression=grpc.Compression.Gzip)
    assert failure(echo.echo, b"\0" * 10_000_000).code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_deflate_is_refused_as_unimplemented(echo, server, connect):
    error = failure(connect(server, compression=grpc.Compression.Deflate).echo, b"x" * 10_000)
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED


def test_more_calls_than_the_server_takes_at_once(start, connect):
    echo = connect(start("max-calls=4"))
    calls = [echo.echo.future(str(number).encode(), timeout=TIMEOUT) for number in range(500)]
    assert [call.result() for call in calls] == [str(number).encode() for number in range(500)]


def test_health_is_told_and_watched(echo):
    health = health_pb2_grpc.HealthStub(echo.channel)
    statuses = health_pb2.HealthCheckResponse

    def request(name):
        return health_pb2.HealthCheckRequest(service=name)

    assert health.Check(request(""), timeout=TIMEOUT).status == statuses.SERVING
    assert failure(health.Check, request("nobody")).code() == grpc.StatusCode.NOT_FOUND
    watch = health.Watch(request("rapport.testing.Echo"), timeout=TIMEOUT)
    assert next(watch).status == statuses.SERVING
    echo.set_health(b"not serving", timeout=TIMEOUT)
    assert next(watch).status == statuses.NOT_SERVING
    echo.set_health(b"serving", timeout=TIMEOUT)
    assert next(watch).status == statuses.SERVING
    assert next(health.Watch(request("nobody"), timeout=TIMEOUT)).status == statuses.SERVICE_UNKNOWN
    assert health.List(health_pb2.HealthListRequest(), timeout=TIMEOUT).statuses[""].status == statuses.SERVING


def test_reflection_describes_the_services(echo):
    database = ProtoReflectionDescriptorDatabase(echo.channel)
    assert "rapport.profiles.v1.ProfileService" in database.get_services()
    service = DescriptorPool(database).FindServiceByName("rapport.profiles.v1.ProfileService")
    assert "GetProfile" in service.methods_by_name
    assert service.methods_by_name["GetProfile"].output_type.full_name == "rapport.profiles.v1.Profile"
    assert 72295728 in database.FindAllExtensionNumbers("google.protobuf.MethodOptions")
    with pytest.raises(KeyError):
        database.FindFileContainingSymbol("rapport.nothing")


def test_a_draining_server_finishes_what_it_took(server, connect, echo):
    turn = threading.Semaphore()

    def requests():
        for number in range(3):
            turn.acquire()
            yield str(number).encode()

    chat = echo.chat(requests(), timeout=TIMEOUT)
    assert next(chat) == b"0"
    server.terminate()
    other = connect(server)
    while True:  # until it takes no more calls
        try:
            other.echo(b"x", timeout=TIMEOUT)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE
            break
    turn.release()
    assert next(chat) == b"1"
    turn.release()
    assert list(chat) == [b"2"]
    assert chat.code() == grpc.StatusCode.OK
    assert server.finish() == ("drained\n", 0)


def test_old_connections_are_replaced_without_a_failure(start, connect):
    echo = connect(start("max-age=50"))
    for number in range(300):
        assert echo.echo(str(number).encode(), timeout=TIMEOUT) == str(number).encode()


def test_a_client_behind_a_proxy_sees_no_difference(start, connect):
    upstream = start()
    echo = connect(start(f"proxy-to={upstream.port}"))
    test_all_four_kinds(echo)
    test_a_chat_takes_turns(echo)
    test_metadata_goes_both_ways(echo)
    test_an_error_carries_message_and_details(echo)
    test_an_unknown_method_is_unimplemented(echo)
    test_a_deadline_cancels_the_handler(echo)
    test_cancelling_a_stream_midway_cancels_the_handler(echo)
    test_large_messages_go_through_small_windows(echo)


def test_a_slow_reader_behind_a_proxy_stops_the_writer(start, connect):
    upstream = start()
    proxy = start(f"proxy-to={upstream.port}")
    test_a_slow_reader_stops_the_writer(proxy, connect, connect(upstream))
    assert proxy.resident_bytes() < 200 << 20
