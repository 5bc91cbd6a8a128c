"""Reads the messages that the local mail server keeps, as a mail program would."""

import email.policy
import html
import pathlib
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Mail:
    """A message that was sent."""

    recipient: str
    subject: str
    # Where one click unsubscribes.
    unsubscribe: str
    text: str
    html: str

    def link(self, kind: str) -> str:
        """The address of the first link of a kind: `w` for the web version, `c` for a tracked click."""
        addresses = re.findall(r'(?:href|src)="([^"]*)"', self.html)
        return next(html.unescape(address) for address in addresses if f"/m/{kind}/" in address)

    @property
    def orders(self) -> list[str]:
        """The codes of the orders that it lists."""
        return re.findall(r"<li>(?:Order|Commande) (\d+) ", self.html)


def read_all(folder: pathlib.Path) -> list[Mail]:
    """All messages, in the order of their acceptance."""
    return [_read(file) for file in sorted(folder.glob("*.eml"))]


def _read(file: pathlib.Path) -> Mail:
    with open(file, "rb") as source:
        message = email.message_from_binary_file(source, policy=email.policy.default)
    return Mail(
        recipient=str(message["X-Envelope-To"]).strip("<>"),
        subject=str(message["Subject"]),
        unsubscribe=str(message["List-Unsubscribe"]).strip("<>"),
        text=message.get_body(("plain",)).get_content(),
        html=message.get_body(("html",)).get_content(),
    )
