"""Any process may be killed at any moment: nothing is lost, and nothing is done twice."""

import random
import time
from collections import Counter

import grpc
import pytest
from imports import COLUMNS, csv_file, export, import_file, latest_import, make_customers, refused_lines, stored_as_sent
from rapport.options.v1 import options_pb2
from rapport.type.v1 import import_pb2
from story import data
from supervisor.process import Process

CHUNK = 16_384


def latest_once_reachable(channel, table):
    """The latest import, asked for again for some seconds until the gateway has found the service that is back."""
    for _ in range(100):
        try:
            return latest_import(channel, table)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(0.1)
    return latest_import(channel, table)


@pytest.mark.timeout(600)
def test_an_import_that_a_kill_of_profiles_broke_off_goes_on_where_it_stopped(own_suite):
    entity, channel = own_suite.entity(options_pb2.RIGHT_WRITE, options_pb2.RIGHT_EXPORT)
    table = make_customers(channel, entity)
    rows = list(data.customer_rows(data.SOURCE))
    broken = data.customer_row(99_998) | {"birthDate": "1975-02-30"}
    file = csv_file(COLUMNS, [*rows[:12_000], broken, *rows[12_000:]])
    moments = random.Random(20_240_229)
    settled = 0

    for _ in range(4):
        resume = latest_import(channel, table)
        left = (len(file) - (resume.progress.settled_bytes if resume else 0)) // CHUNK
        victim = moments.randrange(max(1, left // 2))  # Before the end: enough is left for the next kill.
        profiles = own_suite.suite.services["profiles"]

        def kill(number: int, victim: int = victim, profiles: Process = profiles) -> None:
            if number == victim:
                profiles.kill()

        with pytest.raises(grpc.RpcError) as broken_off:
            import_file(channel, table, file, resume=resume, chunk=CHUNK, on_chunk=kill)
        assert broken_off.value.code() == grpc.StatusCode.UNAVAILABLE
        own_suite.suite.start_service("profiles")
        own_suite.suite.wait_until_ready("profiles")
        progress = latest_once_reachable(channel, table)
        assert not progress or progress.progress.settled_bytes >= settled, "what was settled stays so"
        settled = progress.progress.settled_bytes if progress else 0

    done = import_file(channel, table, file, resume=latest_import(channel, table), chunk=CHUNK)

    assert done.progress.state == import_pb2.IMPORT_STATE_SUCCEEDED
    assert (done.progress.created, done.progress.updated, done.progress.refused_lines) == (len(rows), 0, 1)
    assert [(line.line, line.column) for line in refused_lines(channel, done)] == [(12_002, "birthDate")]
    found = sorted(export(channel, table, COLUMNS), key=lambda row: row["customerCode"])
    assert Counter(row["id"] for row in found).most_common(1)[0][1] == 1
    assert [{name: row[name] for name in COLUMNS} for row in found] == [stored_as_sent(row) for row in rows]
