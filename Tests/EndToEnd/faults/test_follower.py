"""A service that follows another was away for days: it catches up by itself, or makes anew what it cannot catch up."""

import pytest
from rapport.profiles.v1 import profile_service_pb2

from .faulty import eventually
from .orders import Orders
from .shop import mailable

# A log is kept for so long.
KEPT_DAYS = 14


@pytest.mark.timeout(200)
@pytest.mark.parametrize("days", [3, KEPT_DAYS + 1])
def test_a_follower_that_was_away_for_days_catches_up(faulty, shop, days):
    customers = mailable(25)
    shop.take_customers(customers)
    orders = Orders(shop, customers)
    eventually(lambda: not faulty.behind("datatables", "profiles"), "the follower does not follow")
    faulty.end("datatables")
    try:
        for number in customers[:10]:
            shop.profiles.DeleteProfile(profile_service_pb2.DeleteProfileRequest(name=shop.profile(number)))
        shop.take_customers(range(200_001, 204_001))
        for number in customers[10:]:
            shop.touch(number)
        eventually(lambda: not faulty.number("SELECT count(*) FROM profiles.log_outbox"), "nobody numbers the log")
        faulty.sql(f"UPDATE profiles.log_events SET time = time - interval '{days} days'")
        # What is too old is forgotten at the start, and then each minute.
        faulty.end("profiles")
        faulty.start_service("profiles")
        faulty.wait_until_ready("profiles")
        is_lost = days > KEPT_DAYS
        if is_lost:
            kept = "SELECT count(*) FROM profiles.log_events"
            eventually(lambda: not faulty.number(kept), "the log is kept too long")
        assert faulty.behind("datatables", "profiles") > 20
    finally:
        faulty.start_service("datatables")
        faulty.wait_until_ready("datatables")
    eventually(lambda: not faulty.behind("datatables", "profiles"), "the follower does not catch up")
    eventually(lambda: orders.count() == len(customers) - 10, "orders of customers who have gone are still there")
    log = faulty.services["datatables"].log.read_text()
    assert ("rebuilding" in log) == is_lost
    orders.add(customers[-1])
    assert orders.count() == len(customers) - 9
