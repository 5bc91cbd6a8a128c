"""JSON against Python's json_format, in both directions."""

import json
import math

import pytest
from canonical import in_map_order
from google.protobuf import json_format
from random_messages import fill

PREFIX = "rapport.sample.v1."


def settle(message):
    """Takes out of a random message what has no JSON form: times beyond the calendar, empty values, unknown Any."""
    kind = message.DESCRIPTOR.full_name
    if kind == "google.protobuf.Timestamp":
        message.seconds = message.seconds % (253402300799 + 62135596800) - 62135596800
        message.nanos = message.nanos % 1_000_000_000
    elif kind == "google.protobuf.Duration":
        message.seconds = message.seconds % 315576000000
        message.nanos = message.nanos % 1_000_000_000
        if message.seconds % 2:
            message.seconds, message.nanos = -message.seconds, -message.nanos
    elif kind == "google.protobuf.FieldMask":
        message.paths[:] = ["plain", "with_words.and_parts"][: len(message.paths)]
    elif kind == "google.protobuf.Value":
        if message.WhichOneof("kind") is None or not math.isfinite(message.number_value):
            message.number_value = 1.5
    elif kind == "google.protobuf.Any":
        message.Clear()
    if kind == "google.protobuf.Value" and message.HasField("null_value"):
        message.null_value = 0
    for field, value in message.ListFields():
        if not field.message_type:
            continue
        if field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type:
                for key in value:
                    settle(value[key])
        elif field.is_repeated:
            for element in value:
                settle(element)
        else:
            settle(value)
    return message


def parsed(text):
    """JSON as Python reads it; numbers as floats, so that 1 and 1.0 are equal."""
    return json.loads(text, parse_int=float)


def same(left, right):
    if isinstance(left, float) and isinstance(right, float):
        # A float's shortest text differs between the two, its value does not.
        return left == right or math.isclose(left, right, rel_tol=1e-7)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def test_random_messages_have_pythons_json(samples, pipe, dice, rounds):
    for _ in range(rounds // 3):
        message = settle(fill(dice, samples.type(dice.choice(samples.names))()))
        name = message.DESCRIPTOR.full_name
        expected = json_format.MessageToJson(message, descriptor_pool=samples.pool)
        actual, reason = pipe.ask("j", name, message.SerializeToString())
        assert actual is not None, f"{name}: {reason} {expected}"
        assert same(parsed(actual), parsed(expected)), f"{name}: {actual.decode()} {expected}"


def test_pythons_json_becomes_the_message_again(samples, pipe, dice, rounds):
    for _ in range(rounds // 3):
        message = settle(fill(dice, samples.type(dice.choice(samples.names))()))
        name = message.DESCRIPTOR.full_name
        text = json_format.MessageToJson(
            message, descriptor_pool=samples.pool, preserving_proto_field_name=dice.random() < 0.5
        )
        expected = json_format.Parse(text, samples.type(name)(), descriptor_pool=samples.pool)
        actual, reason = pipe.ask("p", name, text.encode())
        assert actual is not None, f"{name}: {reason} {text}"
        data = in_map_order(message.DESCRIPTOR, expected.SerializeToString(deterministic=True))
        assert actual == data, f"{name} {text}: Python {data.hex()}, Rapport {actual.hex()}"


ACCEPTED = {
    "Scalars": [
        '{"int32Value": "12"}',
        '{"int32_value": 12}',
        '{"int64Value": 9007199254740993}',
        '{"int32Value": 1e3}',
        '{"int32Value": 5.0}',
        '{"doubleValue": "1.5"}',
        '{"doubleValue": "-Infinity"}',
        '{"doubleValue": "NaN"}',
        '{"color": "COLOR_CRIMSON"}',
        '{"color": 77}',
        '{"color": -1}',
        '{"bytesValue": "-_8="}',
        '{"bytesValue": "-_8"}',
        '{"stringValue": null}',
        '{"stringValue": "\\ud83d\\ude00"}',
        '{"boolValue": true}',
        " {\n} ",
        '{"uint64Value": "18446744073709551615"}',
        '{"sint64Value": "-9223372036854775808"}',
        '{"floatValue": 3.4e38}',
        '{"doubleValue": -0.0}',
        '{"int32Value": -0}',
    ],
    "Optionals": ['{"int32Value": 0, "stringValue": "", "boolValue": false, "scalars": {}}'],
    "Lists": ['{"int32Values": []}', '{"int32Values": null}', '{"colors": ["COLOR_RED", 2]}'],
    "Maps": ['{"boolKeys": {"true": false}}', '{"int32Keys": {"-5": 1, "3": 2}}', '{"sint64Keys": {"9": "8"}}'],
    "Choices": ['{"emptyChoice": {}}', '{"boolChoice": false}', '{"boolChoice": true, "stringChoice": null}'],
    "WellKnown": [
        '{"timestamp": "2026-03-01T08:30:00.125Z"}',
        '{"timestamp": "0001-01-01T00:00:00Z"}',
        '{"timestamp": "9999-12-31T23:59:59.999999999Z"}',
        '{"timestamp": "2024-02-29T23:59:59+14:00"}',
        '{"timestamp": "1969-12-31T23:59:59.9Z"}',
        '{"duration": "1.5s"}',
        '{"duration": "-0.5s"}',
        '{"duration": "3s"}',
        '{"duration": "315576000000s"}',
        '{"mask": "fooBar,baz.quxQuux"}',
        '{"mask": ""}',
        '{"struct": {"a": [1, null, {"b": "c"}], "d": true}}',
        '{"value": null}',
        '{"value": [[]]}',
        '{"null": null}',
        '{"list": [1, "a", null]}',
        '{"doubleWrapper": 0}',
        '{"int64Wrapper": "5"}',
        '{"bytesWrapper": "AAE="}',
        '{"stringWrapper": null}',
        '{"empty": {}}',
        '{"any": {}}',
        '{"any": {"@type": "type.googleapis.com/rapport.sample.v1.Scalars", "int32Value": 3}}',
        '{"any": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s"}}',
        '{"any": {"@type": "type.googleapis.com/google.protobuf.Empty"}}',
    ],
}

REFUSED = {
    "Scalars": [
        "",
        "null",
        '{"int32Value": }',
        '{"int32Value": 2147483648}',
        '{"uint32Value": -1}',
        '{"int32Value": 1.5}',
        '{"int32Value": "1 "}',
        '{"int32Value": true}',
        '{"boolValue": "true"}',
        '{"boolValue": 1}',
        '{"stringValue": 5}',
        '{"color": "NO_COLOR"}',
        '{"doubleValue": 1e999}',
        '{"floatValue": 1e39}',
        '{"bytesValue": "a"}',
        '{"nothing": 1}',
        '{"int32Value": 1, "int32Value": 1}',
        '{"stringValue": "\\ud83d"}',
        '{"int32Value": 1} x',
        '{"uint64Value": "18446744073709551616"}',
        "{int32Value: 1}",
        '{"int32Value": 0x10}',
        '{"int32Value": 01}',
        '{"int32Value": 1,}',
        '{"stringValue": "a\nb"}',
        "{\"stringValue\": 'a'}",
    ],
    "Lists": ['{"int32Values": 1}', '{"int32Values": [null]}', '{"scalars": [1]}', '{"scalars": [null]}'],
    "Maps": [
        '{"boolKeys": {"yes": true}}',
        '{"int32Keys": {"1.5": 1}}',
        '{"int32Keys": []}',
        '{"scalarsValues": {"a": null}}',
    ],
    "Choices": ['{"boolChoice": true, "stringChoice": "a"}'],
    "WellKnown": [
        '{"timestamp": "2026-02-29T00:00:00Z"}',
        '{"timestamp": "2026-03-01 08:30:00Z"}',
        '{"timestamp": "2026-03-01"}',
        '{"timestamp": "0000-01-01T00:00:00Z"}',
        '{"timestamp": "10000-01-01T00:00:00Z"}',
        '{"timestamp": 5}',
        '{"timestamp": "2026-03-01T25:00:00Z"}',
        '{"timestamp": "2026-03-01T08:30:00"}',
        '{"duration": "1"}',
        '{"duration": "315576000001s"}',
        '{"duration": "s"}',
        '{"mask": "foo_bar"}',
        '{"struct": []}',
        '{"list": {}}',
        '{"any": {"int32Value": 1}}',
        '{"any": {"@type": "x/no.such.Message"}}',
        '{"any": {"@type": "type.googleapis.com/google.protobuf.Duration", "other": 1}}',
    ],
}

# What Python reads though ProtoJSON does not have it, or though it loses something.
REFUSED_BY_RAPPORT_ALONE = {
    "Scalars": [
        "[]",
        '{"color": true}',
        '{"doubleValue": "inf"}',
        '{"bytesValue": "*"}',
        '{"int32Value": 1, "int32_value": 2}',
    ],
    "WellKnown": ['{"duration": "1.0000000001s"}'],
}


def cases(table):
    return [pytest.param(PREFIX + name, text, id=f"{name} {text}") for name, texts in table.items() for text in texts]


@pytest.mark.parametrize("name,text", cases(ACCEPTED))
def test_what_python_reads_is_read_alike(samples, pipe, name, text):
    expected = json_format.Parse(text, samples.type(name)(), descriptor_pool=samples.pool)
    actual, reason = pipe.ask("p", name, text.encode())
    assert actual is not None, reason
    assert actual == in_map_order(expected.DESCRIPTOR, expected.SerializeToString(deterministic=True))


@pytest.mark.parametrize("name,text", cases(REFUSED))
def test_what_is_no_message_is_refused(samples, pipe, name, text):
    with pytest.raises(json_format.ParseError):
        json_format.Parse(text, samples.type(name)(), descriptor_pool=samples.pool)
    actual, reason = pipe.ask("p", name, text.encode())
    assert actual is None
    assert reason


@pytest.mark.parametrize("name,text", cases(REFUSED_BY_RAPPORT_ALONE))
def test_what_python_reads_beyond_the_rules_is_refused(samples, pipe, name, text):
    json_format.Parse(text, samples.type(name)(), descriptor_pool=samples.pool)
    assert pipe.ask("p", name, text.encode())[0] is None
