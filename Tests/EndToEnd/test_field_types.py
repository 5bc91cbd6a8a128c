"""Every type of field goes all the way: a file in, values out and in again, targetings, and the file out."""

import csv
import io

import grpc
import pytest
from custom_tables import create_custom_table
from imports import csv_file, export, import_file, profiles
from rapport.options.v1 import options_pb2
from rapport.profiles.v1 import profile_service_pb2, profile_table_pb2
from rapport.tables.v1 import table_service_pb2, table_service_pb2_grpc
from rapport.targeting.v1 import targeting_pb2, targeting_service_pb2, targeting_service_pb2_grpc
from rapport.type.v1 import field_type_pb2
from rapport.type.v1 import import_pb2 as type_import_pb2

# Two values of each type as a file has them that is exported; where they lie in ranges, the second is the greater.
EXAMPLES = {
    "STRING": ("Zoë, the first", 'a "second"'),
    "INTEGER": ("-5", "12"),
    "DECIMAL": ("-0.5", "12.25"),
    "BOOLEAN": ("false", "true"),
    "DATE": ("1975-02-28", "2024-02-29"),
    "TIMESTAMP": ("1998-01-01T00:00:00Z", "2024-02-29T07:05:00.250Z"),
    "EMAIL": ("alice@example.test", "bob@example.test"),
    "PHONE": ("+32470123456", "+33123456789"),
    "LANGUAGE": ("fr", "nl"),
    "COUNTRY": ("BE", "FR"),
    "URL": ("https://example.test/a", "http://example.test/b?c=d"),
}
IN_RANGES = {"INTEGER", "DECIMAL", "DATE", "TIMESTAMP"}

FIELDS = ["number", *EXAMPLES, *(f"MANY_{name}" for name in EXAMPLES)]
PEOPLE = [
    {"number": "1"}
    | {name: first for name, (first, _) in EXAMPLES.items()}
    | {f"MANY_{name}": first for name, (first, _) in EXAMPLES.items()},
    {"number": "2"}
    | {name: second for name, (_, second) in EXAMPLES.items()}
    | {f"MANY_{name}": "|".join(both) for name, both in EXAMPLES.items()},
    {"number": "3"} | dict.fromkeys(FIELDS[1:], ""),
]
COLUMNS = ["code", "owner", *EXAMPLES]
ROWS = [
    {"code": person["number"], "owner": person["number"]} | {name: person[name] for name in EXAMPLES}
    for person in PEOPLE
]


class World:
    """A profile table and a custom table with a field of each type."""

    def __init__(self, suite) -> None:
        self.entity, self.channel = suite.entity(options_pb2.RIGHT_WRITE, options_pb2.RIGHT_EXPORT)
        self.tables = table_service_pb2_grpc.TableServiceStub(self.channel)
        table = profile_table_pb2.ProfileTable(display_name="People")
        table.attributes.add(id="number", type="FIELD_TYPE_INTEGER", unique=True)
        for name in EXAMPLES:
            table.attributes.add(id=name, type=f"FIELD_TYPE_{name}")
            table.attributes.add(id=f"MANY_{name}", type=f"FIELD_TYPE_{name}", multi_valued=True)
        table.subscriptions.add(id="newsletter", channel="CHANNEL_EMAIL")
        create = profile_service_pb2.CreateProfileTableRequest(
            parent=self.entity, profile_table_id="people", profile_table=table
        )
        self.people = profiles(self.channel).CreateProfileTable(create).name
        facts = {
            "displayName": "Facts",
            "type": "CUSTOM_TABLE_TYPE_LINKED_DATA",
            "profileTable": self.people,
            "profileLink": {"id": "owner", "keyAttribute": "number"},
            "columns": [
                {"id": "code", "type": "FIELD_TYPE_STRING", "required": True, "unique": True},
                *({"id": name, "type": f"FIELD_TYPE_{name}"} for name in EXAMPLES),
            ],
            "keyColumn": "code",
        }
        self.facts = create_custom_table(self.tables, self.entity, "facts", facts)

    def import_people(self):
        return import_file(self.channel, self.people, csv_file(FIELDS, PEOPLE), key="number").progress

    def import_facts(self):
        settings = type_import_pb2.ImportSettings(key="code")
        start = table_service_pb2.ImportRowsStart(parent=self.facts, settings=settings)
        parts = [
            table_service_pb2.ImportRowsRequest(start=start),
            table_service_pb2.ImportRowsRequest(chunk=csv_file(COLUMNS, ROWS)),
        ]
        return self.tables.ImportRows(iter(parts)).progress

    def exported_facts(self) -> list[dict[str, str]]:
        request = table_service_pb2.ExportRowsRequest(parent=self.facts, columns=COLUMNS)
        file = b"".join(part.chunk for part in self.tables.ExportRows(request))
        return list(csv.DictReader(io.StringIO(file.decode(), newline="")))

    def person(self, number: int):
        return profiles(self.channel).GetProfile(
            profile_service_pb2.GetProfileRequest(name=f"{self.people}/profiles/number={number}")
        )

    def count(self, criterion: targeting_pb2.Criterion) -> int:
        """How many people meet a criterion."""
        targeting = targeting_pb2.Targeting(profile_table=self.people, criterion=criterion)
        request = targeting_service_pb2.CountTargetingRequest(parent=self.entity, targeting=targeting)
        return targeting_service_pb2_grpc.TargetingServiceStub(self.channel).CountTargeting(request).count

    def rows(self, comparison: targeting_pb2.Comparison, aggregate: str, column: str = "", **more):
        """A criterion over the facts of a person."""
        return targeting_pb2.Criterion(
            rows=targeting_pb2.RowsCriterion(
                table=self.facts, aggregate=f"AGGREGATE_{aggregate}", column=column, comparison=comparison, **more
            )
        )


@pytest.fixture(scope="module")
def world(suite) -> World:
    made = World(suite)
    for progress in (made.import_people(), made.import_facts()):
        assert (progress.created, progress.refused_lines) == (3, 0)
    return made


def field(name: str, comparison: targeting_pb2.Comparison) -> targeting_pb2.Criterion:
    return targeting_pb2.Criterion(field=targeting_pb2.FieldCriterion(field=name, comparison=comparison))


def beyond(value) -> targeting_pb2.Comparison:
    return targeting_pb2.Comparison(range=targeting_pb2.Range(after=targeting_pb2.Bound(value=value)))


def test_every_type_has_its_examples():
    """A type that was added must be added here."""
    assert [f"FIELD_TYPE_{name}" for name in EXAMPLES] == list(field_type_pb2.FieldType.keys())[1:]


def test_a_file_comes_out_as_it_went_in(world):
    assert [{name: row[name] for name in FIELDS} for row in export(world.channel, world.people, FIELDS)] == PEOPLE
    assert [{name: row[name] for name in COLUMNS} for row in world.exported_facts()] == ROWS


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_read_can_be_written(world, name):
    fields = world.person(2).fields
    made = profile_service_pb2.CreateProfileRequest(parent=world.people)
    made.profile.fields["number"].int64_value = 100 + list(EXAMPLES).index(name)
    for each in (name, f"MANY_{name}"):
        made.profile.fields[each].CopyFrom(fields[each])
    created = profiles(world.channel).CreateProfile(made)
    assert created.fields[name] == fields[name]
    assert [each.WhichOneof("kind") for each in created.fields[f"MANY_{name}"].list_value.values] == [
        fields[name].WhichOneof("kind")
    ] * 2
    profiles(world.channel).DeleteProfile(profile_service_pb2.DeleteProfileRequest(name=created.name))


@pytest.mark.parametrize("name", EXAMPLES)
def test_who_has_a_value_is_found(world, name):
    first, second = (world.person(number).fields[name] for number in (1, 2))
    equal, other = (targeting_pb2.Comparison(equals=value) for value in (first, second))
    one_of = targeting_pb2.Comparison(one_of=targeting_pb2.OneOf(values=[first, second]))
    assert world.count(field(name, equal)) == 1
    assert world.count(field(name, one_of)) == 2
    assert world.count(field(f"MANY_{name}", equal)) == 2
    assert world.count(field(f"MANY_{name}", other)) == 1
    one = targeting_pb2.Comparison()
    one.equals.int64_value = 1
    where = [targeting_pb2.ColumnCondition(column=name, comparison=equal)]
    assert world.count(world.rows(one, "COUNT", where=where)) == 1


@pytest.mark.parametrize("name", EXAMPLES)
def test_only_what_has_an_order_lies_in_a_range_and_has_a_greatest(world, name):
    first, second = (world.person(number).fields[name] for number in (1, 2))
    greatest = world.rows(targeting_pb2.Comparison(equals=second), "MAX", column=name)
    if name in IN_RANGES:
        assert world.count(field(name, beyond(first))) == 1
        assert world.count(field(f"MANY_{name}", beyond(first))) == 1
        assert world.count(greatest) == 1
    else:
        for criterion in (field(name, beyond(first)), greatest):
            with pytest.raises(grpc.RpcError) as refusal:
                world.count(criterion)
            assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT
