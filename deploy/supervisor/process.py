"""One process of the suite, with its log file."""

import os
import pathlib
import signal
import subprocess
from collections.abc import Sequence

from .account import Account
from .errors import ProcessDied

# All that a process finds in its environment, so that it runs alike wherever it is started from.
ENVIRONMENT = {"HOME": "/tmp", "LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": "UTC"}


class Process:
    """A program that runs until it is told to stop."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: pathlib.Path,
        account: Account,
        stop_signal: signal.Signals = signal.SIGTERM,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._command = account.command(list(argv), when_orphaned=stop_signal)
        self._stop_signal = stop_signal
        self._environment = ENVIRONMENT | (environment or {})
        self._child: subprocess.Popen[bytes] | None = None
        self._is_expected_to_run = False

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self) -> None:
        """Starts the program in a session of its own: Ctrl-C at the terminal is for the supervisor alone."""
        with open(self.log, "ab", opener=_private) as log:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd="/",
                start_new_session=True,
            )
        self._is_expected_to_run = True

    def check(self) -> None:
        """Raises `ProcessDied` if the process ended without having been told to."""
        if self._is_expected_to_run and self._child and self._child.poll() is not None:
            raise ProcessDied(self.name, self._child.returncode, str(self.log), self.last_lines())

    def ask_to_stop(self) -> None:
        """Sends the signal at which the program finishes what it has begun and ends."""
        self._is_expected_to_run = False
        if self._child and self._child.poll() is None:
            self._child.send_signal(self._stop_signal)
        else:
            self._child = None  # What ended before was told of when it did.

    def wait(self, seconds: float) -> str | None:
        """Waits for the end, and forces it after `seconds`. Returns what was wrong with it, if anything was."""
        if not self._child:
            return None
        try:
            status = self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return f"{self.name} did not stop within {seconds:.0f} seconds and was killed"
        return f"{self.name} ended with status {status}: see {self.log}" if status else None

    def kill(self) -> None:
        """Ends the process at once (SIGKILL), as a crash does, and waits until it is gone."""
        self._is_expected_to_run = False
        if self._child:
            self._child.kill()
            self._child.wait()

    def last_lines(self, count: int = 15) -> list[str]:
        """The end of the log."""
        with open(self.log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 16_384))
            return file.read().decode(errors="replace").splitlines()[-count:]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
