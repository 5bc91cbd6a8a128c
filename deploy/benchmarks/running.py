"""The story's suite for measuring, durable and on a fresh data folder, and SQL in its database."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from rapport.access.v1 import access_pb2, access_pb2_grpc
from story.client import CallFailed, Rapport
from story.play import play
from story.scene import StoryWentWrong
from supervisor.account import unprivileged
from supervisor.errors import SuiteError
from supervisor.postgresql import ADMINISTRATOR
from supervisor.suite import Suite

from .harness import CannotMeasure


@contextmanager
def story_suite(
    binaries: pathlib.Path, until: str, smtp: str | None = None, settings: dict[str, str] | None = None
) -> Iterator[Suite]:
    """Starts a suite, plays the story up to the step named `until`, and stops it with its data at the end.

    `smtp`: the mail server that it hands over to, instead of one of its own. `settings`: as the suite has them.
    """
    suite = Suite(
        # Not below the caller's folder: the services' account may not enter that.
        pathlib.Path(tempfile.mkdtemp(prefix="rapport-bench-")),
        binaries,
        postgresql_account=unprivileged(),
        services_account=unprivileged(),
        smtp=smtp,
        settings=settings,
    )
    try:
        suite.start()
        play(suite, lambda text: print(text, file=sys.stderr), until)
        yield suite
    except (SuiteError, StoryWentWrong, CallFailed) as failure:
        raise CannotMeasure(str(failure)) from failure
    finally:
        suite.stop()
        shutil.rmtree(suite.data)


def rapport(suite: Suite) -> Rapport:
    """The command line with the key of the story's entity b2c."""
    return Rapport(suite.command_line, suite.addresses["gateway.rpc"], suite.key_file("b2c"))


def token(suite: Suite, key: str) -> str:
    """What a call says of its caller: the access token of a key of the story's."""
    secret = suite.key_file(key).read_text(encoding="utf-8").strip()
    with grpc.insecure_channel(suite.addresses["gateway.rpc"]) as channel:
        stub = access_pb2_grpc.AccessServiceStub(channel)
        return f"Bearer {stub.ExchangeKey(access_pb2.ExchangeKeyRequest(secret=secret), timeout=60).access_token}"


def sql(suite: Suite, script: str) -> str:
    """What psql prints for `script`, run by the database's administrator. Stops at the first error."""
    assert suite.postgresql
    words = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]
    words += ["-h", str(suite.postgresql.socket_folder), "-U", ADMINISTRATOR, "rapport"]
    password = suite.postgresql.password_file.read_text().strip()
    done = subprocess.run(
        words,
        input=script,
        env={"PATH": "/usr/bin:/bin", "PGPASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CannotMeasure(f"psql: {done.stderr.strip()}")
    return done.stdout.strip()
