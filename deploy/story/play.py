"""Plays the story on a running suite, once: what was done is kept in the data folder, and is not done again."""

import json
import time
from collections.abc import Callable
from typing import Any

from supervisor.account import caller
from supervisor.services import services
from supervisor.suite import Suite

from . import data
from .client import Rapport
from .scene import Scene
from .steps import STEPS


def play(suite: Suite, tell: Callable[[str], None], until: str = STEPS[-1].name) -> dict[str, Any]:
    """Does the steps that were not done yet, and returns the figures of all. Raises at the first that goes wrong.

    Stops behind the step named `until`.
    """
    account = caller()
    state_file = suite.data / "story.json"
    state: dict[str, Any] = {"done": [], "figures": {}}
    if state_file.exists():
        state = json.loads(state_file.read_text(encoding="utf-8"))
    files = account.folder(suite.data / "story")

    def client(key: str) -> Rapport:
        return Rapport(suite.command_line, suite.addresses["gateway.rpc"], suite.key_file(key))

    def keep_key(name: str, secret: str) -> None:
        account.write(suite.key_file(name), secret + "\n")
        suite.write_run_file()

    scene = Scene(
        data.SOURCE,
        files,
        {service.name for service in services()},
        client,
        keep_key,
        tell,
        suite.mail,
        state["figures"],
    )
    last = next(number for number, step in enumerate(STEPS) if step.name == until)
    steps = [step for step in STEPS[: last + 1] if all(map(scene.has, step.needs)) and step.name not in state["done"]]
    if steps and not (files / "orders.csv").exists():
        tell("Preparing the story's files ...")
        data.write_files(data.SOURCE, files, scene.customer_columns)
    for step in steps:
        began = time.monotonic()
        tell(f"{step.title} ...")
        step.run(scene)
        seconds = time.monotonic() - began
        state["done"].append(step.name)
        scene.figures["seconds"] = round(scene.figures.get("seconds", 0) + seconds, 1)
        account.write(state_file, json.dumps(state, indent=2) + "\n")
    return scene.figures
