"""A machine's clock is an hour off: the database's counts, so that everything is done once, and when it should be."""

import datetime
import email.utils
import time
import urllib.request

import grpc
import pytest
from rapport.access.v1 import access_pb2, access_pb2_grpc
from rapport.profiles.v1 import profile_service_pb2, profile_service_pb2_grpc

from .faulty import CLOCK, second
from .shop import mailable

SERVICES = ("gateway", "profiles", "messaging", "automation")
WAIT = 3


@pytest.mark.timeout(200)
@pytest.mark.parametrize("clock", ["+1h", "-1h"])
def test_a_copy_whose_clock_is_off_works_as_the_others_do(faulty, shop, clock):
    if not CLOCK.exists():
        pytest.skip("the package libfaketime is not installed")
    readers = mailable(40)
    shop.take_customers(readers)
    scenario, thanks = shop.make_scenario(seconds=WAIT)
    with faulty.seconds(*SERVICES, clock=clock):
        for name in SERVICES:
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
                    assert profiles.GetProfile(request, metadata=bearer, timeout=10).name

        began = datetime.datetime.now(datetime.UTC)
        shop.begin(scenario, readers)
        news = shop.launch("news", rate=40)
        shop.check_sent_once(news, readers)
        shop.check_thanked_once(scenario, thanks, readers)
        for execution in shop.executions(scenario):
            paused, thanked = execution.steps[0], execution.steps[1]
            assert abs(execution.create_time.ToDatetime(datetime.UTC) - began).total_seconds() < 60
            waited = thanked.start_time.ToDatetime() - paused.start_time.ToDatetime()
            assert waited.total_seconds() > WAIT - 1, "nobody's clock makes a wait shorter"
        for date in shop.mail_server.dates(news):
            assert abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time()) < 120


def _token(gateway: str, key: str) -> str:
    with grpc.insecure_channel(gateway) as channel:
        access = access_pb2_grpc.AccessServiceStub(channel)
        return access.ExchangeKey(access_pb2.ExchangeKeyRequest(secret=key), timeout=10).access_token
