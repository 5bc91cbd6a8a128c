"""The story goes on: what orders, calls and answers set off, and what stands in the timeline."""

import datetime
import json
from typing import Any

from . import data
from .client import Rapport
from .names import (
    ANOTHER_PROFILE,
    BIG_ORDER,
    CUSTOMERS,
    ORDERS,
    THANK_YOU,
    THAT_PROFILE,
    WELCOME,
    WIN_BACK_ANSWER,
    definition,
)
from .scene import Scene, eventually, expect


def make_thank_you(scene: Scene) -> None:
    """An ongoing campaign, which scenarios send to one profile at a time."""
    b2c = scene.client("b2c")
    b2c.ensure("senders", "create", "entities/b2c", "care", "--file", definition("care"))
    b2c.ensure("campaigns", "create", "entities/b2c", "thank-you", "--file", definition("thank-you"))
    launched = b2c("campaigns", "launch", THANK_YOU, "--request-id", "story-thank-you")
    expect("state of the campaign of thanks", launched["state"], "CAMPAIGN_STATE_ACTIVE")


def reward_a_big_order(scene: Scene) -> None:
    """A new order over 200 by the API makes its customer a VIP; the imported ones made nobody."""
    b2c = scene.client("b2c")
    activate(b2c, BIG_ORDER)
    customer = f"{CUSTOMERS}/profiles/customerCode={data.BIG_ORDER['customer']}"
    expect("segment vip before the big order", b2c("profiles", "get", customer)["fields"].get("vip"), None)
    order = f"{ORDERS}/rows/orderCode={data.BIG_ORDER['orderCode']}"
    b2c("rows", "upsert", order, "--data", json.dumps(data.BIG_ORDER))
    scene.figures["interactions"] += 1
    (execution,) = _completed(b2c, BIG_ORDER, 1)
    expect("profile that the big order rewards", execution["profile"], b2c("profiles", "get", customer)["name"])
    vip = b2c("profiles", "get", customer)["fields"].get("vip")
    expect("segment vip behind the big order", vip, {"boolValue": True})
    _count_executions(scene, 1)


def welcome_by_a_call(scene: Scene) -> None:
    """One call from outside creates a profile and sends it the ongoing campaign."""
    b2c = scene.client("b2c")
    activate(b2c, WELCOME)
    profile = f"{CUSTOMERS}/profiles/customerCode={data.NEW_CUSTOMER['customerCode']}"
    fields = {name: value for name, value in data.NEW_CUSTOMER.items() if name != "customerCode"}
    words = ["scenarios", "call", WELCOME, "--profile", profile, "--request-id", "story-welcome"]
    begun = b2c(*words, "--data", json.dumps(fields))
    expect("execution of the repeated call", b2c(*words, "--data", json.dumps(fields))["name"], begun["name"])
    scene.figures["profiles"] += 1
    (execution,) = _completed(b2c, WELCOME, 1)
    expect("profile of the execution", execution["profile"], b2c("profiles", "get", profile)["name"])
    _thanked(b2c, execution)
    _count_executions(scene, 1)


def see_what_win_back_began(scene: Scene) -> None:
    """The participations with a profile have gone their way: thanks from a rating of 4 on, else the segment."""
    b2c = scene.client("b2c")
    executions = {execution["profile"]: execution for execution in _completed(b2c, WIN_BACK_ANSWER, 2)}
    personal = executions[b2c("profiles", "get", THAT_PROFILE)["name"]]
    expect("steps behind a rating of 4", _steps(personal), ["breathe", "satisfied", "thank"])
    _thanked(b2c, personal)
    pushed = executions[b2c("profiles", "get", ANOTHER_PROFILE)["name"]]
    expect("steps behind a rating of 2", _steps(pushed), ["breathe", "satisfied", "care"])
    vip = b2c("profiles", "get", ANOTHER_PROFILE)["fields"].get("vip")
    expect("segment vip behind a rating of 2", vip, {"boolValue": True})
    _count_executions(scene, 2)


def _steps(execution: dict[str, Any]) -> list[str]:
    return [step["step"] for step in execution["steps"]]


def activate(client: Rapport, scenario: str) -> None:
    """Makes a scenario and lets it begin."""
    entity, _, name = scenario.partition("/scenarios/")
    client.ensure("scenarios", "create", entity, name, "--file", definition(name))
    expect(f"state of {scenario}", client("scenarios", "activate", scenario)["state"], "SCENARIO_STATE_ACTIVE")


def _completed(client: Rapport, scenario: str, count: int) -> list[dict[str, Any]]:
    """The executions of a scenario, once there are so many and each has come to its end."""

    def look() -> list[dict[str, Any]] | None:
        executions = client("scenarios", "executions", scenario, "--all").get("executions", [])
        ended = [execution for execution in executions if "endTime" in execution]
        return executions if len(ended) >= count else None

    executions = eventually(f"the end of {count} executions of {scenario}", look)
    states = [execution["state"] for execution in executions]
    expect(f"states of the executions of {scenario}", states, ["EXECUTION_STATE_COMPLETED"] * count)
    return [client("scenarios", "execution", execution["name"]) for execution in executions]


def _thanked(client: Rapport, execution: dict[str, Any]) -> None:
    """The execution's profile gets exactly one message of thanks, by the mail server's word."""

    def look() -> list[dict[str, Any]] | None:
        words = ["campaigns", "messages", THANK_YOU, "--profile", execution["profile"], "--all"]
        messages = client(*words).get("messages", [])
        waiting = {"MESSAGE_STATE_WAITING", "MESSAGE_STATE_CLAIMED", "MESSAGE_STATE_HANDING"}
        return messages if messages and not any(message["state"] in waiting for message in messages) else None

    messages = eventually(f"the message of thanks of {execution['name']}", look)
    states = [message["state"] for message in messages]
    expect(f"messages of thanks of {execution['name']}", states, ["MESSAGE_STATE_SENT"])


def _count_executions(scene: Scene, count: int) -> None:
    scene.figures["scenarioExecutions"] = scene.figures.get("scenarioExecutions", 0) + count


def list_the_timeline(scene: Scene) -> None:
    """One call lists all that happened to the profile that answered, newest first."""
    b2c = scene.client("b2c")
    code = THAT_PROFILE.rpartition("=")[2]
    items = b2c("timeline", THAT_PROFILE, "--page-size", "1000")["interactions"]
    kinds = {item["kind"].removeprefix("INTERACTION_KIND_") for item in items}
    wanted = {"ROW", "MESSAGE", "PARTICIPATION", "EXECUTION"}
    if scene.mail is not None:
        wanted |= {"OPEN", "CLICK"}
    expect("kinds of interactions that the timeline lacks", wanted - kinds, set())
    orders = sum(1 for row in data.order_rows(scene.source) if row["customer"] == code)
    expect("orders in the timeline", sum(1 for item in items if item["kind"] == "INTERACTION_KIND_ROW"), orders)
    times = [datetime.datetime.fromisoformat(item["time"]) for item in items]
    expect("order of the timeline", times, sorted(times, reverse=True))
    expect("interactions that stand there twice", len(items) - len({item["id"] for item in items}), 0)
    scene.figures["timelineItems"] = len(items)
    for item in items:
        kind = item["kind"].removeprefix("INTERACTION_KIND_").lower()
        scene.tell(f"  {item['time'][:19].replace('T', ' ')}  {kind:<13} {item['summary']}")
