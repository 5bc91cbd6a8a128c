"""One run: the suite, the work, the storm, the calm, the invariants."""

import json
import pathlib
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from supervisor.account import Account

from .books import Books
from .calm import wait_for_calm
from .chance import Chance
from .database import Database
from .events import Events
from .invariants import INVARIANTS, Facts
from .loop import Loop
from .mail_server import MailServer
from .schedule import schedule
from .stage import Stage
from .tempest import SENDERS, Tempest
from .workers import Work
from .world import NEWS, World

# For each kill: enough that the mass campaign outlasts the storm.
_CUSTOMERS_PER_KILL = 24
_MESSAGES_PER_SECOND = 10
_SECONDS_OF_CALM = 300


@dataclass
class Outcome:
    """What came of a run."""

    seed: int
    kills: dict[str, int] = field(default_factory=dict)
    losses: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    # By invariant.
    violations: dict[str, list[str]] = field(default_factory=dict)
    invariants: int = 0
    seconds: float = 0
    # Where everything is, if something is wrong.
    data: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether every invariant holds."""
        return not self.violations and self.invariants == len(INVARIANTS)

    def figures(self) -> dict[str, Any]:
        """For programs."""
        return {
            "seed": self.seed,
            "kills": sum(self.kills.values()),
            "killsByKind": self.kills,
            "answersLostOf": self.losses,
            "events": self.events,
            "invariants": self.invariants,
            "violations": sum(map(len, self.violations.values())),
            "violated": {name: faults[:20] for name, faults in self.violations.items()},
            "seconds": round(self.seconds, 1),
            "ok": self.is_ok,
            "data": self.data,
        }


class Storm:
    """A run on a suite of its own, which is gone afterwards unless something is wrong."""

    def __init__(
        self,
        seed: int,
        kills: int,
        binaries: pathlib.Path,
        *,
        postgresql_account: Account,
        services_account: Account,
        tell: Callable[[str], None] = print,
    ) -> None:
        self._chance = Chance(seed)
        self._schedule = schedule(self._chance, kills)
        self._customers = max(200, _CUSTOMERS_PER_KILL * kills)
        self._tell = tell
        self._events = Events()
        self._loop = Loop()
        self._mail_server = MailServer(self._loop, self._chance, self._events)
        self._data = pathlib.Path(tempfile.mkdtemp(prefix=f"rapport-storm-{seed}-"))
        self._stage = Stage(
            self._loop,
            self._events,
            self._data,
            binaries,
            postgresql_account=postgresql_account,
            services_account=services_account,
            smtp=self._mail_server.address,
            # Several storms at once look for ports in different places.
            first_port=random.randrange(10_000, 29_000),
        )
        self._outcome = Outcome(seed)

    def run(self) -> Outcome:
        """Does everything."""
        began = time.monotonic()
        try:
            self._tell(f"Starting a suite in {self._data} ...")
            self._stage.start()
            self._rage_and_check()
        except BaseException as error:
            faults = [f"{type(error).__name__}: {error}", *self._events.surprises()]
            self._outcome.violations["the run"] = faults
            if not isinstance(error, Exception):
                raise
        finally:
            self._outcome.events = dict(sorted(self._events.counts().items()))
            self._stop()
        self._outcome.seconds = time.monotonic() - began
        self._keep_or_forget()
        return self._outcome

    def _rage_and_check(self) -> None:
        cluster = self._stage.database
        database = Database(cluster.socket_folder, cluster.password_file)
        address = self._stage.relays["gateway"].address
        world = World(address, self._stage.key_file("administrator").read_text().strip())
        work = Work(world, self._stage.relays["http"].address, self._chance, self._events, self._customers)
        world.make(work.caller, _MESSAGES_PER_SECOND)
        books = Books(database, world, work.caller)
        work.prepare()
        looking = Database(cluster.socket_folder, cluster.password_file)
        self._mail_server.look_into(looking, books.states())
        self._tell("The storm begins.")
        world.launch(work.caller, NEWS)
        tempest = Tempest(self._stage, self._events, self._tell)
        self._work_through(work, tempest)
        self._outcome.kills, self._outcome.losses = dict(tempest.kills), dict(tempest.losses)
        self._tell("Calm: waiting until all that was begun has ended ...")
        undone = wait_for_calm(database, _SECONDS_OF_CALM)
        senders = sum(tempest.kills[name] for name in SENDERS)
        facts = Facts(books, work.told, self._mail_server, self._customers, senders, self._events.surprises(), undone)
        self._check(facts)
        for each in (database, looking):
            each.close()
        world.channel.close()

    def _work_through(self, work: Work, tempest: Tempest) -> None:
        workers = work.workers()
        for worker in workers:
            worker.start()
        try:
            tempest.rage(self._schedule)
        finally:
            for worker in workers:
                worker.let_stop()
        for worker in workers:
            worker.join()

    def _check(self, facts: Facts) -> None:
        self._tell("Checking ...")
        for invariant in INVARIANTS:
            faults = invariant(facts)
            self._outcome.invariants += 1
            if faults:
                self._outcome.violations[invariant.__name__] = faults

    def _stop(self) -> None:
        if troubles := self._stage.stop():
            self._outcome.violations["the stop"] = troubles
        self._mail_server.stop()
        self._loop.stop()

    def _keep_or_forget(self) -> None:
        if self._outcome.is_ok:
            shutil.rmtree(self._data)
            return
        self._outcome.data = str(self._data)
        story = {"figures": self._outcome.figures(), "schedule": [str(moment) for moment in self._schedule]}
        (self._data / "storm.json").write_text(json.dumps(story | {"violations": self._outcome.violations}, indent=2))
