"""Every method of the public API, and calls of any of them by its path, `package.Service/Method`."""

import importlib
from collections.abc import Iterable, Iterator
from typing import Any

import grpc
from clients import described
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2


def _public() -> Iterator[str]:
    for file in described().file:
        if file.package.startswith("rapport.") and not file.package.startswith("rapport.internal."):
            importlib.import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
            for service in file.service:
                yield from (f"{file.package}.{service.name}/{method.name}" for method in service.method)


PUBLIC = sorted(_public())


class Answer:
    """How a call ended."""

    def __init__(self, code: grpc.StatusCode, message: str = "", details: str = "", content: bytes = b"") -> None:
        self.code = code
        self.message = message
        self.details = details
        self.content = content

    def __repr__(self) -> str:
        return f"{self.code.name}: {self.message}"


def method_of(path: str) -> MethodDescriptor:
    """The method of a path."""
    service, _, method = path.partition("/")
    return descriptor_pool.Default().FindServiceByName(service).methods_by_name[method]


def request_of(path: str, content: dict[str, Any]) -> Message:
    """A request that is given as JSON."""
    return json_format.ParseDict(content, message_factory.GetMessageClass(method_of(path).input_type)())


def answer_of(path: str, content: bytes) -> Message:
    """The only answer of a method that succeeded."""
    return message_factory.GetMessageClass(method_of(path).output_type).FromString(content)


def call(channel: grpc.Channel, path: str, request: Message, file: bytes = b"", metadata: Any = ()) -> Answer:
    """Calls a method of any kind; of a stream of requests, `file` is the second part."""
    method = method_of(path)
    parts = [request, type(request)(chunk=file)] if method.client_streaming and file else [request]
    try:
        answers = list(_invoke(channel, path, method, parts, metadata))
    except grpc.RpcError as error:
        trailing = dict(error.trailing_metadata() or ())
        status = status_pb2.Status.FromString(trailing.get("grpc-status-details-bin", b""))
        return Answer(error.code(), error.details() or "", _text(status), status.SerializeToString())
    return Answer(grpc.StatusCode.OK, content=b"".join(answers))


def _text(status: status_pb2.Status) -> str:
    """The details, readable."""
    texts = []
    for detail in status.details:
        message = getattr(error_details_pb2, detail.TypeName().rpartition(".")[2])()
        assert detail.Unpack(message)
        texts.append(f"{detail.TypeName()}: {message}")
    return "\n".join(texts)


def _invoke(
    channel: grpc.Channel, path: str, method: MethodDescriptor, parts: list[Message], metadata: Any
) -> Iterable[bytes]:
    kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
    invoke = getattr(channel, kind)(f"/{path}", lambda message: message.SerializeToString(), lambda answer: answer)
    answer = invoke(iter(parts) if method.client_streaming else parts[0], timeout=60, metadata=metadata)
    return answer if method.server_streaming else [answer]
