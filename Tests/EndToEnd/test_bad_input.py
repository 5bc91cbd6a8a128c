"""Bad input is answered with the right code and a message that names the culprit, and changes nothing."""

import itertools
import time

import grpc
import pytest
from imports import COLUMNS, csv_file, export, import_file, make_customers, profiles, refused_lines, stored_as_sent
from rapport.access.v1 import access_pb2, access_pb2_grpc
from rapport.options.v1 import options_pb2
from rapport.profiles.v1 import profile_pb2, profile_service_pb2
from rapport.type.v1 import value_pb2
from story import data

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def customers(suite):
    """A table with one profile, customer 1, and a channel that may write and export it."""
    entity, channel = suite.entity(options_pb2.RIGHT_WRITE, options_pb2.RIGHT_EXPORT)
    table = make_customers(channel, entity)
    import_file(channel, table, csv_file(COLUMNS, [data.customer_row(1)]))
    return table, channel


@pytest.fixture
def unchanged(customers):
    """Holds the table's content against what it was before the test."""
    table, channel = customers
    before = export(channel, table, COLUMNS)
    yield table, channel
    assert export(channel, table, COLUMNS) == before


def line(**changes: str) -> str:
    """A line of customers.csv of a new customer, with these changes."""
    row = data.customer_row(50_000 + next(_numbers)) | changes
    return csv_file(COLUMNS, [row]).decode().split("\r\n", 1)[1]


HEADER = ",".join(COLUMNS)

BROKEN_LINES = {
    "a date that is none": ("birthDate", line(birthDate="1975-02-30").encode()),
    "a text where a date belongs": ("birthDate", line(birthDate="yesterday").encode()),
    "a boolean that is none": ("marketingConsent", line(marketingConsent="perhaps").encode()),
    "a malformed address": ("emailAddress", line(emailAddress="alice at example.test").encode()),
    "a language that is not accepted": ("motherLanguage", line(motherLanguage="es").encode()),
    "a choice that the segment has not": ("tier", line(tier="platinum").encode()),
    "a text that is too long": ("firstName", line(firstName="x" * 61).encode()),
    "no key": ("customerCode", line(customerCode="").encode()),
    "U+0000": ("firstName", line(firstName="Zo\0").encode()),
    "Latin-1 bytes": ("firstName", line(firstName="Zoë").encode("latin-1", "replace")),
    "an unfinished UTF-8 sequence": ("lastName", line(lastName="?").encode().replace(b"?", b"\xe2\x82")),
    "a cell too few": ("", line().encode().rpartition(b",")[0] + b"\r\n"),
    "a cell too many": ("", line().encode().replace(b"\r\n", b",more\r\n")),
    "a quote that is never closed": ("", line(firstName="open").replace("open", '"open').encode()),
    "a quote inside a cell": ("", line(firstName="stray").replace("stray", 'st"ray').encode()),
    "a line of 10 MB": ("", line(firstName="long").replace("long", "x" * 10_000_000).encode()),
}


@pytest.mark.parametrize("what", BROKEN_LINES)
def test_a_broken_line_costs_itself_alone(suite, what):
    column, broken = BROKEN_LINES[what]
    entity, channel = suite.entity(options_pb2.RIGHT_WRITE, options_pb2.RIGHT_EXPORT)
    table = make_customers(channel, entity)
    good = [data.customer_row(number) for number in (1, 2)]
    lines = [row.encode() for row in csv_file(COLUMNS, good).decode().splitlines(keepends=True)]
    file = lines[0] + lines[1] + broken + lines[2]

    done = import_file(channel, table, file)

    assert (done.progress.created, done.progress.refused_lines) == (2, 1)
    [refused] = refused_lines(channel, done)
    assert (refused.line, refused.column) == (3, column)
    assert refused.reason
    assert sorted(row["customerCode"] for row in export(channel, table, COLUMNS)) == ["00001", "00002"]


FAULTY_FILES = {
    "no column for the key": (csv_file(["firstName"], [data.customer_row(2)]), "customerCode"),
    "a column twice": (csv_file(COLUMNS, []).replace(b"firstName", b"lastName"), "lastName"),
    "no header": (b"", "empty"),
    "a header that is not UTF-8": (b"customerCode,\xe9mail\r\n00002,x\r\n", "UTF-8"),
}


@pytest.mark.parametrize("what", FAULTY_FILES)
def test_a_file_that_cannot_be_understood_is_refused_as_a_whole(unchanged, what):
    table, channel = unchanged
    file, culprit = FAULTY_FILES[what]
    with pytest.raises(grpc.RpcError) as refused:
        import_file(channel, table, file)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert culprit in refused.value.details()


def test_a_column_that_no_field_takes_is_not_read(suite):
    entity, channel = suite.entity(options_pb2.RIGHT_WRITE, options_pb2.RIGHT_EXPORT)
    table = make_customers(channel, entity)
    file = csv_file(["id", *COLUMNS, "shoeSize"], [data.customer_row(1) | {"id": "7", "shoeSize": "42"}])
    import_file(channel, table, file)
    [row] = export(channel, table, COLUMNS)
    assert {name: row[name] for name in COLUMNS} == stored_as_sent(data.customer_row(1))


def test_a_byte_order_mark_is_passed_over(suite):
    entity, channel = suite.entity(options_pb2.RIGHT_WRITE, options_pb2.RIGHT_EXPORT)
    table = make_customers(channel, entity)
    import_file(channel, table, b"\xef\xbb\xbf" + csv_file(COLUMNS, [data.customer_row(1)]))
    [row] = export(channel, table, COLUMNS)
    assert {name: row[name] for name in COLUMNS} == stored_as_sent(data.customer_row(1))


def test_a_line_with_another_profiles_unique_value_is_refused(unchanged):
    table, channel = unchanged
    file = csv_file(COLUMNS, [data.customer_row(2) | {"emailAddress": "c1@example.test"}])
    done = import_file(channel, table, file)
    assert (done.progress.created, done.progress.refused_lines) == (0, 1)
    [refused] = refused_lines(channel, done)
    assert refused.line == 2 and "c1@" not in refused.reason


def test_an_import_by_an_unknown_key_names_it(unchanged):
    table, channel = unchanged
    with pytest.raises(grpc.RpcError) as refused:
        import_file(channel, table, csv_file(COLUMNS, []), key="shoeSize")
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "shoeSize" in refused.value.details()


def value(text: str) -> value_pb2.Value:
    return value_pb2.Value(string_value=text)


BAD_FIELDS = {
    "a field that the table has not": ({"shoeSize": value("44")}, "shoeSize"),
    "a value of another kind": ({"birthDate": value("1990-01-01")}, "birthDate"),
    "a date that is none": (
        {"birthDate": value_pb2.Value(date_value=value_pb2.Date(year=1975, month=2, day=30))},
        "birthDate",
    ),
    "a text that is too long": ({"firstName": value("x" * 61)}, "firstName"),
    "U+0000": ({"firstName": value("Zo\0")}, "firstName"),
    "a choice that the segment has not": ({"tier": value("platinum")}, "tier"),
    "a value with no kind": ({"firstName": value_pb2.Value()}, "firstName"),
    "a required field that is cleared": (
        {"customerCode": value_pb2.Value(null_value=value_pb2.Null())},
        "customerCode",
    ),
}


@pytest.mark.parametrize("what", BAD_FIELDS)
def test_a_profile_with_a_bad_field_is_refused_and_the_field_is_named(unchanged, what):
    table, channel = unchanged
    fields, culprit = BAD_FIELDS[what]
    fields = {"customerCode": value("00099")} | fields
    with pytest.raises(grpc.RpcError) as refused:
        profiles(channel).CreateProfile(
            profile_service_pb2.CreateProfileRequest(parent=table, profile=profile_pb2.Profile(fields=fields))
        )
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert culprit in refused.value.details()


def test_a_key_that_exists_is_refused_and_named(unchanged):
    table, channel = unchanged
    with pytest.raises(grpc.RpcError) as refused:
        profiles(channel).CreateProfile(
            profile_service_pb2.CreateProfileRequest(
                parent=table, profile=profile_pb2.Profile(fields={"customerCode": value("00001")})
            )
        )
    assert refused.value.code() == grpc.StatusCode.ALREADY_EXISTS
    assert "customerCode" in refused.value.details() and "00001" not in refused.value.details()


@pytest.mark.parametrize(
    "name",
    [
        "entities/nowhere/profileTables/customers/profiles/customerCode=00001",
        "{entity}/profileTables/nobody/profiles/customerCode=00001",
        "{table}/profiles/customerCode=99999",
        "{table}/profiles/4294967295",
    ],
)
def test_what_does_not_exist_is_not_found(unchanged, name):
    table, channel = unchanged
    name = name.format(table=table, entity="/".join(table.split("/")[:2]))
    with pytest.raises(grpc.RpcError) as refused:
        profiles(channel).GetProfile(profile_service_pb2.GetProfileRequest(name=name))
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    "name",
    ["", "nonsense", "{table}", "{table}/profiles/", "{table}/profiles/shoeSize=44", "{table}/profiles/firstName=Zo"],
)
def test_a_malformed_name_is_an_invalid_argument(unchanged, name):
    table, channel = unchanged
    with pytest.raises(grpc.RpcError) as refused:
        profiles(channel).GetProfile(profile_service_pb2.GetProfileRequest(name=name.format(table=table)))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_bytes_that_are_no_message_and_text_that_is_not_utf8_are_refused(unchanged):
    _, channel = unchanged
    call = channel.unary_unary("/rapport.profiles.v1.ProfileService/GetProfile")
    for request in (b"\xff\xff\xff", b"\x0a\x03\xe2\x82x"):
        with pytest.raises(grpc.RpcError) as refused:
            call(request)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_a_method_that_does_not_exist_is_unimplemented_and_one_of_the_services_alone_is_closed(unchanged):
    _, channel = unchanged
    for method in (
        "/rapport.profiles.v1.ProfileService/Nothing",
        "/rapport.internal.v1.ProfileDirectory/ResolveProfiles",
    ):
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(method)(b"")
        assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_key_that_may_only_read_changes_nothing(suite, unchanged):
    table, _ = unchanged
    reader = suite.channel(suite.key("/".join(table.split("/")[:2]), options_pb2.RIGHT_READ))
    profiles(reader).GetProfileTable(profile_service_pb2.GetProfileTableRequest(name=table))
    with pytest.raises(grpc.RpcError) as refused:
        import_file(reader, table, csv_file(COLUMNS, [data.customer_row(3)]))
    assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_a_revoked_key_ends_its_tokens(suite):
    access = access_pb2_grpc.AccessServiceStub(suite.administrator())
    made = access.CreateKey(access_pb2.CreateKeyRequest(key=access_pb2.Key(display_name="Short-lived")))
    holder = access_pb2_grpc.AccessServiceStub(suite.channel(made.secret))
    holder.GetCaller(access_pb2.GetCallerRequest())

    access.RevokeKey(access_pb2.RevokeKeyRequest(name=made.key.name))

    deadline = time.monotonic() + 30
    with pytest.raises(grpc.RpcError) as refused:
        while time.monotonic() < deadline:
            holder.GetCaller(access_pb2.GetCallerRequest())
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    with pytest.raises(grpc.RpcError) as refused:
        suite.channel(made.secret)
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
