"""The story's targeting counted by a call through the gateway, which also counts each of its criteria.

The peer is one prepared SQL statement over the same physical tables, for the one count. Both on a warm connection; a
round's figure is the median of its calls.
"""

import pathlib
import re
import statistics
import time
from collections.abc import Callable

import grpc
from rapport.targeting.v1 import targeting_service_pb2, targeting_service_pb2_grpc
from story import data
from story.names import LAPSED_READERS
from supervisor.suite import Suite

from .harness import CannotMeasure, Row, alternate
from .physical import Physical
from .running import sql, story_suite, token

_WARM_UP_CALLS = 3
_CALLS = 20


def measure(folder: pathlib.Path, binaries: pathlib.Path) -> Row:
    """Counts on the story's data as they are once PostgreSQL has settled."""
    expected = len(data.lapsed_readers(data.SOURCE))
    with story_suite(binaries, until="targeting") as suite:
        # What the autovacuum would do a little later, in the middle of the rounds.
        sql(suite, "VACUUM ANALYZE")
        script = _script(suite)
        try:
            with grpc.insecure_channel(suite.addresses["gateway.rpc"]) as channel:
                count = _counter(channel, token(suite, "b2c"))
                return alternate(
                    "targeting-vs-sql", "s", lambda: _ours(count, expected), lambda: _peer(suite, script, expected)
                )
        except grpc.RpcError as failure:
            raise CannotMeasure(f"{failure.code().name}: {failure.details()}") from failure


def _counter(channel: grpc.Channel, bearer: str) -> Callable[[], int]:
    """The call that counts."""
    stub = targeting_service_pb2_grpc.TargetingServiceStub(channel)
    request = targeting_service_pb2.CountTargetingRequest(parent="entities/b2c", name=LAPSED_READERS)
    return lambda: int(stub.CountTargeting(request, metadata=[("authorization", bearer)], timeout=60).count)


def _ours(count: Callable[[], int], expected: int) -> float:
    seconds = []
    for _ in range(_WARM_UP_CALLS + _CALLS):
        began = time.perf_counter()
        found = count()
        seconds.append(time.perf_counter() - began)
        if found != expected:
            raise CannotMeasure(f"CountTargeting counted {found}, not {expected}")
    return statistics.median(seconds[_WARM_UP_CALLS:])


def _script(suite: Suite) -> str:
    """One connection's: psql tells how long it waited for each answer."""
    customers = Physical.of_profiles(suite, "customers")
    orders = Physical.of_rows(suite, "orders")
    customer, order = customers.columns, orders.columns
    return f"""
        PREPARE lapsed_readers AS
        SELECT count(*)
        FROM (
          SELECT profile
          FROM {orders.table} AS orders
          JOIN {customers.table} AS customer ON customer.id = orders.profile
          WHERE customer.{customer["newsletter"]} AND customer.{customer["motherLanguage"]} IN ('fr', 'en')
          GROUP BY profile
          HAVING count(*) >= 2
            AND max(orders.{order["time"]}) < timestamp '1998-01-01' AT TIME ZONE '{data.ZONE.key}'
            AND sum(orders.{order["amount"]}) > 100
        ) AS found;
        {"EXECUTE lapsed_readers;" * _WARM_UP_CALLS}
        \\timing on
        {"EXECUTE lapsed_readers;" * _CALLS}
        """


def _peer(suite: Suite, script: str, expected: int) -> float:
    lines = sql(suite, script).splitlines()
    times = [float(match[1]) for line in lines if (match := re.match(r"Time: ([0-9.]+) ms", line))]
    counts = [line for line in lines if not line.startswith("Time:")]
    if counts != [str(expected)] * (_WARM_UP_CALLS + _CALLS) or len(times) != _CALLS:
        raise CannotMeasure(f"the SQL counted {set(counts)}, not {expected}")
    return statistics.median(times) / 1000
