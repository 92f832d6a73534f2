"""Damages what a text says: a JSON value becomes another, a word of a table or a config becomes another."""

import copy
import json
import random
import re
from typing import Any

DEEP = "@deep@"  # stands for more brackets than a parser can hold
EXTREMES: tuple[Any, ...] = (
    0, -1, 1, 2, 3, 63, 65, 1000, 2000, 3000, 200_000, 2**31, 2**63, 2**64, 10**400, -(2**63), 0.5, -0.0, 1e-320, 1e308,
    float("nan"), float("inf"), float("-inf"), True, None, "", "x", "\0", "\x1b[31mred", "../../x", "/etc/passwd",
    "a" * 10_000, "\u202e", "2000", [], {}, [[]], [0] * 1000, ["x"], {"x": 1}, {"class_name": "Lambda"}, DEEP,
)  # fmt: skip
WORDS = (
    "", "-1", "0", "1e999", "nan", "9" * 400, "0x7fffffff", "[" * 3000, "{" * 3000, "- " * 500, "\0", "\x1b[31m", "&a",
    "*a", "!!python/object/apply:os.system [x]", "!!binary x", "&a [*a]", "~", "null", "true", "../../x", "/etc/passwd",
    '"', "'", "'''", ",", ";", "\n", "\r", "\ufeff", "\u202e", "=1+1", "a" * 200_000, "2001-01-01", "? x", "<<", "|",
)  # fmt: skip


def damaged_json(value: Any, chance: random.Random) -> bytes:
    """The value as JSON with one to three of its values, at any depth, put otherwise, left out, doubled or renamed."""
    value = copy.deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        holders = [holder for holder in _holders(value) if holder]
        if not holders:
            break
        holder = chance.choice(holders if chance.random() < 0.5 else holders[:3])
        key: Any = chance.choice(list(holder)) if isinstance(holder, dict) else chance.randrange(len(holder))
        match chance.randrange(8):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[chance.choice(("x", "", "name", str(key) + "_"))] = holder.pop(key)
            case 2 if isinstance(holder, list):
                holder.insert(chance.randrange(len(holder)), holder[key])
            case 3:
                other = chance.choice(holders)
                holder[key] = copy.deepcopy(
                    chance.choice(list(other.values() if isinstance(other, dict) else other))
                )
            case _:
                holder[key] = chance.choice(EXTREMES)
    return json.dumps(value).replace(f'"{DEEP}"', "[" * 100_000).encode()


def _holders(value: Any) -> list[Any]:
    """All tables and lists in a value, the outermost first."""
    found, at = [value], 0
    while at < len(found):
        inner = found[at].values() if isinstance(found[at], dict) else found[at]
        found += [part for part in inner if isinstance(part, (dict, list))]
        at += 1
    return found


def damaged_text(text: str, chance: random.Random) -> bytes:
    """The text with one to three of its words, or its lines, put otherwise, left out, doubled or moved."""
    for _ in range(chance.randint(1, 3)):
        pieces = text.splitlines(keepends=True) if chance.random() < 0.3 else re.split(r"([\w./-]+)", text)
        if not pieces:
            break
        one, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        match chance.randrange(6):
            case 0:
                pieces[one] = ""
            case 1:
                pieces[one] *= chance.choice((2, 3, 1000))
            case 2:
                pieces[one], pieces[other] = pieces[other], pieces[one]
            case _:
                pieces[one] = chance.choice(WORDS)
        text = "".join(pieces)
    return text.encode(
        chance.choice(("utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig", "latin-1")), "replace"
    )
