"""Two entities with one of everything, for all tests of isolation: nothing of one reaches the other."""

import pytest

from .database import Database
from .world import World


@pytest.fixture(scope="session")
def mine(suite) -> World:
    """The entity whose key calls."""
    return World(suite)


@pytest.fixture(scope="session")
def theirs(suite) -> World:
    """The entity that it must not reach."""
    return World(suite)


@pytest.fixture(scope="session")
def database(suite) -> Database:
    """The suite's database."""
    return Database(suite.suite)


@pytest.fixture
def numbers(database, mine, theirs) -> tuple[int, int]:
    """The entities' numbers, once both have come to rest."""
    found = database.number(mine.entity), database.number(theirs.entity)
    database.settle(found)
    return found
