"""What deploy/run does once everything is installed and built: starts, plays the story, waits, stops."""

import argparse
import json
import os
import pathlib
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from story.client import CallFailed
from story.play import play
from story.scene import StoryWentWrong

from .account import unprivileged
from .containers import ContainerSuite
from .errors import SuiteError
from .suite import Suite


class Run:
    """One run, from start to stop."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._is_temporary = options.once and not options.data
        self._suite = _suite(options, self._tell)
        self._figures: dict[str, Any] = {}

    def run(self) -> int:
        """Returns the exit status."""
        _listen_for_signals(self._suite)
        error = None
        status = 0
        try:
            self._suite.start()
            if not self._options.empty:
                self._figures = play(self._suite, self._tell)
            self._report()
            while not self._options.once:
                time.sleep(3600)  # A signal ends it.
        except KeyboardInterrupt:
            status = 130 if self._options.once else 0
        except (SuiteError, StoryWentWrong, CallFailed) as failure:
            error = str(failure)
        troubles = self._stop(is_well=error is None)
        if error:
            troubles.insert(0, error)
        for trouble in troubles:
            print(f"error: {trouble}", file=sys.stderr)
        if self._options.json and not self._options.empty:
            print(json.dumps(self._figures | ({"error": troubles[0]} if troubles else {})), flush=True)
        return 1 if troubles else status

    def _stop(self, *, is_well: bool) -> list[str]:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_IGN if number != signal.SIGCHLD else signal.SIG_DFL)
        if not self._suite.has_begun:
            return []
        self._tell("Stopping ...")
        troubles = self._suite.stop()
        if self._is_temporary:
            if is_well and not troubles:
                self._suite.forget()
            else:
                self._tell(f"The logs and the data are kept in {self._suite.data}.")
        self._tell("Stopped.")
        return troubles

    def _report(self) -> None:
        run = json.loads(self._suite.run_file.read_text(encoding="utf-8"))
        lines = ["", "Rapport is up."]
        if self._figures:
            lines += ["", "The story's figures"]
            lines += [f"  {name:<22} {_figure(value)}" for name, value in self._figures.items()]
        lines += ["", "Addresses"]
        lines += [f"  API (gRPC)             {run['grpc']}", f"  public pages           {run['http']}"]
        lines += [
            f"  mail server            {run['smtp']}" + (f", keeps messages in {run['mail']}" if run["mail"] else "")
        ]
        lines += ["", "Keys"]
        lines += [f"  {name:<22} {key}" for name, key in run["keys"].items()]
        lines += ["", self._suite.whereabouts]
        if not self._options.once:
            # `rapport` finds the default data folder by itself.
            where = f"RAPPORT_RUN={self._suite.run_file} " if self._options.data or self._options.containers else ""
            lines += [f"From another terminal: {where}{self._suite.command_line} entities list", "", "Ctrl-C stops it."]
        self._tell("\n".join(lines))

    def _tell(self, text: str) -> None:
        print(text, file=sys.stderr if self._options.json else sys.stdout, flush=True)


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{number} {name}" for name, number in value.items())
    return str(value)


def _listen_for_signals(suite: Suite) -> None:
    """Ctrl-C and SIGTERM end the run in order; so does the death of any process of the suite, wherever the run is."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def check(_number: int, _frame: FrameType | None) -> None:
        suite.check()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGCHLD, check)


def _suite(options: argparse.Namespace, tell: Callable[[str], None]) -> Suite:
    common = {
        "smtp": options.smtp,
        "wanted_ports": {"gateway.rpc": options.grpc, "gateway.http": options.http},
        "progress": tell,
    }
    data = _data_folder(options)
    if options.containers:
        return ContainerSuite(data, options.binaries, environment=dict(os.environ), **common)
    account = unprivileged()
    # Of the mail server there is more to say than its address: RAPPORT_SMTP_TLS, RAPPORT_SMTP_CONNECTIONS.
    settings = {name: value for name, value in os.environ.items() if name.startswith("RAPPORT_SMTP_")}
    return Suite(
        data, options.binaries, postgresql_account=account, services_account=account, settings=settings, **common
    )


def _data_folder(options: argparse.Namespace) -> pathlib.Path:
    if options.data:
        folder = options.data.absolute()
        if options.once and folder.is_dir() and any(folder.iterdir()):
            raise SuiteError(f"--once needs fresh data, and {folder} is not empty: name another folder, or none.")
        return pathlib.Path(folder)
    if options.once:
        return pathlib.Path(tempfile.mkdtemp(prefix="rapport-"))
    name = "rapport-containers" if options.containers else "rapport"
    if os.getuid() == 0:
        return pathlib.Path("/var/lib") / name
    return pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share") / name


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host:
        raise argparse.ArgumentTypeError("write a host and a port, such as mail.example.com:25")
    _port(port)
    return text


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65_536:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return int(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy/run", allow_abbrev=False)
    parser.add_argument("--binaries", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--smtp", type=_address, metavar="HOST:PORT")
    parser.add_argument("--grpc", type=_port, metavar="PORT")
    parser.add_argument("--http", type=_port, metavar="PORT")
    for flag in ("--containers", "--empty", "--once", "--json"):
        parser.add_argument(flag, action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(Run(_options()).run())
    except SuiteError as failure:
        sys.exit(f"error: {failure}")
