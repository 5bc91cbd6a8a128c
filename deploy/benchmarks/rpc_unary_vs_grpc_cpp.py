"""Unary calls of an 8-field message on 8 connections of 32 streams each, one core for the server and one for the load.

Each call has a deadline, and ours passes the interceptors of every service: metrics, and what the database's failures
become. The peer is gRPC C++'s callback server, without any. The load checks every answer.
"""

import importlib
import pathlib
import sys
from collections.abc import Iterator
from contextlib import ExitStack

from grpc_tools import protoc

from .harness import CannotMeasure, Row, alternate
from .load import Load
from .pinned import output, require_two_cores, serving

_PROTO = pathlib.Path(__file__).parents[2] / "Tests/Proto/rapport/bench/v1"
_PEER = pathlib.Path(__file__).parent / "rpc" / "peer_server.cc"
_VARIANTS = 64


def measure(folder: pathlib.Path, binaries: pathlib.Path) -> Row:
    """Builds the peer and the load, and measures both servers."""
    require_two_cores()
    server = binaries / "rpc-bench-server"
    if not server.exists():
        raise CannotMeasure(f"{server} was not built")
    _build_peer(folder)
    load = Load(folder, "/rapport.bench.v1.BenchService/Next", _exchanges(folder), connections=8, streams=32)
    with ExitStack() as servers:
        ours = servers.enter_context(serving(lambda port: [str(server), "--port", port]))
        peer = servers.enter_context(serving(lambda port: [str(folder / "peer_server"), port]))
        return alternate(
            "rpc-unary-vs-grpc-cpp",
            "calls/s",
            lambda: load.run(ours.port).calls_per_second,
            lambda: load.run(peer.port).calls_per_second,
        )


def _build_peer(folder: pathlib.Path) -> None:
    plugin = output("sh", "-c", "command -v grpc_cpp_plugin")
    output(
        "protoc",
        f"--proto_path={_PROTO}",
        f"--cpp_out={folder}",
        f"--grpc_out={folder}",
        f"--plugin=protoc-gen-grpc={plugin}",
        "bench.proto",
    )
    sources = [str(_PEER), *(str(folder / f"bench{kind}.pb.cc") for kind in ("", ".grpc"))]
    grpc = output("pkg-config", "--cflags", "--libs", "grpc++", "protobuf").split()
    output("g++", "-std=c++17", "-O2", f"-I{folder}", *sources, "-o", str(folder / "peer_server"), *grpc)


def _exchanges(folder: pathlib.Path) -> Iterator[tuple[bytes, bytes]]:
    if protoc.main(["protoc", f"--proto_path={_PROTO}", f"--python_out={folder}", "bench.proto"]) != 0:
        raise CannotMeasure("bench.proto cannot be read")
    sys.path.insert(0, str(folder))
    try:
        messages = importlib.import_module("bench_pb2")
    finally:
        sys.path.remove(str(folder))
    for number in range(_VARIANTS):
        sample = messages.Sample(
            id=1_000_000 + number,
            name=f"Élodie D'Hondt {number}",
            email_address=f"c{1000 + number}@example.test",
            age=20 + number,
            score=0.25 * number + 1,
            subscribed=True,
            digest=bytes([number]) * 16,
            orders=[70_000 + 3 * number + order for order in range(3)],
        )
        request = sample.SerializeToString()
        sample.id += 1
        yield request, sample.SerializeToString()
