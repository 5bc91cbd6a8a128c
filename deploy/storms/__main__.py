"""`python -m storms SEED [--kills N] --binaries FOLDER`: what deploy/storm does once everything is built."""

import argparse
import json
import pathlib
import sys
import time

from clients import generate_clients
from supervisor.account import unprivileged

_BEGAN = time.monotonic()


def main() -> int:
    """Returns 1 where an invariant is violated."""
    options = _options()
    generate_clients()
    from .chance import Chance
    from .schedule import schedule
    from .storm import Storm

    plan = schedule(Chance(options.seed), options.kills)
    _tell(f"Seed {options.seed}: {options.kills} kills, {len(plan) - options.kills} more losses of answers.")
    if options.plan:
        print("\n".join(map(str, plan)))
        return 0
    account = unprivileged()
    storm = Storm(
        options.seed,
        options.kills,
        options.binaries,
        postgresql_account=account,
        services_account=account,
        tell=_tell,
    )
    outcome = storm.run()
    if options.json:
        print(json.dumps(outcome.figures()), flush=True)
    else:
        _print(outcome.figures())
    return 0 if outcome.is_ok else 1


def _print(figures: dict) -> None:
    def list_of(counts: dict[str, int]) -> str:
        return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))

    print(f"seed {figures['seed']}: {'ok' if figures['ok'] else 'VIOLATED'}, {figures['seconds']:.0f} s")
    print(f"  kills       {figures['kills']}: {list_of(figures['killsByKind'])}")
    print(f"  lost answers of {list_of(figures['answersLostOf'])}")
    print(f"  happened    {list_of(figures['events'])}")
    print(f"  invariants  {figures['invariants']}, violations {figures['violations']}")
    for name, faults in figures["violated"].items():
        print(f"  VIOLATED {name}")
        for fault in faults:
            print(f"    {fault}")
    if figures["data"]:
        print(f"  The logs, the database and the schedule are kept in {figures['data']}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy/storm", allow_abbrev=False)
    parser.add_argument("seed", type=int)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--binaries", type=pathlib.Path, required=True)
    return parser.parse_args()


def _tell(text: str) -> None:
    print(f"{time.monotonic() - _BEGAN:6.1f} s  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
