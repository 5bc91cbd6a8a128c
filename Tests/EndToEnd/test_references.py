"""What a profile keeps of a reference: the key as its repository writes it."""

import pytest
from custom_tables import create_custom_table
from google.protobuf import json_format
from imports import import_file, profiles
from rapport.options.v1 import options_pb2
from rapport.profiles.v1 import profile_service_pb2, profile_table_pb2
from rapport.tables.v1 import row_pb2, table_service_pb2, table_service_pb2_grpc
from rapport.targeting.v1 import targeting_pb2, targeting_service_pb2, targeting_service_pb2_grpc
from rapport.type.v1 import value_pb2

# How a key can be sent, and how a repository whose keys are of the type writes it.
KEYS = {"COUNTRY": ("be", "BE"), "INTEGER": ("007", "7"), "DECIMAL": ("1.50", "1.5"), "STRING": ("be", "be")}


@pytest.mark.parametrize("kind", KEYS)
def test_a_reference_is_kept_as_its_repository_writes_the_key(suite, kind):
    sent, written = KEYS[kind]
    entity, channel = suite.entity(options_pb2.RIGHT_WRITE)
    tables = table_service_pb2_grpc.TableServiceStub(channel)
    columns = [
        {"id": "code", "type": f"FIELD_TYPE_{kind}", "required": True, "unique": True},
        {"id": "half", "type": "FIELD_TYPE_STRING"},
    ]
    definition = {"displayName": "Places", "type": "CUSTOM_TABLE_TYPE_REPOSITORY", "columns": columns}
    places = create_custom_table(tables, entity, "places", definition | {"keyColumn": "code"})
    key = {
        "COUNTRY": value_pb2.Value(string_value=sent),
        "INTEGER": value_pb2.Value(int64_value=7),
        "DECIMAL": value_pb2.Value(decimal_value={"low": 15, "scale": 1}),
        "STRING": value_pb2.Value(string_value=sent),
    }[kind]
    values = {"code": key, "half": value_pb2.Value(string_value="north")}
    tables.CreateRow(table_service_pb2.CreateRowRequest(parent=places, row=row_pb2.Row(values=values)))

    table = profile_table_pb2.ProfileTable(display_name="People")
    table.attributes.add(id="number", type="FIELD_TYPE_INTEGER", unique=True)
    table.subscriptions.add(id="newsletter", channel="CHANNEL_EMAIL")
    table.references.add(id="home", repository=places)
    people = (
        profiles(channel)
        .CreateProfileTable(
            profile_service_pb2.CreateProfileTableRequest(parent=entity, profile_table_id="people", profile_table=table)
        )
        .name
    )
    alice = profile_service_pb2.CreateProfileRequest(parent=people)
    alice.profile.fields["number"].int64_value = 1
    alice.profile.fields["home"].string_value = sent
    profiles(channel).CreateProfile(alice)
    assert import_file(channel, people, f"number,home\n2,{sent}\n".encode(), key="number").progress.created == 1

    for number in (1, 2):
        request = profile_service_pb2.GetProfileRequest(name=f"{people}/profiles/number={number}")
        assert profiles(channel).GetProfile(request).fields["home"].string_value == written
    northern = {"reference": {"reference": "home", "column": "half", "comparison": {"contains": "north"}}}
    draft = json_format.ParseDict({"profileTable": people, "criterion": northern}, targeting_pb2.Targeting())
    request = targeting_service_pb2.CountTargetingRequest(parent=entity, targeting=draft)
    assert targeting_service_pb2_grpc.TargetingServiceStub(channel).CountTargeting(request).count == 2
