"""The walk: each request with another name in each place that can hold one, and how the answers differ."""

import functools
import importlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clients import described
from google.api import field_behavior_pb2, resource_pb2
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from isolation.life import B2C, EXAMPLES, EXISTING, Step
from isolation.world import Answer, World, method_of, parsed

_ids = itertools.count(1)

# Where a name of one's own that leads nowhere is answered otherwise than a foreign one, by the method's own rules.
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
# What is said when it stands alone.
_ALONE = {"resume"}

Send = Callable[[Step, Message], Answer]


@dataclass(frozen=True)
class Place:
    """A string in a request: the fields that lead to it, and the kind of resource that it names."""

    fields: tuple[FieldDescriptor, ...]
    kind: str = ""
    is_parent: bool = False

    def __str__(self) -> str:
        return ".".join(field.name for field in self.fields)

    @property
    def last(self) -> FieldDescriptor:
        """The field itself."""
        return self.fields[-1]

    @property
    def is_output(self) -> bool:
        """What is sent there is not looked at."""
        return field_behavior_pb2.OUTPUT_ONLY in self.last.GetOptions().Extensions[field_behavior_pb2.field_behavior]


@functools.cache
def public_methods() -> list[str]:
    """Every method of the public API, as `package.Service/Method`."""
    paths = []
    for file in described().file:
        if file.package.startswith("rapport.") and not file.package.startswith("rapport.internal."):
            importlib.import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
            paths += [f"{file.package}.{service.name}/{method.name}" for service in file.service for method in service.method]
    return paths


def faults(mine: World, theirs: World, step: Step, send: Send) -> list[str]:
    """Where a foreign name in the step's request is answered otherwise than one that leads nowhere, or tells of it."""
    found = []
    for place in places(method_of(step.path).input_type):
        if not place.kind:
            continue
        names = other_names(mine, theirs, step, place)
        answers = {whose: send(step, twisted(mine, step, place, name)) for whose, name in names.items()}
        told = {whose: _told(answer) for whose, answer in answers.items()}
        if any(each != told["theirs"] for each in told.values()):
            found.append(f"{step.path} {place}: {answers}")
        elif answers["theirs"].code.name != _refusal(step, place):
            found.append(f"{step.path} {place}: {answers['theirs']}")
        found += [
            f"{step.path} {place} tells of another entity" for each in answers.values() if theirs.is_told_of_in(each)
        ]
    return found


def _refusal(step: Step, place: Place) -> str:
    return "INVALID_ARGUMENT" if f"{step.method} {place}" in _REFUSES_NAMES else "NOT_FOUND"


def other_names(mine: World, theirs: World, step: Step, place: Place) -> dict[str, str]:
    """What to put there: a name of the foreign entity first, then some that lead nowhere."""
    stands = _existing(step, place)
    names = {"theirs": theirs.real(stands)}
    if nowhere := _missing(stands):
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


def _told(answer: Answer) -> tuple[str, str, str]:
    """All that an answer tells, but for the name that was sent."""
    name = re.compile(r"(entities/[-a-z0-9]+|keys/\d+)(/[^\s,\"]*[^\s,\".])?")
    return answer.code.name, name.sub("…", answer.message), name.sub("…", answer.details)


def places(request: Descriptor) -> list[Place]:
    """Every string that a request can hold; a message within itself is entered twice."""
    return list(_places(request, ()))


def _places(message: Descriptor, way: tuple[FieldDescriptor, ...]) -> Iterator[Place]:
    if sum(field.message_type is message for field in way) > 2 or message.full_name.startswith("google."):
        return
    if message.GetOptions().map_entry:
        message = message.fields_by_name["value"].message_type or message  # Keys are technical names.
    for field in message.fields:
        if field.message_type:
            yield from _places(field.message_type, (*way, field))
        elif field.type == field.TYPE_STRING:
            yield _place((*way, field), message)


def _place(fields: tuple[FieldDescriptor, ...], message: Descriptor) -> Place:
    options = fields[-1].GetOptions()
    if options.HasExtension(resource_pb2.resource_reference):
        reference = options.Extensions[resource_pb2.resource_reference]
        return Place(fields, reference.type or reference.child_type, is_parent=not reference.type)
    resource = message.GetOptions().Extensions[resource_pb2.resource]
    return Place(fields, resource.type if fields[-1].name == "name" else "")


# Names.


def _existing(step: Step, place: Place) -> str:
    """What stands for a name that fits there: the request's own, or another of its kind."""
    own = _leaf(parsed(step.path, step.request), place)
    if own:
        return own
    name = EXISTING[place.kind]
    return "/".join(name.split("/")[:-2]) if place.is_parent else name


def _missing(name: str) -> str | None:
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
    _make_fresh(request)
    holder: Message = request
    for field in place.fields[:-1]:
        holder = _enter(holder, field, lambda message: _example(world, message))
    if place.last.name in _ALONE:
        holder.Clear()
    if place.last.is_repeated:
        del getattr(holder, place.last.name)[:]
        getattr(holder, place.last.name).append(name)
    else:
        setattr(holder, place.last.name, name)
    return request


def _make_fresh(request: Message) -> None:
    """Gives what the request would create an id that there was never before."""
    for field in request.DESCRIPTOR.fields:
        if field.name.endswith("_id") and field.name != "request_id":
            setattr(request, field.name, f"new-{next(_ids)}")


def _example(world: World, message: Message) -> None:
    example = EXAMPLES.get(message.DESCRIPTOR.full_name)
    assert example is not None, f"life.EXAMPLES has none of {message.DESCRIPTOR.full_name}"
    json_format.ParseDict(json.loads(world.real(json.dumps(example))), message)


def _enter(holder: Message, field: FieldDescriptor, fill: Callable[[Message], None]) -> Message:
    """The message in a field, of a list the first and only one; where there is none, one that `fill` makes."""
    inner = getattr(holder, field.name)
    if field.is_repeated and inner:
        del inner[1:]
        return inner[0]
    if not field.is_repeated and holder.HasField(field.name):
        return inner
    if field.is_repeated:
        inner = inner.add()
    inner.SetInParent()
    fill(inner)
    return inner


def _leaf(message: Message, place: Place) -> str:
    for field in place.fields[:-1]:
        inner = getattr(message, field.name)
        if field.is_repeated or not message.HasField(field.name):
            return ""
        message = inner
    value = getattr(message, place.last.name)
    return (value[0] if value else "") if place.last.is_repeated else value
