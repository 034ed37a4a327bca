"""JSON that people type: only what can be kept and shown again. Pure."""

from __future__ import annotations

import json
import math
from typing import NoReturn, cast

from approvals.model import JsonValue


def parse(text: str) -> JsonValue:
    """The value. Raises `ValueError`, which says what is wrong, for anything else.

    Python's reader takes more than JSON has: `NaN`, numbers beyond all bounds, half of a character.
    """
    try:
        found = cast("JsonValue", json.loads(text, parse_constant=_not_json, parse_float=_finite))
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("a text in it holds half of a character") from None
    return found


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a value in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value
