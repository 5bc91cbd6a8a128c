"""Messaging is killed in the middle of a send: nobody is lost, and nobody is mailed twice.

The mail server keeps every message that it accepted, and removes no duplicates.
"""

import email
import itertools
import pathlib
import random
import time
from collections import Counter

import grpc
import pytest
from imports import COLUMNS, csv_file, import_file, make_customers
from rapport.messaging.v1 import campaign_pb2, messaging_service_pb2, messaging_service_pb2_grpc
from rapport.options.v1 import options_pb2
from rapport.targeting.v1 import targeting_pb2, targeting_service_pb2, targeting_service_pb2_grpc
from rapport.type.v1 import channel_pb2, value_pb2
from story import data

PROFILES = 1_500
KILLS = 4
# A connection can leave one message unknown at each kill.
CONNECTIONS = 16


def make_campaign(channel: grpc.Channel, entity: str, table: str) -> str:
    """A mass campaign to the subscribers of the newsletter, whose name it returns."""
    targetings = targeting_service_pb2_grpc.TargetingServiceStub(channel)
    subscribed = targeting_pb2.FieldCriterion(
        field="newsletter", comparison=targeting_pb2.Comparison(equals=value_pb2.Value(bool_value=True))
    )
    readers = targetings.CreateTargeting(
        targeting_service_pb2.CreateTargetingRequest(
            parent=entity,
            targeting_id="readers",
            targeting=targeting_pb2.Targeting(
                display_name="Readers", profile_table=table, criterion=targeting_pb2.Criterion(field=subscribed)
            ),
        )
    )
    messaging = messaging_service_pb2_grpc.MessagingServiceStub(channel)
    sender = messaging.CreateSender(
        messaging_service_pb2.CreateSenderRequest(
            parent=entity,
            sender_id="shop",
            sender=campaign_pb2.Sender(display_name="The shop", email_address="shop@example.test"),
        )
    )
    content = campaign_pb2.EmailContent(
        subject="Hello {{ profile.firstName }}", html='<p>Hello.</p><p><a href="{{ unsubscribe_url }}">Enough</a></p>'
    )
    made = messaging.CreateCampaign(
        messaging_service_pb2.CreateCampaignRequest(
            parent=entity,
            campaign_id="news",
            campaign=campaign_pb2.Campaign(
                display_name="News",
                kind=campaign_pb2.CAMPAIGN_KIND_MASS,
                channel=channel_pb2.CHANNEL_EMAIL,
                profile_table=table,
                targeting=readers.name,
                subscription="newsletter",
                sender=sender.name,
                default_language="en",
                contents={"en": content},
            ),
        )
    )
    return made.name


def report_once_reachable(messaging, campaign: str) -> campaign_pb2.CampaignReport:
    """The campaign's report; a service that has just come back may take the gateway a moment to find."""
    request = messaging_service_pb2.GetCampaignReportRequest(name=campaign)
    for _ in range(100):
        try:
            return messaging.GetCampaignReport(request)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(0.1)
    return messaging.GetCampaignReport(request)


def wait_for_mails(folder: pathlib.Path, count: int) -> None:
    """Returns when the mail server has accepted `count` mails."""
    deadline = time.monotonic() + 120
    while sum(1 for _ in folder.iterdir()) < count:
        assert time.monotonic() < deadline, "the send stands still"
        time.sleep(0.005)


@pytest.mark.timeout(600)
def test_kills_in_a_send_lose_nobody_and_mail_nobody_twice(own_suite):
    entity, channel = own_suite.entity(options_pb2.RIGHT_WRITE, options_pb2.RIGHT_LAUNCH)
    table = make_customers(channel, entity)
    rows = list(itertools.islice(data.customer_rows(data.SOURCE), PROFILES))
    import_file(channel, table, csv_file(COLUMNS, rows))
    campaign = make_campaign(channel, entity, table)
    messaging = messaging_service_pb2_grpc.MessagingServiceStub(channel)
    readers = [row for row in rows if row["newsletter"] == "true"]
    expected = {row["emailAddress"] for row in readers if row["emailAddress"] and row["marketingConsent"] == "true"}
    folder = own_suite.suite.mail

    messaging.LaunchCampaign(messaging_service_pb2.LaunchCampaignRequest(name=campaign, request_id="once"))
    moments = random.Random(19_970_101)
    step = len(expected) // (KILLS + 1)
    for number in range(KILLS):
        wait_for_mails(folder, number * step + moments.randrange(1, step))
        own_suite.suite.services["messaging"].kill()
        own_suite.suite.start_service("messaging")
        own_suite.suite.wait_until_ready("messaging")

    deadline = time.monotonic() + 180
    while (report := report_once_reachable(messaging, campaign)).waiting > 0:
        assert time.monotonic() < deadline, f"the send stands still: {report}"
        time.sleep(0.2)

    mails = Counter(
        email.message_from_bytes(file.read_bytes())["X-Envelope-To"].strip("<>") for file in folder.glob("*.eml")
    )
    assert [address for address, count in mails.items() if count > 1] == []
    assert set(mails) <= expected
    assert report.audience == len(readers)
    assert report.sent + report.not_sent + report.unknown == report.audience
    assert report.sent + report.unknown == len(expected), "whoever may be mailed is, or nobody can say"
    assert report.sent <= len(mails) <= report.sent + report.unknown
    assert report.unknown <= KILLS * CONNECTIONS
