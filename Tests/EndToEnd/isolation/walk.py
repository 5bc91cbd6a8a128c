"""The walk: each request with another name in each place that can hold one, and how the answers differ."""

import itertools
import json
import re
from collections.abc import Callable

from google.protobuf import json_format
from google.protobuf.message import Message

from isolation.life import B2C, EXAMPLES, EXISTING, Step
from isolation.methods import Answer, method_of, request_of
from isolation.place import Place, holders, leaves, places, put
from isolation.world import World

_ids = itertools.count(1)
_NAME = re.compile(r"\b(entities|keys)/[^\s,\"”]*[^\s,\"”.:;]")

# Where a name of one's own that leads nowhere is answered otherwise than a foreign one, by the method's own rules. A
# new method may need a line here: a list of the rows of a profile, for one, is empty where there is no such profile.
TAKEN_OTHERWISE = {
    "BatchGetProfiles names": "is left out",
    "BatchGetRows names": "is left out",
    "CountTargeting targeting.name": "is not looked at",
    "ListExecutions profile": "has none",
    "ListParticipations profile": "has none",
    "ListRows profile": "has none",
    "UpdateCampaign campaign.profile_table": "never changes",
    "UpdateCustomTable custom_table.profile_table": "never changes",
    "UpdateForm form.profile_table": "never changes",
    "UpdateScenario scenario.profile_table": "never changes",
    "UpdateTargeting targeting.profile_table": "never changes",
    "UpsertProfile profile.name": "is made",
    "UpsertRow row.name": "is made",
}
# Where every name is refused: what is created gets its own.
_REFUSES_NAMES = {"CreateEntity entity.name", "CreateKey key.name"}
# What is made to be sent back, or drawn by the caller, and not read by anybody.
_OPAQUE = {"page_token", "request_id"}

Send = Callable[[Step, Message], Answer]


def faults(mine: World, theirs: World, step: Step, send: Send) -> list[str]:
    """Where a foreign name in the step's request is answered otherwise than one that leads nowhere, or tells of it."""
    found = []
    for place in places(method_of(step.path).input_type):
        if not place.kind:
            continue
        names = other_names(mine, theirs, step, place)
        answers = {whose: send(step, twisted(mine, step, place, name)) for whose, name in names.items()}
        told = {whose: _told(answer, names[whose]) for whose, answer in answers.items()}
        if any(each != told["theirs"] for each in told.values()):
            found.append(f"{step.path} {place} (see TAKEN_OTHERWISE): {_differences(answers, told)}")
        elif answers["theirs"].code.name != _refusal(step, place):
            found.append(f"{step.path} {place}: {answers['theirs']}")
        found += [
            f"{step.path} {place} tells of another entity" for each in answers.values() if theirs.is_told_of_in(each)
        ]
    return found


def _differences(answers: dict[str, Answer], told: dict[str, tuple[str, str, str]]) -> str:
    """The answer to the foreign name, and those to others that are not as it; codes alone where these differ."""
    others = [whose for whose in told if told[whose] != told["theirs"]]
    by_code = all(told[whose][0] != told["theirs"][0] for whose in others)
    shown = {whose: answers[whose].code.name if by_code else answers[whose] for whose in ["theirs", *others]}
    return ", ".join(f"{whose} {answer}" for whose, answer in shown.items())


def _refusal(step: Step, place: Place) -> str:
    return "INVALID_ARGUMENT" if f"{step.method} {place}" in _REFUSES_NAMES else "NOT_FOUND"


def unmarked(requests: dict[str, Step]) -> dict[str, tuple[Step, Place]]:
    """Every string that says nothing of names, by its field: once in each service, where a request has most of it."""
    found: dict[str, tuple[Step, Place]] = {}
    for step in requests.values():
        for place in places(method_of(step.path).input_type):
            field = f"{step.service}: {place.last.full_name}"
            if place.kind or place.last.name in _OPAQUE:
                continue
            if field not in found or (_holds(step, place) and not _holds(*found[field])):
                found[field] = (step, place)
    return found


def _holds(step: Step, place: Place) -> bool:
    """Whether the step's request has what the place is in."""
    return bool(holders(request_of(step.path, step.request), place))


def takes_names(mine: World, step: Step, place: Place, send: Send) -> bool:
    """Whether it makes a difference at a place that a name there leads somewhere."""

    def told(name: str) -> tuple[str, str, str]:
        return _told(send(step, twisted(mine, step, place, name)), name)

    nowhere = f"{mine.entity}/customTables/nowhere"
    refused = told(nowhere)
    if refused[0] == "OK":
        return False  # Any text will do.
    # A text of the same length that leads nowhere tells whether it is the name; twice, for what went wrong for once.
    return any(
        told(name) != refused and all(told(name) != told(f"{name[:-1]}z") for _ in range(2))
        for name in map(mine.real, EXISTING.values())
    )


def other_names(mine: World, theirs: World, step: Step, place: Place) -> dict[str, str]:
    """What to put there: a name of the foreign entity first, then some that lead nowhere."""
    stands = _existing(step, place)
    names = {"theirs": theirs.real(stands)}
    if nowhere := missing(stands):
        names["nobody's, there"] = theirs.real(nowhere)
        if not _is_taken_otherwise(step, place):
            names["nobody's, here"] = mine.real(nowhere)
    if stands.startswith(B2C):
        names["in no entity"] = stands.replace(B2C, "entities/nowhere")
    return names


def _is_taken_otherwise(step: Step, place: Place) -> bool:
    # What is created has no name yet, so the one that is sent is not looked at; nor is what only answers hold.
    is_created = step.method.startswith("Create") and place.last.name == "name" and len(place.fields) == 2
    return is_created or place.is_output or f"{step.method} {place}" in TAKEN_OTHERWISE


def _told(answer: Answer, name: str) -> tuple[str, str, str]:
    """All that an answer tells, but for names: that which was sent may be told without its key."""
    hidden = re.sub(r"=[^/]*$", "=…", name)
    texts = [_NAME.sub("…", text) for text in (answer.message, answer.details)]
    words = [text.replace(name, "…").replace(hidden, "…") for text in texts]
    return answer.code.name, words[0], words[1]


# Names.


def _existing(step: Step, place: Place) -> str:
    """What stands for a name that fits there: the request's own, or another of its kind."""
    if own := leaves(request_of(step.path, step.request), place):
        return own[0]
    name = EXISTING[place.kind]
    return "/".join(name.split("/")[:-2]) if place.is_parent else name


def missing(name: str) -> str | None:
    """A name beside `name` that leads nowhere; there is none beside an entity itself."""
    if name == B2C:
        return None
    parent, _, last = name.rpartition("/")
    key = last.partition("=")[0]
    return f"{parent}/{'999999999' if last.isdigit() else f'{key}=nowhere' if '=' in last else 'nowhere'}"


# Requests.


def twisted(world: World, step: Step, place: Place, name: str) -> Message:
    """The step's request as `world` would send it, with `name` in one place. It makes what no call made before."""
    request = world.request(step)
    make_fresh(request)
    put(request, place, name, lambda message: _example(world, message))
    return request


def make_fresh(request: Message) -> None:
    """Gives what the request would create an id that there was never before."""
    for field in request.DESCRIPTOR.fields:
        if field.name.endswith("_id") and field.name != "request_id":
            setattr(request, field.name, f"new-{next(_ids)}")


def _example(world: World, message: Message) -> None:
    example = EXAMPLES.get(message.DESCRIPTOR.full_name, {})
    json_format.ParseDict(json.loads(world.real(json.dumps(example))), message)
