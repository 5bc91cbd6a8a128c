"""Every method says who may call it and every field that takes a name says so; and the check of both can fail."""

import pytest
from clients import described
from google.api import resource_pb2
from google.protobuf import descriptor_pb2
from rapport.options.v1 import options_pb2

from isolation.contract import Contract


def test_every_public_method_has_a_rule_and_every_field_that_takes_a_name_its_mark():
    files = described().file
    assert sum(len(service.method) for file in files for service in file.service) > 80
    assert Contract(files).problems() == []


def thing() -> descriptor_pb2.FileDescriptorProto:
    """A module that is as it should be: a kind of resource, and a method that returns one by its name."""
    file = descriptor_pb2.FileDescriptorProto(name="thing.proto", package="rapport.things.v1", syntax="proto3")
    message = file.message_type.add(name="Thing")
    message.options.Extensions[resource_pb2.resource].MergeFrom(
        resource_pb2.ResourceDescriptor(type="things.rapport/Thing", singular="redThing", plural="redThings")
    )
    add_string(message, "name")
    add_string(message, "display_name")
    request = file.message_type.add(name="GetThingRequest")
    mark(add_string(request, "name"))
    request.field.add(name="filter", number=9, type="TYPE_MESSAGE", type_name=".rapport.things.v1.Filter")
    file.message_type.add(name="Filter")
    method = file.service.add(name="ThingService").method.add(
        name="GetThing", input_type=".rapport.things.v1.GetThingRequest", output_type=".rapport.things.v1.Thing"
    )
    method.options.Extensions[options_pb2.rule].MergeFrom(
        options_pb2.Rule(module=options_pb2.MODULE_TABLES, right=options_pb2.RIGHT_READ)
    )
    return file


def add_string(message, name: str):
    return message.field.add(name=name, number=len(message.field) + 1, type="TYPE_STRING", label="LABEL_OPTIONAL")


def mark(field) -> None:
    field.options.Extensions[resource_pb2.resource_reference].type = "things.rapport/Thing"


def test_a_module_that_is_as_it_should_be_has_no_problems():
    assert Contract([thing()]).problems() == []


def rule_of(file):
    return file.service[0].method[0].options.Extensions[options_pb2.rule]


FAULTY_RULES = {
    "none": lambda file: file.service[0].method[0].options.ClearExtension(options_pb2.rule),
    "no right": lambda file: rule_of(file).ClearField("right"),
    "no module": lambda file: rule_of(file).ClearField("module"),
    "a right between services": lambda file: setattr(rule_of(file), "right", options_pb2.RIGHT_INTERNAL),
    "a module, though it is open to all": lambda file: setattr(rule_of(file), "right", options_pb2.RIGHT_PUBLIC),
}


@pytest.mark.parametrize("what", FAULTY_RULES)
def test_a_method_without_a_whole_rule_is_found(what):
    file = thing()
    FAULTY_RULES[what](file)
    assert [problem.split(":")[0] for problem in Contract([file]).problems()] == [
        "rapport.things.v1.ThingService/GetThing"
    ]


@pytest.mark.parametrize("name", ["name", "names", "parent", "red_thing", "red_things"])
@pytest.mark.parametrize("message", ["GetThingRequest", "Filter"])
def test_a_field_that_is_called_as_names_are_and_has_no_mark_is_found(name, message):
    file = thing()
    holder = next(each for each in file.message_type if each.name == message)
    if holder.field:
        holder.field.pop(0)
    field = add_string(holder, name)
    assert [problem.split(":")[0] for problem in Contract([file]).problems()] == [f"rapport.things.v1.{message}.{name}"]
    mark(field)
    assert Contract([file]).problems() == []


def test_a_field_whose_comment_shows_a_name_and_that_has_no_mark_is_found():
    file = thing()
    field = add_string(file.message_type[2], "owner")
    place = file.source_code_info.location.add(path=[4, 2, 2, 0], leading_comments=" What people call it.\n")
    assert Contract([file]).problems() == []
    place.leading_comments = " Whose it is: `entities/{entity}/redThings/{red_thing}`.\n"
    assert [problem.split(":")[0] for problem in Contract([file]).problems()] == ["rapport.things.v1.Filter.owner"]
    mark(field)
    assert Contract([file]).problems() == []
