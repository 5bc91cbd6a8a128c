"""Profiles come in by a streamed file through the gateway: all of them, or with a reason."""

import grpc
import pytest
from imports import (
    COLUMNS,
    csv_file,
    export,
    import_file,
    make_customers,
    profiles,
    refused_lines,
    stored_as_sent,
)
from rapport.options.v1 import options_pb2
from rapport.profiles.v1 import profile_service_pb2
from rapport.type.v1 import import_pb2
from story import data


@pytest.fixture
def table(suite):
    """A new table of customers, and a channel that may write and export it."""
    entity, channel = suite.entity(options_pb2.RIGHT_WRITE, options_pb2.RIGHT_EXPORT)
    return make_customers(channel, entity), channel


def test_a_broken_line_is_refused_with_its_number_and_the_rest_goes_in(table):
    name, channel = table
    rows = [data.customer_row(number) for number in range(1, 501)]
    rows[99] |= {"birthDate": "1975-02-30"}

    done = import_file(channel, name, csv_file(COLUMNS, rows), chunk=1000)

    assert done.progress.state == import_pb2.IMPORT_STATE_SUCCEEDED
    assert (done.progress.settled_lines, done.progress.created, done.progress.refused_lines) == (500, 499, 1)
    [line] = refused_lines(channel, done)
    assert (line.line, line.column) == (101, "birthDate")
    assert line.reason and "1975-02-30" not in line.reason
    del rows[99]
    found = sorted(export(channel, name, COLUMNS), key=lambda row: row["customerCode"])
    found = [{column: row[column] for column in COLUMNS} for row in found]
    assert found == [stored_as_sent(row) for row in rows]


def test_a_profile_is_read_by_its_unique_key(table):
    name, channel = table
    import_file(channel, name, csv_file(COLUMNS, [data.customer_row(number) for number in (5, 97)]))

    profile = profiles(channel).GetProfile(
        profile_service_pb2.GetProfileRequest(name=f"{name}/profiles/customerCode=00005")
    )

    sent = data.customer_row(5)
    assert profile.fields["firstName"].string_value == sent["firstName"]
    assert profile.fields["emailAddress"].string_value == "c5@example.test"
    assert (profile.fields["birthDate"].date_value.year, profile.fields["birthDate"].date_value.day) == (
        int(sent["birthDate"][:4]),
        int(sent["birthDate"][8:]),
    )
    assert profile.fields["newsletter"].bool_value is True
    assert profile.fields["tier"].string_value == "bronze"
    without_address = profiles(channel).GetProfile(
        profile_service_pb2.GetProfileRequest(name=f"{name}/profiles/customerCode=00097")
    )
    assert "emailAddress" not in without_address.fields


def test_the_same_file_again_changes_nothing_and_makes_no_one_twice(table):
    name, channel = table
    file = csv_file(COLUMNS, [data.customer_row(number) for number in range(1, 101)])
    import_file(channel, name, file)
    before = export(channel, name, COLUMNS)

    again = import_file(channel, name, file)

    assert again.progress.created == 0
    assert export(channel, name, COLUMNS) == before


@pytest.mark.parametrize("size", [1, 7, 1024])
def test_a_file_may_be_cut_anywhere_into_chunks(table, size):
    name, channel = table
    rows = [data.customer_row(number) for number in range(1, 21)]
    rows[3] |= {"lastName": 'van "Ö", a\r\nsecond line'}

    done = import_file(channel, name, csv_file(COLUMNS, rows), chunk=size)

    assert (done.progress.created, done.progress.refused_lines) == (20, 0)
    found = {row["customerCode"]: row["lastName"] for row in export(channel, name, ["customerCode", "lastName"])}
    assert found == {row["customerCode"]: row["lastName"] for row in rows}


def test_a_key_of_another_entity_finds_nothing(suite, table):
    name, _ = table
    _, stranger = suite.entity(options_pb2.RIGHT_WRITE, options_pb2.RIGHT_EXPORT)
    with pytest.raises(grpc.RpcError) as refused:
        import_file(stranger, name, csv_file(COLUMNS, [data.customer_row(1)]))
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    with pytest.raises(grpc.RpcError) as refused:
        profiles(stranger).GetProfileTable(profile_service_pb2.GetProfileTableRequest(name=name))
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    everywhere = profile_service_pb2.ListProfileTablesRequest(parent="entities/-")
    assert not profiles(stranger).ListProfileTables(everywhere).profile_tables


def test_no_token_and_a_malformed_one_are_refused(suite, table):
    name, _ = table
    request = profile_service_pb2.GetProfileTableRequest(name=name)
    for metadata in ((), (("authorization", "Bearer nonsense"),), (("authorization", "nonsense"),)):
        with pytest.raises(grpc.RpcError) as refused:
            profiles(suite.channel()).GetProfileTable(request, metadata=metadata, timeout=60)
        assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
