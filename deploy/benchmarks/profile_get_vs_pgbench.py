"""Profiles got by a unique key through the gateway: the services, all of them, on one core, PostgreSQL on the other.

The peer is pgbench with the service's statement, which has no gateway, no rights and no messages between: as many
clients, prepared, for random keys of the same profiles. PostgreSQL has its core in both; pgbench has the core of the
services, which are idle then, so that nothing but PostgreSQL itself holds it up. Our load has no core of its own: it
shares PostgreSQL's.
"""

import os
import pathlib
import random
import re

import grpc
from rapport.profiles.v1 import profile_pb2, profile_service_pb2, profile_service_pb2_grpc
from story import data
from supervisor.postgresql import ADMINISTRATOR
from supervisor.suite import Suite

from .harness import CannotMeasure, Row, alternate
from .load import Load
from .physical import Physical
from .pinned import LOAD_CORE, SERVER_CORE, on, output, pin, require_two_cores, with_children
from .running import sql, story_suite, token

_CONNECTIONS, _STREAMS = 8, 8
_CLIENTS = _CONNECTIONS * _STREAMS
# Of each of pgbench's clients: counted, not timed, because its clock runs while they are still being let in.
_TRANSACTIONS = "1000"
_TABLE = "entities/b2c/profileTables/customers"
# The customers whose codes are numbers as pgbench writes them, without zeros before.
_CODES = range(10_000, 23_571)
# As many of them as are got, in turn; pgbench gets any of them.
_GOT = 2_000
_PGBENCH = "/usr/lib/postgresql/15/bin/pgbench"


def measure(folder: pathlib.Path, binaries: pathlib.Path) -> Row:
    """Pins the suite once the customers are in."""
    require_two_cores()
    with story_suite(binaries, until="customers-import") as suite:
        # What the autovacuum would do a little later, in the middle of the rounds.
        sql(suite, "VACUUM ANALYZE")
        _pin(suite)
        bearer = token(suite, "b2c")
        load = Load(
            folder,
            "/rapport.profiles.v1.ProfileService/GetProfile",
            _exchanges(suite, bearer),
            connections=_CONNECTIONS,
            streams=_STREAMS,
            metadata=[("authorization", bearer)],
        )
        port = suite.addresses["gateway.rpc"].rpartition(":")[2]
        peer = _Peer(folder, suite)
        return alternate("profile-get-vs-pgbench", "calls/s", lambda: load.run(port).calls_per_second, peer.rate)


def _pin(suite: Suite) -> None:
    assert suite.postgresql
    for name, process in suite.processes().items():
        if process.pid is not None:
            core = LOAD_CORE if name == "postgresql" else SERVER_CORE
            pin(core, *with_children(process.pid))


def _exchanges(suite: Suite, bearer: str) -> list[tuple[bytes, bytes]]:
    """Gets and their answers, each held against what was imported."""
    codes = random.Random(1).sample(_CODES, _GOT)
    requests = [profile_service_pb2.GetProfileRequest(name=f"{_TABLE}/profiles/customerCode={code}") for code in codes]
    try:
        with grpc.insecure_channel(suite.addresses["gateway.rpc"]) as channel:
            get = profile_service_pb2_grpc.ProfileServiceStub(channel).GetProfile
            calls = [get.future(request, metadata=[("authorization", bearer)], timeout=60) for request in requests]
            answers = [call.result() for call in calls]
    except grpc.RpcError as failure:
        raise CannotMeasure(f"{failure.code().name}: {failure.details()}") from failure
    for answer, code in zip(answers, codes, strict=True):
        _check(answer, code)
    return [
        (request.SerializeToString(), answer.SerializeToString())
        for request, answer in zip(requests, answers, strict=True)
    ]


def _check(answer: profile_pb2.Profile, code: int) -> None:
    row = data.customer_row(code)
    texts = ["customerCode", "firstName", "lastName", "motherLanguage", "preferredStore"]
    texts += ["emailAddress"] if row["emailAddress"] else []
    if wrong := [field for field in texts if answer.fields[field].string_value != row[field]]:
        raise CannotMeasure(f"customer {code} has a wrong {wrong[0]}")


class _Peer:
    def __init__(self, folder: pathlib.Path, suite: Suite) -> None:
        assert suite.postgresql
        customers = Physical.of_profiles(suite, "customers")
        key = customers.columns["customerCode"]
        count = sql(suite, f"SELECT count(*) FROM {customers.table} WHERE {key} ~ '^[1-9][0-9]{{4}}$'")
        if int(count) != len(_CODES):
            raise CannotMeasure(f"there are {count} customers of those codes, not {len(_CODES)}")
        self._script = folder / "get.sql"
        self._script.write_text(
            f"\\set code random({_CODES[0]}, {_CODES[-1]})\n"
            f"SELECT {', '.join(customers.all_columns(suite))} FROM {customers.table} WHERE {key} = :code;\n",
            encoding="utf-8",
        )
        self._words = [_PGBENCH, "--no-vacuum", "--protocol=prepared", f"--file={self._script}"]
        self._words += [f"--client={_CLIENTS}", "--jobs=1", f"--transactions={_TRANSACTIONS}"]
        self._words += ["-h", str(suite.postgresql.socket_folder), "-U", ADMINISTRATOR, "rapport"]
        self._password = suite.postgresql.password_file.read_text(encoding="utf-8").strip()

    def rate(self) -> float:
        """The statements in a second."""
        said = output(*on(SERVER_CORE, *self._words), environment=os.environ | {"PGPASSWORD": self._password})
        rate = re.search(r"^tps = ([0-9.]+) \(without initial connection time\)$", said, re.MULTILINE)
        if not rate or "number of failed transactions: 0 " not in said:
            raise CannotMeasure(f"pgbench: {said}")
        return float(rate[1])
