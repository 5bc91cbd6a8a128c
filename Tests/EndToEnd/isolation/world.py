"""An entity that has one of everything."""

import json
import secrets
from collections.abc import Iterable

import grpc
from google.protobuf.message import Message
from rapport.access.v1 import access_pb2, access_pb2_grpc

from isolation import life
from isolation.life import B2C, Step
from isolation.methods import Answer, answer_of, call, request_of

RIGHTS = ("READ", "WRITE", "LAUNCH", "EXPORT", "ERASE", "ADMINISTER")
EVERYTHING = [(module, right) for module in ("ALL", "ACCESS") for right in RIGHTS]


def new_key(suite, entity: str, grants: Iterable[tuple[str, str]]) -> access_pb2.CreateKeyResponse:
    """A key with these grants, of module and right, on `entity` alone."""
    access = access_pb2_grpc.AccessServiceStub(suite.administrator())
    written = [{"entity": entity, "module": f"MODULE_{module}", "right": f"RIGHT_{right}"} for module, right in grants]
    return access.CreateKey(request_of(f"{life.ACCESS}/CreateKey", {"key": {"displayName": "Test", "grants": written}}))


class World:
    """An entity with all that `life.build` makes, and a channel of a key that may do everything there and no more."""

    def __init__(self, suite) -> None:
        self.canary = f"canary{secrets.token_hex(8)}"
        self.entity, _ = suite.entity()
        self.channel = suite.channel(new_key(suite, self.entity, EVERYTHING).secret)
        self.names = {B2C: self.entity, "CANARY": self.canary}
        for step in life.build():
            self.take(step)

    def take(self, step: Step) -> Answer:
        """Makes a call of this entity's life, which must succeed."""
        answer = call(self.channel, step.path, self.request(step), step.file)
        assert answer.code == grpc.StatusCode.OK, f"{step.path} {step.request}: {answer}"
        if step.makes:
            made = answer_of(step.path, answer.content)
            self.names[step.makes] = (made.key if step.method == "CreateKey" else made).name
        return answer

    def request(self, step: Step) -> Message:
        """The step's request with this entity's names."""
        return request_of(step.path, json.loads(self.real(json.dumps(step.request))))

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
    answer = answer_of(step.path, content)
    if "read_time" in answer.DESCRIPTOR.fields_by_name:
        answer.ClearField("read_time")
    return answer.SerializeToString(deterministic=True)
