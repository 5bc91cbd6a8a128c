"""What a server answers to single frames: rules of the protocol that clients rely on but seldom show."""

import struct

import pytest
from google.protobuf.wrappers_pb2 import BytesValue

from wire import (
    ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RESET, SETTINGS, WINDOW_UPDATE, Wire, frame, message)

HANG = "/rapport.testing.Echo/Hang"
CHAT = "/rapport.testing.Echo/Chat"


@pytest.fixture
def wire(server):
    wire = Wire(server)
    yield wire
    wire.close()


def body(data):
    return message(BytesValue(value=data).SerializeToString())


def test_a_unary_call_answers_with_head_message_and_trailers(wire):
    wire.send(wire.call(1, body(b"hello")))
    fields, data = wire.answer(1)
    assert data == body(b"hello")
    assert fields == {":status": "200", "content-type": "application/grpc", "grpc-status": "0"}


def test_what_is_no_grpc_gets_an_http_status(wire):
    wire.send(wire.call(1, b"{}", kind="application/json"))
    assert wire.answer(1)[0][":status"] == "415"
    wire.send(wire.call(3, b"{}", kind="application/grpc-web"))
    assert wire.answer(3)[0][":status"] == "415"
    wire.send(wire.call(5, b"", path="/", kind="text/html"))
    assert wire.answer(5)[0][":status"] == "404"
    wire.send(wire.call(7, b"", method="GET"))
    assert wire.answer(7)[0][":status"] == "405"
    wire.send(wire.call(9, body(b"x"), kind="application/grpc+proto"))
    assert wire.answer(9)[0]["grpc-status"] == "0"


def test_an_unknown_path_is_unimplemented_in_one_block(wire):
    wire.send(wire.call(1, body(b""), path="/nothing"))
    fields, _ = wire.answer(1)
    assert (fields[":status"], fields["grpc-status"]) == ("200", "12")


@pytest.mark.parametrize("data", [b"", body(b"one") + body(b"two")], ids=["none", "two"])
def test_a_unary_call_takes_exactly_one_message(wire, data):
    wire.send(wire.call(1, data))
    assert wire.answer(1)[0]["grpc-status"] == "12"


def test_a_message_that_is_cut_off_is_an_error(wire):
    wire.send(wire.call(1, body(b"hello")[:-1]))
    assert wire.answer(1)[0]["grpc-status"] == "13"


def test_a_compressed_message_without_an_encoding_is_an_error(wire):
    wire.send(wire.call(1, b"\1" + body(b"hello")[1:]))
    assert wire.answer(1)[0]["grpc-status"] == "13"


def test_the_server_enforces_the_deadline_itself(wire):
    wire.send(wire.call(1, body(b""), path=HANG, more=[("grpc-timeout", "100m")]))
    assert wire.answer(1)[0]["grpc-status"] == "4"


def test_a_deadline_before_the_request_is_complete_ends_the_call(wire):
    wire.send(frame(HEADERS, END_HEADERS, 1, wire.headers(HANG, more=[("grpc-timeout", "100m")])))
    assert wire.answer(1)[0]["grpc-status"] == "4"


def test_a_malformed_timeout_is_refused(wire):
    wire.send(wire.call(1, body(b""), more=[("grpc-timeout", "soon")]))
    assert wire.answer(1)[0]["grpc-status"] == "13"


def test_binary_metadata_is_read_with_padding_without_and_joined(wire):
    wire.send(wire.call(1, body(b""), more=[("x-data-bin", "AAE=,AAEC"), ("x-data-bin", "AA")]))
    seen = []
    for kind, flags, stream, payload in wire.frames():
        if kind == HEADERS:
            seen.append([value for name, value in wire.decoder.decode(payload) if name == "x-data-bin"])
            if flags & END_STREAM:
                break
    assert seen == [["AAE", "AAEC", "AA"]] * 2


def test_a_client_that_sends_on_after_the_answer_is_told_to_stop(wire):
    wire.send(frame(HEADERS, END_HEADERS, 1, wire.headers("/rapport.testing.Echo/Nothing")))
    assert wire.answer(1)[0]["grpc-status"] == "12"
    kind, _, stream, payload = wire.receive()
    assert (kind, stream, payload) == (RESET, 1, struct.pack(">I", 0))


def test_windows_open_as_the_handler_reads(wire):
    chat = frame(HEADERS, END_HEADERS, 1, wire.headers(CHAT))
    wire.send(chat + frame(WINDOW_UPDATE, 0, 1, struct.pack(">I", 1 << 20)))
    wire.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 20)))
    sent, opened = 0, 0
    part = body(b"x" * 16_000)
    while opened == 0:
        wire.send(frame(DATA, 0, 1, part))
        sent += len(part)
        while (received := wire.receive())[0] != DATA or received[2] != 1:
            if received[0] == WINDOW_UPDATE and received[2] == 1:
                opened += struct.unpack(">I", received[3])[0]
    assert 0 < opened <= sent


def test_a_shutdown_is_announced_before_streams_are_refused(server, wire):
    wire.send(wire.call(1, body(b""), path=HANG))
    wire.send(frame(PING, 0, 0, b"received"))
    while wire.receive()[:2] != (PING, ACK):
        pass
    server.terminate()
    frames = wire.frames()
    first = next(payload for kind, _, _, payload in frames if kind == GOAWAY)
    assert struct.unpack(">II", first[:8]) == (0x7fffffff, 0)
    ping = next(payload for kind, flags, _, payload in frames if kind == PING and not flags & ACK)
    wire.send(wire.call(3, body(b"on its way")))
    assert wire.answer(3)[1] == body(b"on its way")
    wire.send(frame(PING, ACK, 0, ping))
    second = next(payload for kind, _, _, payload in frames if kind == GOAWAY)
    assert struct.unpack(">II", second[:8]) == (3, 0)
    wire.send(frame(RESET, 0, 1, struct.pack(">I", 8)))
    assert list(frames) is not None  # the server closes
    assert server.finish() == ("drained\n", 0)


def test_an_idle_connection_is_closed_with_a_goaway(start):
    wire = Wire(start("max-idle=50"))
    assert GOAWAY in [kind for kind, *_ in acknowledging(wire)]


def test_a_silent_client_is_pinged_and_then_dropped(start):
    wire = Wire(start("keepalive=50", "keepalive-timeout=50"))
    assert PING in [kind for kind, *_ in wire.frames()]


def test_a_client_that_answers_pings_is_kept(start):
    wire = Wire(start("keepalive=20", "keepalive-timeout=20000"))
    pings = 0
    for kind, flags, _, payload in wire.frames():
        if kind == PING and not flags & ACK:
            pings += 1
            wire.send(frame(PING, ACK, 0, payload))
        if pings == 3:
            break
    wire.send(wire.call(1, body(b"x")))
    assert wire.answer(1)[0]["grpc-status"] == "0"


def acknowledging(wire):
    """Frames until the peer closes; its pings are answered."""
    for received in wire.frames():
        if received[0] == PING and not received[1] & ACK:
            wire.send_to_the_end([frame(PING, ACK, 0, received[3])])
        yield received
    assert received[0] in (GOAWAY, PING, SETTINGS)
