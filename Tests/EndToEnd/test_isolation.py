"""Nobody reaches into an entity that is not theirs: every method, every place in a request that can hold a name."""

import grpc
import pytest
from isolation import life, walk
from isolation.database import Database
from isolation.life import B2C, Step
from isolation.world import Answer, World, call, parsed

REQUESTS = life.requests()


@pytest.fixture(scope="module")
def mine(suite) -> World:
    return World(suite)


@pytest.fixture(scope="module")
def theirs(suite) -> World:
    return World(suite)


def test_the_walk_knows_a_request_of_every_method():
    """A method that was added must be added to the walk."""
    assert sorted(walk.public_methods()) == sorted(REQUESTS)


def test_the_requests_of_the_walk_are_valid(suite):
    """So that what is refused in the walk is refused for the name."""
    world = World(suite)
    for step in [*life.read(), *life.change(), *life.end()]:
        world.take(step)


def test_a_foreign_name_reads_nothing_changes_nothing_and_is_answered_as_one_that_leads_nowhere(suite, mine, theirs):
    database = Database(suite.suite)
    numbers = [database.number(world.entity) for world in (mine, theirs)]
    content, seen = [database.settled(number) for number in numbers], theirs.seen()
    assert all(len(tables) > 20 for tables in content), content

    def send(step: Step, request) -> Answer:
        return call(mine.channel, step.path, request, step.file)

    assert [fault for path in walk.public_methods() for fault in walk.faults(mine, theirs, REQUESTS[path], send)] == []

    assert theirs.seen() == seen
    assert [database.content(number) for number in numbers] == content


def test_the_walk_finds_a_foreign_name_that_is_answered_otherwise(mine, theirs):
    refused = Answer(grpc.StatusCode.NOT_FOUND, "There is no such thing.", "", b"")
    step = REQUESTS[f"{life.TABLES}/ListRows"]

    def send(allows: Answer):
        return lambda _, request: allows if request.profile.startswith(theirs.entity + "/") else refused

    assert walk.faults(mine, theirs, step, send(refused)) == []
    for answer in [
        Answer(grpc.StatusCode.OK, "", "", b""),
        Answer(grpc.StatusCode.NOT_FOUND, "There is no such thing here.", "", b""),
        Answer(grpc.StatusCode.NOT_FOUND, refused.message, "more", b""),
        Answer(grpc.StatusCode.NOT_FOUND, refused.message, "", theirs.canary.encode()),
    ]:
        assert any(" profile" in fault for fault in walk.faults(mine, theirs, step, send(answer))), answer


def test_a_list_over_every_entity_shows_those_that_are_seen(mine, theirs):
    lists = [step for step in life.read() if step.method.startswith("List") and step.request.get("parent") == B2C]
    assert len(lists) >= 7
    for step in lists:
        every = call(mine.channel, step.path, parsed(step.path, step.request | {"parent": "entities/-"}))
        assert every.code == grpc.StatusCode.OK
        assert every.content == mine.take(step).content
