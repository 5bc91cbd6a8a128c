"""Bad input to the steps of the main job: the right code, a message that names the culprit, and nothing changed."""

import contextlib
import http.client
import itertools
import json
import time
import urllib.parse
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from imports import csv_file
from rapport.access.v1 import access_pb2, access_pb2_grpc
from rapport.options.v1 import options_pb2
from rapport.tables.v1 import table_service_pb2, table_service_pb2_grpc
from rapport.type.v1 import import_pb2 as type_import_pb2
from story import data
from world import (
    ALICE,
    B2B,
    B2C,
    CUSTOMERS,
    FORMS,
    INVALID,
    MESSAGING,
    MISSING,
    ORDERS,
    PROSPECTS,
    STORES,
    TABLES,
    World,
    by_date,
    campaign,
    content,
    create,
    definition,
    form,
    push,
    question,
    row,
    rows,
    scenario,
    send,
    sender,
    start,
    targeting,
    text,
    whole,
    write,
)

IS_SET = {"isSet": True}
CASES = {
    "tables": {
        "a table of an entity that there is not": (
            (TABLES, "CreateCustomTable", create("entities/nowhere", "customTable", "", definition("stores"))),
            MISSING,
            "entities/nowhere",
        ),
        "a table that exists": (
            (TABLES, "CreateCustomTable", create(B2C, "customTable", "stores", definition("stores"))),
            "ALREADY_EXISTS",
            "stores",
        ),
        "a table of profiles that there are not": (
            (
                TABLES,
                "CreateCustomTable",
                create(B2C, "customTable", "", definition("orders", profileTable=f"{B2C}/profileTables/nobody")),
            ),
            MISSING,
            "custom_table.profile_table",
        ),
        "a row of a table that there is not": (row(f"{B2C}/customTables/nothing"), MISSING, "customTables/nothing"),
        "a column that the table has not": (row(colour=text("red")), INVALID, "row.values.colour"),
        "a text where a number belongs": (row(quantity=text("two")), INVALID, "row.values.quantity"),
        "a value with no kind": (row(quantity={}), INVALID, "row.values.quantity"),
        "a required column that is cleared": (row(amount={"nullValue": {}}), INVALID, "row.values.amount"),
        "a key that exists": (row(orderCode=text("1")), "ALREADY_EXISTS", "orderCode"),
        "a key that is too long": (row(orderCode=text("x" * 21)), INVALID, "row.values.orderCode"),
        "U+0000 in a row": (row(orderCode=text("2\0")), INVALID, "row.values.orderCode"),
        "a customer that there is not": (row(customer=text("99999")), INVALID, "row.values.customer"),
        "a store that there is not": (row(store=text("S99")), INVALID, "row.values.store"),
    },
    "targetings": {
        "a field that the profiles have not": (
            targeting({"field": "shoeSize", "comparison": IS_SET}),
            INVALID,
            "targeting.criterion.field.field",
        ),
        "a text compared with a date": (
            targeting({"field": "birthDate", "comparison": {"equals": text("1975")}}),
            INVALID,
            "targeting.criterion.field.comparison.equals",
        ),
        "no comparison": (targeting({"field": "tier"}), INVALID, "targeting.criterion.field.comparison"),
        "no criteria in a list": (targeting(all={}), INVALID, "targeting.criterion.all.criteria"),
        "U+0000 in a value": (
            targeting({"field": "firstName", "comparison": {"equals": text("Zo\0")}}),
            INVALID,
            "targeting.criterion.field.comparison.equals",
        ),
        "U+0000 in a part of a value": (
            targeting({"field": "firstName", "comparison": {"contains": "Zo\0"}}),
            INVALID,
            "targeting.criterion.field.comparison.contains",
        ),
        "rows of a table that there is not": (
            targeting(rows=rows(table=f"{B2C}/customTables/nothing")),
            MISSING,
            "targeting.criterion.rows.table",
        ),
        "rows of a table whose rows have no profile": (
            targeting(rows=rows(table=STORES)),
            INVALID,
            "targeting.criterion.rows.table",
        ),
        "rows of another table's profiles": (
            targeting(rows=rows(), table=PROSPECTS),
            INVALID,
            "targeting.criterion.rows.table",
        ),
        "a sum of texts": (
            targeting(rows=rows(aggregate="AGGREGATE_SUM", column="orderCode")),
            INVALID,
            "targeting.criterion.rows.column",
        ),
        "a targeting of other profiles": (
            targeting(targeting=f"{B2C}/targetings/prospects"),
            INVALID,
            "targeting.criterion.targeting",
        ),
        "profiles that there are not": (
            targeting({"field": "tier", "comparison": IS_SET}, table=f"{B2C}/profileTables/nobody"),
            MISSING,
            "targeting.profile_table",
        ),
        "profiles of another entity": (
            targeting({"field": "tier", "comparison": IS_SET}, table=f"{B2B}/profileTables/customers"),
            MISSING,
            "profileTables/customers",
        ),
    },
    "messaging": {
        "a sender's name of two lines": (
            sender(displayName="The Shop\r\nBcc: eve@example.test"),
            INVALID,
            "sender.display_name",
        ),
        "a sender's address of two lines": (
            sender(emailAddress="news@shop.example.test\r\nBcc: eve@example.test"),
            INVALID,
            "sender.email_address",
        ),
        "answers to an address that is none": (sender(replyTo="help"), INVALID, "sender.reply_to"),
        "no subject": (content(subject=""), INVALID, "campaign.contents[en].subject"),
        "a path that there is not": (
            content(html="<p>\n{{ profile.shoeSize }}</p>"),
            INVALID,
            "campaign.contents[en].html is not accepted. Line 2, column",
        ),
        "a column that there is not": (
            content(html="{% for order in rows.orders limit: 3 %}{{ order.colour }}{% endfor %}"),
            INVALID,
            "campaign.contents[en].html",
        ),
        "a tag that is never closed": (
            content(html="{% if profile.firstName %}"),
            INVALID,
            "campaign.contents[en].html",
        ),
        "a mark that is never closed": (
            content(subject="{{ profile.firstName"),
            INVALID,
            "campaign.contents[en].subject",
        ),
        "a sender that there is not": (campaign(sender=f"{B2C}/senders/nobody"), MISSING, "campaign.sender"),
        "a sender of another entity": (campaign(sender=f"{B2B}/senders/care"), MISSING, "campaign.sender"),
        "profiles that there are not": (
            campaign(profileTable=f"{B2C}/profileTables/nobody"),
            MISSING,
            "campaign.profile_table",
        ),
        "a targeting that there is not": (
            campaign(targeting=f"{B2C}/targetings/nothing"),
            MISSING,
            "campaign.targeting",
        ),
        "a targeting of other profiles": (
            campaign(targeting=f"{B2C}/targetings/prospects"),
            INVALID,
            "campaign.targeting",
        ),
        "a subscription that there is not": (campaign(subscription="gazette"), INVALID, "campaign.subscription"),
        "a language without a content": (campaign(defaultLanguage="nl"), INVALID, "campaign.default_language"),
        "a rate below none": (campaign(messagesPerSecond=-1), INVALID, "campaign.messages_per_second"),
        "a launch for the second time": (
            (MESSAGING, "LaunchCampaign", {"name": f"{B2C}/campaigns/come-back", "requestId": "second"}),
            "FAILED_PRECONDITION",
            "launched before",
        ),
        "a send of a draft": (send(f"{B2C}/campaigns/draft", ALICE), "FAILED_PRECONDITION", "not launched"),
        "a send of a mass campaign": (
            send(f"{B2C}/campaigns/come-back", ALICE),
            "FAILED_PRECONDITION",
            "mass campaign",
        ),
        "a send to a profile of another table": (
            send(f"{B2C}/campaigns/thank-you", ALICE.replace("customers", "prospects")),
            INVALID,
            "The field profile is not accepted",
        ),
        "a send to a profile that there is not": (
            send(f"{B2C}/campaigns/thank-you", f"{CUSTOMERS}/profiles/customerCode=99999"),
            MISSING,
            "customerCode=",
        ),
        "a line break in a subject": (
            content("Hello\r\nBcc: eve@example.test"),
            INVALID,
            "campaign.contents[en].subject",
        ),
        "U+0000 in a template": (content(html="Hello\0"), INVALID, "campaign.contents[en].html"),
        "U+0000 in a value of a send": (
            send(f"{B2C}/campaigns/thank-you", ALICE, values={"code": text("Zo\0")}),
            INVALID,
            "values.code",
        ),
        "a value of no kind in a send": (
            send(f"{B2C}/campaigns/thank-you", ALICE, values={"code": {}}),
            INVALID,
            "values.code",
        ),
        "a send to nobody": (send(f"{B2C}/campaigns/thank-you", ""), INVALID, "profile"),
        "a send of another entity's campaign": (
            send(f"{B2B}/campaigns/thank-you", ALICE),
            MISSING,
            "campaigns/thank-you",
        ),
        "a launch of another entity's campaign": (
            (MESSAGING, "LaunchCampaign", {"name": f"{B2B}/campaigns/thank-you"}),
            MISSING,
            "campaigns/thank-you",
        ),
    },
    "forms": {
        "a question's name twice": (form([question("why"), question("why")]), INVALID, "form.pages[0].questions[1].id"),
        "logic by a question that there is not": (
            form([question("why", showIf={"answer": {"question": "who", "answered": True}})]),
            INVALID,
            "form.pages[0].questions[0].show_if.answer.question",
        ),
        "logic by a later question": (
            form([question("why", showIf={"answer": {"question": "who", "answered": True}}), question("who")]),
            INVALID,
            "form.pages[0].questions[0].show_if.answer.question",
        ),
        "a control character in a label": (
            form([question("why", label={"texts": {"en": "Why\0"}})]),
            INVALID,
            "form.pages[0].questions[0].label",
        ),
        "a field that the profiles have not": (
            form(enrichment=[{"question": "reason", "field": "shoeSize"}]),
            INVALID,
            "form.enrichment[0].field",
        ),
        "a field of another type": (
            form(enrichment=[{"question": "reason", "field": "birthDate"}]),
            INVALID,
            "form.enrichment[0]",
        ),
        "enrichment by a question that there is not": (
            form(enrichment=[{"question": "who", "field": "lastName"}]),
            INVALID,
            "form.enrichment[0].question",
        ),
        "profiles that there are not": (
            form(profileTable=f"{B2C}/profileTables/nobody"),
            MISSING,
            "form.profile_table",
        ),
        "an answer to a question that there is not": (push(who=text("me")), INVALID, "participation.answers.who"),
        "an answer of another kind": (push(rating=text("3")), INVALID, "participation.answers.rating"),
        "a rating above the greatest": (push(rating=whole(6)), INVALID, "participation.answers.rating"),
        "a choice that is not offered": (push(reason=text("weather")), INVALID, "participation.answers.reason"),
        "an answer that is too long": (
            push(reason=text("other"), detail=text("x" * 501)),
            INVALID,
            "participation.answers.detail",
        ),
        "U+0000 in an answer": (push(origin=text("call\0")), INVALID, "participation.answers.origin"),
        "an answer of a profile that there is not": (
            push(f"{CUSTOMERS}/profiles/customerCode=99999"),
            MISSING,
            "participation.profile",
        ),
        "an answer of another table's profile": (
            push(ALICE.replace("customers", "prospects")),
            INVALID,
            "participation.profile",
        ),
    },
    "scenarios": {
        "a way to a step that there is not": (scenario(write("a", next="b")), INVALID, "scenario.steps[0].next"),
        "a step that nothing leads to": (scenario(write("a"), write("b")), INVALID, "scenario.steps[1]"),
        "a circle without a wait": (scenario(write("a", next="b"), write("b", next="a")), INVALID, "scenario.steps["),
        "a step's name twice": (scenario(write("a", next="a"), write("a")), INVALID, "scenario.steps[1].id"),
        "a wait of no time": (scenario({"id": "a", "wait": {}}), INVALID, "scenario.steps[0].wait.duration"),
        "a field that the profiles have not": (
            scenario(write("a", "shoeSize")),
            INVALID,
            "scenario.steps[0].update_profile.fields.shoeSize",
        ),
        "a field of another type": (
            scenario(write("a", "birthDate")),
            INVALID,
            "scenario.steps[0].update_profile.fields.birthDate",
        ),
        "a campaign that there is not": (
            scenario({"id": "a", "send": {"campaign": f"{B2C}/campaigns/nothing"}}),
            MISSING,
            "scenario.steps[0].send.campaign",
        ),
        "a mass campaign": (
            scenario({"id": "a", "send": {"campaign": f"{B2C}/campaigns/come-back"}}),
            INVALID,
            "scenario.steps[0].send.campaign",
        ),
        "a campaign of another entity": (
            scenario({"id": "a", "send": {"campaign": f"{B2B}/campaigns/thank-you"}}),
            MISSING,
            "scenario.steps[0].send.campaign",
        ),
        "a form that there is not": (
            scenario(trigger={"participation": {"form": f"{B2C}/forms/nothing"}}),
            MISSING,
            "scenario.trigger.participation.form",
        ),
        "a table that there is not": (
            scenario(trigger={"row": {"table": f"{B2C}/customTables/nothing"}}),
            MISSING,
            "scenario.trigger.row.table",
        ),
        "a column that the table has not": (
            scenario(trigger={"row": {"table": ORDERS, "where": [{"column": "colour", "comparison": IS_SET}]}}),
            INVALID,
            "scenario.trigger.row.where[0].column",
        ),
        "a date that is none": (scenario(trigger=by_date("firstName")), INVALID, "scenario.trigger.date.attribute"),
        "a date of no field": (scenario(trigger=by_date("shoeSize")), INVALID, "scenario.trigger.date.attribute"),
        "a date without an hour": (
            scenario(trigger=by_date("birthDate", timeOfDay=None)),
            INVALID,
            "scenario.trigger.date.time_of_day",
        ),
        "a day of 25 hours": (
            scenario(trigger=by_date("birthDate", timeOfDay={"hour": 24})),
            INVALID,
            "scenario.trigger.date.time_of_day",
        ),
        "U+0000 in a value of a call": (start(values={"code": text("Zo\0")}), INVALID, "values.code"),
        "a call of a draft": (start("idle"), "FAILED_PRECONDITION", "not active"),
        "a call of a scenario that there is not": (start("nothing"), MISSING, "scenarios/nothing"),
        "a call for a malformed name": (start(profile="customerCode=00001"), INVALID, "profile"),
        "U+0000 in a name": (start(profile=f"{CUSTOMERS}/profiles/customerCode=1\0"), INVALID, "profile"),
        "U+0000 in a step's field": (
            scenario(write("a", "firstName", text("Zo\0"))),
            INVALID,
            "scenario.steps[0].update_profile.fields.firstName",
        ),
        "a call by an attribute that is not unique": (
            start(profile=f"{CUSTOMERS}/profiles/firstName=Alice"),
            INVALID,
            "profile",
        ),
        "a call for another table's profile": (
            start(profile=ALICE.replace("customers", "prospects")),
            INVALID,
            "profile",
        ),
        "a call that writes a field that there is not": (
            start(fields={"shoeSize": text("44")}),
            INVALID,
            "fields.shoeSize",
        ),
        "a call that writes a wrong type": (start(fields={"birthDate": text("1975")}), INVALID, "fields.birthDate"),
        "U+0000 in a call's field": (start(fields={"firstName": text("Zo\0")}), INVALID, "fields.firstName"),
    },
}


@pytest.mark.parametrize(("step", "what"), [(step, what) for step, cases in CASES.items() for what in cases])
def test_a_bad_call_is_refused_by_name_and_changes_nothing(unchanged, step, what):
    call, code, culprit = CASES[step][what]
    with pytest.raises(grpc.RpcError) as refused:
        unchanged.call(*call)
    assert (refused.value.code().name, culprit in refused.value.details()) == (code, True), refused.value.details()


# Files.

_HEADER = (",".join(data.ORDER_COLUMNS) + "\r\n").encode()
_codes = itertools.count(100)


def order(**changes: str) -> dict[str, str]:
    right = {"orderCode": str(next(_codes)), "customer": "00001", "time": "1998-01-01T00:00:00+01:00"}
    return right | {"quantity": "1", "amount": "12.50", "store": ""} | changes


def line(**changes: str) -> bytes:
    """A line of orders.csv, with these changes."""
    return csv_file(data.ORDER_COLUMNS, [order(**changes)]).partition(b"\r\n")[2]


def import_orders(world: World, file: bytes) -> Any:
    """Imports a file of orders."""
    settings = type_import_pb2.ImportSettings(key="orderCode")
    start = table_service_pb2.ImportRowsStart(parent=world.real(ORDERS), settings=settings)
    chunks = (file[begin : begin + 65_536] for begin in range(0, len(file), 65_536))
    requests = itertools.chain(
        [table_service_pb2.ImportRowsRequest(start=start)],
        (table_service_pb2.ImportRowsRequest(chunk=chunk) for chunk in chunks),
    )
    return table_service_pb2_grpc.TableServiceStub(world.channel).ImportRows(requests)


BROKEN_LINES = {
    "a customer that there is not": ("customer", line(customer="99999")),
    "a store that there is not": ("store", line(store="S99")),
    "a time that is none": ("time", line(time="yesterday")),
    "a number that is none": ("quantity", line(quantity="two")),
    "an amount that is none": ("amount", line(amount="12,50")),
    "a key that is too long": ("orderCode", line(orderCode="x" * 21)),
    "no key": ("orderCode", line(orderCode="")),
    "U+0000": ("orderCode", line(orderCode="2\0")),
    "Latin-1 bytes": ("orderCode", line(orderCode="?").replace(b"?", b"\xeb")),
    "an open quote": ("", line(orderCode="open").replace(b"open", b'"open')),
    "a line of 10 MB": ("", line(orderCode="long").replace(b"long", b"x" * 10_000_000)),
}


@pytest.mark.parametrize("what", BROKEN_LINES)
def test_a_broken_order_is_refused_and_the_next_line_is_read(unchanged, what):
    column, broken = BROKEN_LINES[what]
    done = import_orders(unchanged, _HEADER + broken + line(customer="99999"))
    assert (done.progress.created, done.progress.updated, done.progress.refused_lines) == (0, 0, 2), done
    request = table_service_pb2.ListRefusedLinesRequest(parent=done.name)
    refused = table_service_pb2_grpc.TableServiceStub(unchanged.channel).ListRefusedLines(request).lines
    assert [(each.line, each.column) for each in refused] == [(2, column), (3, "customer")]
    assert all(each.reason for each in refused)


FAULTY_FILES = {
    "no column for the key": (b"customer,time\r\n00001,1998-01-01\r\n", "orderCode"),
    "a column twice": (_HEADER.replace(b"amount", b"quantity"), "quantity"),
    "no header": (b"", "empty"),
    "a header of Latin-1": (_HEADER.replace(b"amount", b"amo\xfbnt"), "UTF-8"),
}


@pytest.mark.parametrize("what", FAULTY_FILES)
def test_a_file_of_orders_that_cannot_be_understood_is_refused_as_a_whole(unchanged, what):
    file, culprit = FAULTY_FILES[what]
    with pytest.raises(grpc.RpcError) as refused:
        import_orders(unchanged, file)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert culprit in refused.value.details()


def test_orders_without_a_required_column_are_refused_line_by_line(unchanged):
    columns = [name for name in data.ORDER_COLUMNS if name != "amount"]
    done = import_orders(unchanged, csv_file(columns, [order(), order()]))
    assert (done.progress.created, done.progress.refused_lines) == (0, 2)
    request = table_service_pb2.ListRefusedLinesRequest(parent=done.name)
    lines = table_service_pb2_grpc.TableServiceStub(unchanged.channel).ListRefusedLines(request).lines
    assert all("amount" in refused.column + refused.reason for refused in lines), lines


def test_a_byte_order_mark_before_orders_is_passed_over(world):
    done = import_orders(world, b"\xef\xbb\xbf" + _HEADER + line(orderCode="marked"))
    assert (done.progress.created, done.progress.refused_lines) == (1, 0)
    name = f"{ORDERS}/rows/orderCode=marked"
    assert world.call(TABLES, "GetRow", {"name": name}).values["orderCode"].string_value == "marked"


# Pages.

_POSTED = {"content-type": "application/x-www-form-urlencoded"}


def personal_link(world: World) -> str:
    request = {"parent": f"{B2C}/forms/win-back", "profile": ALICE}
    return world.call(FORMS, "CreatePersonalLink", request).url


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer."""
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=60)
    try:
        # A server may refuse a body before it has all of it.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", address.path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


_ANSWERS = b"reason=price&rating=3"
BAD_POSTS = {
    "another content type": (_ANSWERS, {"content-type": "application/json"}, 415),
    "no content type": (_ANSWERS, {}, 415),
    "bytes that are not UTF-8": (_ANSWERS + b"&detail=%ff%fe", _POSTED, 400),
    "raw bytes that are not UTF-8": (_ANSWERS + b"&detail=\xff\xfe", _POSTED, 400),
    "more than a mebibyte": (_ANSWERS + b"&detail=" + b"x" * (1 << 20), _POSTED, 413),
    "a choice that is not offered": (b"reason=weather&rating=3", _POSTED, 422),
    "a rating that is none": (b"reason=price&rating=many", _POSTED, 422),
    "nothing": (b"", _POSTED, 422),
}


@pytest.mark.parametrize("what", BAD_POSTS)
def test_a_bad_post_to_a_form_is_refused_and_changes_nothing(unchanged, what):
    body, headers, status = BAD_POSTS[what]
    assert post(personal_link(unchanged), body, headers) == status


@pytest.mark.parametrize("place", [5, -5])
def test_a_personal_link_with_one_letter_changed_leads_nowhere(unchanged, place):
    head, _, token = personal_link(unchanged).rpartition("/")
    letters = list(token)
    letters[place] = "A" if letters[place] != "A" else "B"
    assert post(f"{head}/{''.join(letters)}", _ANSWERS, _POSTED) == 404


# Tokens.


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x.y.z", "Basic YTpi", "Bearer " + "x" * 5_000])
def test_a_malformed_token_is_unauthenticated(suite, unchanged, header):
    _, method, request = row()
    message = json_format.ParseDict(
        json.loads(unchanged.real(json.dumps(request))), table_service_pb2.CreateRowRequest()
    )
    metadata = [] if header is None else [("authorization", header)]
    with pytest.raises(grpc.RpcError) as refused:
        table_service_pb2_grpc.TableServiceStub(suite.channel()).CreateRow(message, timeout=60, metadata=metadata)
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert refused.value.details()


def test_a_revoked_keys_token_changes_nothing(suite, unchanged):
    access = access_pb2_grpc.AccessServiceStub(suite.administrator())
    grant = access_pb2.Grant(entity=unchanged.names[B2C], module=options_pb2.MODULE_ALL, right=options_pb2.RIGHT_WRITE)
    made = access.CreateKey(access_pb2.CreateKeyRequest(key=access_pb2.Key(display_name="Short", grants=[grant])))
    channel = suite.channel(made.secret)
    unchanged.call(TABLES, "GetCustomTable", {"name": ORDERS}, channel)
    access.RevokeKey(access_pb2.RevokeKeyRequest(name=made.key.name))

    deadline = time.monotonic() + 30
    with pytest.raises(grpc.RpcError) as refused:
        while time.monotonic() < deadline:
            unchanged.call(TABLES, "GetCustomTable", {"name": ORDERS}, channel)
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    with pytest.raises(grpc.RpcError) as refused:
        unchanged.call(*row(), channel)
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
