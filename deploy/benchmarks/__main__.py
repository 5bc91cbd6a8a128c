"""`python -m benchmarks --binaries FOLDER [ROW...] [--json] [--profile]`: measures the rows, or all."""

import argparse
import importlib
import json
import pathlib
import sys
import tempfile

from clients import generate_clients

from . import harness
from .harness import CannotMeasure, Row
from .profile import profile

# A row is a module of its name, which has one function: measure.
ROWS = sorted(path.stem.replace("_", "-") for path in pathlib.Path(__file__).parent.glob("*_vs_*.py"))


def main() -> int:
    """Returns 1 where a row could not be measured."""
    parser = argparse.ArgumentParser(prog="deploy/bench", allow_abbrev=False)
    parser.add_argument("--binaries", type=pathlib.Path, required=True)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    options = parser.parse_args()
    if options.profile:
        harness.afterwards = profile
    generate_clients()  # The rows import them.
    status = 0
    for name in options.rows or ROWS:
        print(f"Measuring {name} ...", file=sys.stderr)
        try:
            with tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder:
                module = importlib.import_module(f"benchmarks.{name.replace('-', '_')}")
                _print(module.measure(pathlib.Path(folder), options.binaries), options.json)
        except CannotMeasure as reason:
            print(f"error: {name} could not be measured: {reason}", file=sys.stderr)
            status = 1
    return status


def _print(row: Row, is_json: bool) -> None:
    if is_json:
        fields = {"row": row.row, "ours": row.ours, "peer": row.peer, "unit": row.unit}
        print(json.dumps(fields | {"ratio": round(row.ratio, 3), "rounds": row.rounds}), flush=True)
    else:
        print(
            f"{row.row}: {row.ratio:.2f} times as good as the peer"
            f" ({_short(row.ours)} against {_short(row.peer)} {row.unit})",
            flush=True,
        )


def _short(figure: float) -> str:
    """Three digits that count, and all those before the point."""
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


if __name__ == "__main__":
    sys.exit(main())
