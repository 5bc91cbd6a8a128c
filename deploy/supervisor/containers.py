"""The whole suite in containers: deploy/compose.yaml, started by podman-compose on one data folder.

PostgreSQL's data and the services' secrets are in podman's volumes; the data folder holds what the person at the
terminal uses: the addresses, the keys of the command line, the mail that was sent.
"""

import pathlib
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

from .account import caller
from .errors import SuiteError
from .ports import FIRST
from .process import Process
from .services import services
from .suite import SECONDS_TO_START, SECONDS_TO_STOP, Suite, answers_200

_DEPLOY = pathlib.Path(__file__).parent.parent
_FILE = _DEPLOY / "compose.yaml"
# Beside the Python that runs this.
_COMPOSE = pathlib.Path(sys.executable).parent / "podman-compose"
# Where compose.yaml puts them in the containers.
_SOCKET_FOLDER = "/run/postgresql"
_PASSWORD_FILE = "/var/lib/rapport/postgresql/administrator.password"
_SECONDS_FOR_COMPOSE = 180


class ContainerSuite(Suite):
    """The suite of one data folder, in containers. Nobody watches them: podman starts one again that ends by itself."""

    _foreign = ("postgresql", "a suite without containers. Leave out --containers")

    def __init__(
        self,
        data: pathlib.Path,
        binaries: pathlib.Path,
        *,
        environment: dict[str, str],
        smtp: str | None = None,
        wanted_ports: dict[str, int] | None = None,
        first_port: int = FIRST,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(
            data,
            binaries,
            postgresql_account=caller(),
            services_account=caller(),
            smtp=smtp,
            wanted_ports=wanted_ports,
            first_port=first_port,
            progress=progress,
        )
        self._topology = data / "topology.json"
        # Without systemd nobody would ask at an interval, and podman could not start what is to be asked so.
        asks = pathlib.Path("/run/systemd/system").exists()
        self._environment = environment | {
            "RAPPORT_TOPOLOGY": str(self._topology),
            "RAPPORT_HEALTH_INTERVAL": "10s" if asks else "disable",
        }

    @property
    def project(self) -> str:
        """What the names of this data folder's containers and volumes begin with."""
        file = self.data / "project"
        if not file.exists():
            caller().write(file, f"rapport-{secrets.token_hex(4)}\n")
        return file.read_text(encoding="utf-8").strip()

    @property
    def whereabouts(self) -> str:
        """Where everything is, in a sentence."""
        return (
            f"The database and the services' secrets are in podman's volumes {self.project}_*, everything else in"
            f" {self.data}, these addresses and keys in {self.run_file}."
        )

    def processes(self) -> dict[str, Process]:
        """The processes that are this suite's own: the containers are podman's."""
        return {"mailbox": self.mailbox} if self.mailbox else {}

    def stop(self) -> list[str]:
        """Stops everything in order, and removes the containers. Returns what did not go well."""
        if not self.has_begun:
            return []
        self.run_file.unlink(missing_ok=True)
        others = [service.name for service in services() if service.name != "gateway"]
        troubles: list[str] = []
        # The gateway first, so that no new call comes in; then those that need the database; then the database.
        for words in (["stop", "gateway"], ["stop", *others], ["stop", "postgresql"]):
            try:
                self._compose(*words)
            except SuiteError as error:
                troubles.append(str(error))
        troubles += [
            f"{name} ended with status {status}" for name, status in self._containers("ExitCode") if status != "0"
        ]
        self._remove_containers()
        return troubles + self._stop_own()

    def forget(self) -> None:
        """Removes all data. The suite is stopped."""
        self._compose("down", "--volumes")
        shutil.rmtree(self.data)

    # The parts of a start.

    def _choose_addresses(self) -> None:
        # A supervisor that was killed leaves its containers, at our addresses.
        self._remove_containers()
        super()._choose_addresses()

    def _start_postgresql(self) -> None:
        database = {"host": _SOCKET_FOLDER, "passwordFile": _PASSWORD_FILE}
        self._write_topology(self._topology, database)
        self._topology.chmod(0o644)  # It holds no secret, and its reader in the container is another user.
        self._compose("run", "--rm", "--no-deps", "-T", "password")
        self._compose("up", "--detach", "--no-deps", "postgresql")
        self._wait_until(self._accepts_connections, "postgresql")

    def _accepts_connections(self) -> bool:
        argv = [str(_COMPOSE), *self._project_options(), "exec", "-T", "postgresql"]
        argv += ["pg_isready", "-q", "-h", _SOCKET_FOLDER]
        return subprocess.run(argv, env=self._environment, capture_output=True, check=False).returncode == 0

    def _set_up(self) -> None:
        self._compose("run", "--rm", "--no-deps", "-T", "setup")
        if not self.key_file("administrator").exists():
            key = self._compose("run", "--rm", "--no-deps", "-T", "setup", "--show-key")
            caller().write(self.key_file("administrator"), key.strip() + "\n")

    def _start_services(self) -> None:
        self._compose("up", "--detach", "--no-deps", *(service.name for service in services()))
        for service in services():
            address = self.addresses[f"{service.name}.admin"]
            self._wait_until(lambda address=address: answers_200(f"http://{address}/readyz"), service.name)

    def _wait_until(self, is_so: Callable[[], bool], name: str) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while not is_so():
            self.check()
            if time.monotonic() > deadline:
                said = self._compose("logs", "--tail", "15", name)
                raise SuiteError(f"{name} is not ready after {SECONDS_TO_START} s. It said last:\n{said}")
            time.sleep(0.1)

    def _containers(self, field: str) -> list[tuple[str, str]]:
        """The name of each container of the project, running or not, and one more thing that podman knows of it."""
        label = f"label=io.podman.compose.project={self.project}"
        argv = ["podman", "ps", "--all", "--filter", label, "--format", f"{{{{.Names}}}} {{{{.{field}}}}}"]
        listed = subprocess.run(argv, env=self._environment, capture_output=True, text=True, check=False)
        return [(name, value) for name, _, value in (line.partition(" ") for line in listed.stdout.splitlines())]

    def _remove_containers(self) -> None:
        """Removes all: also one that was just being started again, which `podman-compose down` leaves."""
        if names := [name for name, _ in self._containers("ID")]:
            argv = ["podman", "rm", "--force", "--time", str(SECONDS_TO_STOP), *names]
            subprocess.run(argv, env=self._environment, capture_output=True, check=False)

    def _project_options(self) -> list[str]:
        return ["--file", str(_FILE), "--project-name", self.project]

    def _compose(self, *words: str) -> str:
        """Runs podman-compose on this suite's project. Returns what it printed."""
        done = subprocess.run(
            [str(_COMPOSE), *self._project_options(), *words],
            env=self._environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS_FOR_COMPOSE + SECONDS_TO_STOP,
            check=False,
            start_new_session=True,  # Ctrl-C at the terminal is for the supervisor alone.
        )
        if done.returncode != 0:
            lines = (done.stderr.strip() or done.stdout.strip()).splitlines()[-15:]
            raise SuiteError(f"`podman-compose {' '.join(words)}` failed:" + "".join(f"\n  | {line}" for line in lines))
        return done.stdout
