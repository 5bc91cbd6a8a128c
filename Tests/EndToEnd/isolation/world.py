"""An entity that has one of everything, and calls of any method by its name."""

import json
import secrets
from collections.abc import Iterable

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from isolation import life
from isolation.life import B2C, Step
from rapport.access.v1 import access_pb2, access_pb2_grpc

RIGHTS = ("READ", "WRITE", "LAUNCH", "EXPORT", "ERASE", "ADMINISTER")
EVERYTHING = [(module, right) for module in ("ALL", "ACCESS") for right in RIGHTS]


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
        status = status_pb2.Status.FromString(trailing.get("grpc-status-details-bin", b""))
        return Answer(error.code(), error.details() or "", _text(status), status.SerializeToString())
    return Answer(grpc.StatusCode.OK, "", "", b"".join(answers))


def _text(status: status_pb2.Status) -> str:
    """The details, readable."""
    texts = []
    for detail in status.details:
        message = getattr(error_details_pb2, detail.TypeName().rpartition(".")[2])()
        assert detail.Unpack(message)
        texts.append(f"{detail.TypeName()}: {message}")
    return "\n".join(texts)


def _invoke(channel, path: str, method: MethodDescriptor, parts: list[Message], metadata) -> Iterable[bytes]:
    kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
    invoke = getattr(channel, kind)(f"/{path}", lambda message: message.SerializeToString(), lambda answer: answer)
    answer = invoke(iter(parts) if method.client_streaming else parts[0], timeout=60, metadata=metadata)
    return answer if method.server_streaming else [answer]


def parsed(path: str, request: dict) -> Message:
    """A request that is given as JSON."""
    return json_format.ParseDict(request, message_factory.GetMessageClass(method_of(path).input_type)())


def key(suite, entity: str, grants: Iterable[tuple[str, str]]) -> access_pb2.CreateKeyResponse:
    """A new key with these grants, of module and right, on `entity` alone."""
    access = access_pb2_grpc.AccessServiceStub(suite.administrator())
    written = [{"entity": entity, "module": f"MODULE_{module}", "right": f"RIGHT_{right}"} for module, right in grants]
    return access.CreateKey(parsed(f"{life.ACCESS}/CreateKey", {"key": {"displayName": "Test", "grants": written}}))


class World:
    """An entity with all that `life.build` makes, and a channel of a key that may do everything there and nothing else."""

    def __init__(self, suite) -> None:
        self.canary = f"canary{secrets.token_hex(8)}"
        self.entity, _ = suite.entity()
        self.channel = suite.channel(key(suite, self.entity, EVERYTHING).secret)
        self.names = {B2C: self.entity, "CANARY": self.canary}
        for step in life.build():
            self.take(step)

    def take(self, step: Step) -> Answer:
        """Makes a call of this entity's life, which must succeed."""
        answer = call(self.channel, step.path, self.request(step), step.file)
        assert answer.code == grpc.StatusCode.OK, f"{step.path} {step.request}: {answer}"
        if step.makes:
            made = message_factory.GetMessageClass(method_of(step.path).output_type).FromString(answer.content)
            self.names[step.makes] = (made.key if step.method == "CreateKey" else made).name
        return answer

    def request(self, step: Step) -> Message:
        """The step's request with this entity's names."""
        return parsed(step.path, json.loads(self.real(json.dumps(step.request))))

    def real(self, words: str) -> str:
        """`words` with this entity's names."""
        for stands in sorted(self.names, key=len, reverse=True):
            words = words.replace(stands, self.names[stands])
        return words

    def seen(self) -> list[tuple[str, bytes]]:
        """What every reading call shows, but for when it was read."""
        return [(step.path, _without_time(step, self.take(step).content)) for step in life.read()]

    def is_told_of_in(self, answer: Answer) -> bool:
        """Whether an answer holds what nobody but this entity has."""
        return self.canary.encode() in answer.content or self.canary in answer.message + answer.details


def _without_time(step: Step, content: bytes) -> bytes:
    answer = message_factory.GetMessageClass(method_of(step.path).output_type).FromString(content)
    if "read_time" in answer.DESCRIPTOR.fields_by_name:
        answer.ClearField("read_time")
    return answer.SerializeToString(deterministic=True)
