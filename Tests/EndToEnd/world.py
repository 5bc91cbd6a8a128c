"""An entity with all that the main job makes, and calls that are right but for what a test changes in them.

Requests are proto3 JSON. In them `entities/b2c` stands for the entity under test and `entities/b2b` for another one.
"""

import itertools
import json
import pathlib
import time
from typing import Any

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from rapport.automation.v1 import scenario_service_pb2  # noqa: F401  (its descriptors are found by name)
from rapport.forms.v1 import form_service_pb2  # noqa: F401
from rapport.messaging.v1 import campaign_pb2, messaging_service_pb2  # noqa: F401
from rapport.options.v1 import options_pb2
from rapport.profiles.v1 import profile_service_pb2  # noqa: F401
from rapport.tables.v1 import table_service_pb2  # noqa: F401
from rapport.targeting.v1 import targeting_service_pb2  # noqa: F401

_DEFINITIONS = pathlib.Path(__file__).parents[2] / "deploy/story/definitions"
_RIGHTS = (options_pb2.RIGHT_WRITE, options_pb2.RIGHT_LAUNCH, options_pb2.RIGHT_EXPORT)

PROFILES = "rapport.profiles.v1.ProfileService"
TABLES = "rapport.tables.v1.TableService"
TARGETINGS = "rapport.targeting.v1.TargetingService"
MESSAGING = "rapport.messaging.v1.MessagingService"
FORMS = "rapport.forms.v1.FormService"
SCENARIOS = "rapport.automation.v1.ScenarioService"

B2C, B2B = "entities/b2c", "entities/b2b"
CUSTOMERS, PROSPECTS = f"{B2C}/profileTables/customers", f"{B2C}/profileTables/prospects"
STORES, ORDERS = f"{B2C}/customTables/stores", f"{B2C}/customTables/orders"
ALICE = f"{CUSTOMERS}/profiles/customerCode=00001"
INVALID, MISSING = "INVALID_ARGUMENT", "NOT_FOUND"

_ids = itertools.count(1)

# Everything that a bad call could have changed.
_LISTS = [
    (PROFILES, "ListProfileTables", {"parent": B2C}),
    (PROFILES, "ListProfiles", {"parent": CUSTOMERS}),
    (PROFILES, "ListProfiles", {"parent": PROSPECTS}),
    (TABLES, "ListCustomTables", {"parent": B2C}),
    (TABLES, "ListRows", {"parent": STORES}),
    (TABLES, "ListRows", {"parent": ORDERS}),
    (TARGETINGS, "ListTargetings", {"parent": B2C}),
    (MESSAGING, "ListSenders", {"parent": B2C}),
    (MESSAGING, "ListCampaigns", {"parent": B2C}),
    (MESSAGING, "ListMessages", {"parent": f"{B2C}/campaigns/thank-you"}),
    (MESSAGING, "ListMessages", {"parent": f"{B2C}/campaigns/come-back"}),
    (FORMS, "ListForms", {"parent": B2C}),
    (FORMS, "ListParticipations", {"parent": f"{B2C}/forms/win-back"}),
    (SCENARIOS, "ListScenarios", {"parent": B2C}),
    (SCENARIOS, "ListExecutions", {"parent": f"{B2C}/scenarios/welcome"}),
    (SCENARIOS, "ListExecutions", {"parent": f"{B2C}/scenarios/idle"}),
]


def definition(name: str, **changes: Any) -> dict[str, Any]:
    """A definition of the story, with these changes."""
    return json.loads((_DEFINITIONS / f"{name}.json").read_text(encoding="utf-8")) | changes


class World:
    """An entity with all that the main job makes, for one customer, and a channel that sees this entity alone."""

    def __init__(self, suite) -> None:
        self.names = {}
        self.names[B2C], self.channel = suite.entity(*_RIGHTS)
        self.names[B2B], other = suite.entity(*_RIGHTS)
        bare = definition("customers")
        del bare["references"]
        self.call(PROFILES, "CreateProfileTable", create(B2B, "profileTable", "customers", bare), other)
        self.call(MESSAGING, "CreateSender", create(B2B, "sender", "care", definition("care")), other)
        foreign = json.loads(json.dumps(definition("thank-you")).replace(B2C, B2B))
        self.call(MESSAGING, "CreateCampaign", create(B2B, "campaign", "thank-you", foreign), other)

        self.call(TABLES, "CreateCustomTable", create(B2C, "customTable", "stores", definition("stores")))
        self.call(PROFILES, "CreateProfileTable", create(B2C, "profileTable", "customers", definition("customers")))
        self.call(PROFILES, "CreateProfileTable", create(B2C, "profileTable", "prospects", bare))
        self.call(TABLES, "CreateCustomTable", create(B2C, "customTable", "orders", definition("orders")))
        for table in (CUSTOMERS, PROSPECTS):
            profile = {"fields": {"customerCode": text("00001"), "firstName": text("Alice")}}
            self.call(PROFILES, "CreateProfile", {"parent": table, "profile": profile})
        self.call(*row(orderCode=text("1")))
        everybody = {"profileTable": CUSTOMERS}
        self.call(TARGETINGS, "CreateTargeting", create(B2C, "targeting", "lapsed-readers", everybody))
        self.call(*targeting({"field": "tier", "comparison": {"isSet": True}}, table=PROSPECTS, name="prospects"))
        self.call(MESSAGING, "CreateSender", create(B2C, "sender", "shop", definition("shop")))
        self.call(MESSAGING, "CreateSender", create(B2C, "sender", "care", definition("care")))
        for name in ("come-back", "thank-you"):
            self.call(*campaign(name, name=name))
            self.call(MESSAGING, "LaunchCampaign", {"name": f"{B2C}/campaigns/{name}", "requestId": f"first-{name}"})
        self.call(*campaign("thank-you", name="draft"))
        self.call(*form(name="win-back"))
        self.call(FORMS, "PublishForm", {"name": f"{B2C}/forms/win-back"})
        self.call(*scenario(name="idle"))
        self.call(*scenario(name="welcome"))
        self.call(SCENARIOS, "ActivateScenario", {"name": f"{B2C}/scenarios/welcome"})
        self._settle()

    def call(self, service: str, method: str, request: dict[str, Any], channel: grpc.Channel | None = None) -> Any:
        """The answer to a request that is given as JSON."""
        found = descriptor_pool.Default().FindServiceByName(service).methods_by_name[method]
        sent, answered = (message_factory.GetMessageClass(of) for of in (found.input_type, found.output_type))
        message = json_format.ParseDict(json.loads(self.real(json.dumps(request))), sent())
        invoke = (channel or self.channel).unary_unary(
            f"/{service}/{method}", request_serializer=sent.SerializeToString, response_deserializer=answered.FromString
        )
        return invoke(message)

    def real(self, words: str) -> str:
        """`words` with the entities' real names."""
        for stands, name in self.names.items():
            words = words.replace(stands, name)
        return words

    def state(self) -> list[Any]:
        """What every list shows."""
        return [json_format.MessageToDict(self.call(*each)) for each in _LISTS]

    def _settle(self) -> None:
        """Waits until the mass campaign, to one profile without an address, is over."""
        deadline = time.monotonic() + 60
        request = {"name": f"{B2C}/campaigns/come-back"}
        while self.call(MESSAGING, "GetCampaign", request).state != campaign_pb2.CAMPAIGN_STATE_COMPLETED:
            assert time.monotonic() < deadline, "the campaign stands still"
            time.sleep(0.05)


def create(parent: str, kind: str, name: str, what: dict[str, Any]) -> dict[str, Any]:
    """A request to create a `kind`, with an id of its own unless `name` gives it one."""
    return {"parent": parent, f"{kind}Id": name or f"new-{next(_ids)}", kind: what}


def text(words: str) -> dict[str, Any]:
    return {"stringValue": words}


def whole(number: int) -> dict[str, Any]:
    return {"int64Value": str(number)}


def row(parent: str = ORDERS, **values: Any) -> tuple[str, str, dict[str, Any]]:
    """A call that makes an order, right but for `values`."""
    right = {
        "orderCode": text("2"),
        "customer": text("00001"),
        "time": {"timestampValue": "1998-01-01T00:00:00Z"},
        "quantity": whole(1),
        "amount": {"decimalValue": {"low": "1250", "scale": 2}},
    }
    return TABLES, "CreateRow", {"parent": parent, "row": {"values": right | values}}


def targeting(field: Any = None, table: str = CUSTOMERS, name: str = "", **kinds: Any) -> tuple[str, str, Any]:
    criterion = kinds or {"field": field}
    return (
        TARGETINGS,
        "CreateTargeting",
        create(B2C, "targeting", name, {"profileTable": table, "criterion": criterion}),
    )


def rows(**more: Any) -> dict[str, Any]:
    return {"table": ORDERS, "aggregate": "AGGREGATE_COUNT", "comparison": {"equals": whole(0)}} | more


def sender(**changes: Any) -> tuple[str, str, dict[str, Any]]:
    return MESSAGING, "CreateSender", create(B2C, "sender", "", definition("shop", **changes))


def campaign(of: str = "come-back", name: str = "", **changes: Any) -> tuple[str, str, dict[str, Any]]:
    return MESSAGING, "CreateCampaign", create(B2C, "campaign", name, definition(of, **changes))


def content(subject: str = "Hello", html: str = '<a href="{{ unsubscribe_url }}">x</a>') -> tuple[str, str, Any]:
    return campaign(contents={"en": {"subject": subject, "html": html}})


def send(name: str, profile: str, **more: Any) -> tuple[str, str, dict[str, Any]]:
    return MESSAGING, "SendMessage", {"parent": name, "profile": profile} | more


def form(questions: list[Any] | None = None, name: str = "", **changes: Any) -> tuple[str, str, dict[str, Any]]:
    if questions:
        changes["pages"] = [{"id": "one", "questions": questions}]
        changes.setdefault("enrichment", [])
    return FORMS, "CreateForm", create(B2C, "form", name, definition("win-back", **changes))


def question(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "label": {"texts": {"en": "Why?"}}, "text": {}} | more


def push(profile: str = ALICE, **answers: Any) -> tuple[str, str, dict[str, Any]]:
    right = {"reason": text("price"), "rating": whole(3)}
    participation = {"profile": profile, "answers": right | answers}
    return FORMS, "CreateParticipation", {"parent": f"{B2C}/forms/win-back", "participation": participation}


def scenario(*steps: Any, name: str = "", **changes: Any) -> tuple[str, str, dict[str, Any]]:
    if steps:
        changes["steps"] = list(steps)
    return SCENARIOS, "CreateScenario", create(B2C, "scenario", name, definition("welcome", **changes))


def by_date(attribute: str, **changes: Any) -> dict[str, Any]:
    date = {"attribute": attribute, "recurrence": "DATE_RECURRENCE_YEARLY", "timeOfDay": {"hour": 9}} | changes
    return {"date": {name: value for name, value in date.items() if value is not None}}


def write(name: str, field: str = "vip", value: Any = None, **more: Any) -> dict[str, Any]:
    return {"id": name, "updateProfile": {"fields": {field: value or {"boolValue": True}}}} | more


def start(name: str = "welcome", profile: str = ALICE, **more: Any) -> tuple[str, str, dict[str, Any]]:
    return SCENARIOS, "StartExecution", {"parent": f"{B2C}/scenarios/{name}", "profile": profile} | more
