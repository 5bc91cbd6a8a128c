"""Programs that serve on one core of their own, and how much of it they used."""

import os
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from .harness import CannotMeasure

# The server that is measured has the one, and whatever loads it the other.
SERVER_CORE = "0"
LOAD_CORE = "1"


def require_two_cores() -> None:
    """Raises where a server and its load would share a core."""
    if (os.cpu_count() or 1) < 2:
        raise CannotMeasure("this comparison needs two cores")


def on(core: str, *words: str) -> list[str]:
    """A command that runs on one core alone."""
    return ["taskset", "--cpu-list", core, *words]


def output(*words: str, environment: Mapping[str, str] | None = None) -> str:
    """What a command prints. Raises where it fails."""
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise CannotMeasure(f"{pathlib.Path(words[0]).name}: {done.stderr.strip()}")
    return done.stdout.strip()


def free_port() -> str:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def pin(core: str, *processes: int) -> None:
    """Keeps processes that run, all their threads and what they start from now on, on one core alone."""
    for process in processes:
        output("taskset", "--all-tasks", "--pid", "--cpu-list", core, str(process))


def with_children(process: int) -> list[int]:
    """A process and those that it has started."""
    children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    return [process, *map(int, children)]


def accepts(port: str) -> bool:
    """Whether something listens on a port of 127.0.0.1."""
    try:
        with socket.create_connection(("127.0.0.1", int(port)), timeout=1):
            return True
    except OSError:
        return False


@contextmanager
def serving(
    command: Callable[[str], list[str]], core: str = SERVER_CORE, environment: Mapping[str, str] | None = None
) -> Iterator["Server"]:
    """A server on a free port of its own, pinned to its core, and ended at the end."""
    port = free_port()
    words = on(core, *command(port))
    process = subprocess.Popen(words, stdout=sys.stderr, env=os.environ | (environment or {}))
    server = Server(port, process)
    try:
        server.wait_until_it_accepts()
        yield server
    finally:
        process.terminate()
        process.wait(20)


class Server:
    """A server of this machine."""

    def __init__(self, port: str, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self._process = process

    def wait_until_it_accepts(self) -> None:
        """Raises where it does not within 20 seconds."""
        deadline = time.monotonic() + 20
        while not accepts(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise CannotMeasure(f"{self._process.args} does not serve")
            time.sleep(0.05)

    @property
    def cpu_seconds(self) -> float:
        """The processor time that it has used, in all its threads, in hundredths of a second."""
        return cpu_seconds(self._process.pid)


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has used, in all its threads."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    # The fields behind the name, which is in parentheses and may hold anything: see proc(5).
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
