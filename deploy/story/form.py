"""The story's form: answered by a profile, by anybody, and by a third party's form."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from .client import Rapport

_SECONDS = 30


class FormPage:
    """A form in a browser without scripts."""

    def __init__(self, address: str) -> None:
        self._address = address

    def get(self) -> str:
        """The page."""
        with urllib.request.urlopen(self._address, timeout=_SECONDS) as answer:
            return str(answer.read().decode())

    def send(self, **answers: str) -> str:
        """Sends the answers and returns the page that is shown then: the ending, where they were taken."""
        body = urllib.parse.urlencode(answers).encode()
        with urllib.request.urlopen(self._address, body, timeout=_SECONDS) as answer:
            return str(answer.read().decode())

    def refusal(self, **answers: str) -> int:
        """The status that the answers are refused with; 200 where they are taken."""
        try:
            self.send(**answers)
        except urllib.error.HTTPError as refused:
            return refused.code
        return 200


def participations(client: Rapport, form: str) -> list[dict[str, Any]]:
    """All participations of the form, oldest first."""
    found = client("forms", "participations", "list", form, "--page-size", "1000")
    return list(reversed(found.get("participations", [])))


def text_answers(participation: dict[str, Any]) -> dict[str, Any]:
    """The answers as plain values."""
    return {
        question: value.get("stringValue", value.get("int64Value", json.dumps(value)))
        for question, value in participation.get("answers", {}).items()
    }


def until_written(client: Rapport, profile: str, field: str) -> Any:
    """The value of the profile's field, once the form's service has written it there."""
    deadline = time.monotonic() + _SECONDS
    while True:
        value = client("profiles", "get", profile).get("fields", {}).get(field, {}).get("stringValue")
        if value is not None or time.monotonic() > deadline:
            return value
        time.sleep(0.1)
