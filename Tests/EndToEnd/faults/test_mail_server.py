"""The mail server is away, silent, or takes nobody: a person sees why nothing leaves, and nothing is lost by it."""

import time

import pytest
from rapport.messaging.v1 import campaign_pb2, messaging_service_pb2

from .faulty import eventually
from .shop import Shop, mailable

READERS = mailable(60)


@pytest.fixture(scope="module")
def shop(running, mail_server) -> Shop:
    """One for all of them."""
    shop = Shop(running, mail_server)
    shop.take_customers(READERS)
    return shop


FAULTS = {
    "away": "The mail server cannot be reached: ",
    "is silent": "The connection to the mail server broke: ",
    "refuses us": "The mail server takes no mail from here: 554",
    "refuses the sender": "The mail server takes no mail from this sender: 553 5.7.1.",
    "refuses everyone": "The mail server refuses every message: 554 5.7.1.",
    "defers everyone": "The mail server refuses every message: 451 4.3.0.",
}


@pytest.mark.timeout(200)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_campaign_says_why_it_stands_still_and_goes_on(shop, mail_server, fault):
    if fault == "away":
        mail_server.go_away()
    else:
        mail_server.come_back(fault)
    try:
        campaign = shop.launch(fault.replace(" ", "-"))

        def stands_still() -> campaign_pb2.CampaignReport | None:
            report = shop.report(campaign)
            return report if report.obstacle else None

        report = eventually(stands_still, "nobody is told why nothing leaves")
        assert report.obstacle.startswith(FAULTS[fault])
        time.sleep(0.5)  # In which a server that says no would have gone through all of them.
        report = shop.report(campaign)
        assert (report.audience, report.sent, report.not_sent, report.unknown) == (len(READERS), 0, 0, 0)
        said, _ = shop.command("campaigns", "report", campaign).communicate(timeout=20)
        assert FAULTS[fault] in said
        found = shop.messaging.GetCampaign(messaging_service_pb2.GetCampaignRequest(name=campaign))
        assert found.state == campaign_pb2.CAMPAIGN_STATE_ACTIVE
    finally:
        mail_server.come_back()

    if "everyone" in fault or "sender" in fault:
        shop.time_passes()
    report = shop.check_sent_once(campaign, READERS)
    assert (report.sent, report.obstacle) == (len(READERS), "")
