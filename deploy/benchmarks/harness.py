"""Alternated rounds, medians and their ratio."""

import dataclasses
import statistics
from collections.abc import Callable
from typing import Literal

ROUNDS = 5

# A ratio always says how many times better than the peer we are: of rates more is better, of the rest less.
Unit = Literal["calls/s", "mails/s", "rows/s", "s", "bytes"]


class CannotMeasure(Exception):
    """What the row needs is not there, or a checked answer was wrong."""


@dataclasses.dataclass(frozen=True)
class Row:
    """A comparison's outcome: the medians of its rounds."""

    row: str
    ours: float
    peer: float
    unit: Unit
    rounds: int

    @property
    def ratio(self) -> float:
        """How many times better than the peer we are."""
        return self.ours / self.peer if self.unit.endswith("/s") else self.peer / self.ours


# What is done with our side of a row once it was measured: deploy/bench --profile sets it.
afterwards: Callable[[Callable[[], float]], None] | None = None


def alternate(row: str, unit: Unit, ours: Callable[[], float], peer: Callable[[], float], rounds: int = ROUNDS) -> Row:
    """Measures both in turn, so that what else the machine does falls on both, each first in every other round."""
    figures: dict[str, list[float]] = {"ours": [], "peer": []}
    sides = [("ours", ours), ("peer", peer)]
    for _ in range(rounds):
        for name, measure in sides:
            figures[name].append(measure())
        sides.reverse()
    if afterwards:
        afterwards(ours)
    return Row(row, statistics.median(figures["ours"]), statistics.median(figures["peer"]), unit, rounds)
