"""Unary calls of an 8-field message on 8 connections of 32 streams each, one core for the server and one for the load.

The peer is gRPC C++'s callback server. The load checks every answer.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from .harness import CannotMeasure, Row, alternate

_ROOT = pathlib.Path(__file__).parents[2]
_SOURCES = pathlib.Path(__file__).parent / "rpc"
_SERVER_CORE = "0"
_LOAD_CORE = "1"
_WARM_UP_SECONDS = "1"
_SECONDS = "3"


def measure(folder: pathlib.Path, binaries: pathlib.Path) -> Row:
    """Builds the peer and the load, and measures both servers."""
    if (os.cpu_count() or 1) < 2:
        raise CannotMeasure("this comparison needs two cores")
    server = binaries / "rpc-bench-server"
    if not server.exists():
        raise CannotMeasure(f"{server} was not built")
    _build(folder)
    with ExitStack() as servers:
        our_port = servers.enter_context(_running(lambda port: [str(server), "--port", port]))
        peer_port = servers.enter_context(_running(lambda port: [str(folder / "peer_server"), port]))
        return alternate(
            "rpc-unary-vs-grpc-cpp", "calls/s", lambda: _load(folder, our_port), lambda: _load(folder, peer_port)
        )


def _build(folder: pathlib.Path) -> None:
    plugin = _output("sh", "-c", "command -v grpc_cpp_plugin")
    _output(
        "protoc",
        f"--proto_path={_ROOT / 'Tests/Proto/rapport/bench/v1'}",
        f"--cpp_out={folder}",
        f"--grpc_out={folder}",
        f"--plugin=protoc-gen-grpc={plugin}",
        "bench.proto",
    )
    message = str(folder / "bench.pb.cc")
    compiler = ["g++", "-std=c++17", "-O2", f"-I{folder}"]
    grpc = _output("pkg-config", "--cflags", "--libs", "grpc++", "protobuf").split()
    nghttp2 = _output("pkg-config", "--cflags", "--libs", "libnghttp2", "protobuf").split()
    service = str(folder / "bench.grpc.pb.cc")
    _output(*compiler, str(_SOURCES / "peer_server.cc"), message, service, "-o", str(folder / "peer_server"), *grpc)
    _output(*compiler, str(_SOURCES / "load.cc"), message, "-o", str(folder / "load"), *nghttp2)


@contextmanager
def _running(command: Callable[[str], list[str]]) -> Iterator[str]:
    """A server on a free port of its own, pinned to its core."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    server = subprocess.Popen(["taskset", "--cpu-list", _SERVER_CORE, *command(port)], stdout=sys.stderr)
    try:
        deadline = time.monotonic() + 20
        while not _accepts(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise CannotMeasure(f"{command(port)[0]} does not serve")
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _accepts(port: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", int(port)), timeout=1):
            return True
    except OSError:
        return False


def _load(folder: pathlib.Path, port: str) -> float:
    words = ["taskset", "--cpu-list", _LOAD_CORE, str(folder / "load"), port, "8", "32", _WARM_UP_SECONDS, _SECONDS]
    figures = json.loads(_output(*words))
    if figures["busy"] > 0.95:
        print("note: the load's core was the limit, so the server is at least this fast", file=sys.stderr)
    return float(figures["callsPerSecond"])


def _output(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotMeasure(f"{pathlib.Path(words[0]).name}: {done.stderr.strip()}")
    return done.stdout.strip()
