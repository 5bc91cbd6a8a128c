"""An entity that work is done for while something goes wrong: customers, campaigns, a scenario."""

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import grpc
from google.protobuf import duration_pb2, json_format
from imports import COLUMNS, csv_file, export, import_file, latest_import, make_customers
from rapport.automation.v1 import scenario_pb2, scenario_service_pb2, scenario_service_pb2_grpc
from rapport.forms.v1 import form_pb2, form_service_pb2, form_service_pb2_grpc
from rapport.messaging.v1 import campaign_pb2, messaging_service_pb2, messaging_service_pb2_grpc
from rapport.options.v1 import options_pb2
from rapport.profiles.v1 import import_pb2, profile_service_pb2, profile_service_pb2_grpc
from rapport.targeting.v1 import targeting_pb2, targeting_service_pb2, targeting_service_pb2_grpc
from rapport.type.v1 import channel_pb2, value_pb2
from rapport.type.v1 import import_pb2 as type_import_pb2
from story import data

from .faulty import FaultySuite, eventually, second
from .mail import MailServer

RIGHTS = (options_pb2.RIGHT_WRITE, options_pb2.RIGHT_LAUNCH, options_pb2.RIGHT_EXPORT)
# What passes by itself: a program that gets it asks again.
PASSING = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.ABORTED}
# Each can leave one message unknown when it breaks.
CONNECTIONS = 4

_CONTENT = '<p>Hello.</p><p><a href="{{ unsubscribe_url }}">Enough</a></p>'


def mailable(count: int) -> list[int]:
    """The first numbers of customers with an address, consent and the subscription."""
    numbers = (number for number in range(1, 100_000) if number % 97 and number % 41 and number % 3)
    return [number for number, _ in zip(numbers, range(count), strict=False)]


def address(number: int) -> str:
    """A customer's address."""
    return f"c{number}@example.test"


def refusal(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str, float]:
    """What a call that must fail says, and how long it took."""
    began = time.monotonic()
    try:
        answer = call()
    except grpc.RpcError as error:
        return error.code(), error.details(), time.monotonic() - began
    raise AssertionError(f"the call succeeded: {answer}")


def again(call: Callable[[], Any], heard: list[str] | None = None, seconds: float = 90) -> Any:
    """What a call answers in the end; it is made again as long as what it says passes."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return call()
        except grpc.RpcError as error:
            if error.code() not in PASSING or time.monotonic() > deadline:
                raise
            if heard is not None:
                heard.append(f"{error.code().name}: {error.details()}")
        time.sleep(0.1)


class Shop:
    """What one test works on, by the official clients."""

    def __init__(self, running: Any, mail_server: MailServer) -> None:
        self.suite: FaultySuite = running.suite
        self.mail_server = mail_server
        self._running = running
        self.entity, channel = running.entity(*RIGHTS)
        self.key = running.key(self.entity, *RIGHTS)
        self.table = make_customers(channel, self.entity)
        self._has_sender = False
        self._use(channel)

    def use_both_gateways(self) -> None:
        """Calls go to the two copies of the gateway in turn from now on, and where one is dead, to the other."""
        addresses = (self.suite.addresses[f"{name}.rpc"] for name in ("gateway", second("gateway")))
        options = [("grpc.lb_policy_name", "round_robin"), ("grpc.max_reconnect_backoff_ms", 500)]
        self._use(self._running.channel(self.key, f"ipv4:{','.join(addresses)}", options))

    def _use(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.profiles = profile_service_pb2_grpc.ProfileServiceStub(channel)
        self.messaging = messaging_service_pb2_grpc.MessagingServiceStub(channel)
        self.scenarios = scenario_service_pb2_grpc.ScenarioServiceStub(channel)
        self.forms = form_service_pb2_grpc.FormServiceStub(channel)

    def command(self, *words: str) -> subprocess.Popen[str]:
        """A person's command, begun."""
        argv = [str(self.suite.command_line), *words, "--server", self.suite.addresses["gateway.rpc"]]
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "RAPPORT_KEY": self.key}
        return subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    # Customers.

    def take_customers(self, numbers: Iterable[int]) -> None:
        """Imports these, of whom nothing goes wrong."""
        import_file(self.channel, self.table, csv_file(COLUMNS, map(data.customer_row, numbers)))

    def import_once(self, file: bytes, on_chunk: Callable[[int], None] = lambda _: None) -> import_pb2.ProfileImport:
        """Imports a file, from where it broke off if it did."""
        latest = latest_import(self.channel, self.table)
        is_running = latest and latest.progress.state == type_import_pb2.IMPORT_STATE_RUNNING
        resume = latest if is_running else None
        return import_file(self.channel, self.table, file, resume=resume, chunk=16_384, on_chunk=on_chunk)

    def codes(self) -> Counter[str]:
        """How often each customer's code is there."""
        return Counter(row["customerCode"] for row in export(self.channel, self.table, ["customerCode"]))

    def get(self, number: int, timeout: float = 10) -> Any:
        """One customer."""
        request = profile_service_pb2.GetProfileRequest(name=self.profile(number))
        return self.profiles.GetProfile(request, timeout=timeout)

    def touch(self, number: int) -> None:
        """Changes something of one customer."""
        request = profile_service_pb2.UpdateProfileRequest()
        request.profile.name = self.profile(number)
        request.profile.fields["firstName"].string_value = f"Nobody {time.monotonic_ns()}"
        again(lambda: self.profiles.UpdateProfile(request, timeout=10))

    def profile(self, number: int) -> str:
        """One customer's name."""
        return f"{self.table}/profiles/customerCode={number:05}"

    # Campaigns.

    def launch(self, name: str, rate: int = 0) -> str:
        """Launches a mass campaign to those who read the newsletter; its subject is its name."""
        made = self._make_campaign(name, campaign_pb2.CAMPAIGN_KIND_MASS, self._readers(), rate)
        self.messaging.LaunchCampaign(messaging_service_pb2.LaunchCampaignRequest(name=made, request_id=name))
        return made

    def report(self, campaign: str) -> campaign_pb2.CampaignReport:
        """How it stands."""
        return self.messaging.GetCampaignReport(
            messaging_service_pb2.GetCampaignReportRequest(name=campaign), timeout=10
        )

    def report_at_the_end(self, campaign: str) -> campaign_pb2.CampaignReport:
        """How it stands once nothing of it waits."""

        def ended() -> campaign_pb2.CampaignReport | None:
            report = again(lambda: self.report(campaign))
            return report if not report.waiting else None

        return eventually(ended, f"{campaign} stands still: {again(lambda: self.report(campaign))}")

    def check_sent_once(self, campaign: str, numbers: Iterable[int], breaks: int = 0) -> campaign_pb2.CampaignReport:
        """Everyone was mailed once, or is unknown: at most one for each connection that broke."""
        report = self.report_at_the_end(campaign)
        taken = self.mail_server.taken_of(campaign)
        wanted = {address(number) for number in numbers}
        assert set(taken) <= wanted
        assert set(taken.values()) <= {1}, [to for to, count in taken.items() if count > 1]
        assert report.audience == report.sent + report.unknown == len(wanted), report
        assert report.sent <= len(taken) <= report.audience
        assert report.unknown <= breaks * CONNECTIONS
        return report

    def time_passes(self) -> None:
        """Has what waits for another try be tried now."""
        self.suite.sql("UPDATE messaging.paces SET held_until = now()")
        self.suite.sql("UPDATE messaging.messages SET due_at = now() WHERE state = 1 AND attempts > 0")

    def _readers(self) -> str:
        targetings = targeting_service_pb2_grpc.TargetingServiceStub(self.channel)
        name = f"{self.entity}/targetings/readers"
        try:
            return targetings.GetTargeting(targeting_service_pb2.GetTargetingRequest(name=name)).name
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.NOT_FOUND
        subscribed = targeting_pb2.FieldCriterion(
            field="newsletter", comparison=targeting_pb2.Comparison(equals=value_pb2.Value(bool_value=True))
        )
        targeting = targeting_pb2.Targeting(
            display_name="Readers", profile_table=self.table, criterion=targeting_pb2.Criterion(field=subscribed)
        )
        return targetings.CreateTargeting(
            targeting_service_pb2.CreateTargetingRequest(
                parent=self.entity, targeting_id="readers", targeting=targeting
            )
        ).name

    def _make_campaign(self, name: str, kind: int, targeting: str, rate: int = 0) -> str:
        if not self._has_sender:
            sender = campaign_pb2.Sender(display_name="The shop", email_address="shop@example.test")
            self.messaging.CreateSender(
                messaging_service_pb2.CreateSenderRequest(parent=self.entity, sender_id="shop", sender=sender)
            )
            self._has_sender = True
        full = f"{self.entity}/campaigns/{name}"
        campaign = campaign_pb2.Campaign(
            display_name=name,
            kind=kind,
            channel=channel_pb2.CHANNEL_EMAIL,
            profile_table=self.table,
            targeting=targeting,
            subscription="newsletter",
            sender=f"{self.entity}/senders/shop",
            default_language="en",
            contents={"en": campaign_pb2.EmailContent(subject=full, html=_CONTENT)},
            messages_per_second=rate,
        )
        return self.messaging.CreateCampaign(
            messaging_service_pb2.CreateCampaignRequest(parent=self.entity, campaign_id=name, campaign=campaign)
        ).name

    # Forms.

    def make_form(self) -> str:
        """A form of one question."""
        question = {"id": "why", "label": {"texts": {"en": "Why?"}}, "text": {}}
        definition = {
            "displayName": "Why",
            "profileTable": self.table,
            "defaultLanguage": "en",
            "policy": "PARTICIPATION_POLICY_SEVERAL",
            "pages": [{"id": "one", "questions": [question]}],
        }
        form = json_format.ParseDict(definition, form_pb2.Form())
        made = self.forms.CreateForm(form_service_pb2.CreateFormRequest(parent=self.entity, form_id="why", form=form))
        self.forms.PublishForm(form_service_pb2.PublishFormRequest(name=made.name))
        return made.name

    def answer(self, form: str, numbers: Iterable[int]) -> None:
        """Has these customers answer, each once however often it must be asked."""
        for number in numbers:
            request = form_service_pb2.CreateParticipationRequest(parent=form, request_id=f"customer-{number}")
            request.participation.profile = self.profile(number)
            request.participation.answers["why"].string_value = f"Because {number}"
            again(lambda request=request: self.forms.CreateParticipation(request, timeout=10))

    def answers(self, form: str) -> Counter[str]:
        """What was answered, and how often."""
        request = form_service_pb2.ListParticipationsRequest(parent=form, page_size=500)
        found = again(lambda: self.forms.ListParticipations(request, timeout=10)).participations
        return Counter(each.answers["why"].string_value for each in found)

    # Scenarios.

    def make_scenario(self, seconds: int = 1) -> tuple[str, str]:
        """By a call: wait, thank, mark as VIP. Its name, and the campaign's that thanks."""
        thanks = self._make_campaign("thanks", campaign_pb2.CAMPAIGN_KIND_ONGOING, "")
        self.messaging.LaunchCampaign(messaging_service_pb2.LaunchCampaignRequest(name=thanks))
        pause = scenario_pb2.WaitStep(duration=duration_pb2.Duration(seconds=seconds))
        vip = scenario_pb2.UpdateProfileStep(fields={"vip": value_pb2.Value(bool_value=True)})
        steps = [
            scenario_pb2.Step(id="pause", next="thank", wait=pause),
            scenario_pb2.Step(id="thank", next="mark", send=scenario_pb2.SendStep(campaign=thanks)),
            scenario_pb2.Step(id="mark", update_profile=vip),
        ]
        scenario = scenario_pb2.Scenario(
            display_name="Thank",
            profile_table=self.table,
            trigger=scenario_pb2.Trigger(call=scenario_pb2.CallTrigger()),
            steps=steps,
            reentry=scenario_pb2.REENTRY_NEVER,
        )
        made = self.scenarios.CreateScenario(
            scenario_service_pb2.CreateScenarioRequest(parent=self.entity, scenario_id="thank", scenario=scenario)
        )
        self.scenarios.ActivateScenario(scenario_service_pb2.ActivateScenarioRequest(name=made.name))
        return made.name, thanks

    def begin(self, scenario: str, numbers: Iterable[int]) -> None:
        """Begins it for these customers, each once however often it must be asked."""
        for number in numbers:
            request = scenario_service_pb2.StartExecutionRequest(
                parent=scenario, profile=self.profile(number), request_id=f"customer-{number}"
            )
            again(lambda request=request: self.scenarios.StartExecution(request, timeout=10))

    def executions(self, scenario: str) -> list[scenario_pb2.Execution]:
        """All of its."""
        request = scenario_service_pb2.ListExecutionsRequest(parent=scenario, page_size=500)
        return list(again(lambda: self.scenarios.ListExecutions(request, timeout=10)).executions)

    def check_thanked_once(self, scenario: str, thanks: str, numbers: Iterable[int], breaks: int = 0) -> None:
        """Each execution came to its end, each step once; each customer has one mail of it."""
        wanted = sorted(numbers)
        completed = scenario_pb2.EXECUTION_STATE_COMPLETED

        def ended() -> list[scenario_pb2.Execution]:
            found = self.executions(scenario)
            return found if len(found) == len(wanted) and all(each.state == completed for each in found) else []

        found = eventually(ended, "an execution stands still")
        assert all([record.step for record in each.steps] == ["pause", "thank", "mark"] for each in found)
        self.check_sent_once(thanks, wanted, breaks)
