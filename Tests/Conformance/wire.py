"""A bare HTTP/2 connection, for what no client would send."""

import socket
import struct

import hpack

from echo import TIMEOUT

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
ECHO = "/rapport.testing.Echo/Echo"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def message(data):
    return b"\0" + struct.pack(">I", len(data)) + data


class Wire:
    """Frames out, frames in. `hello` as False sends nothing at first."""

    def __init__(self, server, hello=True):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT)
        self.encoder = hpack.Encoder()
        self.decoder = hpack.Decoder()
        self.input = b""
        if hello:
            self.send(PREFACE + frame(SETTINGS, 0, 0))

    def send(self, data):
        self.socket.sendall(data)

    def send_to_the_end(self, pieces):
        """Sends until all is sent or the peer has closed; whether all was sent."""
        try:
            for piece in pieces:
                self.send(piece)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def half_close(self):
        """Sends no more; what the server sends can still be read."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has closed already

    def headers(self, path=ECHO, method="POST", kind="application/grpc", more=()):
        return self.encoder.encode([
            (":method", method), (":scheme", "http"), (":path", path), (":authority", "test"),
            ("te", "trailers"), ("content-type", kind), *more])

    def call(self, stream, data, path=ECHO, **options):
        """A whole unary request."""
        return (frame(HEADERS, END_HEADERS, stream, self.headers(path, **options))
                + frame(DATA, END_STREAM, stream, data))

    def receive(self):
        """The next frame as (kind, flags, stream, payload), or None when the peer has closed."""
        head = self._take(9)
        if head is None:
            return None
        payload = self._take(int.from_bytes(head[:3], "big"))
        return None if payload is None else (head[3], head[4], int.from_bytes(head[5:9], "big"), payload)

    def frames(self):
        """Frames until the peer closes."""
        while (received := self.receive()) is not None:
            yield received

    def answer(self, stream):
        """The header fields of a stream, trailers included, and its data."""
        fields, data = {}, b""
        for kind, flags, number, payload in self.frames():
            if kind == HEADERS:
                decoded = self.decoder.decode(payload)
                if number == stream:
                    fields.update(decoded)
            if kind == DATA and number == stream:
                data += payload
            if number == stream and (kind == RESET or flags & END_STREAM and kind in (DATA, HEADERS)):
                break
        return fields, data

    def close(self):
        self.socket.close()

    def _take(self, count):
        while len(self.input) < count:
            try:
                received = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not received:
                return None
            self.input += received
        taken, self.input = self.input[:count], self.input[count:]
        return taken
