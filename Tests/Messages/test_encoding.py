"""The wire format against Python's protobuf, byte by byte, in both directions."""

import pytest
from canonical import has_field_zero, has_odd_entry, in_map_order, to_varint
from google.protobuf import message as protobuf_message
from google.protobuf.internal import api_implementation
from random_messages import fill

PREFIX = "rapport.sample.v1."


def judge(samples, pipe, name, data):
    """Rapport's answer to the bytes, which must be Python's: None if it refuses them."""
    actual, reason = pipe.ask("w", name, data)
    kind = samples.type(name)
    try:
        message = kind.FromString(data)
    except protobuf_message.DecodeError:
        assert actual is None, f"{name} {data.hex()}: only Python refuses"
        return None
    if actual is None and has_field_zero(kind.DESCRIPTOR, data):
        return None
    assert actual is not None, f"{name} {data.hex()}: only Rapport refuses: {reason}"
    if has_odd_entry(kind.DESCRIPTOR, data):
        return actual
    expected = in_map_order(kind.DESCRIPTOR, message.SerializeToString(deterministic=True))
    assert actual == expected, f"{name} {data.hex()}: Python {expected.hex()}, Rapport {actual.hex()}"
    return actual


def test_python_is_not_its_own_slow_path():
    assert api_implementation.Type() == "upb"


def test_random_messages_come_back_byte_equal(samples, pipe, dice, rounds):
    for _ in range(rounds):
        name = dice.choice(samples.names)
        message = fill(dice, samples.type(name)())
        data = in_map_order(message.DESCRIPTOR, message.SerializeToString(deterministic=True))
        assert judge(samples, pipe, name, data) == data


def test_messages_read_as_another_type_keep_what_is_unknown(samples, pipe, dice, rounds):
    for _ in range(rounds):
        written, read = dice.choice(samples.names), dice.choice(samples.names)
        data = fill(dice, samples.type(written)()).SerializeToString(deterministic=True)
        judge(samples, pipe, read, data)


def test_concatenated_messages_are_merged(samples, pipe, dice, rounds):
    for _ in range(rounds):
        name = dice.choice(samples.names)
        parts = [fill(dice, samples.type(name)(), depth=3, density=0.3).SerializeToString() for _ in range(3)]
        assert judge(samples, pipe, name, b"".join(parts)) is not None


def mutated(dice, data):
    data = bytearray(data)
    for _ in range(dice.choice([1, 1, 2, 5])):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(6):
            case 0 if data:
                data[at % len(data)] ^= 1 << dice.randrange(8)
            case 1 if data:
                data[at % len(data)] = dice.choice([0, 1, 0x7F, 0x80, 0xFF])
            case 2:
                data[at:at] = dice.randbytes(dice.choice([1, 2, 9]))
            case 3:
                del data[at : at + dice.choice([1, 2, 9])]
            case 4:
                data = data[:at]
            case 5:
                # A piece of itself, elsewhere: groups of bytes that make sense, in the wrong place.
                end = min(len(data), at + dice.choice([2, 8, 40]))
                to = dice.randrange(len(data) + 1)
                data[to:to] = data[at:end]
    return bytes(data)


def test_damaged_messages_are_accepted_and_refused_alike(samples, pipe, dice, rounds):
    accepted = 0
    for _ in range(rounds * 3):
        name = dice.choice(samples.names)
        data = mutated(dice, fill(dice, samples.type(name)(), depth=3, density=0.3).SerializeToString())
        accepted += judge(samples, pipe, name, data) is not None
    assert 0 < accepted < rounds * 3


def test_garbage_is_accepted_and_refused_alike(samples, pipe, dice, rounds):
    for _ in range(rounds * 3):
        # Small numbers make tags of small fields, so that some of it is read.
        data = bytes(dice.choice([dice.randrange(256), dice.randrange(48)]) for _ in range(dice.randrange(1, 40)))
        judge(samples, pipe, dice.choice(samples.names), data)


@pytest.mark.parametrize("depth", [1, 50, 99, 100, 101, 102, 5000])
def test_the_depth_cap_is_pythons(samples, pipe, depth):
    data = b""
    for _ in range(depth):
        data = b"\x12" + to_varint(len(data)) + data
    actual = judge(samples, pipe, PREFIX + "Node", data)
    assert (actual is None) == (depth > 100)


@pytest.mark.parametrize("depth", [1, 99, 100, 101, 5000])
def test_the_depth_cap_holds_for_unknown_groups(samples, pipe, depth):
    judge(samples, pipe, PREFIX + "Nothing", b"\x0b" * depth + b"\x0c" * depth)
