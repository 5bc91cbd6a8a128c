"""Unary calls that the gateway authorizes and passes on, on 8 connections of 32 streams each.

The peer is nghttpx, which passes on and asks nothing, in front of the same server, for the same load. Each proxy has a
core of its own, and a figure is its calls in a second of that core: the load and the server behind share the other, and
may not keep the proxy busy.
"""

import pathlib
import signal

import grpc
from rapport.profiles.v1 import profile_service_pb2, profile_service_pb2_grpc, profile_table_pb2
from supervisor.account import unprivileged
from supervisor.suite import Suite

from .harness import CannotMeasure, Row, alternate
from .load import Load
from .pinned import LOAD_CORE, Server, free_port, require_two_cores, serving
from .running import story_suite, token

_TABLES = [f"entities/b2c/profileTables/customers{number}" for number in range(64)]


def measure(folder: pathlib.Path, binaries: pathlib.Path) -> Row:
    """Starts a gateway of its own on a suite's access, and both proxies before the same server."""
    require_two_cores()
    with (
        story_suite(binaries, until="access") as suite,
        serving(lambda port: [str(binaries / "rpc-bench-server"), "--port", port], LOAD_CORE) as behind,
        serving(lambda port: _gateway(suite, binaries, port, behind)) as gateway,
        serving(lambda port: _nghttpx(port, behind)) as nghttpx,
    ):
        comparison = _Comparison(folder, token(suite, "b2c"))
        return alternate(
            "gateway-vs-nghttpx", "calls/s", lambda: comparison.rate(gateway), lambda: comparison.rate(nghttpx)
        )


def _gateway(suite: Suite, binaries: pathlib.Path, port: str, behind: Server) -> list[str]:
    installed = suite.data / "bin" / "rapport-gateway"
    executable = installed if installed.exists() else binaries / "rapport-gateway"
    settings = {
        "RAPPORT_LISTEN_PORT": port,
        "RAPPORT_HTTP_PORT": free_port(),
        "RAPPORT_ADMIN_PORT": free_port(),
        "RAPPORT_PEERS_PROFILES": f"127.0.0.1:{behind.port}",
    }
    words = ["env", *(f"{name}={value}" for name, value in settings.items()), str(executable)]
    words += ["--config", str(suite.data / "config" / "gateway.json")]
    return unprivileged().command(words, when_orphaned=signal.SIGTERM)


def _nghttpx(port: str, behind: Server) -> list[str]:
    sides = [f"--frontend=127.0.0.1,{port};no-tls", f"--backend=127.0.0.1,{behind.port};;proto=h2"]
    return ["nghttpx", "--conf=/dev/null", "--single-process", "--workers=1", "--log-level=ERROR", *sides]


class _Comparison:
    def __init__(self, folder: pathlib.Path, bearer: str) -> None:
        self._metadata = [("authorization", bearer)]
        exchanges = [(self._request(table), self._answer(table)) for table in _TABLES]
        self._load = Load(
            folder,
            "/rapport.profiles.v1.ProfileService/GetProfileTable",
            ((request.SerializeToString(), answer.SerializeToString()) for request, answer in exchanges),
            connections=8,
            streams=32,
            metadata=self._metadata,
        )

    def rate(self, proxy: Server) -> float:
        """Calls in a second of the proxy's processor time."""
        self._check(proxy)
        before = proxy.cpu_seconds
        calls = self._load.run(proxy.port).all_calls
        return calls / (proxy.cpu_seconds - before)

    def _check(self, proxy: Server) -> None:
        """One answer as a client of gRPC's reads it."""
        with grpc.insecure_channel(f"127.0.0.1:{proxy.port}") as channel:
            stub = profile_service_pb2_grpc.ProfileServiceStub(channel)
            request = self._request(_TABLES[0])
            try:
                answer = stub.GetProfileTable(request, metadata=self._metadata, timeout=20, wait_for_ready=True)
            except grpc.RpcError as failure:
                raise CannotMeasure(f"{failure.code().name}: {failure.details()}") from failure
        if answer != self._answer(_TABLES[0]):
            raise CannotMeasure("a wrong answer")

    @staticmethod
    def _request(table: str) -> profile_service_pb2.GetProfileTableRequest:
        return profile_service_pb2.GetProfileTableRequest(name=table)

    @staticmethod
    def _answer(table: str) -> profile_table_pb2.ProfileTable:
        return profile_table_pb2.ProfileTable(name=table, display_name="Measured")
