"""What must hold after the storm. Each invariant is a function that returns what violates it."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rapport.automation.v1 import scenario_pb2
from rapport.messaging.v1 import campaign_pb2
from rapport.type.v1 import import_pb2

from . import people
from .books import NOT_SENT, SENT, UNKNOWN, Books
from .mail_server import MailServer
from .told import Import, Told
from .world import ANSWERED, REWARDED, WELCOMED

# An order of more begins a scenario; a rating from there on is thanked for.
_BIG = Decimal(200)
_GOOD = 4
# rapport.messaging: `smtp.connections`, unless it is configured.
_CONNECTIONS = 16


@dataclass(frozen=True)
class Facts:
    """What the invariants are about."""

    books: Books
    told: Told
    mail_server: MailServer
    # Customers who were there when the mass campaign was launched.
    audience: int
    # Kills that a sender of mail may have felt: of Messaging, and of PostgreSQL or one of its processes.
    kills_of_senders: int
    surprises: list[str]
    undone: dict[str, int]


def answers(facts: Facts) -> list[str]:
    """No caller, worker or mail server met with what nobody could expect."""
    return facts.surprises


def calm(facts: Facts) -> list[str]:
    """Everything that was begun has ended, and each follower is at the head of the log that it follows."""
    return [f"{name}: {count}" for name, count in facts.undone.items()]


def logs(facts: Facts) -> list[str]:
    """The logs are numbered without gaps."""
    return facts.books.log_faults()


def customers(facts: Facts) -> list[str]:
    """Each customer that a caller was told of is there, exactly once and as it was sent, and no other."""
    return _differences(facts.books.customers(), facts.told.customers.values())


def orders(facts: Facts) -> list[str]:
    """Each order that a caller was told of is there, exactly once and as it was sent, and no other."""

    def exact(code: str, row: tuple[str, str, str]) -> tuple[str, str, str, Decimal]:
        return code, row[0], row[1], Decimal(row[2]).normalize()

    stored = [exact(code, row) for code, row in facts.books.orders()]
    return _differences(stored, [exact(code, row) for code, row in facts.told.orders.items()])


def imports(facts: Facts) -> list[str]:
    """Each import has come to its end, its counts add up to its file's lines, and it refused the broken one."""
    found = [_import(each, *facts.books.profile_import(each.name)) for each in facts.told.profile_imports]
    found += [_import(each, *facts.books.row_import(each.name)) for each in facts.told.row_imports]
    return [fault for fault in found if fault]


def _import(told: Import, progress: Any, refused: list[int]) -> str:
    counts = (progress.settled_lines, progress.created, progress.updated, progress.refused_lines)
    wanted = (told.lines, told.lines - len(told.broken), 0, len(told.broken))
    is_right = progress.state == import_pb2.IMPORT_STATE_SUCCEEDED and counts == wanted and refused == told.broken
    return "" if is_right else f"{told.name}: settled, created, updated, refused {counts} of {wanted}, lines {refused}"


def audience(facts: Facts) -> list[str]:
    """Sent, not sent and unknown make up the audience, and each of those not sent to has its reason."""
    report = facts.books.report()
    readers = [people.customer(people.BASE + place) for place in range(facts.audience)]
    readers = [row for row in readers if row["newsletter"] == "true"]
    parts = report.sent + report.not_sent + report.unknown
    found = []
    if report.waiting or (report.audience, parts) != (len(readers), len(readers)):
        found.append(f"audience {report.audience} of {len(readers)}, parts {parts}, waiting {report.waiting}")
    expected = Counter(_reason(row) for row in readers)
    reasons = {entry.reason: entry.count for entry in report.not_sent_by_reason}
    for reason in (campaign_pb2.NOT_SENT_REASON_NO_ADDRESS, campaign_pb2.NOT_SENT_REASON_NO_CONSENT):
        if reasons.pop(reason, 0) != expected[reason]:
            found.append(f"{campaign_pb2.NotSentReason.Name(reason)}: not {expected[reason]}")
    refused = reasons.pop(campaign_pb2.NOT_SENT_REASON_REFUSED_BY_SERVER, 0)
    willing = [row["emailAddress"] for row in readers if not _reason(row)]
    unwanted = sum(facts.mail_server.mood(address).startswith("refuse") for address in willing)
    # One whose refusal was not heard is unknown.
    if reasons or not unwanted - report.unknown <= refused <= unwanted:
        found.append(f"refused {refused} of {unwanted}, other reasons {reasons}")
    return found


def _reason(row: dict[str, str]) -> int:
    """Why a reader gets no mail; 0 for one who does."""
    if not row["emailAddress"]:
        return int(campaign_pb2.NOT_SENT_REASON_NO_ADDRESS)
    return 0 if row["marketingConsent"] == "true" else int(campaign_pb2.NOT_SENT_REASON_NO_CONSENT)


def unknown(facts: Facts) -> list[str]:
    """No more messages are unknown than one for each connection and kill, and for each dot without an answer."""
    count = sum(states[UNKNOWN] for states in facts.books.messages().values())
    most = _CONNECTIONS * facts.kills_of_senders + facts.mail_server.unanswered
    return [f"{count} messages are unknown, which is more than {most}"] if count > most else []


def mails(facts: Facts) -> list[str]:
    """Nobody is mailed twice: the mail server took each sent message once, each unknown one at most once, no other."""
    taken = facts.mail_server.taken
    twice = [key for key, count in Counter(mail.message_id for mail in taken).items() if count > 1]
    found = [f"the message {key} was taken more than once" for key in twice]
    addresses = {row[0]: row[1] for row in facts.told.customers.values()}
    messages = facts.books.messages()
    by_place = Counter((mail.campaign, mail.address) for mail in taken)
    known = Counter[tuple[str, str]]()
    for (campaign, code), states in messages.items():
        place = (campaign, addresses.get(code, ""))
        known[place] += by_place[place]
        if not states[SENT] <= by_place[place] <= states[SENT] + states[UNKNOWN]:
            found.append(f"{campaign} to {code}: {by_place[place]} taken, messages by state {dict(states)}")
        if odd := set(states) - {SENT, NOT_SENT, UNKNOWN}:
            found.append(f"{campaign} to {code}: in the states {odd}")
    found += [f"{campaign} to {address}: no such message" for campaign, address in by_place - known]
    news = Counter(
        code for campaign, code in messages for _ in range(messages[campaign, code].total()) if campaign == "news"
    )
    return found + [f"{code} has {count} messages of one mass campaign" for code, count in news.items() if count > 1]


def participations(facts: Facts) -> list[str]:
    """Each participation that was taken is there exactly once, with its answers, and wrote into its profile."""
    customer = facts.books.participation_customers()
    listed = facts.books.participations()
    stored = [
        (
            each.answers["origin"].string_value,
            customer.get(each.name.rpartition("/")[2], ""),
            each.answers["reason"].string_value,
            each.answers["rating"].int64_value,
        )
        for each in listed
    ]
    told = [(each.origin, each.customer, each.reason, each.rating) for each in facts.told.participations]
    found = _differences(stored, told)
    if len(customer) != len(listed):
        found.append(f"the API lists {len(listed)} participations of {len(customer)}")
    if (events := facts.books.events_of_participations()) != len(listed):
        found.append(f"{len(listed)} participations were told of {events} times")
    marks = facts.books.marks()
    for each in facts.told.participations:
        if marks[each.customer][0] != each.reason:
            found.append(f"{each.origin}: wrote {marks[each.customer][0]!r}, not {each.reason!r}")
    return found


def executions(facts: Facts) -> list[str]:
    """Each trigger began one execution, and each took its steps once."""
    codes = facts.books.codes()
    good = [each for each in facts.told.participations if each.rating >= _GOOD]
    bad = [each for each in facts.told.participations if each.rating < _GOOD]
    big = [
        facts.told.orders[code][0] for code in facts.told.single_orders if Decimal(facts.told.orders[code][2]) > _BIG
    ]
    expected = {
        "answer": [(each.customer, "breathe satisfied thank") for each in good]
        + [(each.customer, "breathe satisfied care") for each in bad],
        "order": [(customer, "reward mark") for customer in big],
        "welcome": [(code, "pause greet mark") for code in facts.told.welcomed],
    }
    found = []
    for scenario, wanted in expected.items():
        listed = facts.books.executions(scenario)
        for each in listed:
            if each.state != scenario_pb2.EXECUTION_STATE_COMPLETED:
                found.append(f"{each.name}: {scenario_pb2.ExecutionState.Name(each.state)} {each.step} {each.error}")
        taken = [
            (codes.get(each.profile.rpartition("/")[2], ""), " ".join(step.step for step in each.steps))
            for each in listed
        ]
        found += [f"{scenario}: {fault}" for fault in _differences(taken, wanted)]
    names = {each.name for each in facts.books.executions("welcome")}
    return found + [f"{code}: told of {name}" for code, name in facts.told.welcomed.items() if name not in names]


def effects(facts: Facts) -> list[str]:
    """Each step took effect once: a message for each step that sends, the segment where a step marks."""
    messages = facts.books.messages()
    told = facts.told
    big = [told.orders[code][0] for code in told.single_orders if Decimal(told.orders[code][2]) > _BIG]
    expected = {
        ANSWERED: Counter(each.customer for each in told.participations if each.rating >= _GOOD),
        REWARDED: Counter(big),
        WELCOMED: Counter(list(told.welcomed)),
    }
    found = []
    for campaign, wanted in expected.items():
        made = [code for (name, code), states in messages.items() if name == campaign for _ in range(states.total())]
        found += [f"messages of {campaign}: {fault}" for fault in _differences(made, wanted.elements())]
    marks = facts.books.marks()
    vips = {*big, *told.welcomed, *(each.customer for each in told.participations if each.rating < _GOOD)}
    marked = {code for code, (_, is_vip) in marks.items() if is_vip}
    return found + [f"the segment of {code} is wrong" for code in sorted(vips ^ marked)]


INVARIANTS: list[Callable[[Facts], list[str]]] = [
    answers,
    calm,
    logs,
    customers,
    orders,
    imports,
    audience,
    unknown,
    mails,
    participations,
    executions,
    effects,
]


def _differences(stored: Iterable[Any], told: Iterable[Any]) -> list[str]:
    """What is there without having been told of, or once too often, and what was told of and is not there."""
    there, wanted = Counter(stored), Counter(told)
    return [f"{count} too many: {each}" for each, count in (there - wanted).items()] + [
        f"{count} missing: {each}" for each, count in (wanted - there).items()
    ]
