"""Two copies of each service, and of the gateway: each effect once, also while copies die."""

import random
import threading
import time
from collections import Counter

import pytest
from imports import COLUMNS, csv_file
from story import data
from supervisor.services import services

from .faulty import second
from .shop import again, mailable

ALL = [service.name for service in services()]


@pytest.mark.timeout(300)
def test_two_copies_of_everything_do_each_thing_once(faulty, shop):
    readers, customers = mailable(200), mailable(40)
    shop.take_customers(readers)
    scenario, thanks = shop.make_scenario()
    form = shop.make_form()
    more = csv_file(COLUMNS, map(data.customer_row, range(100_001, 108_001)))
    with faulty.seconds(dict.fromkeys(ALL)):
        shop.use_both_gateways()
        news = shop.launch("news", rate=50)
        works = [
            threading.Thread(target=shop.begin, args=(scenario, customers)),
            threading.Thread(target=shop.answer, args=(form, customers)),
            threading.Thread(target=again, args=(lambda: shop.import_once(more),)),
        ]
        for work in works:
            work.start()
        chance = random.Random(20_260_301)
        killed = [chance.choice((name, second(name))) for name in ALL]
        for name in killed:
            time.sleep(0.3)
            faulty.services[name].kill()
        for work in works:
            work.join()
        # With one copy each.
        shop.check_sent_once(news, readers, breaks=1)
        shop.check_thanked_once(scenario, thanks, customers, breaks=1)
        for name in killed:
            faulty.services[name].start()
            faulty.wait_until_ready(name)
        assert shop.answers(form) == Counter(f"Because {number}" for number in customers)
        codes = again(shop.codes)
    assert set(codes.values()) == {1}
    assert len(codes) == len(readers) + 8_000
