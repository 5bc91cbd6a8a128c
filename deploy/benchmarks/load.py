"""The load of unary calls: rpc/load.cc, compiled."""

import json
import pathlib
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .pinned import LOAD_CORE, on, output

_SOURCE = pathlib.Path(__file__).parent / "rpc" / "load.cc"
_WARM_UP_SECONDS = "1"
_SECONDS = "3"


@dataclass(frozen=True)
class Measured:
    """What came of a load: in the measured part, except for all the calls that it made."""

    all_calls: int
    calls_per_second: float


class Load:
    """The same calls, to whatever server, on connections with so many streams each."""

    def __init__(
        self,
        folder: pathlib.Path,
        path: str,
        exchanges: Iterable[tuple[bytes, bytes]],
        *,
        connections: int,
        streams: int,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Compiles it. `exchanges`: requests and their answers, encoded."""
        self._program = folder / "load"
        self._exchanges = folder / "exchanges"
        self._counts = [str(connections), str(streams)]
        self._call = [path, *(word for pair in metadata for word in pair)]
        nghttp2 = output("pkg-config", "--cflags", "--libs", "libnghttp2").split()
        output("g++", "-std=c++17", "-O2", str(_SOURCE), "-o", str(self._program), *nghttp2)
        with open(self._exchanges, "wb") as file:
            for exchange in exchanges:
                for message in exchange:
                    file.write(struct.pack(">I", len(message)) + message)

    def run(self, port: str) -> Measured:
        """Raises where an answer is wrong."""
        seconds = [_WARM_UP_SECONDS, _SECONDS]
        words = [str(self._program), port, *self._counts, *seconds, str(self._exchanges), *self._call]
        figures = json.loads(output(*on(LOAD_CORE, *words)))
        if figures["busy"] > 0.95:
            print("note: the load's core was the limit, so the server is at least this fast", file=sys.stderr)
        return Measured(figures["allCalls"], float(figures["callsPerSecond"]))
