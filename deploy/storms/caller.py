"""Calls that get no answer, now and then, and are made again with the same request id."""

import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc

from .chance import Chance
from .events import Events

# What a caller may hear while processes die: each is worth the same request again.
_PASSING = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.ABORTED,
    # The database broke off, and nobody can say whether the change was made.
    grpc.StatusCode.UNKNOWN,
}
_PATIENCE = 2.0
# For which something is asked again: a machine may be busy with other things.
_SECONDS = 600
_ATTEMPTS = 10_000

# Such that connections come back as soon as what they lead to.
_CHANNEL = [
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 300),
    ("grpc.use_local_subchannel_pool", 1),
]


class NoAnswer(Exception):
    """Something was asked again and again, in vain."""


def channel(address: str) -> grpc.Channel:
    """A connection that is soon made again."""
    return grpc.insecure_channel(address, options=_CHANNEL)


class Caller:
    """Makes calls that must take effect exactly once, whatever becomes of their answers."""

    def __init__(self, chance: Chance, events: Events, token: str) -> None:
        self._chance = chance
        self._events = events
        self._metadata = (("authorization", f"Bearer {token}"),)

    def once(self, what: str, method: Any, request: Any) -> Any:
        """The answer to a request that carries its id. Some first answers are lost; which is drawn for `what`."""
        draw = self._chance.of("caller", what)
        manner = draw.choices(("plain", "deadline", "cancel", "unheard"), (70, 12, 6, 12))[0]
        delay = draw.choice((draw.uniform(0.001, 0.01), draw.uniform(0.005, 0.08)))
        first = None
        if manner == "deadline":
            first = self._attempt(what, lambda: method(request, timeout=delay, metadata=self._metadata))
        elif manner == "cancel":
            first = self._attempt(what, lambda: self._cancelled(method, request, delay))
        elif manner == "unheard":
            unheard = self._again(what, method, request)
            answer = self._again(what, method, request)
            self._events.note("answers thrown away")
            if _name(unheard) != _name(answer):
                self._events.surprise(f"{what}: the same request was answered {_name(unheard)}, then {_name(answer)}")
            return answer
        if first is None and manner != "plain":
            self._events.note("calls given up")
        return first or self._again(what, method, request)

    def make(self, what: str, method: Any, request: Any) -> Any:
        """The answer to a call that is made once, while nothing is killed yet. Raises `NoAnswer`."""
        try:
            return method(request, timeout=_SECONDS, metadata=self._metadata)
        except grpc.RpcError as error:
            raise NoAnswer(f"{what}: {error.code().name}: {error.details()}") from error

    def read(self, what: str, method: Any, request: Any) -> Any:
        """The answer to a question that changes nothing, or whose repeat does not."""
        return self._again(what, method, request)

    def remove(self, what: str, method: Any, request: Any) -> None:
        """Returns when what is named is gone: it was there before, so it may only be missing at a repeat."""
        for attempt in itertools.count():
            try:
                method(request, timeout=_PATIENCE, metadata=self._metadata)
                return
            except grpc.RpcError as error:
                if attempt and error.code() == grpc.StatusCode.NOT_FOUND:
                    return
                if not self.is_passing(what, error) or attempt > _ATTEMPTS:
                    raise NoAnswer(f"{what}: {error.code().name}") from error
            time.sleep(0.05)

    def stream(self, method: Any, requests: Any) -> Any:
        """The answer to a stream of requests. Raises `grpc.RpcError`."""
        return method(requests, timeout=60, metadata=self._metadata)

    def is_passing(self, what: str, error: grpc.RpcError) -> bool:
        """Whether an error is one that a caller can expect; it is noted where it is not."""
        if error.code() in _PASSING:
            self._events.note("calls that failed")
            return True
        self._events.surprise(f"{what}: {error.code().name}: {error.details()}")
        return False

    def _again(self, what: str, method: Any, request: Any) -> Any:
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                return method(request, timeout=_PATIENCE, metadata=self._metadata)
            except grpc.RpcError as error:
                if not self.is_passing(what, error):
                    raise NoAnswer(f"{what}: refused") from error
                if time.monotonic() > deadline:
                    raise NoAnswer(f"{what}: no answer for {_SECONDS} s, the last was {error.code().name}") from error
            time.sleep(0.05)

    def _attempt(self, what: str, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except grpc.FutureCancelledError:
            return None
        except grpc.RpcError as error:
            self.is_passing(what, error)
            return None

    def _cancelled(self, method: Any, request: Any, delay: float) -> Any:
        future = method.future(request, timeout=_PATIENCE, metadata=self._metadata)
        timer = threading.Timer(delay, future.cancel)
        timer.start()
        try:
            return future.result()
        finally:
            timer.cancel()


def _name(answer: Any) -> str:
    """What an answer is about."""
    for field in ("profile", "row"):
        inner = getattr(answer, field, None)
        if hasattr(inner, "name"):
            return str(inner.name)
    return str(answer.name)
