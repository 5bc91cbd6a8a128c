"""What is killed, and when: a pure function of the seed."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .chance import Chance

# How often each is hit, among those after the first round, which hits each once. `postgresql` is its first process;
# `backend` is one of the others, at which PostgreSQL throws all its clients out and recovers.
_WEIGHTS = {
    "messaging": 4,
    "automation": 3,
    "profiles": 3,
    "datatables": 3,
    "forms": 3,
    "gateway": 3,
    "postgresql": 2,
    "backend": 2,
}
VICTIMS = tuple(_WEIGHTS)

# What must happen, so often, before a victim is hit: something that it has to do with.
_EVENTS = {
    "messaging": ("mail",),
    "automation": ("execution", "participation", "row"),
    "profiles": ("profile chunk", "profile", "execution"),
    "datatables": ("row chunk", "row"),
    "forms": ("participation",),
    "gateway": ("profile chunk", "row chunk", "participation", "execution", "row", "profile"),
    "postgresql": ("mail", "profile chunk", "row chunk", "participation", "execution", "row"),
    "backend": ("mail", "profile chunk", "row chunk", "participation", "execution", "row"),
}

# How a moment is made. `sudden`: killed. `unanswered`: for a while its answers reach nobody, so that what it does
# meanwhile is done and its callers do not know; then it is killed. `unheard`: the same without a kill.
Manner = Literal["sudden", "unanswered", "unheard"]


@dataclass(frozen=True)
class Moment:
    """When something is done to a process, and what."""

    number: int
    victim: str
    manner: Manner
    # After so many more of these events, and then so much later.
    event: str
    count: int
    delay: float
    # Whose answers are held back, and for how long; behind that, a caller has given up or gets a broken connection.
    muted: str
    silence: float
    # How long the victim stays away, and whether the next moment may come before it is ready again.
    away: float
    is_patient: bool
    # Which of PostgreSQL's processes.
    choice: float

    @property
    def is_kill(self) -> bool:
        """Whether a process dies."""
        return self.manner != "unheard"

    def __str__(self) -> str:
        after = f"{self.count} x {self.event} + {self.delay * 1000:.0f} ms"
        what = {"sudden": f"kill {self.victim}", "unheard": f"lose the answers of {self.muted}"}.get(
            self.manner, f"lose the answers of {self.muted}, then kill {self.victim}"
        )
        silence = "" if self.manner == "sudden" else f" for {self.silence * 1000:.0f} ms"
        back = f", away {self.away * 1000:.0f} ms" if self.is_kill else ""
        return f"{self.number:3}. after {after}: {what}{silence}{back}{'' if self.is_patient else ', the next at once'}"


def schedule(chance: Chance, kills: int) -> list[Moment]:
    """As many kills, and a lost answer without a kill for every third of them."""
    draw = chance.of("schedule")
    victims = _victims(draw, kills)
    moments: list[Moment] = []
    for index, victim in enumerate(victims):
        if index % 3 == 1:
            moments.append(_moment(draw, len(moments) + 1, draw.choice(_speakers()), "unheard"))
        manner: Manner = "unanswered" if draw.random() < 0.35 else "sudden"
        moments.append(_moment(draw, len(moments) + 1, victim, manner))
    return moments


def _victims(draw: random.Random, kills: int) -> Iterable[str]:
    first = draw.sample(VICTIMS, len(VICTIMS))
    rest = draw.choices(VICTIMS, list(_WEIGHTS.values()), k=max(0, kills - len(first)))
    return (first + rest)[:kills]


def _speakers() -> list[str]:
    """Those who answer calls."""
    return [name for name in VICTIMS if name not in ("postgresql", "backend")]


def _moment(draw: random.Random, number: int, victim: str, manner: Manner) -> Moment:
    return Moment(
        number,
        victim,
        manner,
        event=draw.choice(_EVENTS[victim]),
        count=draw.randint(1, 6),
        delay=draw.choice((0.0, draw.uniform(0, 0.01), draw.uniform(0, 0.3))),
        muted=victim if victim in _speakers() else draw.choice(_speakers()),
        # Some shorter than a caller's patience, some longer.
        silence=draw.choice((draw.uniform(0.02, 0.3), draw.uniform(0.3, 1), draw.uniform(1, 2.5))),
        away=draw.choice((0.0, draw.uniform(0, 0.3), draw.uniform(0.3, 1.2))),
        is_patient=draw.random() < 0.8,
        choice=draw.random(),
    )
