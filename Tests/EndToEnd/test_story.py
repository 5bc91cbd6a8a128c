"""The main job, end to end, as deploy/run plays it."""

import pytest
from rapport.access.v1 import access_pb2, access_pb2_grpc
from story.play import play
from story.scene import StoryWentWrong


@pytest.mark.timeout(900)
def test_the_story_goes_as_it_should(own_suite):
    figures = play(own_suite.suite, print)

    assert figures["profiles"] == 23_571
    assert figures["interactions"] == 69_660
    assert figures["refusedLines"] == 2
    assert figures["audience"] == figures["exported"] == 738
    assert figures["sent"] + sum(figures["notSent"].values()) + figures["unknown"] == 738
    assert (figures["sent"], figures["unknown"], figures["duplicates"]) == (717, 0, 0)
    assert [figures[name] for name in ("opened", "clicked", "unsubscribed")] == [1, 1, 1]
    assert figures["participations"] == 3
    assert figures["scenarioExecutions"] == 4
    assert figures["timelineItems"] > 6
    assert figures["leaksToOtherEntity"] == 0


@pytest.mark.timeout(900)
def test_the_suite_keeps_everything_through_a_restart(own_suite):
    first = play(own_suite.suite, print)
    assert own_suite.suite.stop() == []
    own_suite.suite.start()
    assert play(own_suite.suite, print) == first


def test_the_story_leaves_a_suite_alone_that_holds_entities_of_its_owners(suite):
    suite.entity()
    access = access_pb2_grpc.AccessServiceStub(suite.administrator())
    before = access.ListEntities(access_pb2.ListEntitiesRequest())

    with pytest.raises(StoryWentWrong, match="--empty"):
        play(suite.suite, print)

    assert access.ListEntities(access_pb2.ListEntitiesRequest()) == before
