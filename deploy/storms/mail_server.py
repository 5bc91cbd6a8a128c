"""A mail server with moods: it takes, defers, refuses and breaks off, and keeps count of what it took."""

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Literal

from aiosmtpd.smtp import SMTP, Envelope, Session

from .chance import Chance
from .database import Database, DatabaseAway
from .events import Events
from .loop import Loop

# What it does about an address. Where it does not take or refuse, it does so at the first attempt alone.
Mood = Literal[
    "take",
    "defer the recipient",
    "defer the message",
    "refuse the recipient",
    "refuse the message",
    "break off before the dot",
    "break off behind the dot, taken",
    "break off behind the dot, not taken",
]
_MOODS: dict[Mood, int] = {
    "take": 74,
    "defer the recipient": 5,
    "defer the message": 5,
    "refuse the recipient": 4,
    "refuse the message": 3,
    "break off before the dot": 4,
    "break off behind the dot, taken": 3,
    "break off behind the dot, not taken": 2,
}

# A kill that a sender of mail feels, and how long it may be felt: the database recovers from some for a minute.
SENDER_KILLED = "kills of senders"
_SECONDS = 120

# States of messages.
_HANDING, _UNKNOWN = "3", "6"


@dataclass(frozen=True)
class Mail:
    """A message that the server took."""

    campaign: str
    address: str
    message_id: str


class MailServer:
    """Listens on a port of its own. It removes no duplicates: that would hide a message which was sent twice."""

    def __init__(self, loop: Loop, chance: Chance, events: Events) -> None:
        self._loop = loop
        self._chance = chance
        self._events = events
        self._lock = threading.Lock()
        self._taken: list[Mail] = []
        self._unanswered = 0
        self._greeted = 0
        self._attempts: Counter[str] = Counter()
        self._pool = ThreadPoolExecutor(8, "the mail server's questions")
        self._database: Database | None = None
        self._states = ""
        self._server = loop.run(self._listen())

    async def _listen(self) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            lambda: SMTP(self, hostname="storm.localhost", enable_SMTPUTF8=True, decode_data=False, timeout=300),
            "127.0.0.1",
            0,
        )

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def look_into(self, database: Database, states: str) -> None:
        """From now on it looks there, before it answers a final dot, whether the message is being handed over.

        `states` is the question, with places for `campaign` and `address`.
        """
        self._database, self._states = database, states

    @property
    def taken(self) -> list[Mail]:
        """All that it took."""
        with self._lock:
            return list(self._taken)

    @property
    def unanswered(self) -> int:
        """The final dots that it did not answer."""
        with self._lock:
            return self._unanswered

    def mood(self, address: str) -> Mood:
        """What it does about an address: a pure function of the seed."""
        return self._chance.of("mail", address).choices(list(_MOODS), list(_MOODS.values()))[0]

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Answers EHLO: every other connection may send commands together, and so the next message behind a dot."""
        session.host_name = hostname
        self._greeted += 1
        return responses if self._greeted % 2 else [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answers RCPT TO."""
        mood = self.mood(address)
        if mood == "refuse the recipient":
            self._events.note("mail: recipients refused")
            # Not 5.1.1, which would quarantine the address.
            return "550 5.7.1 not you"
        if mood in ("defer the recipient", "break off before the dot"):
            self._attempts[address] += 1
            if self._attempts[address] == 1:
                self._events.note(f"mail: {mood}")
                if mood == "defer the recipient":
                    return "450 4.2.0 later"
                # What was answered already arrives: that of the message before, where this one came behind its dot.
                server.transport.close()
                return "421 4.3.0 never seen"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Answers the final dot."""
        address = envelope.rcpt_tos[0]
        head = message_from_bytes(bytes(envelope.original_content or b""), policy=policy.default)
        mail = Mail(str(head["Subject"]), address, str(head["Message-ID"]))
        await asyncio.get_running_loop().run_in_executor(self._pool, self._check, mail)
        mood = self.mood(address)
        if mood == "refuse the message":
            self._events.note("mail: messages refused")
            return "554 5.7.1 not that"
        self._attempts[f"{mail.campaign} {address}"] += 1
        is_first = self._attempts[f"{mail.campaign} {address}"] == 1
        if mood == "defer the message" and is_first:
            self._events.note("mail: messages deferred")
            return "451 4.3.0 later"
        if mood.startswith("break off behind the dot") and is_first:
            self._events.note(f"mail: {mood}")
            with self._lock:
                self._unanswered += 1
            if mood == "break off behind the dot, taken":
                self._take(mail)
            server.transport.abort()
            return "250 2.0.0 never heard"
        self._take(mail)
        return "250 2.0.0 taken"

    def _take(self, mail: Mail) -> None:
        with self._lock:
            self._taken.append(mail)
        self._events.note("mail")

    def _check(self, mail: Mail) -> None:
        """A message that a mail server may take was written down as such before."""
        if not self._database:
            return
        try:
            found = self._database.ask(self._states.format(campaign=mail.campaign, address=mail.address))
        except DatabaseAway as error:
            self._events.surprise(f"the mail server could not look at a message: {error}")
            return
        states = [row[0] for row in found]
        self._events.note("final dots looked at")
        # A sender that was killed, or lost its database, since it sent the dot may have been given up by now.
        is_excused = _UNKNOWN in states and self._events.has_happened_within(SENDER_KILLED, _SECONDS)
        if _HANDING not in states and not is_excused:
            self._events.surprise(f"a final dot came for a {mail.campaign} message to {mail.address} in state {states}")

    def stop(self) -> None:
        """Listens no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._loop.loop.call_soon_threadsafe(self._server.close)
