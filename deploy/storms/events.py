"""What happens in a storm, counted: moments wait for it, and the summary tells it."""

import math
import threading
import time
from collections import Counter


class Events:
    """Counts by name; any thread may note and wait."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._latest: dict[str, float] = {}
        self._surprises: list[str] = []
        self._changed = threading.Condition()

    def note(self, name: str) -> None:
        """Something happened."""
        with self._changed:
            self._counts[name] += 1
            self._latest[name] = time.monotonic()
            self._changed.notify_all()

    def surprise(self, text: str) -> None:
        """Something happened that never should: a violation."""
        with self._changed:
            self._surprises.append(text)

    def wait_for(self, name: str, more: int, seconds: float) -> bool:
        """Returns when it has happened so often more; false when that takes too long."""
        deadline = time.monotonic() + seconds
        with self._changed:
            wanted = self._counts[name] + more
            while self._counts[name] < wanted:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return self._counts[name] >= wanted
        return True

    def has_happened_within(self, name: str, seconds: float) -> bool:
        """Whether it happened lately."""
        with self._changed:
            return self._latest.get(name, -math.inf) > time.monotonic() - seconds

    def counts(self) -> dict[str, int]:
        """So far."""
        with self._changed:
            return dict(self._counts)

    def surprises(self) -> list[str]:
        """So far."""
        with self._changed:
            return list(self._surprises)
