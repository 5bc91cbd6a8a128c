"""A service hangs instead of dying: callers are told in time, others work on, and another copy takes over."""

import concurrent.futures
import time

import grpc
import pytest
from imports import COLUMNS, csv_file
from rapport.messaging.v1 import messaging_service_pb2
from rapport.tables.v1 import table_service_pb2, table_service_pb2_grpc
from story import data

from .faulty import KEEPALIVE_SECONDS, eventually
from .shop import again, mailable, refusal

# After which a call is told, whatever its own deadline is: silence, an unanswered ping, and another try to connect.
TOLD = 3 * KEEPALIVE_SECONDS + 6


@pytest.mark.timeout(200)
def test_callers_of_a_hanging_service_are_told_in_time_and_others_work_on(faulty, shop):
    shop.take_customers(mailable(5))
    tables = table_service_pb2_grpc.TableServiceStub(shop.channel)
    calls = {
        "profiles": lambda timeout: shop.get(1, timeout),
        "datatables": lambda timeout: tables.ListCustomTables(
            table_service_pb2.ListCustomTablesRequest(parent=shop.entity), timeout=timeout
        ),
        "messaging": lambda timeout: shop.messaging.ListSenders(
            messaging_service_pb2.ListSendersRequest(parent=shop.entity), timeout=timeout
        ),
    }
    for name, call in calls.items():
        with faulty.hanging(name):
            code, text, seconds = refusal(lambda call=call: call(timeout=0.7))
            assert (code, seconds < 1.5) == (grpc.StatusCode.DEADLINE_EXCEEDED, True), text
            for other, its_call in calls.items():
                if other != name:
                    its_call(timeout=2)
            said = (503, f"The service {name} does not answer.")
            eventually(
                lambda said=said: faulty.readiness("gateway") == said, "the gateway does not say that a service hangs"
            )
        assert again(lambda call=call: call(timeout=2), seconds=10)

    with faulty.hanging(*calls), concurrent.futures.ThreadPoolExecutor() as pool:
        told = [pool.submit(refusal, lambda call=call: call(timeout=60)) for call in calls.values()]
        for name, future in zip(calls, told, strict=True):
            code, text, seconds = future.result()
            assert code == grpc.StatusCode.UNAVAILABLE
            assert text.startswith(f"The service {name} does not answer any more, and may have done what was asked.")
            assert seconds < TOLD
    for call in calls.values():
        assert again(lambda call=call: call(timeout=2), seconds=10)
    eventually(lambda: faulty.readiness("gateway")[0] == 200, "the gateway does not become ready again")


@pytest.mark.timeout(200)
def test_a_second_copy_takes_over_from_one_that_hangs(faulty, shop):
    readers = mailable(150)
    shop.take_customers(readers)
    with faulty.seconds({"profiles": None, "messaging": None}):
        news = shop.launch("news", rate=40)
        eventually(lambda: shop.report(news).sent > 10, "nothing leaves")
        with faulty.hanging("profiles", "messaging"):
            # Whoever hung held the lease of the log, and messages that it had claimed.
            again(lambda: shop.import_once(csv_file(COLUMNS, map(data.customer_row, range(100_001, 100_101)))))
            eventually(lambda: not faulty.number("SELECT count(*) FROM profiles.log_outbox"), "nobody numbers the log")
            shop.check_sent_once(news, readers, breaks=1)
        time.sleep(1)  # In which the copy that is back would do what it had meant to.
        shop.check_sent_once(news, readers, breaks=1)
        _check_log(faulty)
    assert set(shop.codes().values()) == {1}


def _check_log(faulty) -> None:
    """Each partition is numbered without gap or double."""
    holes = "SELECT count(*) FROM (SELECT partition FROM profiles.log_events GROUP BY partition"
    assert not faulty.number(f"{holes} HAVING max(position) - min(position) + 1 <> count(*)) AS hole")
