"""The whole suite on one data folder."""

import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from .account import Account, caller
from .errors import SuiteError
from .ports import FIRST, Ports
from .postgresql import ADMINISTRATOR, PORT, PostgreSQL
from .process import ENVIRONMENT, Process
from .services import Service, services

SECONDS_TO_START = 60
SECONDS_TO_STOP = 35  # Longer than the services give running calls.


class Suite:
    """Starts and stops PostgreSQL, a mail server and the services.

    The data folder holds all that a start needs again: the cluster, ports, keys, the services' files, logs, mail. What
    else is configured all services find in their environment: `settings`, by names such as `RAPPORT_SMTP_CONNECTIONS`.
    """

    # What only the data folder of the other kind of suite has, and whose it is.
    _foreign = ("project", "a suite in containers. Give --containers")

    def __init__(
        self,
        data: pathlib.Path,
        binaries: pathlib.Path,
        *,
        postgresql_account: Account,
        services_account: Account,
        smtp: str | None = None,
        wanted_ports: dict[str, int] | None = None,
        first_port: int = FIRST,
        is_durable: bool = True,
        settings: dict[str, str] | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.data = data
        self.services: dict[str, Process] = {}
        self.postgresql: PostgreSQL | None = None
        self.mailbox: Process | None = None
        self.addresses: dict[str, str] = {}
        self._binaries = binaries
        self._postgresql_account = postgresql_account
        self._account = services_account
        self._smtp = smtp
        self._wanted_ports = wanted_ports or {}
        self._first_port = first_port
        self._is_durable = is_durable
        self._settings = settings
        self._progress = progress
        self._lock: int | None = None
        self._ports: Ports | None = None

    # Where things are.

    @property
    def run_file(self) -> pathlib.Path:
        """What is running: there while the suite is up."""
        return self.data / "run.json"

    @property
    def mail(self) -> pathlib.Path | None:
        """Where the local mail server keeps the messages; nothing if another server was named."""
        return None if self._smtp else self.data / "mail" / "new"

    def key_file(self, name: str) -> pathlib.Path:
        """The file with an API key."""
        return self.data / "keys" / f"{name}.key"

    @property
    def command_line(self) -> pathlib.Path:
        """The `rapport` executable."""
        return self._binaries / "rapport"

    @property
    def has_begun(self) -> bool:
        """Whether this suite holds its data folder, and so has something to stop."""
        return self._lock is not None

    @property
    def whereabouts(self) -> str:
        """Where everything is, in a sentence."""
        return f"Everything is in {self.data}, these addresses and keys in {self.run_file}."

    def processes(self) -> dict[str, Process]:
        """All processes that were started, by name."""
        database = {"postgresql": self.postgresql.process} if self.postgresql else {}
        mailbox = {"mailbox": self.mailbox} if self.mailbox else {}
        return database | mailbox | self.services

    # Start.

    def start(self) -> None:
        """Starts everything and returns when all services are ready."""
        self._take_folder()
        self._choose_addresses()
        self._progress("Starting PostgreSQL ...")
        self._start_postgresql()
        if not self._smtp:
            self._start_mailbox()
        self._progress("Preparing the database, the keys and the services' configuration ...")
        self._set_up()
        self._progress(f"Starting {', '.join(service.name for service in services())} ...")
        self._start_services()
        self.write_run_file()

    def start_service(self, name: str) -> None:
        """Starts one service, for the first time or again."""
        if name not in self.services:
            service = next(service for service in services() if service.name == name)
            argv = [str(self._executable(service)), "--config", str(self.data / "config" / f"{name}.json")]
            self.services[name] = Process(name, argv, self._log(name), self._account, environment=self._settings)
        self.services[name].start()

    def wait_until_ready(self, name: str) -> None:
        """Waits until the service says that it can do its work."""
        address = self.addresses[f"{name}.admin"]
        self._wait_for(self.services[name], lambda: answers_200(f"http://{address}/readyz"))

    def check(self) -> None:
        """Raises `ProcessDied` if a process ended without having been told to."""
        for process in self.processes().values():
            process.check()

    def write_run_file(self) -> None:
        """Writes the addresses, keys and process ids, for the caller alone."""
        # The services' own keys lie there too. They sign for services, and are nobody's business.
        own = {service.name for service in services()}
        files = [path for path in sorted((self.data / "keys").glob("*.key")) if path.stem not in own]
        keys = {path.stem: path.read_text().strip() for path in files}
        content = {
            "data": str(self.data),
            "grpc": self.addresses["gateway.rpc"],
            "http": f"http://{self.addresses['gateway.http']}",
            "smtp": self.addresses["smtp"],
            "mail": str(self.mail) if self.mail else None,
            "keys": keys,
            "processes": {name: process.pid for name, process in self.processes().items()},
            "supervisor": os.getpid(),
        }
        caller().write(self.run_file, json.dumps(content, indent=2) + "\n")

    # Stop.

    def stop(self) -> list[str]:
        """Stops everything in order, each finishing what it has begun. Returns what did not go well."""
        if self._lock is None:
            return []
        self.run_file.unlink(missing_ok=True)
        gateway = [self.services[name] for name in ("gateway",) if name in self.services]
        others = [process for name, process in self.services.items() if name != "gateway"]
        # The gateway first, so that no new call comes in; then those that need the database; then the database.
        return _stop(gateway) + _stop(others) + self._stop_own()

    def forget(self) -> None:
        """Removes all data. The suite is stopped."""
        shutil.rmtree(self.data)

    def _stop_own(self) -> list[str]:
        """Stops what is no service, and leaves the data folder to others."""
        processes = [self.mailbox, self.postgresql and self.postgresql.process]
        troubles = _stop([process for process in processes if process])
        assert self._lock is not None
        os.close(self._lock)
        self._lock = None
        return troubles

    # The parts of a start.

    def _take_folder(self) -> None:
        """One suite for one folder: two would write the same files."""
        self._check_folder()
        self._account.folder(self.data)
        if self._account != self._postgresql_account:
            self.data.chmod(0o711)  # PostgreSQL's account passes through to its own folder, and sees nothing else.
        lock = os.open(self.data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 20).decode() or "another"
            os.close(lock)
            raise SuiteError(
                f"{self.data} is in use by process {holder}. Stop that one, or name another folder with --data."
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self._lock = lock
        for folder in ("config", "keys", "log", "bin"):
            self._account.folder(self.data / folder)

    def _check_folder(self) -> None:
        """A folder that is somebody else's stays as it is, and one that the services cannot reach is no use."""
        if self.data.exists() and not self.data.is_dir():
            raise SuiteError(f"{self.data} is no folder. Name another with --data.")
        if self.data.exists() and any(self.data.iterdir()) and not (self.data / "lock").exists():
            raise SuiteError(f"{self.data} holds files of something else. Name an empty or a new folder with --data.")
        file, owner = self._foreign
        if (self.data / file).exists():
            raise SuiteError(f"{self.data} belongs to {owner}, or name another folder with --data.")
        if self._account.is_caller:
            return
        for folder in self.data.parents:
            if folder.exists() and not folder.stat().st_mode & stat.S_IXOTH:
                raise SuiteError(
                    f"{folder} is closed to the system user that the services run as, so their data cannot be in it."
                    " Name a folder elsewhere with --data, such as /srv/rapport, or run this as an ordinary user."
                )

    def _choose_addresses(self) -> None:
        self._ports = ports = Ports(self.data / "ports.json", self._account, self._first_port)
        names = [f"{service.name}.{address}" for service in services() for address in service.addresses]
        self.addresses = {name: ports.address(name, self._wanted_ports.get(name)) for name in names}
        self.addresses["smtp"] = self._smtp or ports.address("smtp")

    def _start_postgresql(self) -> None:
        self.postgresql = PostgreSQL(
            self.data / "postgresql", self._log("postgresql"), self._postgresql_account, self._is_durable
        )
        self.postgresql.start()

    def _start_mailbox(self) -> None:
        # By the caller: the account `rapport` may not be able to read this program.
        folder = caller().folder(self.data / "mail")
        argv = [sys.executable, "-m", "supervisor.mailbox", self.addresses["smtp"], str(folder)]
        where = {"PYTHONPATH": str(pathlib.Path(__file__).parent.parent)}
        self.mailbox = Process("mailbox", argv, self._log("mailbox"), caller(), environment=where)
        self.mailbox.start()
        self._wait_for(self.mailbox, lambda: _accepts(self.addresses["smtp"]))

    def _set_up(self) -> None:
        assert self.postgresql
        file = self.data / "topology.json"
        database = {
            "host": str(self.postgresql.socket_folder),
            "passwordFile": str(self.postgresql.password_file),
        }
        self._write_topology(file, database)
        argv = [str(self._installed(self.command_line)), "setup", "--data", str(self.data), "--topology", str(file)]
        done = subprocess.run(
            self._account.command(argv, when_orphaned=signal.SIGTERM),
            env=ENVIRONMENT,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SuiteError(f"`rapport setup` failed: {done.stderr.strip() or done.stdout.strip()}")

    def _write_topology(self, file: pathlib.Path, database: dict[str, str]) -> None:
        """Writes what `rapport setup` reads. `database` says where the server's socket and its password are."""
        topology = {
            "database": {"port": PORT, "name": "rapport", "administrator": ADMINISTRATOR} | database,
            "publicBaseURL": f"http://{self.addresses['gateway.http']}",
            "smtp": _split(self.addresses["smtp"]),
            "services": {
                service.name: {name: self.addresses[f"{service.name}.{name}"] for name in service.addresses}
                for service in services()
            },
        }
        self._account.write(file, json.dumps(topology, indent=2) + "\n")

    def _start_services(self) -> None:
        for service in services():
            self.start_service(service.name)
        for service in services():
            self.wait_until_ready(service.name)

    def _wait_for(self, process: Process, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            self.check()  # Before the question: a server of another suite could answer at the address of one that died.
            if is_ready():
                return
            if time.monotonic() > deadline:
                said = "".join(f"\n  | {line}" for line in process.last_lines())
                raise SuiteError(
                    f"{process.name} is not ready after {SECONDS_TO_START} s. The last lines of {process.log}:{said}"
                )
            time.sleep(0.05)

    def _executable(self, service: Service) -> pathlib.Path:
        return self._installed(self._binaries / service.executable)

    def _installed(self, built: pathlib.Path) -> pathlib.Path:
        """Where the services' account can run what was built: the folder it was built in may be closed to it."""
        if self._account.is_caller:
            return built
        copy = self.data / "bin" / built.name
        if not copy.exists() or copy.stat().st_mtime_ns != built.stat().st_mtime_ns:
            shutil.copy2(built, copy.with_suffix(".part"))
            copy.with_suffix(".part").rename(copy)
        return copy

    def _log(self, name: str) -> pathlib.Path:
        return self.data / "log" / f"{name}.log"


def _stop(processes: list[Process]) -> list[str]:
    for process in processes:
        process.ask_to_stop()
    deadline = time.monotonic() + SECONDS_TO_STOP
    troubles = [process.wait(max(0.1, deadline - time.monotonic())) for process in processes]
    return [trouble for trouble in troubles if trouble]


def answers_200(url: str) -> bool:
    """Whether there is such a page."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _accepts(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=2):
            return True
    except OSError:
        return False


def _split(address: str) -> dict[str, str | int]:
    host, _, port = address.rpartition(":")
    return {"host": host, "port": int(port)}
