"""Random messages by their descriptors, with the values at which codecs break."""

import math
import struct

from google.protobuf.descriptor import FieldDescriptor as F

INT32 = [0, 1, -1, 127, 128, 300, -(1 << 31), (1 << 31) - 1]
INT64 = INT32 + [1 << 31, -(1 << 63), (1 << 63) - 1, (1 << 53) + 1]
UINT32 = [0, 1, 127, 128, 16384, (1 << 32) - 1]
UINT64 = UINT32 + [1 << 32, (1 << 64) - 1]
DOUBLES = [0.0, -0.0, 1.5, -2.25, 1e300, 5e-324, math.inf, -math.inf, math.nan, 0.1]
TEXTS = ["", "a", "Ünïcödé", "日本語", "\0", "a\0b", "😀", "x" * 15, "y" * 16, "z" * 200, '"\\\n', "\u2028"]
KEYS = ["", "a", "b", "Key", "é", "日本", "😀", "k\0", "long key " * 4]


def value(dice, field, depth):
    kind = field.type
    if kind in (F.TYPE_INT32, F.TYPE_SINT32, F.TYPE_SFIXED32):
        return dice.choice(INT32) if dice.random() < 0.5 else dice.randrange(-1 << 31, 1 << 31)
    if kind in (F.TYPE_INT64, F.TYPE_SINT64, F.TYPE_SFIXED64):
        return dice.choice(INT64) if dice.random() < 0.5 else dice.randrange(-1 << 63, 1 << 63)
    if kind in (F.TYPE_UINT32, F.TYPE_FIXED32):
        return dice.choice(UINT32) if dice.random() < 0.5 else dice.randrange(1 << 32)
    if kind in (F.TYPE_UINT64, F.TYPE_FIXED64):
        return dice.choice(UINT64) if dice.random() < 0.5 else dice.randrange(1 << 64)
    if kind == F.TYPE_DOUBLE:
        return dice.choice(DOUBLES) if dice.random() < 0.5 else dice.uniform(-1e9, 1e9)
    if kind == F.TYPE_FLOAT:
        number = dice.choice([d for d in DOUBLES if abs(d) < 1e38 or not math.isfinite(d)])
        return struct.unpack("<f", struct.pack("<f", number))[0]
    if kind == F.TYPE_BOOL:
        return dice.random() < 0.5
    if kind == F.TYPE_ENUM:
        # Open: numbers without a name stay.
        return dice.choice([v.number for v in field.enum_type.values] + [77, -5])
    if kind == F.TYPE_STRING:
        return dice.choice(TEXTS)
    return dice.randbytes(dice.choice([0, 0, 1, 7, 16, 100]))


def fill(dice, message, depth=4, density=0.5):
    """Sets some of the fields, and of a oneof sometimes several, so that the last one stays."""
    for field in message.DESCRIPTOR.fields:
        if dice.random() > density:
            continue
        if field.message_type and field.message_type.GetOptions().map_entry:
            fill_map(dice, getattr(message, field.name), field.message_type, depth, density)
        elif field.is_repeated:
            for _ in range(dice.choice([0, 1, 2, 3, 20])):
                if field.message_type:
                    if depth > 0:
                        fill(dice, getattr(message, field.name).add(), depth - 1, density / 2)
                else:
                    getattr(message, field.name).append(value(dice, field, depth))
        elif field.message_type:
            if depth > 0:
                getattr(message, field.name).SetInParent()
                fill(dice, getattr(message, field.name), depth - 1, density)
        else:
            setattr(message, field.name, value(dice, field, depth))
    return message


def fill_map(dice, container, entry, depth, density):
    key, item = entry.fields_by_name["key"], entry.fields_by_name["value"]
    for _ in range(dice.choice([0, 1, 2, 5])):
        k = dice.choice(KEYS) if key.type == F.TYPE_STRING else value(dice, key, depth)
        if item.message_type:
            if depth > 0:
                fill(dice, container[k], depth - 1, density / 2)
        else:
            container[k] = value(dice, item, depth)
