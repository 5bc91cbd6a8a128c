"""Runs the `rapport` command line as a person would, and reads what it answers."""

import json
import os
import pathlib
import subprocess
from typing import Any

_SECONDS = 600


class CallFailed(Exception):
    """`rapport` refused, or the suite did. `code` is gRPC's, such as NOT_FOUND."""

    def __init__(self, words: tuple[str, ...], code: str, message: str) -> None:
        super().__init__(f"`rapport {' '.join(words)}` failed: {code}: {message}")
        self.code = code


class Rapport:
    """The command line with one key."""

    def __init__(self, executable: pathlib.Path, server: str, key: pathlib.Path) -> None:
        self._executable = executable
        self._environment = os.environ | {"RAPPORT_SERVER": server, "RAPPORT_KEY": str(key)}

    def __call__(self, *words: str) -> Any:
        """The JSON that the command answers with. Raises `CallFailed`."""
        done = subprocess.run(
            [self._executable, *words, "-o", "json"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise CallFailed(words, *_error(done.stderr, done.returncode))
        return json.loads(done.stdout)

    def ensure(self, *words: str) -> Any:
        """As a call, but what is there already is right: for a story that was interrupted and goes on."""
        try:
            return self(*words)
        except CallFailed as failure:
            if failure.code == "ALREADY_EXISTS":
                return None
            raise


def _error(text: str, status: int) -> tuple[str, str]:
    last = text.strip().rpartition("\n")[2]
    try:
        error = json.loads(last)["error"]
        return error["code"], error["message"]
    except (ValueError, KeyError, TypeError):
        return f"EXIT_{status}", text.strip()
