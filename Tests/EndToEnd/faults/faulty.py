"""A suite that faults happen to: with room for a second copy of each service, each with a clock of its own."""

import json
import pathlib
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from standstill import standing_still
from supervisor.errors import SuiteError
from supervisor.process import Process
from supervisor.services import services
from supervisor.suite import Suite

from .disk import Disk

# Such that what is gone is noticed within seconds.
KEEPALIVE_SECONDS = 2
ANSWER_SECONDS = 2
CLOCK = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
_SECONDS = 60


class FaultySuite(Suite):
    """A suite whose every service knows the addresses of two copies of the others, of which the first run."""

    def __init__(self, *arguments: Any, disk: Disk | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._disk = disk

    def _choose_addresses(self) -> None:
        super()._choose_addresses()
        assert self._ports
        for service in services():
            for kind in service.addresses:
                name = f"{second(service.name)}.{kind}"
                self.addresses[name] = self._ports.address(name)

    def _start_postgresql(self) -> None:
        super()._start_postgresql()
        if self._disk:
            # The suite's database is copied from that one, its place included.
            self.sql(f"CREATE TABLESPACE small LOCATION '{self._disk.folder}'", database="postgres")
            self.sql("ALTER DATABASE template0 SET TABLESPACE small", database="postgres")

    def _set_up(self) -> None:
        super()._set_up()
        for service in services():
            file = self._config(service.name)
            settings = json.loads(file.read_text(encoding="utf-8"))
            settings["peers"] = {
                peer: [self.addresses[f"{peer}.rpc"], self.addresses[f"{second(peer)}.rpc"]]
                for peer in settings["peers"]
            }
            settings["peerKeepaliveSeconds"] = KEEPALIVE_SECONDS
            if service.name == "messaging":
                settings["smtp"]["answerSeconds"] = ANSWER_SECONDS
            self._account.write(file, json.dumps(settings, indent=2) + "\n")
            for kind, key in (("rpc", "listen"), ("admin", "admin"), ("http", "http")):
                if kind in service.addresses:
                    port = self.addresses[f"{second(service.name)}.{kind}"].rpartition(":")[2]
                    settings[key]["port"] = int(port)
            self._account.write(self._config(second(service.name)), json.dumps(settings, indent=2) + "\n")

    def _config(self, name: str) -> pathlib.Path:
        return self.data / "config" / f"{name}.json"

    # Copies.

    @contextmanager
    def seconds(self, clocks: dict[str, str | None]) -> Iterator[None]:
        """Has second copies of services meanwhile, with their clocks set off by so much (`+1h`)."""
        names = [second(service) for service in clocks]
        try:
            for service, clock in clocks.items():
                self._start_second(service, clock)
            for name in names:
                self.wait_until_ready(name)
            yield
        finally:
            self.end(*(name for name in names if name in self.services))

    def _start_second(self, service: str, clock: str | None) -> None:
        name = second(service)
        executable = next(self._executable(each) for each in services() if each.name == service)
        environment = {}
        if clock:
            environment = {"LD_PRELOAD": str(CLOCK), "FAKETIME": clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        argv = [str(executable), "--config", str(self._config(name))]
        self.services[name] = Process(name, argv, self._log(name), self._account, environment=environment)
        self.services[name].start()

    def end(self, *names: str) -> None:
        """Stops processes in order, which those who follow their logs must not hold up."""
        for name in names:
            self.services[name].ask_to_stop()
        for name in names:
            assert self.services[name].wait(20) is None
            if name not in {service.name for service in services()}:
                del self.services[name]

    @contextmanager
    def hanging(self, *names: str) -> Iterator[None]:
        """Processes that neither do anything nor die meanwhile."""
        with standing_still(self.services[name].pid for name in names):
            yield

    # PostgreSQL.

    def stop_postgresql(self) -> None:
        """Stops it as its administrator does, and leaves it so."""
        assert self.postgresql
        self.postgresql.process.ask_to_stop()
        assert self.postgresql.process.wait(30) is None

    def start_postgresql(self) -> None:
        """Starts it again."""
        assert self.postgresql
        self.postgresql.start()

    def sql(self, statement: str, database: str = "rapport") -> list[list[str]]:
        """What the administrator is answered."""
        assert self.postgresql
        words = ["psql", "-w", "-X", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
        words += ["-h", str(self.postgresql.socket_folder), "-U", "rapport", "-c", statement, database]
        password = self.postgresql.password_file.read_text().strip()
        done = subprocess.run(
            words,
            env={"PATH": "/usr/bin:/bin", "PGPASSWORD": password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SuiteError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def number(self, statement: str) -> int:
        """The one number that a statement gives."""
        return int(self.sql(statement)[0][0])

    def behind(self, follower: str, followed: str) -> int:
        """In how many partitions a service is not at the head of the log that it follows."""
        return self.number(f"""
            SELECT count(*)
            FROM {followed}.log_partitions AS log
            LEFT JOIN {follower}.followed_partitions AS mine
              ON mine.partition = log.partition AND mine.follower = '{follower}/{followed}'
            WHERE log.last <> coalesce(mine.position, 0)""")

    # What operators see.

    def readiness(self, name: str) -> tuple[int, str]:
        """The status of a service's readiness page, and its text."""
        try:
            with urllib.request.urlopen(f"http://{self.addresses[f'{name}.admin']}/readyz", timeout=5) as answer:
                return answer.status, answer.read().decode().strip()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode().strip()


def second(service: str) -> str:
    """The name of the second copy of a service."""
    return f"{service}-2"


def eventually(is_so: Callable[[], Any], what: str, seconds: float = _SECONDS) -> Any:
    """What `is_so` gives as soon as that is something."""
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found
