"""Where strings stand in a request: found in its description, read and written in messages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from google.api import field_behavior_pb2, resource_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

# What is said when it stands alone.
_ALONE = {"resume"}


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


def places(request: Descriptor) -> list[Place]:
    """Every string that a request can hold; a message within itself is entered twice."""
    return list(_places(request, ()))


def _places(message: Descriptor, way: tuple[FieldDescriptor, ...]) -> Iterator[Place]:
    if sum(_held(field) is message for field in way) > 2 or message.full_name.startswith("google."):
        return
    for field in message.fields:
        if held := _held(field):
            yield from _places(held, (*way, field))
        elif field.type == field.TYPE_STRING or _is_map(field):
            yield _place((*way, field), message)


def _is_map(field: FieldDescriptor) -> bool:
    return bool(field.message_type) and field.message_type.GetOptions().map_entry


def _held(field: FieldDescriptor) -> Descriptor | None:
    """The message that a field holds, or a map's values are."""
    return field.message_type.fields_by_name["value"].message_type if _is_map(field) else field.message_type


def _place(fields: tuple[FieldDescriptor, ...], message: Descriptor) -> Place:
    options = fields[-1].GetOptions()
    if options.HasExtension(resource_pb2.resource_reference):
        reference = options.Extensions[resource_pb2.resource_reference]
        return Place(fields, reference.type or reference.child_type, is_parent=not reference.type)
    resource = message.GetOptions().Extensions[resource_pb2.resource]
    return Place(fields, resource.type if fields[-1].name == "name" else "")


# In messages.


def put(request: Message, place: Place, name: str, fill: Callable[[Message], None] = lambda _: None) -> None:
    """Writes a name in one place, and with `fill` what has to stand around it where there is nothing."""
    holder = request
    for step in place.fields[:-1]:
        holder = _enter(holder, step, fill)
    field = place.last
    if field.name in _ALONE:
        holder.Clear()
    if not field.is_repeated:
        setattr(holder, field.name, name)
    elif _is_map(field):
        values = getattr(holder, field.name)
        values[min(values, default="x")] = name
    else:
        del getattr(holder, field.name)[:]
        getattr(holder, field.name).append(name)


def _enter(holder: Message, field: FieldDescriptor, fill: Callable[[Message], None]) -> Message:
    """The message in a field, of a list the first and only one; where there is none, one that `fill` makes."""
    inner = getattr(holder, field.name)
    if _is_map(field):
        return inner[min(inner, default="x")]
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


def leaves(message: Message, place: Place) -> list[str]:
    """What stands at a place: of lists on the way, in each of their messages."""
    values = [getattr(holder, place.last.name) for holder in holders(message, place)]
    return [value for held in values for value in (held if place.last.is_repeated else [held]) if value]


def holders(message: Message, place: Place) -> list[Message]:
    """The messages that a place is in."""
    holders = [message]
    for field in place.fields[:-1]:
        holders = [inner for holder in holders for inner in _inner(holder, field)]
    return holders


def _inner(holder: Message, field: FieldDescriptor) -> list[Message]:
    value = getattr(holder, field.name)
    if _is_map(field):
        return list(value.values())
    if field.is_repeated:
        return list(value)
    return [value] if holder.HasField(field.name) else []
