"""What stands in one input of a schema's form, as the value that the schema states. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import JsonValue

from bot.forms import ACTION_ID
from bot.schema_plan import NOTHING, Field, Kind


def element_of(state: Mapping[str, Any], block: str) -> Mapping[str, Any]:
    actions = cast("object", state.get(block))
    element = cast("Mapping[str, Any]", actions).get(ACTION_ID) if isinstance(actions, Mapping) else None
    return cast("Mapping[str, Any]", element) if isinstance(element, Mapping) else {}


def value_of(field: Field, element: Mapping[str, Any]) -> object:
    """The value of one input; `NOTHING` for one that was left empty. Raises `ValueError` with the words to show."""
    empty = _empty(field)
    match field.kind:
        case Kind.CHOICE | Kind.BOOLEAN:
            chosen = _chosen(element.get("selected_option"))
            if not chosen:
                return empty
            return chosen == "true" if field.kind is Kind.BOOLEAN else _choice(field, chosen)
        case Kind.CHOICES:
            several = cast("object", element.get("selected_options"))
            picked = [_choice(field, _chosen(one)) for one in cast("list[Any]", several)] if several else []
            return picked or empty
        case Kind.DATE:
            return element.get("selected_date") or empty
        case Kind.MOMENT:
            seconds = element.get("selected_date_time")
            return datetime.fromtimestamp(int(seconds), UTC).isoformat() if seconds else empty
        case _:
            given = element.get("value")
            text = given if isinstance(given, str) else ""
            return _typed(field, text) if text.strip() else empty


def _empty(field: Field) -> object:
    if field.required and not field.nullable and field.kind in (Kind.TEXT, Kind.CHOICES, Kind.LINES):
        return "" if field.kind is Kind.TEXT else []
    cleared = field.nullable and field.default is not NOTHING and field.default is not None
    return None if cleared or (field.nullable and (field.required or not field.path)) else NOTHING


def _chosen(option: object) -> str:
    value = cast("Mapping[str, Any]", option).get("value") if isinstance(option, Mapping) else None
    return value if isinstance(value, str) else ""


def _choice(field: Field, text: str) -> JsonValue:
    if not text.isdecimal() or int(text) >= len(field.choices):
        raise ValueError("Please choose one of the list.")
    return field.choices[int(text)]


def _typed(field: Field, text: str) -> object:
    if field.kind is Kind.TEXT:
        return text
    if field.kind is Kind.LINES:
        return [entry.strip() for entry in text.splitlines() if entry.strip()]
    word = text.strip()
    if field.kind is Kind.INTEGER:
        if not re.fullmatch(r"[-+]?[0-9]{1,40}", word):
            raise ValueError("Please enter a whole number.")
        return int(word)
    if field.kind is Kind.NUMBER and not re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)", word):
        raise ValueError("Please enter a number, such as 12.5.")
    if field.kind is Kind.NUMBER:
        return float(word) if "." in word else int(word)
    try:
        return cast("object", json.loads(word, parse_constant=_no_constant))
    except json.JSONDecodeError as wrong:
        raise ValueError(
            f"Not valid JSON: {wrong.msg} at line {wrong.lineno}, column {wrong.colno}. Text needs double quotes."
        ) from None
    except RecursionError:
        raise ValueError("This is nested too deeply.") from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a value in JSON.")
