"""Mails of a mass campaign a second, from its launch until Postfix's smtp-sink has taken all.

Each is another: by name, town, the reader's own last orders and links. And each is recorded before it is handed over
and when it was taken, on disk. The peer is smtp-source, Postfix's own generator of load, which sends one message again
and again that it has ready: of the mean size of ours, over as many connections, to the same sink.
"""

import email
import email.policy
import itertools
import json
import pathlib
import re
import statistics
import time

from story import data
from story.names import DEFINITIONS
from supervisor.suite import Suite

from .harness import CannotMeasure, Row, alternate
from .pinned import free_port
from .postfix import Postfix
from .running import rapport, sql, story_suite

# The most that can be configured, to a mail server that takes as many: the more there are, the less each commit costs.
# Unless configured, it is 16.
_CONNECTIONS = 100
# What smtp-source puts before a message's body, which alone has the size that it is told.
_SOURCE_HEADERS = 140
# Of the mails that are looked at, each so many-th is read.
_EACH_READ = 50
_TARGETING = "readers"
_READERS = {"field": {"field": "newsletter", "comparison": {"equals": {"boolValue": True}}}}


def measure(folder: pathlib.Path, binaries: pathlib.Path) -> Row:
    """Sends the story's campaign to all readers of the newsletter in each round."""
    port = free_port()
    settings = {"RAPPORT_SMTP_CONNECTIONS": str(_CONNECTIONS)}
    with story_suite(binaries, until="orders-import", smtp=f"127.0.0.1:{port}", settings=settings) as suite:
        comparison = _Comparison(suite, folder, port)
        size = comparison.mean_size()
        return alternate("send-vs-smtp-source", "mails/s", comparison.ours, lambda: comparison.peer(size))


class _Mail:
    """A message as smtp-sink keeps it: headers of the envelope and a trace of three lines, then what was sent."""

    def __init__(self, dump: bytes) -> None:
        envelope, _, rest = dump.partition(b"\nReceived: ")
        self.recipient = re.findall(rb"^X-Rcpt-Args: <(.*)>$", envelope, re.MULTILINE)[0].decode()
        self.content = rest.split(b"\n", 3)[3]
        # It drops the CR of each line.
        self.size = len(self.content) + self.content.count(b"\n")

    @property
    def _message(self) -> email.message.EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)

    @property
    def subject(self) -> str:
        return str(self._message["Subject"])

    @property
    def orders(self) -> list[str]:
        """The codes of the orders that it lists."""
        html = self._message.get_body(("html",))
        return re.findall(r"<li>(?:Order|Commande) (\d+) ", html.get_content()) if html else []


class _Comparison:
    def __init__(self, suite: Suite, folder: pathlib.Path, port: str) -> None:
        self._suite = suite
        self._rapport = rapport(suite)
        self._postfix = Postfix()
        self._folder = folder
        self._port = port
        self._numbers = itertools.count(1)
        # Whom mail can be sent to, by address.
        self._readers = {
            row["emailAddress"]: row
            for row in data.customer_rows(data.SOURCE)
            if row["newsletter"] == "true" and row["emailAddress"] and row["marketingConsent"] == "true"
        }
        self._rapport.ensure("senders", "create", "entities/b2c", "shop", "--file", str(DEFINITIONS / "shop.json"))
        targeting = {"profileTable": "entities/b2c/profileTables/customers", "criterion": _READERS}
        self._rapport.ensure("targetings", "create", "entities/b2c", _TARGETING, "--file", self._file(targeting))
        # What the autovacuum would do a little later, in the middle of the rounds.
        sql(suite, "VACUUM ANALYZE")

    def ours(self) -> float:
        """Sends a campaign."""
        campaign = self._make_campaign()
        with self._postfix.sink(self._port, self._folder) as sink:
            began = time.perf_counter()
            self._rapport("campaigns", "launch", campaign, "--request-id", campaign)
            sink.wait_for(len(self._readers))
            seconds = time.perf_counter() - began
            self._check_report(campaign)
        return len(self._readers) / seconds

    def peer(self, size: int) -> float:
        """Sends as many messages."""
        count = len(self._readers)
        with self._postfix.sink(self._port, self._folder) as sink:
            began = time.perf_counter()
            self._postfix.send(self._port, size=size - _SOURCE_HEADERS, count=count, connections=_CONNECTIONS)
            sink.wait_for(count)
            seconds = time.perf_counter() - began
        return count / seconds

    def mean_size(self) -> int:
        """Sends a campaign before the rounds, and looks at every mail: each reader got one, and no two are alike."""
        campaign = self._make_campaign()
        dumps = self._folder / "mails"
        dumps.mkdir()
        dumps.chmod(0o777)  # smtp-sink writes as nobody.
        self._folder.chmod(0o711)
        with self._postfix.sink(self._port, self._folder, dumps) as sink:
            self._rapport("campaigns", "launch", campaign, "--request-id", campaign)
            sink.wait_for(len(self._readers))
            self._check_report(campaign)
        mails = [_Mail(file.read_bytes()) for file in dumps.iterdir()]
        self._check(mails)
        return round(statistics.mean(mail.size for mail in mails))

    def _check(self, mails: list["_Mail"]) -> None:
        recipients = sorted(mail.recipient for mail in mails)
        if recipients != sorted(self._readers):
            raise CannotMeasure("not each reader got one mail")
        if len({mail.content for mail in mails}) != len(mails):
            raise CannotMeasure("two readers got the same mail")
        codes = {row["customerCode"] for row in self._readers.values()}
        orders = data.latest_orders(data.SOURCE, codes)
        for mail in mails[::_EACH_READ]:
            reader = self._readers[mail.recipient]
            if mail.orders != [str(bought.number) for bought in orders[reader["customerCode"]]]:
                raise CannotMeasure(f"the mail to {mail.recipient} tells of the orders {mail.orders}")
            if not mail.subject.startswith(f"{reader['firstName']}, "):
                raise CannotMeasure(f"the mail to {mail.recipient} greets another: {mail.subject}")

    def _make_campaign(self) -> str:
        """A campaign of its own each time: it mails nobody twice."""
        definition = json.loads((DEFINITIONS / "come-back.json").read_text(encoding="utf-8"))
        name = f"bench{next(self._numbers)}-{time.time_ns()}"
        self._rapport(
            "campaigns",
            "create",
            "entities/b2c",
            name,
            "--file",
            self._file(definition | {"targeting": f"entities/b2c/targetings/{_TARGETING}"}),
        )
        return f"entities/b2c/campaigns/{name}"

    def _check_report(self, campaign: str) -> None:
        report = self._rapport("campaigns", "launch", campaign, "--request-id", campaign, "--wait")
        if int(report["sent"]) != len(self._readers) or int(report.get("unknown", 0)) != 0:
            raise CannotMeasure(f"the campaign's report says {report}")

    def _file(self, definition: object) -> str:
        file = self._folder / "definition.json"
        file.write_text(json.dumps(definition), encoding="utf-8")
        return str(file)
