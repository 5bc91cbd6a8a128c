"""A form that is filled in on its page, by a browser that does not always wait for the answer."""

import contextlib
import html
import http.client
import re
import time
import urllib.parse

from .caller import NoAnswer
from .chance import Chance
from .events import Events

_PATIENCE = 2.0
_SECONDS = 600
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')


class Browser:
    """Opens pages at an address that is not the one in their links: the relay's."""

    def __init__(self, address: str, chance: Chance, events: Events) -> None:
        self._address = address
        self._chance = chance
        self._events = events

    def fill_in(self, what: str, url: str, answers: dict[str, str]) -> None:
        """Opens a form's page and sends it, as often as it takes until the page says that it was taken."""
        path = urllib.parse.urlsplit(url).path
        page = self._until_answered(what, "GET", path, {}, 200)
        fields = {html.unescape(name): html.unescape(value) for name, value in _HIDDEN.findall(page)}
        fields |= answers | {"_go": "next"}
        if self._chance.of("browser", what).random() < 0.2:
            self._send_and_leave(path, fields)
            self._events.note("pages left before their answer")
        # What was taken leads on to the ending.
        self._until_answered(what, "POST", path, fields, 303)

    def _until_answered(self, what: str, method: str, path: str, fields: dict[str, str], wanted: int) -> str:
        deadline = time.monotonic() + _SECONDS
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, text = self._ask(method, path, fields)
                if status == wanted:
                    return text
                # The service is away, or slow to answer.
                if status not in (502, 503, 504):
                    self._events.surprise(f"{what}: the page answered {status}")
            if time.monotonic() > deadline:
                raise NoAnswer(f"{what}: the page did not answer for {_SECONDS} s")
            time.sleep(0.05)

    def _ask(self, method: str, path: str, fields: dict[str, str]) -> tuple[int, str]:
        connection = self._send(method, path, fields)
        try:
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def _send_and_leave(self, path: str, fields: dict[str, str]) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            self._send("POST", path, fields).close()

    def _send(self, method: str, path: str, fields: dict[str, str]) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self._address, timeout=_PATIENCE)
        body = urllib.parse.urlencode(fields) if method == "POST" else None
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, path, body, headers)
        return connection
