"""Which ports the processes listen on: chosen once, kept in the data folder, so that addresses survive a restart."""

import errno
import json
import pathlib
import socket
import time

from .account import Account
from .errors import SuiteError

LOOPBACK = "127.0.0.1"

# Below the range from which the kernel takes ports for outgoing connections, which could otherwise hold one of ours.
FIRST = 7400
LAST = 30_000


class Ports:
    """The ports of one data folder, by name (`gateway.rpc`)."""

    def __init__(self, file: pathlib.Path, account: Account, first: int = FIRST) -> None:
        self._file = file
        self._account = account
        self._first = first
        self._held: list[socket.socket] = []
        self._chosen: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}

    def address(self, name: str, wanted: int | None = None) -> str:
        """The address called `name`: at port `wanted`, else where it was last time, else at a free port.

        Raises `SuiteError` when the port is another program's.
        """
        remembered = self._chosen.get(name)
        port = wanted or remembered
        if port is None:
            port = self._choose()
        elif not (_becomes_free(port) if port == remembered else is_free(port)):
            raise SuiteError(
                f"Port {port} of {LOOPBACK} ({name}) is used by another program. Stop that program, name another port,"
                f" or remove {self._file} so that new ones are chosen (links in messages sent before lead nowhere)."
            )
        if port != remembered:
            self._chosen[name] = port
            self._account.write(self._file, json.dumps(self._chosen, indent=2) + "\n")
        return f"{LOOPBACK}:{port}"

    def _choose(self) -> int:
        """A free port, kept from other suites that look for one until its server listens there."""
        taken = set(self._chosen.values())
        for port in range(self._first, LAST):
            if port not in taken and (held := _hold(port)):
                self._held.append(held)
                return port
        raise SuiteError(f"No port of {LOOPBACK} from {self._first} to {LAST} is free.")


def _hold(port: int) -> socket.socket | None:
    held = _bind(socket.socket(), port)
    if held:
        # Only now: a server may listen there beside it, and nobody else who looks for a port gets this one.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return held


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    probe = socket.socket()
    # As servers do: a port whose last connections are still closing is free.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with probe:
        return _bind(probe, port) is not None


def _bind(free: socket.socket, port: int) -> socket.socket | None:
    """The socket, bound; nothing, and it is closed, where another has the port."""
    try:
        free.bind((LOOPBACK, port))
    except OSError as error:
        free.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return None
        raise
    return free


def _becomes_free(port: int) -> bool:
    """As `is_free`, with patience: where a supervisor was killed, its processes are still finishing what they began."""
    deadline = time.monotonic() + 25
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
