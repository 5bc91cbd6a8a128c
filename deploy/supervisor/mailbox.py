"""A mail server that keeps every message as a file and delivers none.

`python -m supervisor.mailbox HOST:PORT FOLDER` writes each accepted message to FOLDER/new/<number>-<random>.eml, in the
order of acceptance: first the envelope, as headers `X-Envelope-From` and (one for each recipient) `X-Envelope-To`, then
the message's bytes. It removes no duplicates: that would hide a message which was sent twice.
"""

import asyncio
import itertools
import os
import pathlib
import secrets
import signal
import sys

from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """Keeps the messages that the server accepts."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._new = folder / "new"
        self._part = folder / "part"
        self._new.mkdir(exist_ok=True)
        self._part.mkdir(exist_ok=True)
        kept = [int(path.name.partition("-")[0]) for path in self._new.glob("*.eml")]
        self._numbers = itertools.count(max(kept, default=0) + 1)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Answers 250 once the message is on disk: only then may the sender forget it."""
        name = f"{next(self._numbers):08}-{secrets.token_hex(4)}.eml"
        head = f"X-Envelope-From: <{envelope.mail_from}>\r\n"
        head += "".join(f"X-Envelope-To: <{recipient}>\r\n" for recipient in envelope.rcpt_tos)
        with open(self._part / name, "xb") as file:
            file.write(head.encode("utf-8", "surrogateescape") + bytes(envelope.original_content or b""))
            file.flush()
            os.fsync(file.fileno())
        (self._part / name).rename(self._new / name)
        return f"250 2.0.0 kept as {name}"


async def serve(host: str, port: int, folder: pathlib.Path) -> None:
    """Serves until SIGTERM."""
    mailbox = Mailbox(folder)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(
        lambda: SMTP(
            mailbox, hostname="rapport.localhost", enable_SMTPUTF8=True, decode_data=False, timeout=300, loop=loop
        ),
        host,
        port,
    )
    print(f"mailbox: listening on {host}:{port}", flush=True)
    async with server:
        await stopped.wait()


if __name__ == "__main__":
    address, keep_in = sys.argv[1:]
    at_host, at_port = address.rsplit(":", 1)
    asyncio.run(serve(at_host, int(at_port), pathlib.Path(keep_in)))
