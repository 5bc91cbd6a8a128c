"""Processes that stand still: they neither do anything nor die, and their sockets stay open."""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


@contextmanager
def standing_still(processes: Iterable[int]) -> Iterator[None]:
    """The processes of these numbers, meanwhile."""
    stopped = list(processes)
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            os.kill(process, signal.SIGCONT)
