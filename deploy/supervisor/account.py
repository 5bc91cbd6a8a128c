"""Who runs the processes: PostgreSQL refuses to run as root, and services should not."""

import os
import pathlib
import pwd
import signal
from dataclasses import dataclass

NAME = "rapport"


@dataclass(frozen=True)
class Account:
    """A user of this machine, with what is needed to run a program as them."""

    uid: int
    gid: int
    is_caller: bool

    def command(self, argv: list[str], when_orphaned: signal.Signals) -> list[str]:
        """`argv` as this account. It gets `when_orphaned` should its parent die: no process outlives its supervisor."""
        prefix = ["setpriv", "--pdeathsig", when_orphaned.name.removeprefix("SIG")]
        if not self.is_caller:
            prefix += [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups", "--no-new-privs"]
            prefix += ["--inh-caps=-all"]
        return [*prefix, "--", *argv]

    def own(self, path: pathlib.Path) -> None:
        """Makes this account the owner of `path`."""
        if not self.is_caller:
            os.chown(path, self.uid, self.gid)

    def folder(self, path: pathlib.Path) -> pathlib.Path:
        """Makes the folder `path`, which this account alone may enter."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.own(path)
        return path

    def write(self, path: pathlib.Path, text: str) -> None:
        """Writes `path` at once or not at all, readable by this account alone."""
        part = path.with_name(path.name + ".part")
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        self.own(part)
        part.rename(path)


def caller() -> Account:
    """The account that runs this program."""
    return Account(os.getuid(), os.getgid(), is_caller=True)


def unprivileged() -> Account:
    """The caller, or, where that is root, the system user `rapport`, which deploy/lib.sh makes."""
    if os.getuid() != 0:
        return caller()
    entry = pwd.getpwnam(NAME)
    return Account(entry.pw_uid, entry.pw_gid, is_caller=False)
