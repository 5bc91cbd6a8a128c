"""The steps of the story, in order. Each does its part by the command line and checks what came of it."""

import csv
import datetime
import json
import pathlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from . import data, links
from .client import CallFailed, Rapport
from .form import FormPage, participations, text_answers, until_written
from .mail import Mail, read_all

DEFINITIONS = pathlib.Path(__file__).parent / "definitions"

CUSTOMERS = "entities/b2c/profileTables/customers"
STORES = "entities/b2c/customTables/stores"
ORDERS = "entities/b2c/customTables/orders"
LAPSED_READERS = "entities/b2c/targetings/lapsed-readers"
THANK_YOU = "entities/b2c/campaigns/thank-you"
WIN_BACK_ANSWER = "entities/b2c/scenarios/win-back-answer"
BIG_ORDER = "entities/b2c/scenarios/big-order"
WELCOME = "entities/b2c/scenarios/welcome"
WIN_BACK = "entities/b2c/forms/win-back"
# The first who gets the mass campaign: reads, clicks and answers. Speaks English, as 4 divides 4.
THAT_PROFILE = f"{CUSTOMERS}/profiles/customerCode=00004"
ANOTHER_PROFILE = f"{CUSTOMERS}/profiles/customerCode=00009"
COME_BACK = "entities/b2c/campaigns/come-back"


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


# 1


def make_entities_and_keys(scene: Scene) -> None:
    """Two entities, and a key for each that sees nothing of the other."""
    admin = scene.client("administrator")
    own = {"entities/b2b", "entities/b2c"}

    def names() -> set[str]:
        return {entity["name"] for entity in admin("entities", "list").get("entities", [])}

    if others := names() - own:
        raise StoryWentWrong(
            f"the suite holds {', '.join(sorted(others))}, and the story wants it for itself. Start with --empty, or"
            " name a new folder with --data"
        )
    admin.ensure("entities", "create", "b2c", "--display-name", "Consumers", "--time-zone", "Europe/Brussels")
    admin.ensure("entities", "create", "b2b", "--display-name", "Companies", "--time-zone", "Europe/Brussels")
    for entity in ("b2c", "b2b"):
        rights = ("write", "launch", "export")
        grants = [word for right in rights for word in ("--grant", f"{entity}:all:{right}")]
        made = admin("keys", "create", "--display-name", f"Story of {entity}", *grants)
        scene.keep_key(entity, made["secret"])
    _expect("entities", names(), own)


# 2


def make_stores(scene: Scene) -> None:
    """A repository of stores, which profiles and orders refer to."""
    b2c = scene.client("b2c")
    b2c.ensure("rows", "tables", "create", "entities/b2c", "stores", "--file", _definition("stores"))
    _import(b2c, "rows", STORES, scene.files / "stores.csv", "code", refused=[])
    _compare_export(b2c, "rows", STORES, data.STORE_COLUMNS, data.store_rows(), scene.files)


def make_customers(scene: Scene) -> None:
    """The company's own table of profiles."""
    definition = json.loads((DEFINITIONS / "customers.json").read_text(encoding="utf-8"))
    if not scene.has("datatables"):
        del definition["references"]
    file = scene.files / "customers.json"
    file.write_text(json.dumps(definition), encoding="utf-8")
    scene.client("b2c").ensure("profiles", "tables", "create", "entities/b2c", "customers", "--file", str(file))


def make_orders(scene: Scene) -> None:
    """The table of what customers bought."""
    scene.client("b2c").ensure("rows", "tables", "create", "entities/b2c", "orders", "--file", _definition("orders"))


# 3


def import_customers(scene: Scene) -> None:
    """23,570 profiles, one line refused, and what is stored is what was sent."""
    b2c = scene.client("b2c")
    _import(b2c, "profiles", CUSTOMERS, scene.files / "customers.csv", "customerCode", [data.BROKEN_CUSTOMER])
    sent = (row | {"tier": row["tier"] or "bronze"} for row in data.customer_rows(scene.source))
    count = _compare_export(b2c, "profiles", CUSTOMERS, scene.customer_columns, sent, scene.files)
    scene.figures["profiles"] = count
    scene.figures["refusedLines"] = scene.figures.get("refusedLines", 0) + 1


def import_orders(scene: Scene) -> None:
    """69,659 orders, one line refused, and what is stored is what was sent."""
    b2c = scene.client("b2c")
    _import(b2c, "rows", ORDERS, scene.files / "orders.csv", "orderCode", [data.BROKEN_ORDER])
    # The customer is sent as a code and comes back as the profile's number: compared by the time line's step.
    columns = [name for name in data.ORDER_COLUMNS if name != "customer"]
    count = _compare_export(b2c, "rows", ORDERS, columns, data.order_rows(scene.source), scene.files)
    scene.figures["interactions"] = count
    scene.figures["refusedLines"] = scene.figures.get("refusedLines", 0) + 1


# 4


def target_lapsed_readers(scene: Scene) -> None:
    """A population found by criteria on profiles and orders is the one computed from the file."""
    b2c = scene.client("b2c")
    b2c.ensure("targetings", "create", "entities/b2c", "lapsed-readers", "--file", _definition("lapsed-readers"))
    expected = data.lapsed_readers(scene.source)
    _expect("count of the targeting", int(b2c("targetings", "count", LAPSED_READERS)["count"]), len(expected))
    file = scene.files / "lapsed-readers.csv"
    b2c("targetings", "export", LAPSED_READERS, "--fields", "customerCode", "--file", str(file))
    exported = [row["customerCode"] for row in _read(file)]
    _expect("lines of the targeting's export", len(exported), len(expected))
    _expect("profiles of the targeting's export", set(exported), expected)
    scene.figures["exported"] = len(exported)


# 5


def send_come_back(scene: Scene) -> None:
    """A mass campaign in two languages: all who can get it do, once, and each of the others has its reason."""
    b2c = scene.client("b2c")
    b2c.ensure("senders", "create", "entities/b2c", "shop", "--file", _definition("shop"))
    b2c.ensure("campaigns", "create", "entities/b2c", "come-back", "--file", _definition("come-back"))
    b2c("campaigns", "launch", COME_BACK, "--request-id", "story")
    report = b2c("campaigns", "launch", COME_BACK, "--request-id", "story", "--wait")
    expected = set(data.recipients(scene.source))
    audience = data.lapsed_readers(scene.source)
    reasons = {
        item["reason"].removeprefix("NOT_SENT_REASON_"): int(item["count"])
        for item in report.get("notSentByReason", [])
    }
    figures = {name: int(report.get(name, 0)) for name in ("audience", "sent", "unknown")} | {"notSent": reasons}
    scene.figures.update(figures)
    _expect("profiles that the campaign goes to", figures["audience"], len(audience))
    _expect("sent, not sent and unknown", figures["sent"] + sum(reasons.values()) + figures["unknown"], len(audience))
    _expect("messages sent", figures["sent"], len(expected))
    _expect("reasons of those not sent", reasons, _reasons(audience))
    if scene.mail is None:
        return
    mails = read_all(scene.mail)
    scene.figures["duplicates"] = len(mails) - len({mail.recipient for mail in mails})
    _expect("messages sent twice", scene.figures["duplicates"], 0)
    _expect("addresses that got mail", {mail.recipient for mail in mails}, {_address(code) for code in expected})
    _check_contents(scene, mails)


def _reasons(audience: set[str]) -> dict[str, int]:
    rows = [data.customer_row(int(code)) for code in audience]
    without = sum(not row["emailAddress"] for row in rows)
    refusing = sum(bool(row["emailAddress"]) and row["marketingConsent"] == "false" for row in rows)
    return {name: count for name, count in (("NO_ADDRESS", without), ("NO_CONSENT", refusing)) if count}


def _address(code: str) -> str:
    return data.customer_row(int(code))["emailAddress"]


def _check_contents(scene: Scene, mails: list[Mail]) -> None:
    """Every message is in its reader's language, with name, store and the last three orders."""
    by_address = {_address(code): code for code in data.recipients(scene.source)}
    orders = data.latest_orders(scene.source, set(by_address.values()))
    for mail in mails:
        code = by_address[mail.recipient]
        row = data.customer_row(int(code))
        wanted = "vous nous manquez" if row["motherLanguage"] == "fr" else "we miss you"
        _expect(f"subject of the message to {code}", mail.subject, f"{row['firstName']}, {wanted}")
        _expect(f"orders in the message to {code}", mail.orders, [str(bought.number) for bought in orders[code]])
        if data.city_of(row["preferredStore"]) not in mail.text:
            raise StoryWentWrong(f"The message to {code} does not name the city of the store.")


# 6


def read_and_unsubscribe(scene: Scene) -> None:
    """One recipient reads on the web and clicks; another unsubscribes by the one-click POST."""
    if scene.mail is None:
        return
    b2c = scene.client("b2c")
    reader, leaver = data.recipients(scene.source)[:2]
    _expect("the profile that reads", f"{CUSTOMERS}/profiles/customerCode={reader}", THAT_PROFILE)
    mails = {mail.recipient: mail for mail in read_all(scene.mail)}
    read, left = mails[_address(reader)], mails[_address(leaver)]
    page = links.get(read.link("w"))
    _expect("status of the web version", page.status, 200)
    if data.customer_row(int(reader))["firstName"] not in page.text:
        raise StoryWentWrong("The web version does not greet its reader.")
    click = links.get(read.link("c"))
    _expect("where the click leads", click.location.partition("?")[0], "https://shop.example.test/come-back")
    _expect("status of the unsubscribe page", links.get(left.unsubscribe).status, 200)
    _expect("subscription after a look at the page", _subscribed(b2c, leaver), True)
    _expect("status of the one-click POST", links.post(left.unsubscribe, "List-Unsubscribe=One-Click").status, 200)
    _expect("subscription after the one-click POST", _subscribed(b2c, leaver), False)
    report = b2c("campaigns", "report", COME_BACK)
    for name in ("opened", "clicked", "unsubscribed"):
        scene.figures[name] = int(report.get(name, 0))
        _expect(f"profiles that {name}", scene.figures[name], 1)
    _expect("interactions of the reader", _kinds(b2c, reader) - {"ROW"}, {"MESSAGE", "OPEN", "CLICK"})
    _expect("interactions of who left", _kinds(b2c, leaver) - {"ROW"}, {"MESSAGE", "UNSUBSCRIBE"})


def _subscribed(client: Rapport, code: str) -> bool:
    fields = client("profiles", "get", f"{CUSTOMERS}/profiles/customerCode={code}")["fields"]
    return bool(fields["newsletter"].get("boolValue"))


def _kinds(client: Rapport, code: str) -> set[str]:
    items = client("timeline", f"{CUSTOMERS}/profiles/customerCode={code}")["interactions"]
    return {item["kind"].removeprefix("INTERACTION_KIND_") for item in items}


# 7


def answer_the_form(scene: Scene) -> None:
    """A form is answered by a profile, which changes its answers, by anybody, and by a third party's form."""
    b2c = scene.client("b2c")
    b2c.ensure("forms", "create", "entities/b2c", "win-back", "--file", _definition("win-back"))
    public = FormPage(b2c("forms", "publish", WIN_BACK)["publicUrl"])
    if scene.has("automation") and scene.has("messaging"):
        # Before anybody answers: participations begin it from now on.
        _activate(b2c, WIN_BACK_ANSWER)
    link = ("forms", "link", WIN_BACK, "--profile", THAT_PROFILE, "--hidden", "origin=story")
    personal = FormPage(b2c(*link)["url"])

    page = personal.get()
    if "We would like you back" not in page or "story" in page or "What is it?" in page:
        raise StoryWentWrong("The form's page shows what it should not, or not what it should.")
    _expect("a page without its required answers", personal.refusal(reason="other"), 422)
    if not participations(b2c, WIN_BACK):
        personal.send(reason="other", detail="I moved to Ghent & <b>Bruges</b>.", rating="4")
        _expect("field written by the form", until_written(b2c, THAT_PROFILE, "leavingReason"), "other")
        if "&lt;b&gt;Bruges" not in personal.get():
            raise StoryWentWrong("The form does not show the answers that it has.")
    # The detail is not shown for this reason, and the origin never: what is posted for them is dropped.
    ending = personal.send(reason="price", detail="still there?", rating="5", origin="forged")
    if "We have listened" not in ending:
        raise StoryWentWrong("The form does not end as it should.")
    if len(participations(b2c, WIN_BACK)) < 2:
        public.send(reason="choice", rating="3", origin="forged")
    push = ("forms", "participations", "push", WIN_BACK, "--profile", ANOTHER_PROFILE, "--request-id", "story-push")
    b2c(*push, "--data", '{"reason":"price","rating":2,"origin":"call centre"}')
    _expect("field written by a third party", until_written(b2c, ANOTHER_PROFILE, "leavingReason"), "price")

    found = participations(b2c, WIN_BACK)
    _expect(
        "participations",
        [(each["source"].removeprefix("PARTICIPATION_SOURCE_"), text_answers(each)) for each in found],
        [
            ("PERSONAL_LINK", {"reason": "price", "rating": "5", "origin": "story"}),
            ("PUBLIC_LINK", {"reason": "choice", "rating": "3"}),
            ("API", {"reason": "price", "rating": "2", "origin": "call centre"}),
        ],
    )
    _expect("edits of the personal participation", found[0].get("edits"), 1)
    _expect("profile of the anonymous participation", found[1].get("profile"), None)
    # The first answer is the one that enriches.
    _expect("field after the change", until_written(b2c, THAT_PROFILE, "leavingReason"), "other")
    scene.figures["participations"] = len(found)


# 8


def make_thank_you(scene: Scene) -> None:
    """An ongoing campaign, which scenarios send to one profile at a time."""
    b2c = scene.client("b2c")
    b2c.ensure("senders", "create", "entities/b2c", "care", "--file", _definition("care"))
    b2c.ensure("campaigns", "create", "entities/b2c", "thank-you", "--file", _definition("thank-you"))
    launched = b2c("campaigns", "launch", THANK_YOU, "--request-id", "story-thank-you")
    _expect("state of the campaign of thanks", launched["state"], "CAMPAIGN_STATE_ACTIVE")


def reward_a_big_order(scene: Scene) -> None:
    """A new order over 200 by the API makes its customer a VIP; the imported ones made nobody."""
    b2c = scene.client("b2c")
    _activate(b2c, BIG_ORDER)
    customer = f"{CUSTOMERS}/profiles/customerCode={data.BIG_ORDER['customer']}"
    _expect("segment vip before the big order", b2c("profiles", "get", customer)["fields"].get("vip"), None)
    order = f"{ORDERS}/rows/orderCode={data.BIG_ORDER['orderCode']}"
    b2c("rows", "upsert", order, "--data", json.dumps(data.BIG_ORDER))
    scene.figures["interactions"] += 1
    (execution,) = _completed(b2c, BIG_ORDER, 1)
    _expect("profile that the big order rewards", execution["profile"], b2c("profiles", "get", customer)["name"])
    vip = b2c("profiles", "get", customer)["fields"].get("vip")
    _expect("segment vip behind the big order", vip, {"boolValue": True})
    _count_executions(scene, 1)


def welcome_by_a_call(scene: Scene) -> None:
    """One call from outside creates a profile and sends it the ongoing campaign."""
    b2c = scene.client("b2c")
    _activate(b2c, WELCOME)
    profile = f"{CUSTOMERS}/profiles/customerCode={data.NEW_CUSTOMER['customerCode']}"
    fields = {name: value for name, value in data.NEW_CUSTOMER.items() if name != "customerCode"}
    words = ["scenarios", "call", WELCOME, "--profile", profile, "--request-id", "story-welcome"]
    begun = b2c(*words, "--data", json.dumps(fields))
    _expect("execution of the repeated call", b2c(*words, "--data", json.dumps(fields))["name"], begun["name"])
    scene.figures["profiles"] += 1
    (execution,) = _completed(b2c, WELCOME, 1)
    _expect("profile of the execution", execution["profile"], b2c("profiles", "get", profile)["name"])
    _thanked(b2c, execution)
    _count_executions(scene, 1)


def see_what_win_back_began(scene: Scene) -> None:
    """The participations with a profile have gone their way: thanks from a rating of 4 on, else the segment."""
    b2c = scene.client("b2c")
    executions = {execution["profile"]: execution for execution in _completed(b2c, WIN_BACK_ANSWER, 2)}
    personal = executions[b2c("profiles", "get", THAT_PROFILE)["name"]]
    _expect("steps behind a rating of 4", _steps(personal), ["breathe", "satisfied", "thank"])
    _thanked(b2c, personal)
    pushed = executions[b2c("profiles", "get", ANOTHER_PROFILE)["name"]]
    _expect("steps behind a rating of 2", _steps(pushed), ["breathe", "satisfied", "care"])
    vip = b2c("profiles", "get", ANOTHER_PROFILE)["fields"].get("vip")
    _expect("segment vip behind a rating of 2", vip, {"boolValue": True})
    _count_executions(scene, 2)


def _steps(execution: dict[str, Any]) -> list[str]:
    return [step["step"] for step in execution["steps"]]


def _activate(client: Rapport, scenario: str) -> None:
    entity, _, name = scenario.partition("/scenarios/")
    client.ensure("scenarios", "create", entity, name, "--file", _definition(name))
    _expect(f"state of {scenario}", client("scenarios", "activate", scenario)["state"], "SCENARIO_STATE_ACTIVE")


def _completed(client: Rapport, scenario: str, count: int) -> list[dict[str, Any]]:
    """The executions of a scenario, once there are so many and each has come to its end."""

    def look() -> list[dict[str, Any]] | None:
        executions = client("scenarios", "executions", scenario, "--all").get("executions", [])
        ended = [execution for execution in executions if "endTime" in execution]
        return executions if len(ended) >= count else None

    executions = _eventually(f"the end of {count} executions of {scenario}", look)
    states = [execution["state"] for execution in executions]
    _expect(f"states of the executions of {scenario}", states, ["EXECUTION_STATE_COMPLETED"] * count)
    return [client("scenarios", "execution", execution["name"]) for execution in executions]


def _thanked(client: Rapport, execution: dict[str, Any]) -> None:
    """The execution's profile gets exactly one message of thanks, by the mail server's word."""

    def look() -> list[dict[str, Any]] | None:
        words = ["campaigns", "messages", THANK_YOU, "--profile", execution["profile"], "--all"]
        messages = client(*words).get("messages", [])
        waiting = {"MESSAGE_STATE_WAITING", "MESSAGE_STATE_CLAIMED", "MESSAGE_STATE_HANDING"}
        return messages if messages and not any(message["state"] in waiting for message in messages) else None

    messages = _eventually(f"the message of thanks of {execution['name']}", look)
    states = [message["state"] for message in messages]
    _expect(f"messages of thanks of {execution['name']}", states, ["MESSAGE_STATE_SENT"])


def _count_executions(scene: Scene, count: int) -> None:
    scene.figures["scenarioExecutions"] = scene.figures.get("scenarioExecutions", 0) + count


# 9


def list_the_timeline(scene: Scene) -> None:
    """One call lists all that happened to the profile that answered, newest first."""
    b2c = scene.client("b2c")
    code = THAT_PROFILE.rpartition("=")[2]
    items = b2c("timeline", THAT_PROFILE, "--page-size", "1000")["interactions"]
    kinds = {item["kind"].removeprefix("INTERACTION_KIND_") for item in items}
    wanted = {"ROW", "MESSAGE", "PARTICIPATION", "EXECUTION"}
    if scene.mail is not None:
        wanted |= {"OPEN", "CLICK"}
    _expect("kinds of interactions that the timeline lacks", wanted - kinds, set())
    orders = sum(1 for row in data.order_rows(scene.source) if row["customer"] == code)
    _expect("orders in the timeline", sum(1 for item in items if item["kind"] == "INTERACTION_KIND_ROW"), orders)
    times = [datetime.datetime.fromisoformat(item["time"]) for item in items]
    _expect("order of the timeline", times, sorted(times, reverse=True))
    _expect("interactions that stand there twice", len(items) - len({item["id"] for item in items}), 0)
    scene.figures["timelineItems"] = len(items)
    for item in items:
        kind = item["kind"].removeprefix("INTERACTION_KIND_").lower()
        scene.tell(f"  {item['time'][:19].replace('T', ' ')}  {kind:<13} {item['summary']}")


# 10


def look_from_the_other_entity(scene: Scene) -> None:
    """The key of `b2b` sees nothing of `b2c` and changes nothing there."""
    b2b = scene.client("b2b")
    leaks = [words for words in _foreign_calls(scene) if not _is_not_found(b2b, words)]
    leaks += [words for words in _foreign_lists(scene) if any(b2b(*words).values())]
    if leaks:
        scene.tell("\n".join(f"  LEAK: rapport {' '.join(words)}" for words in leaks))
    scene.figures["leaksToOtherEntity"] = len(leaks)
    _expect("leaks to the other entity", len(leaks), 0)


def _foreign_calls(scene: Scene) -> Iterator[list[str]]:
    """Every read and write of the story's resources: each must answer NOT_FOUND."""
    kinds = [("profiles", CUSTOMERS, f"{CUSTOMERS}/profiles/customerCode=00001", "firstName")]
    if scene.has("datatables"):
        kinds += [
            ("rows", STORES, f"{STORES}/rows/code=S01", "city"),
            ("rows", ORDERS, f"{ORDERS}/rows/orderCode=1", "amount"),
        ]
    yield ["entities", "get", "entities/b2c"]
    for noun, table, item, column in kinds:
        values = json.dumps({"fields" if noun == "profiles" else "values": {column: {"stringValue": "x"}}})
        yield [noun, "tables", "get", table]
        yield [noun, "tables", "list", "entities/b2c"]
        yield [noun, "tables", "delete", table, "--force"]
        yield [noun, "list", table]
        yield [noun, "get", item]
        yield [noun, "export", table, "--file", str(scene.files / "stolen.csv")]
        yield [noun, "imports", "list", table]
        yield [noun, "create", table, "--data", values]
        yield [noun, "upsert", item, "--data", values]
        yield [noun, "update", item, "--data", values]
        yield [noun, "delete", item]
        yield [noun, "import", table, str(scene.files / "customers.csv"), "--key", "customerCode"]
    if scene.has("datatables"):
        yield ["targetings", "get", LAPSED_READERS]
        yield ["targetings", "count", LAPSED_READERS]
        yield ["targetings", "delete", LAPSED_READERS]
        yield ["targetings", "export", LAPSED_READERS, "--file", str(scene.files / "stolen.csv")]
        yield ["timeline", f"{CUSTOMERS}/profiles/customerCode=00001"]
    if scene.has("automation"):
        yield ["scenarios", "get", BIG_ORDER]
        yield ["scenarios", "list", "entities/b2c"]
        yield ["scenarios", "pause", BIG_ORDER]
        yield ["scenarios", "activate", BIG_ORDER]
        yield ["scenarios", "delete", BIG_ORDER]
        yield ["scenarios", "create", "entities/b2c", "stolen", "--file", _definition("big-order")]
        yield ["scenarios", "executions", BIG_ORDER]
        yield ["scenarios", "call", BIG_ORDER, "--profile", f"{CUSTOMERS}/profiles/customerCode=00001"]
    if scene.has("forms"):
        yield ["forms", "get", WIN_BACK]
        yield ["forms", "close", WIN_BACK]
        yield ["forms", "delete", WIN_BACK]
        yield ["forms", "link", WIN_BACK, "--profile", THAT_PROFILE]
        yield ["forms", "participations", "list", WIN_BACK]
        yield ["forms", "participations", "get", f"{WIN_BACK}/participations/1"]
        yield ["forms", "participations", "push", WIN_BACK, "--data", '{"answers":{}}']
    if scene.has("messaging"):
        for word in ("get", "launch", "pause", "resume", "cancel", "report", "messages", "delete"):
            yield ["campaigns", word, COME_BACK]
        yield ["campaigns", "preview", COME_BACK, "--profile", f"{CUSTOMERS}/profiles/customerCode=00001"]
        yield ["senders", "get", "entities/b2c/senders/shop"]
        yield ["senders", "delete", "entities/b2c/senders/shop"]


def _foreign_lists(scene: Scene) -> Iterator[list[str]]:
    """Lists over every entity that the caller may see: each must be empty."""
    yield ["profiles", "tables", "list", "entities/-"]
    if scene.has("datatables"):
        yield ["rows", "tables", "list", "entities/-"]
        yield ["targetings", "list", "entities/-"]
    if scene.has("automation"):
        yield ["scenarios", "list", "entities/-"]
    if scene.has("forms"):
        yield ["forms", "list", "entities/-"]
    if scene.has("messaging"):
        yield ["campaigns", "list", "entities/-"]
        yield ["senders", "list", "entities/-"]


def _is_not_found(client: Rapport, words: list[str]) -> bool:
    try:
        client(*words)
    except CallFailed as failure:
        return failure.code == "NOT_FOUND"
    return False


STEPS = [
    Step("access", "Entities b2c and b2b, and a key for each", ("gateway",), make_entities_and_keys),
    Step("stores", "A repository of 12 stores", ("datatables",), make_stores),
    Step("customers", "A profile table of customers", ("profiles",), make_customers),
    Step("orders", "A table of orders", ("datatables",), make_orders),
    Step("customers-import", "The customers, from a CSV file with a broken line", ("profiles",), import_customers),
    Step("orders-import", "Their orders, from a CSV file with a broken line", ("datatables",), import_orders),
    Step(
        "targeting",
        "A targeting across profiles and orders, counted and exported",
        ("profiles", "datatables"),
        target_lapsed_readers,
    ),
    Step(
        "campaign",
        "A mass e-mail campaign in two languages",
        ("profiles", "datatables", "messaging"),
        send_come_back,
    ),
    Step(
        "recipients",
        "One recipient reads and clicks, another unsubscribes",
        ("profiles", "datatables", "messaging"),
        read_and_unsubscribe,
    ),
    Step("thank-you", "An ongoing campaign to thank with", ("automation", "messaging"), make_thank_you),
    Step("form", "A form, answered by a profile, by anybody and by call", ("forms",), answer_the_form),
    Step("big-order", "An order over 200, and the VIP that it makes", ("automation", "datatables"), reward_a_big_order),
    Step("welcome", "A call that creates a profile and sends to it", ("automation", "messaging"), welcome_by_a_call),
    Step(
        "win-back-executions", "What the answers set off", ("automation", "forms", "messaging"), see_what_win_back_began
    ),
    Step(
        "timeline",
        "The timeline of the profile that answered",
        ("automation", "datatables", "forms", "messaging"),
        list_the_timeline,
    ),
    Step("other-entity", "What the key of b2b sees of it", ("profiles",), look_from_the_other_entity),
]


def _definition(name: str) -> str:
    return str(DEFINITIONS / f"{name}.json")


def _eventually(what: str, look: Callable[[], Any]) -> Any:
    """What `look` finds, asked again and again for a minute until it finds something."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.2)
    raise StoryWentWrong(f"{what} did not come within a minute.")


def _expect(what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise StoryWentWrong(f"{what}: expected {_short(expected)}, found {_short(found)}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _import(
    client: Rapport, noun: str, table: str, file: pathlib.Path, key: str, refused: list[dict[str, Any]]
) -> None:
    """Imports the file. The same file imported again, after an interruption, goes on where it stopped."""
    words = [noun, "import", table, str(file), "--key", key, "--source", "story", "--request-id", f"story-{file.stem}"]
    done = client(*words)
    progress = done["progress"]
    with open(file, encoding="utf-8") as lines:
        sent = sum(1 for _ in lines) - 1
    _expect(f"state of the import of {file.name}", progress["state"], "IMPORT_STATE_SUCCEEDED")
    _expect(f"lines of {file.name} settled", int(progress["settledLines"]), sent)
    _expect(f"lines of {file.name} refused", int(progress.get("refusedLines", 0)), len(refused))
    if refused:
        lines_ = client(noun, "refused-lines", done["name"])["lines"]
        _expect(
            f"what is wrong with {file.name}", [_place(line) for line in lines_], [_place(line) for line in refused]
        )
        if not all(line.get("reason") for line in lines_):
            raise StoryWentWrong(f"A refused line of {file.name} has no reason.")


def _place(line: dict[str, Any]) -> tuple[int, str]:
    return int(line["line"]), line["column"]


def _compare_export(
    client: Rapport, noun: str, table: str, columns: list[str], sent: Iterable[dict[str, str]], folder: pathlib.Path
) -> int:
    """Exports the table and holds every value against what was sent. Returns the number of lines."""
    name = table.rpartition("/")[2]
    file = folder / f"{name}.exported.csv"
    client(noun, "export", table, "--fields", ",".join(columns), "--file", str(file))
    found = {row[columns[0]]: _meaning(row, columns) for row in _read(file)}
    expected = {row[columns[0]]: _meaning(row, columns) for row in sent}
    _expect(f"number of {name} stored", len(found), len(expected))
    wrong = [key for key, row in expected.items() if found.get(key) != row]
    if wrong:
        raise StoryWentWrong(
            f"{len(wrong)} of {name} are not stored as sent: one is {found.get(wrong[0])}, sent as {expected[wrong[0]]}"
        )
    return len(found)


def _read(file: pathlib.Path) -> Iterator[dict[str, str]]:
    with open(file, encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _meaning(row: dict[str, str], columns: list[str]) -> list[Any]:
    """The row's values, so that 5.50 is 5.5 and a moment is one in every zone."""
    return [_value(name, row[name]) for name in columns]


def _value(column: str, text: str) -> Any:
    match column:
        case "amount":
            return Decimal(text)
        case "time":
            return datetime.datetime.fromisoformat(text)
        case _:
            return text
