"""Automation is killed while executions wait: every one goes on, and no step takes effect twice."""

import email
import random
import time
from collections import Counter

import grpc
import pytest
from google.protobuf import duration_pb2
from imports import COLUMNS, csv_file, import_file, make_customers
from rapport.automation.v1 import scenario_pb2, scenario_service_pb2, scenario_service_pb2_grpc
from rapport.messaging.v1 import campaign_pb2, messaging_service_pb2, messaging_service_pb2_grpc
from rapport.options.v1 import options_pb2
from rapport.type.v1 import channel_pb2, value_pb2
from story import data

# Those with an address, consent and the subscription.
CUSTOMERS = [number for number in range(1, 200) if number % 97 and number % 41 and number % 3][:60]


def make_thanks(channel: grpc.Channel, entity: str, table: str) -> str:
    """An ongoing campaign, active, whose name it returns."""
    messaging = messaging_service_pb2_grpc.MessagingServiceStub(channel)
    sender = messaging.CreateSender(
        messaging_service_pb2.CreateSenderRequest(
            parent=entity,
            sender_id="shop",
            sender=campaign_pb2.Sender(display_name="The shop", email_address="shop@example.test"),
        )
    )
    content = campaign_pb2.EmailContent(subject="Thank you", html='<p>Thank you. <a href="{{ unsubscribe_url }}">x</a>')
    made = messaging.CreateCampaign(
        messaging_service_pb2.CreateCampaignRequest(
            parent=entity,
            campaign_id="thanks",
            campaign=campaign_pb2.Campaign(
                display_name="Thanks",
                kind=campaign_pb2.CAMPAIGN_KIND_ONGOING,
                channel=channel_pb2.CHANNEL_EMAIL,
                profile_table=table,
                subscription="newsletter",
                sender=sender.name,
                default_language="en",
                contents={"en": content},
            ),
        )
    )
    messaging.LaunchCampaign(messaging_service_pb2.LaunchCampaignRequest(name=made.name))
    return made.name


def make_scenario(channel: grpc.Channel, entity: str, table: str, campaign: str) -> str:
    """By a call: wait a second, thank, mark as VIP. Active; its name is returned."""
    scenarios = scenario_service_pb2_grpc.ScenarioServiceStub(channel)
    steps = [
        scenario_pb2.Step(
            id="pause", next="thank", wait=scenario_pb2.WaitStep(duration=duration_pb2.Duration(seconds=1))
        ),
        scenario_pb2.Step(id="thank", next="mark", send=scenario_pb2.SendStep(campaign=campaign)),
        scenario_pb2.Step(
            id="mark", update_profile=scenario_pb2.UpdateProfileStep(fields={"vip": value_pb2.Value(bool_value=True)})
        ),
    ]
    made = scenarios.CreateScenario(
        scenario_service_pb2.CreateScenarioRequest(
            parent=entity,
            scenario_id="thank",
            scenario=scenario_pb2.Scenario(
                display_name="Thank",
                profile_table=table,
                trigger=scenario_pb2.Trigger(call=scenario_pb2.CallTrigger()),
                steps=steps,
                reentry=scenario_pb2.REENTRY_NEVER,
            ),
        )
    )
    scenarios.ActivateScenario(scenario_service_pb2.ActivateScenarioRequest(name=made.name))
    return made.name


def start(scenarios, scenario: str, table: str, number: int) -> None:
    """Begins one execution, once, however often it must ask."""
    request = scenario_service_pb2.StartExecutionRequest(
        parent=scenario, profile=f"{table}/profiles/customerCode={number:05}", request_id=f"customer-{number}"
    )
    for _ in range(100):
        try:
            scenarios.StartExecution(request)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(0.1)
        else:
            return
    scenarios.StartExecution(request)


@pytest.mark.timeout(600)
def test_kills_in_a_wait_lose_no_execution_and_repeat_no_step(own_suite):
    entity, channel = own_suite.entity(options_pb2.RIGHT_WRITE, options_pb2.RIGHT_LAUNCH)
    table = make_customers(channel, entity)
    import_file(channel, table, csv_file(COLUMNS, [data.customer_row(number) for number in CUSTOMERS]))
    scenario = make_scenario(channel, entity, table, make_thanks(channel, entity, table))
    scenarios = scenario_service_pb2_grpc.ScenarioServiceStub(channel)
    moments = random.Random(19_980_101)
    victims = set(moments.sample(range(10, len(CUSTOMERS)), 3))

    for index, number in enumerate(CUSTOMERS):
        start(scenarios, scenario, table, number)
        if index in victims:
            time.sleep(moments.random() * 1.5)
            own_suite.suite.services["automation"].kill()
            own_suite.suite.start_service("automation")
            own_suite.suite.wait_until_ready("automation")

    wanted = Counter({scenario_pb2.EXECUTION_STATE_COMPLETED: len(CUSTOMERS)})
    deadline = time.monotonic() + 120
    while True:
        listed = scenarios.ListExecutions(
            scenario_service_pb2.ListExecutionsRequest(parent=scenario, page_size=1_000), wait_for_ready=True
        ).executions
        if Counter(execution.state for execution in listed) == wanted:
            break
        assert time.monotonic() < deadline, Counter(execution.state for execution in listed)
        time.sleep(0.2)
    assert all([record.step for record in execution.steps] == ["pause", "thank", "mark"] for execution in listed)

    folder = own_suite.suite.mail
    while sum(1 for _ in folder.glob("*.eml")) < len(CUSTOMERS):
        assert time.monotonic() < deadline + 60, "not everyone was thanked"
        time.sleep(0.1)
    mails = Counter(email.message_from_bytes(file.read_bytes())["X-Envelope-To"] for file in folder.glob("*.eml"))
    assert mails == Counter({f"<c{number}@example.test>": 1 for number in CUSTOMERS})
