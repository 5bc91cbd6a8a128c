"""An entity that has one of everything, and calls of any method by its name."""

import json
import secrets
from collections.abc import Iterable, Iterator

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.rpc import status_pb2
from isolation import life
from isolation.life import B2C, Step
from rapport.access.v1 import access_pb2, access_pb2_grpc  # noqa: F401  (their descriptors are found by name)
from rapport.automation.v1 import scenario_service_pb2  # noqa: F401
from rapport.forms.v1 import form_service_pb2  # noqa: F401
from rapport.interactions.v1 import interaction_service_pb2  # noqa: F401
from rapport.messaging.v1 import messaging_service_pb2  # noqa: F401
from rapport.options.v1 import options_pb2
from rapport.profiles.v1 import profile_service_pb2  # noqa: F401
from rapport.tables.v1 import table_service_pb2  # noqa: F401
from rapport.targeting.v1 import targeting_service_pb2  # noqa: F401

ALL_RIGHTS = (
    options_pb2.RIGHT_WRITE,
    options_pb2.RIGHT_LAUNCH,
    options_pb2.RIGHT_EXPORT,
    options_pb2.RIGHT_ERASE,
    options_pb2.RIGHT_ADMINISTER,
)


class Answer:
    """How a call ended."""

    def __init__(self, code: grpc.StatusCode, message: str, details: str, content: bytes) -> None:
        self.code = code
        self.message = message
        self.details = details
        self.content = content

    def __repr__(self) -> str:
        return f"{self.code.name}: {self.message}"


def method_of(path: str) -> MethodDescriptor:
    """The method of `package.Service/Method`."""
    service, _, method = path.partition("/")
    return descriptor_pool.Default().FindServiceByName(service).methods_by_name[method]


def call(channel: grpc.Channel, path: str, request: Message, file: bytes = b"", metadata=()) -> Answer:
    """Calls a method of any kind; of a stream of requests, `file` is the second part."""
    method = method_of(path)
    parts = [request, type(request)(chunk=file)] if method.client_streaming and file else [request]
    try:
        answers = list(_invoke(channel, path, method, parts, metadata))
    except grpc.RpcError as error:
        trailing = dict(error.trailing_metadata() or ())
        details = status_pb2.Status.FromString(trailing.get("grpc-status-details-bin", b""))
        return Answer(error.code(), error.details() or "", str(details), details.SerializeToString())
    return Answer(grpc.StatusCode.OK, "", "", b"".join(answers))


def _invoke(channel, path: str, method: MethodDescriptor, parts: list[Message], metadata) -> Iterable[bytes]:
    kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
    invoke = getattr(channel, kind)(f"/{path}", lambda message: message.SerializeToString(), lambda answer: answer)
    answer = invoke(iter(parts) if method.client_streaming else parts[0], timeout=60, metadata=metadata)
    return answer if method.server_streaming else [answer]


def parsed(path: str, request: dict) -> Message:
    """A request that is given as JSON."""
    return json_format.ParseDict(request, message_factory.GetMessageClass(method_of(path).input_type)())


class World:
    """An entity with all that `life.build` makes, and a channel of a key that may do everything there alone."""

    def __init__(self, suite) -> None:
        self.canary = f"canary{secrets.token_hex(8)}"
        self.entity, self.channel = suite.entity(*ALL_RIGHTS)
        self.names = {B2C: self.entity, "CANARY": self.canary}
        for step in life.build():
            self.take(step)

    def take(self, step: Step) -> Answer:
        """Makes a call of this entity's life, which must succeed."""
        answer = call(self.channel, step.path, self.request(step), step.file)
        assert answer.code == grpc.StatusCode.OK, f"{step.path} {step.request}: {answer}"
        if step.makes:
            made = message_factory.GetMessageClass(method_of(step.path).output_type).FromString(answer.content)
            self.names[step.makes] = made.name
        return answer

    def request(self, step: Step) -> Message:
        """The step's request with this entity's names."""
        return parsed(step.path, json.loads(self.real(json.dumps(step.request))))

    def real(self, words: str) -> str:
        """`words` with this entity's names."""
        for stands in sorted(self.names, key=len, reverse=True):
            words = words.replace(stands, self.names[stands])
        return words

    def seen(self) -> Iterator[tuple[str, bytes]]:
        """What every reading call shows."""
        for step in life.read():
            yield step.path, self.take(step).content
