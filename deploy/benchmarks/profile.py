"""Where the processor time goes while our side of a row runs: by process, and by function, as perf sees it."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable

from .harness import CannotMeasure
from .pinned import cpu_seconds, output

# Samples a second of each core: not a divisor of what runs every millisecond.
_FREQUENCY = "997"
_LINES = 60
_WIDEST = 160


def profile(run: Callable[[], float]) -> None:
    """Runs `run` once more, and prints to standard error what the processes that this one started did meanwhile."""
    if shutil.which("perf") is None:
        raise CannotMeasure("perf is not installed: it is Debian's package linux-perf")
    with tempfile.TemporaryDirectory(prefix="rapport-profile-") as folder:
        file = pathlib.Path(folder) / "perf.data"
        perf, processes = _begin(file)
        before = {process: seconds for process in processes if (seconds := _used(process)) is not None}
        began = time.perf_counter()
        figure = run()
        seconds = time.perf_counter() - began
        _print_processes(before, figure, seconds)
        perf.send_signal(signal.SIGINT)
        perf.communicate(timeout=60)
        _print_functions(file)


def _begin(file: pathlib.Path) -> tuple[subprocess.Popen[str], list[int]]:
    """Starts perf on all processes that this one has started. It gives up where one has just ended: then once more."""
    said = ""
    for _ in range(5):
        processes = _descendants(os.getpid())
        words = ["perf", "record", "--quiet", "--call-graph=fp", f"--freq={_FREQUENCY}", f"--output={file}"]
        words += [f"--pid={','.join(map(str, processes))}"]
        perf = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        try:
            _, said = perf.communicate(timeout=1)
        except subprocess.TimeoutExpired:
            return perf, processes
    raise CannotMeasure(f"perf cannot record here: {said.strip()}")


def _descendants(process: int) -> list[int]:
    """Those that a process has started, and those that they have."""
    found = []
    waiting = [process]
    while waiting:
        parent = waiting.pop()
        children = [int(word) for word in _text(pathlib.Path(f"/proc/{parent}/task/{parent}/children")).split()]
        found += children
        waiting += children
    return found


def _text(file: pathlib.Path) -> str:
    """What a file of a process says; empty where the process is gone."""
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _used(process: int) -> float | None:
    """The processor time of a process, unless it is gone."""
    try:
        return cpu_seconds(process)
    except (FileNotFoundError, ProcessLookupError):
        return None


def _print_processes(before: dict[int, float], figure: float, seconds: float) -> None:
    used: Counter[str] = Counter()
    for process, earlier in before.items():
        if (later := _used(process)) is not None:
            used[_text(pathlib.Path(f"/proc/{process}/comm")).strip()] += later - earlier
    print(f"Our side once more: {figure:,.0f} in {seconds:.1f} s. Processor seconds meanwhile:", file=sys.stderr)
    for name, spent in used.most_common():
        if spent >= 0.01:
            print(f"{spent:8.2f}  {name}", file=sys.stderr)


def _print_functions(file: pathlib.Path) -> None:
    report = ["perf", "report", "--stdio", "--quiet", "--call-graph=none", f"--input={file}"]
    for title, options in (
        ("By thread and module", ["--no-children", "--sort=comm,dso"]),
        ("By function", ["--no-children", "--sort=comm,dso,symbol"]),
        ("By function with all that it calls", ["--children", "--sort=dso,symbol"]),
    ):
        lines = [line.rstrip() for line in output(*report, *options).splitlines() if line.strip()]
        print(f"{title}, in hundredths of all:", file=sys.stderr)
        print(_demangled("\n".join(lines[:_LINES])), file=sys.stderr)


def _demangled(text: str) -> str:
    """Swift's names as people write them."""
    done = subprocess.run(["swift", "demangle", "--simplified"], input=text, capture_output=True, text=True, check=True)
    return "\n".join(line[:_WIDEST] for line in done.stdout.splitlines())
