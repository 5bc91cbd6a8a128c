"""The suite's services: what deploy/services.txt says."""

import pathlib
from dataclasses import dataclass

_LIST = pathlib.Path(__file__).parent.parent / "services.txt"


@dataclass(frozen=True)
class Service:
    """A service, and the names of the addresses that it listens on."""

    name: str
    addresses: tuple[str, ...]

    @property
    def executable(self) -> str:
        """Its file's name."""
        return f"rapport-{self.name}"


def services() -> list[Service]:
    """All services, in the order they are stopped."""
    lines = (line.split("#")[0].split() for line in _LIST.read_text(encoding="utf-8").splitlines())
    return [Service(words[0], tuple(words[1:])) for words in lines if words]
