"""Which ports a suite takes: never those of another that is just starting."""

import contextlib
import pathlib
import random
import socket

from supervisor.account import caller
from supervisor.ports import LOOPBACK, Ports


def looking(folder: pathlib.Path, first: int) -> Ports:
    folder.mkdir()
    return Ports(folder / "ports.json", caller(), first)


def test_two_suites_that_look_for_ports_at_once_take_others(tmp_path):
    first = random.randrange(10_000, 29_000)
    one, other = (looking(tmp_path / name, first) for name in ("one", "other"))

    taken = [suite.address(name) for name in ("gateway.rpc", "gateway.http") for suite in (one, other)]

    assert len(set(taken)) == 4


def test_a_server_listens_where_its_suite_holds_the_port_and_does_so_again(tmp_path):
    ports = looking(tmp_path / "one", random.randrange(10_000, 29_000))
    port = int(ports.address("gateway.rpc").rpartition(":")[2])

    for _ in range(2):
        with contextlib.closing(socket.create_server((LOOPBACK, port))):
            socket.create_connection((LOOPBACK, port)).close()
