"""What the storm finds when it begins: tables, an audience, campaigns, a form, scenarios."""

import json
import pathlib
from typing import Any

from google.protobuf import json_format
from rapport.access.v1 import access_pb2, access_pb2_grpc
from rapport.automation.v1 import scenario_pb2, scenario_service_pb2, scenario_service_pb2_grpc
from rapport.forms.v1 import form_pb2, form_service_pb2, form_service_pb2_grpc
from rapport.messaging.v1 import campaign_pb2, messaging_service_pb2, messaging_service_pb2_grpc
from rapport.options.v1 import options_pb2
from rapport.profiles.v1 import profile_service_pb2, profile_service_pb2_grpc, profile_table_pb2
from rapport.tables.v1 import custom_table_pb2, table_service_pb2, table_service_pb2_grpc
from rapport.targeting.v1 import targeting_pb2, targeting_service_pb2, targeting_service_pb2_grpc

from .caller import Caller, channel

_DEFINITIONS = pathlib.Path(__file__).parents[1] / "story/definitions"

ENTITY = "entities/storm"
CUSTOMERS = f"{ENTITY}/profileTables/customers"
ORDERS = f"{ENTITY}/customTables/orders"
FORM = f"{ENTITY}/forms/win-back"
NEWS = f"{ENTITY}/campaigns/news"
# Sent by scenarios, one message for each execution that comes to that step.
ANSWERED, REWARDED, WELCOMED = "answered", "rewarded", "welcomed"

_RIGHTS = (options_pb2.RIGHT_WRITE, options_pb2.RIGHT_LAUNCH, options_pb2.RIGHT_EXPORT)


class World:
    """The official clients of the suite, and what was made with them."""

    def __init__(self, address: str, administrator: str) -> None:
        self.channel = channel(address)
        self.profiles = profile_service_pb2_grpc.ProfileServiceStub(self.channel)
        self.tables = table_service_pb2_grpc.TableServiceStub(self.channel)
        self.targetings = targeting_service_pb2_grpc.TargetingServiceStub(self.channel)
        self.messaging = messaging_service_pb2_grpc.MessagingServiceStub(self.channel)
        self.forms = form_service_pb2_grpc.FormServiceStub(self.channel)
        self.scenarios = scenario_service_pb2_grpc.ScenarioServiceStub(self.channel)
        self._access = access_pb2_grpc.AccessServiceStub(self.channel)
        self.token = self._make_key(administrator)

    def _make_key(self, administrator: str) -> str:
        """An entity, and the token of a key for it."""
        bearer = [("authorization", f"Bearer {self._token_of(administrator)}")]
        entity = access_pb2.Entity(display_name="Storm", time_zone="Europe/Brussels")
        self._access.CreateEntity(
            access_pb2.CreateEntityRequest(entity_id="storm", entity=entity), metadata=bearer, timeout=60
        )
        grants = [access_pb2.Grant(entity=ENTITY, module=options_pb2.MODULE_ALL, right=right) for right in _RIGHTS]
        key = access_pb2.Key(display_name="Storm", grants=grants)
        made = self._access.CreateKey(access_pb2.CreateKeyRequest(key=key), metadata=bearer, timeout=60)
        return self._token_of(made.secret)

    def _token_of(self, secret: str) -> str:
        request = access_pb2.ExchangeKeyRequest(secret=secret)
        return str(self._access.ExchangeKey(request, timeout=60, wait_for_ready=True).access_token)

    def make(self, caller: Caller, messages_per_second: int) -> None:
        """Makes everything, with the mass campaign not yet launched."""
        self._make_tables(caller)
        self._make_campaigns(caller, messages_per_second)
        self._make_form(caller)
        self._make_scenarios(caller)

    def _make_tables(self, caller: Caller) -> None:
        customers = _definition("customers")
        del customers["references"]
        caller.make(
            "the table of customers",
            self.profiles.CreateProfileTable,
            profile_service_pb2.CreateProfileTableRequest(
                parent=ENTITY,
                profile_table_id="customers",
                profile_table=_read(customers, profile_table_pb2.ProfileTable),
            ),
        )
        orders = _definition("orders") | {"profileTable": CUSTOMERS}
        del orders["links"]
        caller.make(
            "the table of orders",
            self.tables.CreateCustomTable,
            table_service_pb2.CreateCustomTableRequest(
                parent=ENTITY, custom_table_id="orders", custom_table=_read(orders, custom_table_pb2.CustomTable)
            ),
        )

    def _make_campaigns(self, caller: Caller, messages_per_second: int) -> None:
        readers = {
            "displayName": "Readers",
            "profileTable": CUSTOMERS,
            "criterion": {"field": {"field": "newsletter", "comparison": {"equals": {"boolValue": True}}}},
        }
        caller.make(
            "the targeting",
            self.targetings.CreateTargeting,
            targeting_service_pb2.CreateTargetingRequest(
                parent=ENTITY, targeting_id="readers", targeting=_read(readers, targeting_pb2.Targeting)
            ),
        )
        sender = campaign_pb2.Sender(display_name="The shop", email_address="shop@example.test")
        caller.make(
            "the sender",
            self.messaging.CreateSender,
            messaging_service_pb2.CreateSenderRequest(parent=ENTITY, sender_id="shop", sender=sender),
        )
        news = {
            "kind": "CAMPAIGN_KIND_MASS",
            "targeting": f"{ENTITY}/targetings/readers",
            "subscription": "newsletter",
            "messagesPerSecond": messages_per_second,
        }
        self._make_campaign(caller, "news", news)
        for name in (ANSWERED, REWARDED, WELCOMED):
            # Transactional: as many messages as there are executions, so that a step taken twice shows.
            self._make_campaign(caller, name, {"kind": "CAMPAIGN_KIND_TRANSACTIONAL"})
            self.launch(caller, f"{ENTITY}/campaigns/{name}")

    def _make_campaign(self, caller: Caller, name: str, more: dict[str, Any]) -> None:
        unsubscribe = '<p><a href="{{ unsubscribe_url }}">Enough</a></p>' if name == "news" else ""
        # The subject tells the mail server which campaign a message is of.
        content = {"subject": name, "html": "<p>Hello {{ profile.firstName }}.</p>" + unsubscribe}
        campaign = {
            "displayName": name,
            "channel": "CHANNEL_EMAIL",
            "profileTable": CUSTOMERS,
            "sender": f"{ENTITY}/senders/shop",
            "defaultLanguage": "en",
            "contents": {"en": content},
        }
        caller.make(
            f"the campaign {name}",
            self.messaging.CreateCampaign,
            messaging_service_pb2.CreateCampaignRequest(
                parent=ENTITY, campaign_id=name, campaign=_read(campaign | more, campaign_pb2.Campaign)
            ),
        )

    def launch(self, caller: Caller, campaign: str) -> None:
        """Launches a campaign."""
        request = messaging_service_pb2.LaunchCampaignRequest(name=campaign, request_id=f"launch-{campaign}")
        caller.once(f"the launch of {campaign}", self.messaging.LaunchCampaign, request)

    def _make_form(self, caller: Caller) -> None:
        form = _definition("win-back") | {"profileTable": CUSTOMERS, "policy": "PARTICIPATION_POLICY_SEVERAL"}
        caller.make(
            "the form",
            self.forms.CreateForm,
            form_service_pb2.CreateFormRequest(parent=ENTITY, form_id="win-back", form=_read(form, form_pb2.Form)),
        )
        caller.make("its publication", self.forms.PublishForm, form_service_pb2.PublishFormRequest(name=FORM))

    def _make_scenarios(self, caller: Caller) -> None:
        vip = {"updateProfile": {"fields": {"vip": {"boolValue": True}}}}
        answer = _definition("win-back-answer")
        answer["trigger"] = {"participation": {"form": FORM}}
        answer["steps"][0]["wait"]["duration"] = "1s"
        answer["steps"][2]["send"]["campaign"] = f"{ENTITY}/campaigns/{ANSWERED}"
        order = _definition("big-order")
        order["trigger"]["row"]["table"] = ORDERS
        order["steps"] = [
            {"id": "reward", "send": {"campaign": f"{ENTITY}/campaigns/{REWARDED}"}, "next": "mark"},
            {"id": "mark"} | vip,
        ]
        welcome = {
            "displayName": "Welcome",
            "trigger": {"call": {}},
            "reentry": "REENTRY_NEVER",
            "steps": [
                {"id": "pause", "wait": {"duration": "1s"}, "next": "greet"},
                {"id": "greet", "send": {"campaign": f"{ENTITY}/campaigns/{WELCOMED}"}, "next": "mark"},
                {"id": "mark"} | vip,
            ],
        }
        for name, scenario in (("answer", answer), ("order", order), ("welcome", welcome)):
            request = scenario_service_pb2.CreateScenarioRequest(
                parent=ENTITY,
                scenario_id=name,
                scenario=_read(scenario | {"profileTable": CUSTOMERS}, scenario_pb2.Scenario),
            )
            made = caller.make(f"the scenario {name}", self.scenarios.CreateScenario, request)
            caller.make(
                f"the start of {name}",
                self.scenarios.ActivateScenario,
                scenario_service_pb2.ActivateScenarioRequest(name=made.name),
            )


def _definition(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_DEFINITIONS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def _read(definition: dict[str, Any], message: Any) -> Any:
    return json_format.ParseDict(definition, message())
