"""A mail server that is away, silent, or takes nobody's mail, as it is told."""

import asyncio
from collections import Counter
from email import message_from_bytes, policy
from typing import Literal

from aiosmtpd.smtp import SMTP, Envelope, Session
from storms.loop import Loop
from supervisor.ports import LOOPBACK

Mood = Literal["takes", "is silent", "defers everyone", "refuses everyone", "refuses the sender", "refuses us"]


class MailServer:
    """Listens at one address, whatever becomes of it."""

    def __init__(self) -> None:
        self.mood: Mood = "takes"
        self.taken: Counter[tuple[str, str]] = Counter()
        self._dates: list[tuple[str, str]] = []
        self._loop = Loop()
        self._open: set[asyncio.BaseTransport] = set()
        self._port = 0
        self._server: asyncio.Server | None = None
        self.come_back()

    @property
    def address(self) -> str:
        """Where it listens, or would."""
        return f"{LOOPBACK}:{self._port}"

    def taken_of(self, subject: str) -> Counter[str]:
        """How often it took a message of this subject, by recipient."""
        return Counter({to: count for (about, to), count in dict(self.taken).items() if about == subject})

    def dates(self, subject: str) -> list[str]:
        """The dates of messages of this subject."""
        return [date for about, date in list(self._dates) if about == subject]

    def go_away(self) -> None:
        """Breaks all connections, and refuses new ones."""
        self._loop.run(self._go_away())

    def come_back(self, mood: Mood = "takes") -> None:
        """Listens, in this mood; what was connected before is not any more."""
        self.mood = mood
        self._loop.run(self._come_back())

    def stop(self) -> None:
        """Ends it."""
        self.go_away()
        self._loop.stop()

    async def _go_away(self) -> None:
        if self._server:
            self._server.close()
        for transport in list(self._open):
            transport.abort()
        self._open.clear()

    async def _come_back(self) -> None:
        await self._go_away()
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol, LOOPBACK, self._port, reuse_address=True
        )
        self._port = self._server.sockets[0].getsockname()[1]

    def _protocol(self) -> asyncio.Protocol:
        if self.mood == "is silent":
            return _Silent(self._open)
        return _Speaking(self._open, self, hostname="mail.localhost", decode_data=False, timeout=300)

    # What it answers.

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Answers EHLO."""
        session.host_name = hostname
        return ["554 5.7.1 you are on a list"] if self.mood == "refuses us" else responses

    async def handle_HELO(self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str) -> str:
        """Answers HELO."""
        session.host_name = hostname
        return "554 5.7.1 you are on a list" if self.mood == "refuses us" else "250 mail.localhost"

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answers MAIL FROM."""
        if self.mood == "refuses the sender":
            return "553 5.7.1 not your address"
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answers RCPT TO."""
        if self.mood == "refuses everyone":
            return f"554 5.7.1 <{address}>: relay access denied"
        if self.mood == "defers everyone":
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Answers the final dot."""
        head = message_from_bytes(bytes(envelope.original_content or b""), policy=policy.default)
        self.taken[str(head["Subject"]), envelope.rcpt_tos[0]] += 1
        self._dates.append((str(head["Subject"]), str(head["Date"])))
        return "250 2.0.0 taken"


class _Silent(asyncio.Protocol):
    """Accepts a connection, and says nothing."""

    def __init__(self, opened: set[asyncio.BaseTransport]) -> None:
        self._opened = opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._opened.add(transport)


class _Speaking(SMTP):
    def __init__(self, opened: set[asyncio.BaseTransport], *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self._opened = opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._opened.add(transport)
        super().connection_made(transport)
