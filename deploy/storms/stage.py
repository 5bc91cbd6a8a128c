"""The private suite that a storm rages on: each process behind a relay, killed and started again at will."""

import contextlib
import json
import os
import pathlib
import signal
import time
import urllib.error
import urllib.request
from typing import Any

from supervisor.errors import SuiteError
from supervisor.postgresql import PostgreSQL
from supervisor.suite import Suite

from .events import Events
from .loop import Loop
from .relay import Relay

_SECONDS = 300


class Stage(Suite):
    """A suite whose services call each other through relays."""

    def __init__(self, loop: Loop, events: Events, data: pathlib.Path, binaries: pathlib.Path, **options: Any) -> None:
        # Processes are killed here, not machines.
        super().__init__(data, binaries, is_durable=False, **options)
        self._loop = loop
        self._events = events
        # By the name of a service; `http` for the gateway's pages.
        self.relays: dict[str, Relay] = {}

    def _set_up(self) -> None:
        super()._set_up()
        for name, address in self.addresses.items():
            service, _, kind = name.partition(".")
            if kind in ("rpc", "http"):
                self.relays["http" if kind == "http" else service] = Relay(self._loop, address)
        for file in (self.data / "config").glob("*.json"):
            settings = json.loads(file.read_text(encoding="utf-8"))
            settings["peers"] = {peer: [self.relays[peer].address] for peer in settings["peers"]}
            self._account.write(file, json.dumps(settings, indent=2) + "\n")

    def mute(self, service: str) -> None:
        """Loses the answers of a service from now on."""
        for relay in self._relays(service):
            relay.mute()

    def cut(self, service: str) -> None:
        """Breaks its connections; those made from now on are heard again."""
        for relay in self._relays(service):
            relay.cut()

    def _relays(self, service: str) -> list[Relay]:
        return [self.relays[name] for name in ([service, "http"] if service == "gateway" else [service])]

    def kill(self, victim: str, choice: float) -> None:
        """Kills a service, PostgreSQL's first process, or one of its others."""
        if victim == "backend":
            kill_backend(self.database, choice)
        elif victim == "postgresql":
            self.database.process.kill()
        else:
            self.services[victim].kill()

    @property
    def database(self) -> PostgreSQL:
        """The cluster."""
        assert self.postgresql
        return self.postgresql

    def bring_back(self, victim: str) -> None:
        """Starts again what was killed, as a supervisor does."""
        if victim == "postgresql":
            self._restart_postgresql()
        elif victim != "backend":  # PostgreSQL's first process brings the others back.
            self.start_service(victim)

    def _restart_postgresql(self) -> None:
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                return self.database.start()
            except SuiteError:
                # Processes of the one that was killed may still hold its memory.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def revive(self) -> None:
        """Starts again what ended without having been told to, which is a violation."""
        for name, process in self.services.items():
            if process.pid is None:
                self._events.surprise(f"{name} ended by itself: {' | '.join(process.last_lines(3))}")
                self.start_service(name)

    def wait_until_ready_all(self) -> None:
        """Returns when every service says that it can do its work."""
        for name in self.services:
            self.wait_until_back(name)

    def wait_until_back(self, victim: str) -> None:
        """Returns when a victim can do its work again."""
        if victim in self.services:
            self._wait_for_page(f"http://{self.addresses[f'{victim}.admin']}/readyz", victim)

    def _wait_for_page(self, url: str, name: str) -> None:
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                with urllib.request.urlopen(url, timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                pass
            self.revive()
            if time.monotonic() > deadline:
                raise SuiteError(f"{name} is not ready again after {_SECONDS} s: see {self.data / 'log'}")
            time.sleep(0.05)


def kill_backend(database: PostgreSQL, choice: float) -> None:
    """Kills one of PostgreSQL's processes that serve clients, as soon as there is one."""
    deadline = time.monotonic() + _SECONDS
    while True:
        serving = _backends(database)
        with contextlib.suppress(ProcessLookupError, IndexError):
            os.kill(serving[int(choice * len(serving))], signal.SIGKILL)
            return
        if time.monotonic() > deadline:
            raise SuiteError(f"PostgreSQL serves nobody for {_SECONDS} s.")
        time.sleep(0.05)


def _backends(database: PostgreSQL) -> list[int]:
    first = database.process.pid
    try:
        children = pathlib.Path(f"/proc/{first}/task/{first}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in children if _command(child).startswith(b"postgres: rapport")]


def _command(pid: str) -> bytes:
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
