"""The story goes on: a population, a campaign to it, and what its readers do."""

from . import data, links
from .client import Rapport
from .mail import Mail, read_all
from .names import COME_BACK, CUSTOMERS, LAPSED_READERS, THAT_PROFILE, definition
from .scene import Scene, StoryWentWrong, expect
from .tables import read_rows


def target_lapsed_readers(scene: Scene) -> None:
    """A population found by criteria on profiles and orders is the one computed from the file."""
    b2c = scene.client("b2c")
    b2c.ensure("targetings", "create", "entities/b2c", "lapsed-readers", "--file", definition("lapsed-readers"))
    expected = data.lapsed_readers(scene.source)
    expect("count of the targeting", int(b2c("targetings", "count", LAPSED_READERS)["count"]), len(expected))
    file = scene.files / "lapsed-readers.csv"
    b2c("targetings", "export", LAPSED_READERS, "--fields", "customerCode", "--file", str(file))
    exported = [row["customerCode"] for row in read_rows(file)]
    expect("lines of the targeting's export", len(exported), len(expected))
    expect("profiles of the targeting's export", set(exported), expected)
    scene.figures["exported"] = len(exported)


def send_come_back(scene: Scene) -> None:
    """A mass campaign in two languages: all who can get it do, once, and each of the others has its reason."""
    b2c = scene.client("b2c")
    b2c.ensure("senders", "create", "entities/b2c", "shop", "--file", definition("shop"))
    b2c.ensure("campaigns", "create", "entities/b2c", "come-back", "--file", definition("come-back"))
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
    expect("profiles that the campaign goes to", figures["audience"], len(audience))
    expect("sent, not sent and unknown", figures["sent"] + sum(reasons.values()) + figures["unknown"], len(audience))
    expect("messages sent", figures["sent"], len(expected))
    expect("reasons of those not sent", reasons, _reasons(audience))
    if scene.mail is None:
        return
    mails = read_all(scene.mail)
    scene.figures["duplicates"] = len(mails) - len({mail.recipient for mail in mails})
    expect("messages sent twice", scene.figures["duplicates"], 0)
    expect("addresses that got mail", {mail.recipient for mail in mails}, {_address(code) for code in expected})
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
        expect(f"subject of the message to {code}", mail.subject, f"{row['firstName']}, {wanted}")
        expect(f"orders in the message to {code}", mail.orders, [str(bought.number) for bought in orders[code]])
        if data.city_of(row["preferredStore"]) not in mail.text:
            raise StoryWentWrong(f"The message to {code} does not name the city of the store.")


def read_and_unsubscribe(scene: Scene) -> None:
    """One recipient reads on the web and clicks; another unsubscribes by the one-click POST."""
    if scene.mail is None:
        return
    b2c = scene.client("b2c")
    reader, leaver = data.recipients(scene.source)[:2]
    expect("the profile that reads", f"{CUSTOMERS}/profiles/customerCode={reader}", THAT_PROFILE)
    mails = {mail.recipient: mail for mail in read_all(scene.mail)}
    read, left = mails[_address(reader)], mails[_address(leaver)]
    page = links.get(read.link("w"))
    expect("status of the web version", page.status, 200)
    if data.customer_row(int(reader))["firstName"] not in page.text:
        raise StoryWentWrong("The web version does not greet its reader.")
    click = links.get(read.link("c"))
    expect("where the click leads", click.location.partition("?")[0], "https://shop.example.test/come-back")
    expect("status of the unsubscribe page", links.get(left.unsubscribe).status, 200)
    expect("subscription after a look at the page", _subscribed(b2c, leaver), True)
    expect("status of the one-click POST", links.post(left.unsubscribe, "List-Unsubscribe=One-Click").status, 200)
    expect("subscription after the one-click POST", _subscribed(b2c, leaver), False)
    report = b2c("campaigns", "report", COME_BACK)
    for name in ("opened", "clicked", "unsubscribed"):
        scene.figures[name] = int(report.get(name, 0))
        expect(f"profiles that {name}", scene.figures[name], 1)
    expect("interactions of the reader", _kinds(b2c, reader) - {"ROW"}, {"MESSAGE", "OPEN", "CLICK"})
    expect("interactions of who left", _kinds(b2c, leaver) - {"ROW"}, {"MESSAGE", "UNSUBSCRIBE"})


def _subscribed(client: Rapport, code: str) -> bool:
    fields = client("profiles", "get", f"{CUSTOMERS}/profiles/customerCode={code}")["fields"]
    return bool(fields["newsletter"].get("boolValue"))


def _kinds(client: Rapport, code: str) -> set[str]:
    items = client("timeline", f"{CUSTOMERS}/profiles/customerCode={code}")["interactions"]
    return {item["kind"].removeprefix("INTERACTION_KIND_") for item in items}
