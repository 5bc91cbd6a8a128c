"""Postfix's two programs for measuring: smtp-sink, which takes mail and drops it, and smtp-source, which sends some.

deploy/bench unpacks them, and installs nothing: Debian's package would start a mail server.
"""

import os
import pathlib
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .harness import CannotMeasure
from .pinned import accepts

_MESSAGES = re.compile(rb"mesg=([0-9]+)")


class Postfix:
    """The programs in the folder that RAPPORT_POSTFIX names."""

    def __init__(self) -> None:
        folder = os.environ.get("RAPPORT_POSTFIX")
        if not folder:
            raise CannotMeasure("RAPPORT_POSTFIX must name the folder that Debian's package postfix is unpacked in")
        self._programs = pathlib.Path(folder) / "usr/sbin"
        self._environment = os.environ | {"LD_LIBRARY_PATH": f"{folder}/usr/lib/postfix"}

    @contextmanager
    def sink(self, port: str, folder: pathlib.Path, dumps: pathlib.Path | None = None) -> Iterator["Sink"]:
        """Takes mail, and keeps each message as a file in the folder `dumps`, if there is one."""
        said = folder / "sink.out"
        keep = ["-d", f"{dumps}/"] if dumps else []
        user = ["-u", "nobody"] if os.getuid() == 0 else []
        words = [str(self._programs / "smtp-sink"), "-c", *user, *keep, f"127.0.0.1:{port}", "1000"]
        with open(said, "wb") as out:
            process = subprocess.Popen(words, env=self._environment, stdout=out)
        try:
            _wait_until(lambda: accepts(port), "smtp-sink does not serve")
            yield Sink(said)
        finally:
            process.terminate()
            process.wait(20)

    def send(self, port: str, *, size: int, count: int, connections: int) -> None:
        """Sends messages of a size, one behind the other on each connection."""
        words = [str(self._programs / "smtp-source"), "-d", "-s", str(connections), "-l", str(size), "-m", str(count)]
        words += ["-f", "news@shop.example.test", "-t", "reader@example.test", f"127.0.0.1:{port}"]
        done = subprocess.run(words, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotMeasure(f"smtp-source: {done.stderr.strip()}")


class Sink:
    """A mail server that counts."""

    def __init__(self, said: pathlib.Path) -> None:
        self._said = said

    @property
    def messages(self) -> int:
        """How many it has taken."""
        with open(self._said, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 200))
            counts = _MESSAGES.findall(file.read())
        return int(counts[-1]) if counts else 0

    def wait_for(self, count: int) -> None:
        """Returns as soon as it has taken so many messages. Raises where it does not, or takes more."""
        _wait_until(lambda: self.messages >= count, f"smtp-sink did not get {count} messages")
        if self.messages != count:
            raise CannotMeasure(f"smtp-sink got {self.messages} messages, not {count}")


def _wait_until(is_done: Callable[[], bool], trouble: str) -> None:
    deadline = time.monotonic() + 600
    while not is_done():
        if time.monotonic() > deadline:
            raise CannotMeasure(trouble)
        time.sleep(0.005)
