"""A private PostgreSQL: its own cluster in the data folder, reached by a socket that only its account can open."""

import pathlib
import secrets
import signal
import subprocess
import time

from .account import Account
from .errors import SuiteError
from .process import Process

ADMINISTRATOR = "rapport"
PORT = 5432  # Only the socket file's name: nothing listens on TCP.
_BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")

# What a socket's address can hold, less `/.s.PGSQL.5432` and the NUL.
_LONGEST_SOCKET_FOLDER = 107 - 14

# Copied once, below PostgreSQL's own defaults: an operator's later changes stay.
_SETTINGS = pathlib.Path(__file__).parent.parent / "postgresql.conf"


class PostgreSQL:
    """The cluster at `folder`."""

    def __init__(self, folder: pathlib.Path, log: pathlib.Path, account: Account, is_durable: bool) -> None:
        self._cluster = folder / "15"
        self._folder = folder
        self.socket_folder = folder / "run"
        self.password_file = folder / "administrator.password"
        self._account = account
        options = {"listen_addresses": "", "unix_socket_directories": str(self.socket_folder), "port": str(PORT)}
        if not is_durable:
            # Survives a crash of the processes, which tests cause, but not of the machine.
            options |= {"fsync": "off", "full_page_writes": "off"}
        argv = [str(_BINARIES / "postgres"), "-D", str(self._cluster)]
        argv += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        # SIGINT is PostgreSQL's "fast" shutdown; SIGTERM would wait for every client to leave.
        self.process = Process("postgresql", argv, log, account, stop_signal=signal.SIGINT)

    def start(self) -> None:
        """Makes the cluster if there is none, and starts it. Returns when it accepts connections."""
        if len(str(self.socket_folder)) > _LONGEST_SOCKET_FOLDER:
            raise SuiteError(
                f"{self.socket_folder} is too long for a socket's address: choose a data folder with a shorter path."
            )
        self._account.folder(self._folder)
        self._account.folder(self.socket_folder)
        if not (self._cluster / "PG_VERSION").exists():
            self._make_cluster()
        self._wait_for_predecessor()
        self.process.start()
        deadline = time.monotonic() + 300  # After a crash it first replays what it had written.
        while not self._accepts_connections():
            self.process.check()
            if time.monotonic() > deadline:
                raise SuiteError(f"PostgreSQL does not accept connections: see {self.process.log}")
            time.sleep(0.05)

    def _make_cluster(self) -> None:
        self._account.write(self.password_file, secrets.token_urlsafe(24) + "\n")
        # Made beside its place and then moved there: a cluster that was made half is not taken for one.
        part = self._folder / "15.part"
        self._run("rm", "-rf", str(part))
        self._run(
            str(_BINARIES / "initdb"),
            "--pgdata",
            str(part),
            "--username",
            ADMINISTRATOR,
            "--pwfile",
            str(self.password_file),
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--locale",
            "C.UTF-8",
            "--data-checksums",
            "--no-instructions",
        )
        with open(part / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write("\n" + _SETTINGS.read_text(encoding="utf-8"))
        part.rename(self._cluster)

    def _wait_for_predecessor(self) -> None:
        """A supervisor that was killed leaves PostgreSQL to stop by itself: that may not be over yet."""
        lock = self._cluster / "postmaster.pid"
        deadline = time.monotonic() + 60
        while lock.exists() and _runs_here(int(lock.read_text().split("\n", 1)[0]), self._cluster):
            if time.monotonic() > deadline:
                raise SuiteError(f"Another PostgreSQL is running on {self._cluster}: stop it first.")
            time.sleep(0.1)

    def _accepts_connections(self) -> bool:
        argv = [str(_BINARIES / "pg_isready"), "-q", "-h", str(self.socket_folder), "-p", str(PORT)]
        return subprocess.run(argv, check=False).returncode == 0

    def _run(self, *argv: str) -> None:
        """Runs a short program as the cluster's account."""
        done = subprocess.run(
            self._account.command(list(argv), when_orphaned=signal.SIGTERM),
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
        )
        if done.returncode != 0:
            raise SuiteError(f"{argv[0]} failed: {done.stderr.strip()}")


def _runs_here(pid: int, cluster: pathlib.Path) -> bool:
    """Whether `pid` is a PostgreSQL on `cluster`: after a reboot the number may be anyone's."""
    try:
        return str(cluster).encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False
