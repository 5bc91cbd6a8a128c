"""Opens the links of messages as a recipient's browser or mail program does."""

import html
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

# A person's browser: programs are counted apart.
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_SECONDS = 30


@dataclass(frozen=True)
class Page:
    """What a link answered."""

    status: int
    # Where it leads, if it leads on.
    location: str
    text: str


class _Stay(urllib.request.HTTPRedirectHandler):
    """Does not follow: where a link leads is not there."""

    def redirect_request(self, *_: Any) -> None:
        return None


def get(url: str) -> Page:
    """Opens a link."""
    return _ask(urllib.request.Request(url, headers={"User-Agent": _BROWSER}))


def post(url: str, body: str) -> Page:
    """Sends a form to a link."""
    return _ask(urllib.request.Request(url, body.encode(), {"User-Agent": _BROWSER}, method="POST"))


def _ask(request: urllib.request.Request) -> Page:
    try:
        answer = urllib.request.build_opener(_Stay()).open(request, timeout=_SECONDS)
    except urllib.error.HTTPError as other:
        answer = other
    with answer:
        text = html.unescape(answer.read().decode("utf-8", "replace"))
        return Page(answer.status, answer.headers.get("Location", ""), text)
