"""Attacks that have worked on others: names that SQL reads, templates in data, pages of another list, telling logs."""

import itertools
import json
import re
import time
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from rapport.tables.v1 import table_service_pb2
from story import mail
from world import (
    B2C,
    CUSTOMERS,
    FORMS,
    INVALID,
    MESSAGING,
    ORDERS,
    PROFILES,
    SCENARIOS,
    TABLES,
    TARGETINGS,
    campaign,
    create,
    definition,
    row,
    send,
    targeting,
    text,
)

# PostgreSQL's own columns, and words that its grammar keeps.
RESERVED = ["xmin", "ctid", "tableoid", "user", "select", "primary"]
NOT_A_NAME = {
    "a quote and SQL": 'user"; DROP TABLE t1; --',
    "200 letters": "x" * 200,
    "a line break": "colour\nsize",
    "U+0000": "colour\0",
    "Liquid": "{{ profile }}",
    "HTML": "<script>",
    "nothing": "",
}


def _attribute(name: str) -> dict[str, Any]:
    return {"id": name, "displayName": "Attribute", "type": "FIELD_TYPE_STRING", "maxLength": 20}


def test_names_that_postgresql_keeps_for_itself_are_names_like_others(world):
    attributes = [*definition("customers")["attributes"], *(_attribute(name) for name in RESERVED)]
    table = definition("customers", attributes=attributes)
    made = world.call(PROFILES, "CreateProfileTable", create(B2C, "profileTable", "reserved", table)).name
    values = {name: text(f"its {name}") for name in RESERVED}
    profile = {"fields": values | {"customerCode": text("1")}}
    world.call(PROFILES, "CreateProfile", {"parent": made, "profile": profile})
    kept = world.call(PROFILES, "GetProfile", {"name": f"{made}/profiles/customerCode=1"}).fields
    assert {name: kept[name].string_value for name in RESERVED} == {name: f"its {name}" for name in RESERVED}
    for name in RESERVED:
        comparison = {"equals": text(f"its {name}")}
        found = world.call(*targeting({"field": name, "comparison": comparison}, table=made, name=f"by-{name}"))
        assert world.call(TARGETINGS, "CountTargeting", {"parent": B2C, "name": found.name}).count == 1


@pytest.mark.parametrize("what", NOT_A_NAME)
def test_what_is_no_name_names_no_field_and_no_table(unchanged, what):
    attributes = [*definition("customers")["attributes"], _attribute(NOT_A_NAME[what])]
    table = create(B2C, "profileTable", "", definition("customers", attributes=attributes))
    with pytest.raises(grpc.RpcError) as refused:
        unchanged.call(PROFILES, "CreateProfileTable", table)
    assert refused.value.code().name == INVALID
    assert "profile_table.attributes[" in refused.value.details()
    with pytest.raises(grpc.RpcError) as refused:
        request = {"parent": B2C, "customTableId": NOT_A_NAME[what], "customTable": definition("stores")}
        unchanged.call(TABLES, "CreateCustomTable", request)
    assert refused.value.code().name == INVALID
    assert "custom_table_id" in refused.value.details()


EVIL = "{{ 7 | times: 6 }}{% raw %}<script>alert(1)</script>"


def test_what_a_person_is_called_is_neither_a_template_nor_html(suite, world):
    profile = {
        "fields": {
            "customerCode": text("00666"),
            "emailAddress": text("evil@example.test"),
            "firstName": text(EVIL),
            "marketingConsent": {"boolValue": True},
            "newsletter": {"boolValue": True},
        }
    }
    name = world.call(PROFILES, "CreateProfile", {"parent": CUSTOMERS, "profile": profile}).name
    world.call(*send(f"{B2C}/campaigns/thank-you", name, requestId="evil"))
    message = _mail_to(suite, "evil@example.test")
    assert EVIL in message.subject
    assert "<script" not in message.html
    assert "{{ 7 | times: 6 }}" in message.html
    assert "&lt;script&gt;" in message.html


def _mail_to(suite, recipient: str) -> mail.Mail:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for message in mail.read_all(suite.suite.mail):
            if message.recipient == recipient:
                return message
        time.sleep(0.05)
    raise AssertionError(f"no mail to {recipient}")


# Lists with two items at least, so that a page of one has a token.
LISTS = {
    "profile tables": (PROFILES, "ListProfileTables", {"parent": B2C}),
    "profiles": (PROFILES, "ListProfiles", {"parent": CUSTOMERS}),
    "custom tables": (TABLES, "ListCustomTables", {"parent": B2C}),
    "rows": (TABLES, "ListRows", {"parent": ORDERS}),
    "targetings": (TARGETINGS, "ListTargetings", {"parent": B2C}),
    "senders": (MESSAGING, "ListSenders", {"parent": B2C}),
    "campaigns": (MESSAGING, "ListCampaigns", {"parent": B2C}),
    "forms": (FORMS, "ListForms", {"parent": B2C}),
    "scenarios": (SCENARIOS, "ListScenarios", {"parent": B2C}),
}


@pytest.fixture(scope="module")
def tokens(world):
    """The token of each list's second page."""
    world.call(PROFILES, "CreateProfile", {"parent": CUSTOMERS, "profile": {"fields": {"customerCode": text("00002")}}})
    world.call(*row(orderCode=text("second")))
    world.call(FORMS, "CreateForm", create(B2C, "form", "second", definition("win-back")))
    world.call(*campaign(name="second"))
    found = {}
    for name, (service, method, request) in LISTS.items():
        found[name] = world.call(service, method, request | {"pageSize": 1}).next_page_token
        assert found[name], name
    return found


@pytest.mark.parametrize("name", LISTS)
def test_a_page_token_of_another_list_opens_no_page(unchanged, tokens, name):
    service, method, request = LISTS[name]
    assert unchanged.call(service, method, request | {"pageSize": 1, "pageToken": tokens[name]})
    cut, changed = tokens[name][:-1], ("B" if tokens[name][0] == "A" else "A") + tokens[name][1:]
    others = [token for other, token in tokens.items() if other != name]
    for token in (*others, cut, changed, "x"):
        with pytest.raises(grpc.RpcError) as refused:
            unchanged.call(service, method, request | {"pageSize": 1, "pageToken": token})
        assert refused.value.code().name == INVALID
        assert "page token" in refused.value.details()


def test_a_call_whose_time_is_over_changes_nothing(suite, unchanged):
    _, _, request = row(orderCode=text("late"))
    message = json_format.ParseDict(
        json.loads(unchanged.real(json.dumps(request))), table_service_pb2.CreateRowRequest()
    )
    create_row = unchanged.channel.unary_unary(
        f"/{TABLES}/CreateRow",
        request_serializer=table_service_pb2.CreateRowRequest.SerializeToString,
        response_deserializer=lambda answer: answer,
    )
    for timeout in (1e-9, 1e-6, 1e-5):
        with pytest.raises(grpc.RpcError) as refused:
            create_row(message, timeout=timeout)
        assert refused.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_no_log_tells_a_secret_or_a_value(suite, world):
    """After all that the tests before have asked of the suite, refused calls above all."""
    run = suite.suite.data
    secrets = {
        word
        for file in (run / "keys").iterdir()
        if file.name != "public.json"
        for word in file.read_text(encoding="utf-8").split()
        if len(word) >= 16
    }
    values = {"evil@example.test", EVIL, "its xmin"}
    logs = [file for file in (run / "log").iterdir() if file.is_file()]
    assert logs
    for file in logs:
        log = file.read_text(encoding="utf-8", errors="replace")
        for secret in itertools.chain(secrets, values):
            assert secret not in log, f"{file.name} tells {secret[:4]}…"
        # An access token, and the link of a person.
        assert not re.search(r"Bearer [A-Za-z0-9_-]{16}|/[mf]/[a-z]/[A-Za-z0-9_-]{40}", log), file.name
