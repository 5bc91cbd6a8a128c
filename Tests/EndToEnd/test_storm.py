"""A short crash storm: processes are killed and answers lost while everything works, and nothing is lost or doubled."""

import os
import pathlib

import pytest
from storms.chance import Chance
from storms.schedule import VICTIMS, schedule
from storms.storm import Storm
from supervisor.account import caller, unprivileged

# One whose victims are not away for long: each is hit, three of them after their answers were lost.
SEED = 869
KILLS = 10


@pytest.mark.timeout(600)
def test_a_storm_loses_nothing_and_does_nothing_twice():
    binaries = pathlib.Path(os.environ["RAPPORT_BINARIES"])
    storm = Storm(SEED, KILLS, binaries, postgresql_account=unprivileged(), services_account=caller())
    outcome = storm.run()
    assert outcome.is_ok, outcome.figures()
    assert set(outcome.kills) == set(VICTIMS)


def test_the_same_seed_is_the_same_storm():
    plan = schedule(Chance(SEED), 50)
    assert plan == schedule(Chance(SEED), 50)
    assert plan != schedule(Chance(SEED + 1), 50)
    assert sum(moment.is_kill for moment in plan) == 50
    assert any(moment.manner == "unanswered" for moment in plan)
