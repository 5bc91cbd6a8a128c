"""SQL in the storm's cluster, by its administrator."""

import contextlib
import pathlib
import subprocess
import threading
import time

from supervisor.postgresql import ADMINISTRATOR

_SEPARATOR = "\x1f"
_END = "--end of the answer--"
_SECONDS = 300


class DatabaseAway(Exception):
    """PostgreSQL does not answer, or not what was asked."""


class Database:
    """A psql that stays open from one question to the next; any thread may ask."""

    def __init__(self, socket_folder: pathlib.Path, password_file: pathlib.Path) -> None:
        self._folder = socket_folder
        self._password_file = password_file
        self._lock = threading.Lock()
        self._psql: subprocess.Popen[str] | None = None

    def ask(self, sql: str) -> list[list[str]]:
        """The rows of one statement, as text; asked again while PostgreSQL is away."""
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                return self._ask_once(sql)
            except DatabaseAway:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _ask_once(self, sql: str) -> list[list[str]]:
        with self._lock:
            try:
                return self._ask(sql)
            except (OSError, DatabaseAway) as error:
                said = self._close()
                # Of a connection that is gone, PostgreSQL tells with another word.
                if said.startswith("ERROR:"):
                    raise ValueError(f"{said}: {sql}") from error
                raise DatabaseAway(said) from error

    def number(self, sql: str) -> int:
        """The one number that a statement gives."""
        return int(self.ask(sql)[0][0])

    def close(self) -> None:
        """Ends psql."""
        with self._lock:
            self._close()

    def _ask(self, sql: str) -> list[list[str]]:
        psql = self._psql = self._psql or self._open()
        assert psql.stdin and psql.stdout
        psql.stdin.write(f"{sql};\n\\echo '{_END}'\n")
        psql.stdin.flush()
        rows = []
        for line in psql.stdout:
            text = line.rstrip("\n")
            if text == _END:
                return rows
            rows.append(text.split(_SEPARATOR))
        raise DatabaseAway("psql ended")

    def _open(self) -> subprocess.Popen[str]:
        words = ["psql", "-w", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]
        words += ["--field-separator", _SEPARATOR, "-h", str(self._folder), "-U", ADMINISTRATOR, "rapport"]
        return subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": "/usr/bin:/bin", "PGPASSWORD": self._password_file.read_text().strip()},
        )

    def _close(self) -> str:
        """Returns what psql complained of."""
        if not self._psql:
            return ""
        psql, self._psql = self._psql, None
        with contextlib.suppress(OSError):
            # At the end of its input it ends, unless it has ended before.
            return psql.communicate(timeout=5)[1].strip()
        return ""
