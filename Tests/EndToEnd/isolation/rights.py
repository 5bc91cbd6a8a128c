"""What a request asks of its caller by the rules in Proto/: of each name in it, a right in a module.

The rule's right is asked for what the call is about. What it only refers to must be read, by the module that it is of.
"""

from google.protobuf.message import Message
from rapport.options.v1 import options_pb2

from isolation.life import Step
from isolation.methods import method_of
from isolation.place import Place, leaves, places

Need = tuple[str, str]

MODULES = [name.removeprefix("MODULE_") for name in options_pb2.Module.keys()[1:]]
RIGHTS = ["READ", "WRITE", "LAUNCH", "EXPORT", "ERASE", "ADMINISTER"]


def rule(path: str) -> Need:
    """The module and the right of a method's rule."""
    said = method_of(path).GetOptions().Extensions[options_pb2.rule]
    module, right = options_pb2.Module.Name(said.module), options_pb2.Right.Name(said.right)
    return module.removeprefix("MODULE_"), right.removeprefix("RIGHT_")


def needs(step: Step, request: Message) -> set[Need]:
    """All that the names in a request ask for, less what comes with another of them."""
    module, right = rule(step.path)
    if right in ("PUBLIC", "AUTHENTICATED"):
        return set()
    asked = {(module, right)}
    for place in places(request.DESCRIPTOR):
        of = place.kind.partition(".")[0].upper()
        if of not in ("", "ACCESS") and any(leaves(request, place)) and not is_target(step, place):
            asked.add((of, "READ"))
    return {need for need in asked if not (need[1] == "READ" and (need[0], "WRITE") in asked)}


def is_target(step: Step, place: Place) -> bool:
    """Whether the call is about what is named there."""
    if place.last.name in ("name", "names", "parent") and len(place.fields) <= 2:
        return True
    is_beside = len(place.fields) == 1 or method_of(step.path).client_streaming
    return is_beside and len(place.fields) <= 2 and place.kind.partition(".")[0].upper() == rule(step.path)[0]


def covers(grant: Need, need: Need) -> bool:
    """Whether a grant gives what is needed. Every module is every one but access; who writes reads."""
    is_there = grant[0] == need[0] or (grant[0] == "ALL" and need[0] != "ACCESS")
    return is_there and (grant[1] == need[1] or (grant[1], need[1]) == ("WRITE", "READ"))


def words(need: Need) -> str:
    """How a refusal names what is missing."""
    return f"the right {need[1].lower()} for {need[0].lower()} in "
