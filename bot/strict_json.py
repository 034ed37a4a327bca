"""JSON that people type: only what can be kept and shown again. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import NoReturn, cast

from approvals.model import JsonValue

DEEPEST = 100
"""Levels. A checkpoint in RedisJSON takes 128, ours around the value included."""

_LARGEST = 2**63 - 1
"""What a checkpoint takes."""


def parse(text: str) -> JsonValue:
    """The value. Raises `ValueError`, which says what is wrong, for anything else.

    Python's reader takes more than JSON has: `NaN`, numbers beyond all bounds, half of a character. And JSON may hold
    more than a checkpoint does, in which it would stick: whole numbers of more than 64 bits, hundreds of levels.
    """
    try:
        found = cast("JsonValue", json.loads(text, parse_constant=_not_json, parse_float=_finite, parse_int=_whole))
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("a text in it holds half of a character") from None
    if _deep(found):
        raise ValueError("it is nested too deeply")
    return found


def _deep(value: JsonValue) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return False
    return True


def _inside(value: JsonValue) -> Iterable[JsonValue]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a value in JSON")


def _whole(text: str) -> int:
    # Python refuses to read more than some thousand digits, and says so at length.
    if len(text) > 20 or abs(value := int(text)) > _LARGEST:
        raise ValueError(f"the number {text[:40]} is too large")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value
