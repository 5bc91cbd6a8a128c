"""The life of an entity in calls: valid requests for every public method, in an order in which each works.

Requests are proto3 JSON. In them `entities/b2c` stands for the entity, a number in a name for the one that the suite
gives, and `CANARY` for a word that is found nowhere else.
"""

import json
import pathlib
from dataclasses import dataclass
from typing import Any

_DEFINITIONS = pathlib.Path(__file__).parents[3] / "deploy/story/definitions"

ACCESS = "rapport.access.v1.AccessService"
PROFILES = "rapport.profiles.v1.ProfileService"
TARGETINGS = "rapport.targeting.v1.TargetingService"
TABLES = "rapport.tables.v1.TableService"
TIMELINE = "rapport.interactions.v1.InteractionService"
MESSAGING = "rapport.messaging.v1.MessagingService"
FORMS = "rapport.forms.v1.FormService"
SCENARIOS = "rapport.automation.v1.ScenarioService"

B2C = "entities/b2c"
CUSTOMERS, PROSPECTS = f"{B2C}/profileTables/customers", f"{B2C}/profileTables/prospects"
STORES, ORDERS = f"{B2C}/customTables/stores", f"{B2C}/customTables/orders"
READERS = f"{B2C}/targetings/readers"
CARE = f"{B2C}/senders/care"
COME_BACK, THANK_YOU = f"{B2C}/campaigns/come-back", f"{B2C}/campaigns/thank-you"
WIN_BACK = f"{B2C}/forms/win-back"
WELCOME = f"{B2C}/scenarios/welcome"

# What exists of each kind once the entity is built.
EXISTING = {
    "access.rapport/Entity": B2C,
    "access.rapport/Key": "keys/1",
    "profiles.rapport/ProfileTable": CUSTOMERS,
    "profiles.rapport/Profile": f"{CUSTOMERS}/profiles/1",
    "profiles.rapport/ProfileImport": f"{CUSTOMERS}/imports/1",
    "targeting.rapport/Targeting": READERS,
    "tables.rapport/CustomTable": ORDERS,
    "tables.rapport/Row": f"{ORDERS}/rows/1",
    "tables.rapport/RowImport": f"{ORDERS}/imports/1",
    "messaging.rapport/Sender": CARE,
    "messaging.rapport/Campaign": THANK_YOU,
    "messaging.rapport/Message": f"{THANK_YOU}/messages/1",
    "forms.rapport/Form": WIN_BACK,
    "forms.rapport/Participation": f"{WIN_BACK}/participations/1",
    "automation.rapport/Scenario": WELCOME,
    "automation.rapport/Execution": f"{WELCOME}/executions/1",
}


@dataclass(frozen=True)
class Step:
    """One call. The answer's name is that which `makes` stands for."""

    service: str
    method: str
    request: dict[str, Any]
    file: bytes = b""
    makes: str = ""

    @property
    def path(self) -> str:
        """As gRPC has it, without the first slash."""
        return f"{self.service}/{self.method}"


def definition(name: str, **changes: Any) -> dict[str, Any]:
    """A definition of the story, with these changes."""
    return json.loads((_DEFINITIONS / f"{name}.json").read_text(encoding="utf-8")) | changes


def create(service: str, kind: str, name: str, what: dict[str, Any]) -> Step:
    """A resource directly beneath the entity."""
    request = {"parent": B2C, f"{kind}Id": name, kind: what}
    return Step(service, f"Create{kind[0].upper()}{kind[1:]}", request)


def text(words: str) -> dict[str, Any]:
    return {"stringValue": words}


def _order(code: str) -> dict[str, Any]:
    return {
        "orderCode": text(code),
        "customer": text("00001"),
        "time": {"timestampValue": "1998-01-01T00:00:00Z"},
        "quantity": {"int64Value": "1"},
        "amount": {"decimalValue": {"low": "1250", "scale": 2}},
        "store": text("S01"),
    }


_ALICE = {
    "customerCode": text("00001"),
    "emailAddress": text("alice@example.test"),
    "firstName": text("CANARY"),
    "newsletter": {"boolValue": True},
    "marketingConsent": {"boolValue": True},
    "preferredStore": text("S01"),
}
_TIER = {"field": {"field": "tier", "comparison": {"isSet": True}}}
_KEY = {"displayName": "CANARY", "grants": [{"entity": B2C, "module": "MODULE_ALL", "right": "RIGHT_READ"}]}
_SETTINGS = {"source": "test"}
_ANSWERS = {"reason": text("price"), "rating": {"int64Value": "3"}}

# The least that a message on the way to a field needs, where the request does not have it.
EXAMPLES: dict[str, dict[str, Any]] = {
    "rapport.access.v1.Grant": {"entity": B2C, "module": "MODULE_ALL", "right": "RIGHT_READ"},
    "rapport.profiles.v1.ProfileTable": {},
    "rapport.profiles.v1.Reference": {"id": "other", "repository": STORES},
    "rapport.targeting.v1.Targeting": {"profileTable": CUSTOMERS},
    "rapport.targeting.v1.Criterion": {},
    "rapport.targeting.v1.Criteria": {},
    "rapport.targeting.v1.RowsCriterion": {
        "table": ORDERS,
        "aggregate": "AGGREGATE_COUNT",
        "comparison": {"equals": {"int64Value": "1"}},
    },
    "rapport.tables.v1.RowLink": {"id": "other", "table": STORES},
    "rapport.automation.v1.Trigger": {},
    "rapport.automation.v1.ParticipationTrigger": {"form": WIN_BACK},
    "rapport.automation.v1.RowTrigger": {"table": ORDERS},
    "rapport.automation.v1.Step": {"id": "other"},
    "rapport.automation.v1.SendStep": {"campaign": THANK_YOU},
}


def build() -> list[Step]:
    """Makes one of everything."""
    bare = definition("customers")
    del bare["references"]
    readers = {"displayName": "CANARY", "profileTable": CUSTOMERS, "criterion": {"all": {"criteria": [_TIER]}}}
    push = {"profile": f"{CUSTOMERS}/profiles/1", "answers": _ANSWERS | {"origin": text("CANARY")}}
    return [
        Step(ACCESS, "CreateKey", {"key": _KEY}, makes="keys/1"),
        create(TABLES, "customTable", "stores", definition("stores")),
        Step(TABLES, "CreateRow", {"parent": STORES, "row": {"values": _store("S01")}}),
        create(PROFILES, "profileTable", "prospects", bare),
        create(PROFILES, "profileTable", "customers", definition("customers")),
        create(TABLES, "customTable", "orders", definition("orders")),
        Step(
            PROFILES,
            "CreateProfile",
            {"parent": CUSTOMERS, "profile": {"fields": _ALICE}, "provenance": {"source": "test"}},
            makes=f"{CUSTOMERS}/profiles/1",
        ),
        Step(
            PROFILES,
            "UpsertProfile",
            {"profile": {"name": f"{CUSTOMERS}/profiles/customerCode=00002", "fields": {"firstName": text("Bob")}}},
        ),
        Step(
            PROFILES,
            "ImportProfiles",
            {"start": {"parent": CUSTOMERS, "settings": _SETTINGS | {"key": "customerCode"}}},
            file=b"customerCode,firstName\r\n00003,Carol\r\n00004," + b"x" * 99 + b"\r\n",
            makes=f"{CUSTOMERS}/imports/1",
        ),
        Step(TABLES, "CreateRow", {"parent": ORDERS, "row": {"values": _order("1")}}, makes=f"{ORDERS}/rows/1"),
        Step(TABLES, "UpsertRow", {"row": {"name": f"{ORDERS}/rows/orderCode=2", "values": _order("2")}}),
        Step(
            TABLES,
            "ImportRows",
            {"start": {"parent": ORDERS, "settings": _SETTINGS | {"key": "orderCode"}}},
            file=b"orderCode,customer,time,quantity,amount\r\n3,00001,1998-01-01,1,1.50\r\n4,,,,\r\n",
            makes=f"{ORDERS}/imports/1",
        ),
        create(TARGETINGS, "targeting", "readers", readers),
        create(MESSAGING, "sender", "care", definition("care", displayName="CANARY")),
        create(
            MESSAGING, "campaign", "thank-you", definition("thank-you", displayName="CANARY", subscription="newsletter")
        ),
        create(
            MESSAGING,
            "campaign",
            "come-back",
            definition("come-back", displayName="CANARY", targeting=READERS, sender=CARE),
        ),
        Step(MESSAGING, "LaunchCampaign", {"name": THANK_YOU}),
        Step(
            MESSAGING,
            "SendMessage",
            {"parent": THANK_YOU, "profile": f"{CUSTOMERS}/profiles/1", "values": {"code": text("CANARY")}},
            makes=f"{THANK_YOU}/messages/1",
        ),
        create(FORMS, "form", "win-back", definition("win-back", displayName="CANARY")),
        Step(FORMS, "PublishForm", {"name": WIN_BACK}),
        Step(
            FORMS,
            "CreatePersonalLink",
            {"parent": WIN_BACK, "profile": f"{CUSTOMERS}/profiles/1", "hidden": {"origin": "mail"}},
        ),
        Step(
            FORMS,
            "CreateParticipation",
            {"parent": WIN_BACK, "participation": push},
            makes=f"{WIN_BACK}/participations/1",
        ),
        create(SCENARIOS, "scenario", "welcome", definition("welcome", displayName="CANARY")),
        Step(SCENARIOS, "ActivateScenario", {"name": WELCOME}),
        Step(
            SCENARIOS,
            "StartExecution",
            {"parent": WELCOME, "profile": f"{CUSTOMERS}/profiles/1", "values": {"code": text("CANARY")}},
            makes=f"{WELCOME}/executions/1",
        ),
    ]


def _store(code: str) -> dict[str, Any]:
    return {"code": text(code), "city": text("CANARY"), "country": text("BE")}


def read() -> list[Step]:
    """Looks at everything."""
    alice, row = f"{CUSTOMERS}/profiles/1", f"{ORDERS}/rows/1"
    gets = [
        (ACCESS, "GetEntity", B2C),
        (ACCESS, "GetKey", "keys/1"),
        (PROFILES, "GetProfileTable", CUSTOMERS),
        (PROFILES, "GetProfile", alice),
        (PROFILES, "GetProfileImport", f"{CUSTOMERS}/imports/1"),
        (TARGETINGS, "GetTargeting", READERS),
        (TABLES, "GetCustomTable", ORDERS),
        (TABLES, "GetRow", row),
        (TABLES, "GetRowImport", f"{ORDERS}/imports/1"),
        (MESSAGING, "GetSender", CARE),
        (MESSAGING, "GetCampaign", THANK_YOU),
        (MESSAGING, "GetCampaignReport", THANK_YOU),
        (FORMS, "GetForm", WIN_BACK),
        (FORMS, "GetParticipation", f"{WIN_BACK}/participations/1"),
        (SCENARIOS, "GetScenario", WELCOME),
        (SCENARIOS, "GetExecution", f"{WELCOME}/executions/1"),
    ]
    lists: list[tuple[str, str, str, dict[str, Any]]] = [
        (PROFILES, "ListProfileTables", B2C, {}),
        (PROFILES, "BatchGetProfiles", CUSTOMERS, {"names": [alice]}),
        (PROFILES, "ListProfiles", CUSTOMERS, {}),
        (PROFILES, "ListFieldChanges", alice, {}),
        (PROFILES, "ListProfileImports", CUSTOMERS, {}),
        (PROFILES, "ListRefusedLines", f"{CUSTOMERS}/imports/1", {}),
        (PROFILES, "ExportProfiles", CUSTOMERS, {}),
        (TARGETINGS, "ListTargetings", B2C, {}),
        (TARGETINGS, "CountTargeting", B2C, {"name": READERS}),
        (TARGETINGS, "ListTargetedProfiles", READERS, {}),
        (TARGETINGS, "ExportTargeting", READERS, {}),
        (TABLES, "ListCustomTables", B2C, {}),
        (TABLES, "BatchGetRows", ORDERS, {"names": [row]}),
        (TABLES, "ListRows", ORDERS, {"profile": alice}),
        (TABLES, "ListRowImports", ORDERS, {}),
        (TABLES, "ListRefusedLines", f"{ORDERS}/imports/1", {}),
        (TABLES, "ExportRows", ORDERS, {}),
        (TIMELINE, "ListInteractions", alice, {}),
        (MESSAGING, "ListSenders", B2C, {}),
        (MESSAGING, "ListCampaigns", B2C, {}),
        (MESSAGING, "ListMessages", THANK_YOU, {"profile": alice}),
        (FORMS, "ListForms", B2C, {}),
        (FORMS, "ListParticipations", WIN_BACK, {"profile": alice}),
        (SCENARIOS, "ListScenarios", B2C, {}),
        (SCENARIOS, "ListExecutions", WELCOME, {"profile": alice}),
    ]
    return [
        *(Step(service, method, {"name": name}) for service, method, name in gets),
        *(Step(service, method, {"parent": parent} | more) for service, method, parent, more in lists),
        *(Step(ACCESS, method, {}) for method in ("GetCaller", "ListEntities", "ListKeys")),
        Step(MESSAGING, "PreviewCampaign", {"name": THANK_YOU, "profile": alice}),
    ]


def change() -> list[Step]:
    """Changes everything that can be changed."""
    renamed = {"displayName": "Renamed"}
    alice = {"name": f"{CUSTOMERS}/profiles/1", "fields": {"firstName": text("CANARY")}}
    return [
        Step(ACCESS, "UpdateEntity", {"entity": {"name": B2C} | renamed}),
        Step(ACCESS, "UpdateKey", {"key": {"name": "keys/1"} | renamed}),
        Step(PROFILES, "UpdateProfileTable", {"profileTable": {"name": CUSTOMERS} | renamed}),
        Step(PROFILES, "UpdateProfile", {"profile": alice}),
        Step(TARGETINGS, "UpdateTargeting", {"targeting": {"name": READERS} | renamed}),
        Step(TABLES, "UpdateCustomTable", {"customTable": {"name": ORDERS} | renamed}),
        Step(TABLES, "UpdateRow", {"row": {"name": f"{ORDERS}/rows/1", "values": {"quantity": {"int64Value": "2"}}}}),
        Step(MESSAGING, "UpdateSender", {"sender": {"name": CARE} | renamed}),
        Step(MESSAGING, "UpdateCampaign", {"campaign": {"name": COME_BACK} | renamed}),
        Step(FORMS, "UpdateForm", {"form": {"name": WIN_BACK} | renamed}),
        Step(SCENARIOS, "UpdateScenario", {"scenario": {"name": WELCOME} | renamed}),
    ]


def end() -> list[Step]:
    """Stops and deletes."""
    return [
        Step(SCENARIOS, "PauseScenario", {"name": WELCOME}),
        Step(SCENARIOS, "DeleteScenario", {"name": WELCOME}),
        Step(FORMS, "CloseForm", {"name": WIN_BACK}),
        Step(FORMS, "DeleteForm", {"name": WIN_BACK}),
        Step(MESSAGING, "DeleteCampaign", {"name": COME_BACK}),
        Step(MESSAGING, "PauseCampaign", {"name": THANK_YOU}),
        Step(MESSAGING, "ResumeCampaign", {"name": THANK_YOU}),
        Step(MESSAGING, "CancelCampaign", {"name": THANK_YOU}),
        Step(MESSAGING, "DeleteCampaign", {"name": THANK_YOU}),
        Step(MESSAGING, "DeleteSender", {"name": CARE}),
        Step(TARGETINGS, "DeleteTargeting", {"name": READERS}),
        Step(TABLES, "DeleteRow", {"name": f"{ORDERS}/rows/1"}),
        Step(TABLES, "DeleteCustomTable", {"name": ORDERS, "force": True}),
        Step(PROFILES, "DeleteProfile", {"name": f"{CUSTOMERS}/profiles/1"}),
        Step(PROFILES, "DeleteProfileTable", {"name": PROSPECTS, "force": True}),
        Step(ACCESS, "RevokeKey", {"name": "keys/1"}),
    ]


def apart() -> list[Step]:
    """What is not for who may act in one entity alone: it needs no token, or every entity."""
    entity = {"displayName": "Other", "timeZone": "UTC"}
    return [
        Step(ACCESS, "CreateEntity", {"entityId": "other", "entity": entity}),
        Step(ACCESS, "ExchangeKey", {"secret": "none"}),
    ]


def requests() -> dict[str, Step]:
    """A valid request of each method, by its path; of a method that comes more than once, the last."""
    return {step.path: step for step in [*build(), *read(), *change(), *end(), *apart()]}
