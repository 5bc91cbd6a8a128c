"""Clients that mean harm: the server stays small, ends them, and serves the others meanwhile."""

import concurrent.futures
import contextlib
import random
import struct
import threading
import zlib

import grpc
import pytest
from echo import TIMEOUT
from test_wire import body
from wire import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    RESET,
    SETTINGS,
    WINDOW_UPDATE,
    Wire,
    frame,
)

HANG = "/rapport.testing.Echo/Hang"
BOUND = 300 << 20


@pytest.fixture(autouse=True)
def others_are_served(server, echo):
    """Honest calls go on during every test, and after it, on a connection from before and on a new one."""
    stop = threading.Event()

    def call_on():
        while not stop.wait(0.02):
            assert echo.echo(b"meanwhile", timeout=TIMEOUT) == b"meanwhile"

    assert echo.echo(b"before", timeout=TIMEOUT) == b"before"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        caller = pool.submit(call_on)
        try:
            yield
        finally:
            stop.set()
        caller.result()
    assert server.resident_bytes() < BOUND
    assert echo.echo(b"after", timeout=TIMEOUT) == b"after"
    wire = Wire(server)
    wire.send(wire.call(1, body(b"new")))
    assert wire.answer(1)[1] == body(b"new")


def error_of(wire):
    """The error code of the GOAWAY that ends the connection; None when it just ends."""
    codes = [struct.unpack(">I", payload[4:8])[0] for kind, _, _, payload in wire.frames() if kind == GOAWAY]
    return codes[-1] if codes else None


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes(server, seed):
    data = random.Random(seed).randbytes(4096)
    for hello in (b"", PREFACE, PREFACE + frame(SETTINGS, 0, 0)):
        wire = Wire(server, hello=False)
        wire.send_to_the_end([hello + data])
        wire.half_close()
        list(wire.frames())


@pytest.mark.parametrize("seed", range(20))
def test_random_frames(server, seed):
    dice = random.Random(seed)
    wire = Wire(server)
    wire.send_to_the_end(
        frame(dice.randrange(10), dice.randrange(256), dice.randrange(8), dice.randbytes(dice.randrange(64)))
        for _ in range(200)
    )
    wire.half_close()
    list(wire.frames())


def test_requests_cut_off_anywhere(server):
    whole = Wire(server)
    request = PREFACE + frame(SETTINGS, 0, 0) + whole.call(1, body(b"hello"))
    for length in range(len(request)):
        wire = Wire(server, hello=False)
        wire.send(request[:length])
        wire.close()


def test_an_announced_four_gibibytes_are_refused_at_once(server):
    wire = Wire(server)
    wire.send(frame(HEADERS, END_HEADERS, 1, wire.headers()) + frame(DATA, 0, 1, b"\0\xff\xff\xff\xff"))
    assert wire.answer(1)[0]["grpc-status"] == "8"


def test_calls_reset_as_soon_as_made(server, echo):
    wire = Wire(server)
    cancel = struct.pack(">I", 8)
    wire.send_to_the_end(
        wire.call(stream, body(b""), path=HANG) + frame(RESET, 0, stream, cancel) for stream in range(1, 20_000, 2)
    )
    assert error_of(wire) is not None
    wire.close()
    assert echo.count("hang.started") < 3_000
    echo.wait_for("hang.ended", echo.count("hang.started"))


def test_calls_that_make_the_server_reset_them(server, echo):
    """The server's own resets count too (CVE-2025-8671): a window that grows too large is an error of the stream."""
    wire = Wire(server)
    overflow = struct.pack(">I", 0x7FFFFFFF)
    wire.send_to_the_end(
        wire.call(stream, body(b""), path=HANG) + frame(WINDOW_UPDATE, 0, stream, overflow)
        for stream in range(1, 20_000, 2)
    )
    list(wire.frames())  # until the server closes
    assert echo.count("hang.started") < 3_000
    echo.wait_for("hang.ended", echo.count("hang.started"))


def test_empty_continuations_without_end(server):
    wire = Wire(server)
    wire.send_to_the_end([frame(HEADERS, 0, 1, wire.headers())] + [frame(CONTINUATION, 0, 1) * 100] * 10_000)
    assert error_of(wire) in (None, 1, 2, 11)


def test_headers_without_end(server):
    wire = Wire(server)
    wire.send_to_the_end(
        [frame(HEADERS, 0, 1, wire.headers())] + [frame(CONTINUATION, 0, 1, b"\0\1a\1b" * 3_000)] * 10_000
    )
    assert error_of(wire) in (None, 1, 2, 11)


def test_a_header_list_above_the_limit(server):
    wire = Wire(server)
    wire.send(wire.call(1, body(b""), more=[(f"x-{number}", "y" * 1_000) for number in range(17)]))
    assert wire.answer(1)[0][":status"] == "431"


def test_one_header_named_again_and_again(server):
    """HPACK lets one byte stand for a kilobyte (CVE-2016-6581)."""
    wire = Wire(server)
    block = wire.headers(more=[("x-large", "y" * 1_000)])
    bomb = wire.encoder.encode([("x-large", "y" * 1_000)]) * 10_000
    assert len(bomb) < 30_000
    wire.send(
        frame(HEADERS, 0, 1, block)
        + frame(CONTINUATION, 0, 1, bomb[:16_000])
        + frame(CONTINUATION, END_HEADERS, 1, bomb[16_000:])
    )
    assert wire.answer(1)[0][":status"] == "431"


def test_pings_without_end(server):
    wire = Wire(server)
    wire.send_to_the_end([frame(PING, 0, 0, b"12345678") * 100] * 1_000)
    assert error_of(wire) in (None, 11)


def test_settings_without_end(server):
    wire = Wire(server)
    wire.send_to_the_end([frame(SETTINGS, 0, 0) * 100] * 10_000)
    assert error_of(wire) in (None, 2, 11)


@pytest.mark.parametrize(
    "useless",
    [frame(2, 0, 1, bytes(5)), frame(0xBB, 0, 0, bytes(100)), frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1))],
    ids=["priority", "unknown", "window"],
)
def test_frames_that_change_nothing_without_end(server, useless):
    wire = Wire(server)
    wire.send_to_the_end([useless * 100] * 1_000)
    wire.close()


def test_empty_frames_without_end(server):
    wire = Wire(server)
    wire.send(frame(HEADERS, END_HEADERS, 1, wire.headers()))
    assert not wire.send_to_the_end([frame(DATA, 0, 1) * 100] * 10_000)


def test_tiny_frames_of_a_stream_that_nobody_reads(server):
    wire = Wire(server)
    wire.send(frame(HEADERS, END_HEADERS, 1, wire.headers("/rapport.testing.Echo/Stall")))
    wire.send(b"".join(frame(DATA, 0, 1, b"\0") for _ in range(200_000)))


def send_while_windows_allow(wire, streams):
    """Sends on all streams in turn until the server opens no window for two seconds; the bytes sent on each."""
    connection, windows, sent = 65_535, dict.fromkeys(streams, 65_535), dict.fromkeys(streams, 0)
    wire.socket.settimeout(2)
    try:
        while True:
            for stream in streams:
                while windows[stream] >= 16_000 and connection >= 16_000:
                    wire.send(frame(DATA, 0, stream, b"x" * 16_000))
                    windows[stream] -= 16_000
                    sent[stream] += 16_000
                    connection -= 16_000
            kind, _, stream, payload = wire.receive()
            if kind == WINDOW_UPDATE:
                count = struct.unpack(">I", payload)[0]
                if stream == 0:
                    connection += count
                else:
                    windows[stream] += count
    except TimeoutError:
        return sent


def announce(wire, streams):
    """Begins messages of 4 MiB."""
    for stream in streams:
        wire.send(frame(HEADERS, END_HEADERS, stream, wire.headers()))
        wire.send(frame(DATA, 0, stream, b"\0" + struct.pack(">I", 4_194_304)))


def test_large_messages_of_many_clients_that_are_never_finished(start, connect):
    """What one connection may hold, twenty may not; who holds little goes on."""
    server = start(f"max-held={16 << 20}")
    echo = connect(server)
    assert echo.collect(iter([b"honest"] * 10), timeout=TIMEOUT) == b"10 60"
    before = server.resident_bytes()
    wires = [Wire(server) for _ in range(20)]
    streams = range(1, 64, 2)
    for wire in wires:
        with contextlib.suppress(OSError):  # the server has had enough
            announce(wire, streams)
            wire.send_to_the_end(frame(DATA, 0, stream, bytes(16_000)) for stream in streams for _ in range(3))
        assert echo.echo(b"meanwhile", timeout=TIMEOUT) == b"meanwhile"
        assert server.resident_bytes() < before + (80 << 20)
    for wire in wires:
        wire.socket.settimeout(0.05)
    assert sum(is_closed(wire) for wire in wires) > 0
    for wire in wires:
        wire.close()


def is_closed(wire):
    try:
        list(wire.frames())
        return True
    except TimeoutError:
        return False


def test_large_answers_that_many_clients_do_not_read(start, connect):
    server = start(f"max-held={16 << 20}")
    echo = connect(server)
    assert echo.echo(b"before", timeout=TIMEOUT) == b"before"
    before = server.resident_bytes()
    wires = [Wire(server) for _ in range(20)]
    for wire in wires:
        with contextlib.suppress(OSError):
            for stream in range(1, 40, 2):
                wire.send(frame(HEADERS, END_HEADERS, stream, wire.headers()))
                data = body(bytes(190_000))
                wire.send_to_the_end(frame(DATA, 0, stream, data[at : at + 16_000]) for at in range(0, 190_000, 16_000))
                wire.send(frame(DATA, END_STREAM, stream, data[192_000:]))
        assert echo.echo(b"meanwhile", timeout=TIMEOUT) == b"meanwhile"
        assert server.resident_bytes() < before + (64 << 20)
    for wire in wires:
        wire.close()


def test_clients_that_send_byte_by_byte(server):
    """A request that never gets whole costs no more than its bytes, and nobody waits for it."""
    wires = [Wire(server) for _ in range(200)]
    request = wires[0].call(1, body(b"slow"))
    for byte in range(40):
        for wire in wires:
            wire.send(request[byte : byte + 1])
    for wire in wires:
        wire.close()


def test_a_compressed_message_that_becomes_much_more(server):
    compressor = zlib.compressobj(9, wbits=31)
    bomb = b"".join(compressor.compress(bytes(1 << 20)) for _ in range(32)) + compressor.flush()
    assert len(bomb) < 50_000
    wire = Wire(server)
    wire.send(frame(HEADERS, END_HEADERS, 1, wire.headers(more=[("grpc-encoding", "gzip")])))
    data = b"\1" + struct.pack(">I", len(bomb)) + bomb
    pieces = [data[at : at + 16_000] for at in range(0, len(data), 16_000)]
    wire.send(b"".join(frame(DATA, 0, 1, piece) for piece in pieces) + frame(DATA, END_STREAM, 1))
    assert wire.answer(1)[0]["grpc-status"] == "8"


def nested(depth):
    """A node within a node, so often."""
    pieces, size = [], 0
    for _ in range(depth):
        length, rest = b"", size
        while rest > 0x7F:
            length += bytes([rest & 0x7F | 0x80])
            rest >>= 7
        head = b"\x12" + length + bytes([rest])
        pieces.append(head)
        size += len(head)
    return b"".join(reversed(pieces))


@pytest.mark.parametrize(
    "data",
    [nested(100_000), b"\x7b" * 100_000 + b"\x7c" * 100_000, b"\x1a\0" * 1_000_001],
    ids=["messages", "groups", "a-million-empty-ones"],
)
def test_messages_that_are_more_than_they_look(echo, data):
    weigh = echo.channel.unary_unary("/rapport.testing.Echo/Weigh")
    for call in [weigh.future(data, timeout=TIMEOUT) for _ in range(2)]:
        assert call.exception().code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT)
    assert weigh(b"\x1a\0" * 1_000, timeout=TIMEOUT).endswith(b"1000")


def test_many_large_messages_that_are_never_finished(server):
    """Each may be 4 MiB; together they may not."""
    wire = Wire(server)
    streams = range(1, 400, 2)
    announce(wire, streams)
    sent = send_while_windows_allow(wire, streams)
    assert sum(sent.values()) < 128 << 20


def test_messages_without_end_where_one_is_taken(server):
    wire = Wire(server)
    wire.send(frame(HEADERS, END_HEADERS, 1, wire.headers()) + frame(DATA, 0, 1, body(b"x")))
    assert send_while_windows_allow(wire, [1])[1] < 1 << 20


def test_a_client_that_reads_no_answers(server, echo):
    wire = Wire(server)
    wire.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 0x7FFF0000 - 65_535)))
    wire.send(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0x7FFFFFFF)))
    for stream in range(1, 200, 2):
        wire.send(wire.call(stream, body(b"1000000 10000"), path="/rapport.testing.Echo/Expand"))
    sent = 0
    # Until it sends no more; a busy machine may take a while to begin.
    while (now := echo.count("expand.sent")) != sent or now == 0:
        sent = now
    assert sent < 20_000


def test_more_streams_than_allowed(server):
    wire = Wire(server)
    wire.send_to_the_end(wire.call(stream, body(b""), path=HANG) for stream in range(1, 2_001, 2))
    wire.socket.settimeout(2)
    refused = 0
    try:
        for kind, *_ in wire.frames():
            refused += kind in (RESET, GOAWAY)
    except TimeoutError:
        pass
    assert refused > 0


def test_a_connection_that_never_says_hello(start):
    wire = Wire(start("preface-timeout=100"), hello=False)
    assert all(kind in (SETTINGS, WINDOW_UPDATE) for kind, *_ in wire.frames())
