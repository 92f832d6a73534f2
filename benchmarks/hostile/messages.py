"""Damages protobuf messages: fields put otherwise, left out, doubled or exchanged."""

import random
from typing import Any

NUMBERS = (0, 1, -1, 2, 5, 127, 1 << 20, 2**31 - 1, -(2**31))
LARGE = (2**62, -(2**63), 2**40, 2**33)
FLOATS = (0.0, -1.0, float("nan"), float("inf"), 1e38)
TEXTS = ("", "x", "If", "Loop", "Conv", "../../x", "\x1b[31m", "a" * 10_000)


def damaged_message(message: Any, chance: random.Random) -> bytes:
    """The bytes of a message (which is changed) with one to three of its fields, at any depth, damaged."""
    for _ in range(chance.randint(1, 3)):
        owners = _messages(message)
        owner = chance.choice(owners if chance.random() < 0.5 else owners[:20])
        fields = owner.ListFields()
        if not fields:
            continue
        field, value = chance.choice(fields)
        if hasattr(value, "keys"):
            del value[chance.choice(sorted(value))]
        elif hasattr(value, "append") or hasattr(value, "add"):
            _damage_list(owner, field, value, chance)
        elif chance.random() < 0.2 or hasattr(value, "ListFields"):
            owner.ClearField(field.name)
        else:
            setattr(owner, field.name, _other(value, field, chance))
    return message.SerializeToString()


def _messages(message: Any) -> list[Any]:
    """A message and all messages in it, the outermost first."""
    found, at = [message], 0
    while at < len(found):
        for _, value in found[at].ListFields():
            if hasattr(value, "ListFields"):
                found.append(value)
            elif hasattr(value, "keys"):
                found += [value[key] for key in sorted(value)]
            elif hasattr(value, "add"):
                found += list(value)
        at += 1
    return found


def _damage_list(owner: Any, field: Any, values: Any, chance: random.Random) -> None:
    """Of a repeated field: leaves one out, doubles it, reverses all, or puts one number otherwise."""
    at = chance.randrange(len(values))
    match chance.randrange(4):
        case 0:
            del values[at]
        case 1:
            values.extend([values[at]] * chance.choice((1, 2, 50)))
        case 2:
            values.reverse()
        case 3 if not hasattr(values, "add"):
            values[at] = _other(values[at], field, chance)
        case _:
            owner.ClearField(field.name)


def _other(value: Any, field: Any, chance: random.Random) -> Any:
    """Another value of the same type."""
    if isinstance(value, (str, bytes)):
        text = chance.choice(TEXTS)
        return (
            text
            if isinstance(value, str)
            else chance.choice((text.encode(), value[: len(value) // 2], value * 2))
        )
    if field.type == field.TYPE_ENUM:
        return chance.choice(field.enum_type.values).number
    if isinstance(value, float):
        return chance.choice(FLOATS)
    wide = field.type in (field.TYPE_INT64, field.TYPE_SINT64, field.TYPE_SFIXED64)
    number = chance.choice((*NUMBERS, *LARGE) if wide else NUMBERS)
    unsigned = field.type in (field.TYPE_UINT32, field.TYPE_UINT64)
    return abs(number) if unsigned else number
