"""A machine's clock is an hour off: the database's counts, so that everything is done once, and when it should be."""

import datetime
import email.utils
import functools
import time
import urllib.request

import grpc
import pytest
from rapport.access.v1 import access_pb2, access_pb2_grpc
from rapport.profiles.v1 import profile_service_pb2, profile_service_pb2_grpc

from .faulty import CLOCK, second
from .shop import again, mailable

# What is signed seems to be of the future, or long over; what is due seems to be so an hour early.
CLOCKS = {"gateway": "+1h", "profiles": "-1h", "messaging": "+1h", "automation": "+1h"}
WAIT = 2


@pytest.mark.timeout(200)
def test_copies_whose_clocks_are_off_work_as_the_others_do(faulty, shop):
    if not CLOCK.exists():
        pytest.skip("the package libfaketime is not installed")
    readers = mailable(40)
    shop.take_customers(readers)
    scenario, thanks = shop.make_scenario(seconds=WAIT)
    with faulty.seconds(CLOCKS):
        for name in CLOCKS:
            page = f"http://{faulty.addresses[f'{second(name)}.admin']}/metrics"
            with urllib.request.urlopen(page, timeout=5) as answer:
                metrics = answer.read().decode()
            correction = next(line for line in metrics.splitlines() if line.startswith("clock_correction_seconds "))
            assert abs(float(correction.split()[1])) > 3_500, "an operator can see it"

        # A token of either gateway holds at both, and either service believes both.
        gateways = [faulty.addresses["gateway.rpc"], faulty.addresses[f"{second('gateway')}.rpc"]]
        for giving in gateways:
            bearer = [("authorization", f"Bearer {_token(giving, shop.key)}")]
            for taking in gateways * 2:
                with grpc.insecure_channel(taking) as channel:
                    profiles = profile_service_pb2_grpc.ProfileServiceStub(channel)
                    request = profile_service_pb2.GetProfileRequest(name=shop.profile(1))
                    get = functools.partial(profiles.GetProfile, request, metadata=bearer, timeout=10)
                    assert again(get).name

        began = datetime.datetime.now(datetime.UTC)
        shop.begin(scenario, readers)
        news = shop.launch("news", rate=40)
        shop.check_sent_once(news, readers)
        shop.check_thanked_once(scenario, thanks, readers)
        for execution in shop.executions(scenario):
            created = execution.create_time.ToDatetime(datetime.UTC)
            ended = execution.end_time.ToDatetime(datetime.UTC)
            assert abs(created - began).total_seconds() < 60
            assert WAIT - 1 < (ended - created).total_seconds() < 60, "nobody's clock makes a wait shorter"
        for date in shop.mail_server.dates(news):
            assert abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time()) < 120


def _token(gateway: str, key: str) -> str:
    with grpc.insecure_channel(gateway) as channel:
        access = access_pb2_grpc.AccessServiceStub(channel)
        request = access_pb2.ExchangeKeyRequest(secret=key)
        return again(lambda: access.ExchangeKey(request, timeout=10)).access_token
