"""What each grant allows: every right of every module alone, and what a call needs beyond its own module."""

import json
from collections.abc import Iterable, Iterator

import grpc
import pytest
from google.protobuf.message import Message

from isolation import life, rights, walk
from isolation.life import ACCESS, SCENARIOS, TARGETINGS, Step, create, definition
from isolation.methods import Answer, call, request_of
from isolation.place import leaves, places, put
from isolation.rights import MODULES, RIGHTS, Need
from isolation.world import World, new_key

# An entity is made by who administers every one of them: no grant in one entity is enough.
GUARDED = {
    path: step
    for path, step in life.requests().items()
    if rights.rule(path)[1] in RIGHTS and path != f"{ACCESS}/CreateEntity"
}
_ALLOWED = {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION}
DENIED = grpc.StatusCode.PERMISSION_DENIED
# What a call needs because of what it does for its caller, beyond what its names say.
_BEYOND = {
    "CreateForm": ("PROFILES", "WRITE"),  # Its answers enrich them.
    "ExportTargeting": ("PROFILES", "EXPORT"),  # What leaves is profiles.
}
# The same, for what a definition has done later, by words that stand in it.
_DONE_FOR_THE_CALLER = {
    '"updateProfile"': ("PROFILES", "WRITE"),
    '"send"': ("MESSAGING", "WRITE"),
    "in rows.": ("TABLES", "READ"),  # A template shows them.
}


class Holder:
    """A key with these grants in my entity, and nothing else."""

    def __init__(self, suite, mine: World, grants: Iterable[Need]) -> None:
        self.grants = set(grants)
        self._channel = suite.channel(new_key(suite, mine.entity, self.grants).secret)

    def call(self, step: Step, request: Message) -> Answer:
        return call(self._channel, step.path, request, step.file)

    def faults(self, step: Step, request: Message, missing: Need | None) -> list[str]:
        """What is wrong when the holder lacks this, or nothing, for a request."""
        answer = self.call(step, request)
        if missing:
            is_right = answer.code == DENIED and rights.words(missing) in answer.message
        else:
            # A name that leads nowhere is for what would change something; little is said to keep it about one right.
            is_right = answer.code in _ALLOWED or (answer.code == grpc.StatusCode.NOT_FOUND and step not in life.read())
        return [] if is_right else [f"{sorted(self.grants)} {step.path}, lacking {missing}: {answer}"]


@pytest.fixture(scope="module")
def requests(mine) -> dict[str, Message]:
    """Of each method one that needs its rule's right alone."""
    return {path: bare(mine, step) for path, step in GUARDED.items()}


def bare(mine: World, step: Step) -> Message:
    """The request with nothing but what the call is about. What would change something leads nowhere."""
    whole = request_of(step.path, step.request)
    request = type(whole)()
    for place in places(whole.DESCRIPTOR):
        for name in leaves(whole, place) if rights.is_target(step, place) else []:
            stands = name if step in life.read() else walk.missing(name) or name
            put(request, place, mine.real(stands))
    return request


def lacking(step: Step, grant: Need) -> Need | None:
    """What a holder of this grant alone lacks for the bare request; nothing if it may call."""
    always = [_BEYOND[step.method]] if step.method == "ExportTargeting" else []
    return next((need for need in [rights.rule(step.path), *always] if not rights.covers(grant, need)), None)


@pytest.mark.parametrize("module", MODULES)
def test_a_right_of_a_module_allows_what_it_says_and_nothing_else(suite, mine, requests, module):
    faults = []
    for grant in [(module, right) for right in RIGHTS]:
        holder = Holder(suite, mine, [grant])
        for path, step in GUARDED.items():
            if module in (rights.rule(path)[0], "ALL"):
                faults += holder.faults(step, requests[path], lacking(step, grant))
    assert faults == []


@pytest.mark.parametrize("module", [module for module in MODULES if module != "ALL"])
def test_all_rights_of_all_other_modules_allow_nothing_in_a_module(suite, mine, requests, module):
    others = [(other, right) for other in MODULES for right in RIGHTS if other not in (module, "ALL")]
    holder, faults = Holder(suite, mine, others), []
    for path, step in GUARDED.items():
        if rights.rule(path)[0] == module:
            faults += holder.faults(step, requests[path], rights.rule(path))
    assert faults == []


def test_an_entity_is_made_by_who_administers_every_one(mine):
    step = life.requests()[f"{ACCESS}/CreateEntity"]
    answer = call(mine.channel, step.path, mine.request(step))
    assert answer.code == DENIED and rights.words(("ACCESS", "ADMINISTER")) in answer.message


def test_a_key_without_grants_sees_nothing(suite, mine):
    holder = Holder(suite, mine, [])
    for path, step in life.requests().items():
        if path != f"{ACCESS}/ExchangeKey":
            answer = holder.call(step, mine.request(step))
            assert not mine.is_told_of_in(answer)
            assert answer.code in (DENIED, grpc.StatusCode.NOT_FOUND) or rights.rule(path)[1] == "AUTHENTICATED", path


def needs(step: Step, request: Message) -> set[Need]:
    needed = rights.needs(step, request)
    if step.method in _BEYOND:
        needed.add(_BEYOND[step.method])
    said = json.dumps(step.request)
    needed |= {need for words, need in _DONE_FOR_THE_CALLER.items() if words in said}
    return {need for need in needed if not (need[1] == "READ" and (need[0], "WRITE") in needed)}


def cases() -> Iterator[Step]:
    yield from GUARDED.values()
    yield create(TARGETINGS, "targeting", "", definition("lapsed-readers"))
    for name in ("win-back-answer", "big-order"):
        yield create(SCENARIOS, "scenario", "", definition(name))


def test_who_names_what_is_of_another_module_needs_to_read_it(suite, mine):
    count, faults = 0, []
    for step in cases():
        request = mine.request(step)
        walk.make_fresh(request)
        needed = needs(step, request)
        if len(needed) == 1:
            continue
        count += 1
        faults += Holder(suite, mine, needed).faults(step, request, None)
        for missing in needed:
            # Who may write lacks that alone, and still reads.
            left = {(missing[0], "READ")} if missing[1] == "WRITE" else {("HOOKS", "READ")}
            faults += Holder(suite, mine, needed - {missing} | left).faults(step, request, missing)
    assert count > 15
    assert faults == []
