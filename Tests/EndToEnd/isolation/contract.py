"""What the .proto files leave open: methods without a rule, and fields that take a name without saying so.

The locks check what is marked and nothing else, so a mark that is missing is a hole. A string in a request, or in what
a request holds, takes a resource's name when

- it is called as names are: `name`, `names`, `parent`, or as a kind of resource is (`profile`, `profile_table`, in the
  plural too), or
- its comment shows the pattern of a name: `entities/{entity}/...`.
"""

import re
from collections.abc import Iterable, Iterator

from google.api import resource_pb2
from google.protobuf import descriptor_pb2
from rapport.options.v1 import options_pb2

_String = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
_WITHOUT_MODULE = {options_pb2.RIGHT_PUBLIC, options_pb2.RIGHT_AUTHENTICATED}
_NOT_FOR_CLIENTS = {options_pb2.RIGHT_UNSPECIFIED, options_pb2.RIGHT_INTERNAL}
_PATTERN = re.compile(r"\b[a-z][A-Za-z]*/\{[a-z_]+\}")
_ALWAYS_NAMES = {"name", "names", "parent"}
_AMBIGUOUS = {"key", "keys"}  # Of a table's lines, too, and of maps: there only the comment can tell.


class Contract:
    """The messages and methods of files, as protoc describes them."""

    def __init__(self, files: Iterable[descriptor_pb2.FileDescriptorProto]) -> None:
        self._files = list(files)
        self._messages: dict[str, descriptor_pb2.DescriptorProto] = {}
        self._comments: dict[str, str] = {}
        self._kinds: set[str] = set()
        for file in self._files:
            comments = {
                tuple(at.path): at.leading_comments + at.trailing_comments for at in file.source_code_info.location
            }
            for index, message in enumerate(file.message_type):
                self._add(message, f".{file.package}", (4, index), comments)

    def problems(self) -> list[str]:
        """What is wrong, a line for each method and field."""
        methods = list(self._methods())
        found = [f"{path}: {why}" for path, method in methods if (why := _fault_of_rule(method))]
        entered: set[str] = set()
        for _, method in methods:
            found += self._unmarked(method.input_type, entered)
        return found

    def _add(self, message, scope: str, path: tuple[int, ...], comments: dict[tuple[int, ...], str]) -> None:
        name = f"{scope}.{message.name}"
        self._messages[name] = message
        resource = message.options.Extensions[resource_pb2.resource]
        self._kinds |= {_snake(kind) for kind in (resource.singular, resource.plural) if kind}
        for index, field in enumerate(message.field):
            self._comments[f"{name}.{field.name}"] = comments.get((*path, 2, index), "")
        for index, nested in enumerate(message.nested_type):
            self._add(nested, name, (*path, 3, index), comments)

    def _methods(self) -> Iterator[tuple[str, descriptor_pb2.MethodDescriptorProto]]:
        """Those of the public API."""
        for file in self._files:
            if file.package.startswith("rapport.") and not file.package.startswith("rapport.internal."):
                for service in file.service:
                    for method in service.method:
                        yield f"{file.package}.{service.name}/{method.name}", method

    def _unmarked(self, name: str, entered: set[str]) -> Iterator[str]:
        message = self._messages.get(name)
        if message is None or name in entered:  # Messages of Google's hold no names of ours.
            return
        entered.add(name)
        for field in message.field:
            if field.type_name:
                yield from self._unmarked(field.type_name, entered)
            elif field.type == _String and not _is_marked(field, message):
                place = f"{name}.{field.name}"
                if why := self._takes_name(field.name, self._comments[place]):
                    yield f"{place[1:]}: {why}, and has no google.api.resource_reference"

    def _takes_name(self, field: str, comment: str) -> str:
        if field in _ALWAYS_NAMES:
            return "it is called as a name is"
        if field in self._kinds - _AMBIGUOUS:
            return "it is called as a kind of resource is"
        return "its comment shows a name" if _PATTERN.search(comment) else ""


def _fault_of_rule(method: descriptor_pb2.MethodDescriptorProto) -> str:
    if not method.options.HasExtension(options_pb2.rule):
        return "the method has no rule"
    rule = method.options.Extensions[options_pb2.rule]
    if rule.right in _NOT_FOR_CLIENTS:
        return "its right is none of a public method"
    if (rule.module == options_pb2.MODULE_UNSPECIFIED) != (rule.right in _WITHOUT_MODULE):
        return "its right and its module do not belong together"
    return ""


def _is_marked(field: descriptor_pb2.FieldDescriptorProto, message: descriptor_pb2.DescriptorProto) -> bool:
    if field.options.HasExtension(resource_pb2.resource_reference):
        return True
    resource = message.options.Extensions[resource_pb2.resource]
    return bool(resource.type) and field.name == (resource.name_field or "name")


def _snake(words: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", words).lower()
