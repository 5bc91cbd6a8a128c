"""Keeps what official clients send on a connection, as inputs for the fuzzing of a server's session.

    .venv/bin/python Tests/Fuzzing/record.py FOLDER

grpcio's own frames and headers, Huffman codes and dynamic table included, which `fuzz --seeds` cannot write.
"""

import pathlib
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import grpc
from google.protobuf.wrappers_pb2 import BytesValue

# An empty SETTINGS frame, at which the client begins; and the first byte of an input that says "as they are".
SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
AS_THEY_ARE = b"\x01"
SERVICE = "/rapport.testing.Echo/"


def record(use: Callable[[grpc.Channel], None], **options: object) -> bytes:
    """What a client sends that is used so and is never answered."""
    sent = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(SETTINGS)
                while data := peer.recv(1 << 16):
                    sent.extend(data)

        taker = threading.Thread(target=take)
        taker.start()
        with grpc.insecure_channel(f"127.0.0.1:{listener.getsockname()[1]}", **options) as channel:
            use(channel)
        taker.join()
    return bytes(sent)


def ask(channel: grpc.Channel, method: str, value: bytes, **options: object) -> None:
    call = channel.unary_unary(SERVICE + method, request_serializer=BytesValue.SerializeToString)
    try:
        call(BytesValue(value=value), timeout=0.3, **options)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error


def chat(channel: grpc.Channel) -> None:
    def words() -> Iterator[BytesValue]:
        for word in [b"one", b"two", b"three"]:
            yield BytesValue(value=word)

    call = channel.stream_stream(SERVICE + "Chat", request_serializer=BytesValue.SerializeToString)
    try:
        list(call(words(), timeout=0.3))
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error


def unary(channel: grpc.Channel) -> None:
    for number in range(3):
        ask(channel, "Echo", b"hello", metadata=[("x-number", str(number)), ("x-data-bin", bytes([0, 255]))])


def main(folder: pathlib.Path) -> None:
    compressed = {"compression": grpc.Compression.Gzip}
    seeds = {
        "unary": record(unary),
        "chat": record(chat),
        "gzip": record(lambda channel: ask(channel, "Collect", b"a" * 2_000), **compressed),
    }
    for name, sent in seeds.items():
        (folder / f"grpcio-{name}").write_bytes(AS_THEY_ARE + sent)


main(pathlib.Path(sys.argv[1]))
