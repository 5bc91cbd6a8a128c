"""Puts the entries of maps into the order of their keys.

Python's deterministic encoding has an order of its own (numbers fall, a text stands before its own beginning);
Rapport's is that of C++, Java and Go. All else of the two encodings must be equal.
"""

import struct

from google.protobuf.descriptor import FieldDescriptor as F

SIGNED = {F.TYPE_INT32, F.TYPE_INT64, F.TYPE_SFIXED32, F.TYPE_SFIXED64}


def in_map_order(descriptor, data):
    """The encoding of a message with the entries of each map sorted, at all depths."""
    runs = []  # Fields in their order; neighbouring entries of one map together.
    at = 0
    while at < len(data):
        start = at
        tag, at = varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        field = descriptor.fields_by_number.get(number)
        value_at = at
        at = end_of_value(data, at, wire_type, number)
        if not field or wire_type != 2 or not field.message_type:
            runs.append((None, [(None, data[start:at])]))
            continue
        length, content_at = varint(data, value_at)
        inner = in_map_order(field.message_type, data[content_at:at])
        encoded = data[start:value_at] + to_varint(len(inner)) + inner
        if not field.message_type.GetOptions().map_entry:
            runs.append((None, [(None, encoded)]))
        elif runs and runs[-1][0] == number:
            runs[-1][1].append((key(field.message_type, inner), encoded))
        else:
            runs.append((number, [(key(field.message_type, inner), encoded)]))
    return b"".join(encoded for number, run in runs for _, encoded in (sorted(run) if number else run))


def key(entry, data):
    """The key that an entry begins with, comparable."""
    field = entry.fields_by_number[1]
    tag, at = varint(data, 0)
    assert tag >> 3 == 1
    match tag & 7:
        case 2:
            length, at = varint(data, at)
            return data[at : at + length]
        case 1:
            return struct.unpack("<q" if field.type in SIGNED else "<Q", data[at : at + 8])[0]
        case 5:
            return struct.unpack("<i" if field.type in SIGNED else "<I", data[at : at + 4])[0]
    number = varint(data, at)[0]
    if field.type in (F.TYPE_SINT32, F.TYPE_SINT64):
        return number >> 1 ^ -(number & 1)
    return number - (1 << 64) if field.type in SIGNED and number >> 63 else number


def has_field_zero(descriptor, data):
    """Whether a field has the number 0, at any depth of a readable message.

    Python takes it for an unknown field; Rapport, as C++, Java and Go, refuses it.
    """
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            return True
        field = descriptor and descriptor.fields_by_number.get(number)
        value_at = at
        at = end_of_value(data, at, wire_type, number)
        inner = field.message_type if field and wire_type == 2 else None
        if inner and has_field_zero(inner, data[varint(data, value_at)[1] : at]):
            return True
        if wire_type == 3 and has_field_zero(None, data[value_at:at].removesuffix(to_varint(number << 3 | 4))):
            return True
    return False


def has_odd_entry(descriptor, data):
    """Whether an entry of a map, at any depth of a readable message, has more than a key and a value.

    Python takes the whole entry for an unknown field then; Rapport, as C++, Java and Go, keeps the entry and drops
    what is unknown in it.
    """
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        field = descriptor.fields_by_number.get(number)
        value_at = at
        at = end_of_value(data, at, wire_type, number)
        if descriptor.GetOptions().map_entry and (not field or wire_type != WIRE_TYPES.get(field.type, 0)):
            return True
        inner = field.message_type if field and wire_type == 2 else None
        if inner and has_odd_entry(inner, data[varint(data, value_at)[1] : at]):
            return True
    return False


WIRE_TYPES = {
    F.TYPE_DOUBLE: 1,
    F.TYPE_FIXED64: 1,
    F.TYPE_SFIXED64: 1,
    F.TYPE_STRING: 2,
    F.TYPE_BYTES: 2,
    F.TYPE_MESSAGE: 2,
    F.TYPE_FLOAT: 5,
    F.TYPE_FIXED32: 5,
    F.TYPE_SFIXED32: 5,
}


def end_of_value(data, at, wire_type, number):
    match wire_type:
        case 0:
            return varint(data, at)[1]
        case 1:
            return at + 8
        case 2:
            length, at = varint(data, at)
            return at + length
        case 5:
            return at + 4
    while True:  # A group.
        tag, at = varint(data, at)
        if tag & 7 == 4:
            assert tag >> 3 == number
            return at
        at = end_of_value(data, at, tag & 7, tag >> 3)


def varint(data, at):
    number, shift = 0, 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return number, at


def to_varint(number):
    data = bytearray()
    while number >= 0x80:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(data + bytes([number]))
