"""Does what the schedule says, moment after moment."""

import time
from collections import Counter
from collections.abc import Callable

from .events import Events
from .mail_server import SENDER_KILLED
from .schedule import Moment
from .stage import Stage

# An event that does not come must not hold up the storm: what brings it about may be away itself.
_SECONDS = 3

# At whose death a sender of mail may leave a message unknown.
SENDERS = ("messaging", "postgresql", "backend")


class Tempest:
    """Kills, and brings back."""

    def __init__(self, stage: Stage, events: Events, tell: Callable[[str], None]) -> None:
        self._stage = stage
        self._events = events
        self._tell = tell
        # By victim; and what was done to answers.
        self.kills: Counter[str] = Counter()
        self.losses: Counter[str] = Counter()

    def rage(self, schedule: list[Moment]) -> None:
        """Goes through all moments, and returns when everything is back."""
        for moment in schedule:
            self._events.wait_for(moment.event, moment.count, _SECONDS)
            time.sleep(moment.delay)
            self._tell(str(moment))
            self._do(moment)
            self._stage.revive()
        self._stage.wait_until_ready_all()

    def _do(self, moment: Moment) -> None:
        if moment.manner != "sudden":
            self._stage.mute(moment.muted)
            time.sleep(moment.silence)
            self.losses[moment.muted] += 1
        if moment.is_kill:
            if moment.victim in SENDERS:
                self._events.note(SENDER_KILLED)
            self._stage.kill(moment.victim, moment.choice)
            self.kills[moment.victim] += 1
        if moment.manner != "sudden":
            self._stage.cut(moment.muted)
        if moment.is_kill:
            time.sleep(moment.away)
            self._stage.bring_back(moment.victim)
            if moment.is_patient:
                self._stage.wait_until_back(moment.victim)
