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


@pytest.fixture(scope="session")
def numbers(database, mine, theirs) -> tuple[int, int]:
    """The entities' numbers."""
    return database.number(mine.entity), database.number(theirs.entity)


@pytest.fixture
def at_rest(database, numbers) -> list[dict[str, tuple[str, str]]]:
    """What the database holds of both entities, once the work that was begun for them is done."""
    return database.settled(numbers)
