"""A profile table that is deleted with its profiles: what other services keep of them goes too, for good."""

import itertools
import time
import urllib.error
import urllib.request

import grpc
import pytest
from custom_tables import create_custom_table
from google.protobuf import json_format
from rapport.forms.v1 import form_pb2, form_service_pb2, form_service_pb2_grpc
from rapport.options.v1 import options_pb2
from rapport.profiles.v1 import profile_service_pb2, profile_service_pb2_grpc, profile_table_pb2
from rapport.tables.v1 import row_pb2, table_service_pb2, table_service_pb2_grpc

_SECONDS = 60


class World:
    """An entity with a table of one person, who has an order and has answered a form."""

    def __init__(self, suite) -> None:
        self.entity, channel = suite.entity(options_pb2.RIGHT_WRITE)
        self.profiles = profile_service_pb2_grpc.ProfileServiceStub(channel)
        self.tables = table_service_pb2_grpc.TableServiceStub(channel)
        self.forms = form_service_pb2_grpc.FormServiceStub(channel)
        self.people = self.make_people()
        request = profile_service_pb2.CreateProfileRequest(parent=self.people)
        request.profile.fields["code"].string_value = "alice"
        alice = self.profiles.CreateProfile(request).name
        self._order(alice)
        self._answer(alice)

    def make_people(self) -> str:
        table = profile_table_pb2.ProfileTable(display_name="People")
        table.attributes.add(id="code", type="FIELD_TYPE_STRING", unique=True)
        table.subscriptions.add(id="newsletter", channel="CHANNEL_EMAIL")
        request = profile_service_pb2.CreateProfileTableRequest(
            parent=self.entity, profile_table_id="people", profile_table=table
        )
        return self.profiles.CreateProfileTable(request).name

    def _order(self, profile: str) -> None:
        definition = {
            "displayName": "Orders",
            "type": "CUSTOM_TABLE_TYPE_INTERACTIONS",
            "profileTable": self.people,
            "profileLink": {"id": "customer", "keyAttribute": "code"},
            "columns": [{"id": "time", "type": "FIELD_TYPE_TIMESTAMP", "required": True}],
            "timeColumn": "time",
        }
        self.orders = create_custom_table(self.tables, self.entity, "orders", definition)
        values = {"customer": {"stringValue": "alice"}, "time": {"timestampValue": "2026-01-01T00:00:00Z"}}
        row = json_format.ParseDict({"values": values}, row_pb2.Row())
        self.tables.CreateRow(table_service_pb2.CreateRowRequest(parent=self.orders, row=row))

    def _answer(self, profile: str) -> None:
        question = {"id": "why", "label": {"texts": {"en": "Why?"}}, "text": {"long": True}}
        definition = {
            "displayName": "Why",
            "profileTable": self.people,
            "defaultLanguage": "en",
            "policy": "PARTICIPATION_POLICY_SEVERAL",
            "pages": [{"id": "one", "questions": [question]}],
        }
        self.form = self.forms.CreateForm(
            form_service_pb2.CreateFormRequest(
                parent=self.entity, form_id="why", form=json_format.ParseDict(definition, form_pb2.Form())
            )
        ).name
        self.forms.PublishForm(form_service_pb2.PublishFormRequest(name=self.form))
        self.link = self.forms.CreatePersonalLink(
            form_service_pb2.CreatePersonalLinkRequest(parent=self.form, profile=profile)
        ).url
        request = form_service_pb2.CreateParticipationRequest(parent=self.form)
        request.participation.profile = profile
        request.participation.answers["why"].string_value = "a secret"
        self.forms.CreateParticipation(request)

    def rows(self) -> int:
        return len(self.tables.ListRows(table_service_pb2.ListRowsRequest(parent=self.orders)).rows)

    def answers(self) -> str:
        return str(self.forms.ListParticipations(form_service_pb2.ListParticipationsRequest(parent=self.form)))

    def status(self) -> int:
        try:
            with urllib.request.urlopen(self.link, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code


def test_what_is_kept_of_a_deleted_tables_profiles_goes_everywhere(suite):
    world = World(suite)
    assert (world.rows(), "a secret" in world.answers(), world.status()) == (1, True, 200)
    request = profile_service_pb2.DeleteProfileTableRequest(name=world.people, force=True)
    world.profiles.DeleteProfileTable(request)
    assert world.status() in (404, 410)
    deadline = time.monotonic() + _SECONDS
    for _ in itertools.takewhile(lambda _: time.monotonic() < deadline, itertools.count()):
        if world.rows() == 0 and "a secret" not in world.answers():
            break
        time.sleep(0.1)
    assert (world.rows(), "a secret" in world.answers()) == (0, False)
    with pytest.raises(grpc.RpcError) as refused:
        world.make_people()
    assert refused.value.code() == grpc.StatusCode.ALREADY_EXISTS
