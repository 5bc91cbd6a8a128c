"""Nobody reaches into an entity that is not theirs: every method, every place in a request that can hold a name."""

import grpc

from isolation import life, walk
from isolation.life import B2C, Step
from isolation.methods import PUBLIC, Answer, call, request_of
from isolation.world import World

REQUESTS = life.requests()


def test_the_walk_knows_a_request_of_every_method():
    """A method that was added must be added to the walk."""
    assert sorted(REQUESTS) == PUBLIC


def test_the_requests_of_the_walk_are_valid(suite):
    """So that what is refused in the walk is refused for the name."""
    world = World(suite)
    for step in [*life.read(), *life.change(), *life.end()]:
        world.take(step)


def test_a_foreign_name_is_answered_as_one_that_leads_nowhere_and_reads_and_changes_nothing(
    database, mine, theirs, numbers, at_rest
):
    seen = theirs.seen()
    assert all(len(tables) > 20 for tables in at_rest), at_rest

    def send(step: Step, request) -> Answer:
        return call(mine.channel, step.path, request, step.file)

    assert [fault for path in PUBLIC for fault in walk.faults(mine, theirs, REQUESTS[path], send)] == []

    assert theirs.seen() == seen
    assert [database.content(number) for number in numbers] == at_rest


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


def test_no_field_takes_a_name_without_its_mark(mine):
    def send(step: Step, request) -> Answer:
        return call(mine.channel, step.path, request, step.file)

    places = walk.unmarked(REQUESTS)
    assert len(places) > 80
    assert [field for field, place in places.items() if walk.takes_names(mine, *place, send)] == []


def test_the_walk_finds_a_field_that_takes_a_name_without_its_mark(mine):
    step, place = walk.unmarked(REQUESTS)[f"{life.PROFILES}: rapport.profiles.v1.Provenance.source"]

    def send(_: Step, request) -> Answer:
        if request.provenance.source == mine.real(life.READERS):
            return Answer(grpc.StatusCode.PERMISSION_DENIED)
        return Answer(grpc.StatusCode.NOT_FOUND, f"There is no {request.provenance.source}.")

    assert walk.takes_names(mine, step, place, send)
    assert not walk.takes_names(mine, step, place, lambda *_: Answer(grpc.StatusCode.NOT_FOUND))


def test_a_list_over_every_entity_shows_those_that_are_seen(mine, theirs):
    lists = [step for step in life.read() if step.method.startswith("List") and step.request.get("parent") == B2C]
    assert len(lists) >= 7
    for step in lists:
        every = call(mine.channel, step.path, request_of(step.path, step.request | {"parent": "entities/-"}))
        assert every.code == grpc.StatusCode.OK
        assert every.content == mine.take(step).content
