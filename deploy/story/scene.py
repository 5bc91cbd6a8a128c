"""What the steps of the story share."""

import pathlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import data
from .client import Rapport


class StoryWentWrong(Exception):
    """Something is not as it should be."""


@dataclass
class Scene:
    """What the steps share."""

    source: pathlib.Path
    files: pathlib.Path
    services: set[str]
    client: Callable[[str], Rapport]
    keep_key: Callable[[str, str], None]
    tell: Callable[[str], None]
    # Where the local mail server keeps messages; nothing when the mail goes elsewhere.
    mail: pathlib.Path | None
    figures: dict[str, Any] = field(default_factory=dict)

    def has(self, service: str) -> bool:
        """Whether the suite has this service: what it has not is neither done nor counted."""
        return service in self.services

    @property
    def customer_columns(self) -> list[str]:
        """The columns of customers.csv: a preferred store needs the table of stores."""
        return data.CUSTOMER_COLUMNS if self.has("datatables") else data.OWN_CUSTOMER_COLUMNS


@dataclass(frozen=True)
class Step:
    """A part of the story, told in one line."""

    name: str
    title: str
    needs: tuple[str, ...]
    run: Callable[[Scene], None]


def eventually(what: str, look: Callable[[], Any]) -> Any:
    """What `look` finds, asked again and again for a minute until it finds something."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.2)
    raise StoryWentWrong(f"{what} did not come within a minute.")


def expect(what: str, found: Any, expected: Any) -> None:
    """Raises where something is not as it should be."""
    if found != expected:
        raise StoryWentWrong(f"{what}: expected {_short(expected)}, found {_short(found)}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
