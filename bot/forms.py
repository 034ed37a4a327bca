"""Arguments as inputs of a modal, and back. Pure; `read` of what `inputs` filled in gives the same values and types.

An input is found again by its place, `arg:<index>`: names are the agent's, and Slack limits block ids. The state that
is read is the `view.state.values` of a submission: block id → action id → element state.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, cast

from pydantic import JsonValue

from approvals.model import Approval
from approvals.redact import MASK
from bot.rich import CUT, MAX_LABEL, Block, context, doubtful, line, plain_text, size
from bot.values import show

ACTION_ID = "value"
REASON = "reason"
TEXT = "text"

MAX_INPUT = 3000
"""Characters that Slack's text inputs hold."""

MAX_OPTIONS = 100
"""Options of one list."""

MAX_INPUTS = 90
"""Inputs in one modal: Slack takes 100 blocks, and some are needed for what is said around them."""

MAX_FILLED = 40_000
"""Characters of prefilled values in one modal, so that the view stays below Slack's 250 kB however they are encoded."""

HIDDEN_HINT = f"{MASK} hides a value: leave it and the agent gets the real one, or write another in its place."

_ONE_LINE = 80
_EXACT = 2**53
_MAX_DECIMAL = 20
_YES, _NO = "true", "false"


@dataclass(frozen=True, slots=True)
class FieldErrors:
    """What is wrong, by block id: the `errors` of a `response_action` of Slack."""

    errors: dict[str, str]


class _Kind:
    TEXT, INTEGER, DECIMAL, CHOICE, JSON, LOCKED = "text", "integer", "decimal", "choice", "json", "locked"


@dataclass(frozen=True, slots=True)
class _Field:
    """How one argument is edited. `filled` is what the input shows at first."""

    name: str
    kind: str
    shown: JsonValue
    filled: str = ""
    why: str = ""


def block_id(index: int) -> str:
    """The id of the input of an argument, counted from 0."""
    return f"arg:{index}"


def block_of(args: Mapping[str, JsonValue], name: str) -> str | None:
    """The block id of an argument's input, to put a refusal beside it; `None` when it has none."""
    for index, field in enumerate(_fields(args)):
        if field.name == name and field.kind != _Kind.LOCKED:
            return block_id(index)
    return None


def inputs(args: Mapping[str, JsonValue]) -> list[Block]:
    """An input for each argument by the type of its value, and a note where values cannot be edited here."""
    blocks: list[Block] = []
    locked: list[_Field] = []
    for index, field in enumerate(_fields(args)):
        if field.kind == _Kind.LOCKED:
            locked.append(field)
        else:
            blocks.append(_input(index, field))
    return blocks + _notes(locked)


def read(args: Mapping[str, JsonValue], state: Mapping[str, Any]) -> dict[str, JsonValue] | FieldErrors:
    """All arguments in their order: the submitted values, and as they were those that had no input."""
    found: dict[str, JsonValue] = {}
    errors: dict[str, str] = {}
    for index, field in enumerate(_fields(args)):
        if field.kind == _Kind.LOCKED:
            found[field.name] = field.shown
            continue
        try:
            found[field.name] = _value(field, entry(state, block_id(index)))
        except _WrongError as wrong:
            errors[block_id(index)] = str(wrong)
    return FieldErrors(errors) if errors else found


def entry(state: Mapping[str, Any], block: str) -> str | None:
    """What stands in an input: its text, or the value of the chosen option. `None` for nothing."""
    actions = cast("object", state.get(block))
    element = cast("Mapping[str, Any]", actions).get(ACTION_ID) if isinstance(actions, Mapping) else None
    if not isinstance(element, Mapping):
        return None
    held = cast("Mapping[str, Any]", element)
    option = held.get("selected_option")
    value = cast("Mapping[str, Any]", option).get("value") if isinstance(option, Mapping) else held.get("value")
    return value if isinstance(value, str) else None


def text(state: Mapping[str, Any], block: str) -> str:
    """What was typed into an input, without the spaces around it; empty for nothing."""
    return (entry(state, block) or "").strip()


# -- answers


def choices(approval: Approval) -> tuple[str, ...]:
    """The answers that the question states, where it takes one of them and they fit a list; else none."""
    if approval.reply_shape != "choice":
        return ()
    stated: object = None
    if isinstance(approval.schema, dict):
        stated = approval.schema.get("enum")
    elif isinstance(approval.payload, dict):
        stated = approval.payload.get("options") or approval.payload.get("choices")
    found = [str(choice) for choice in cast("list[object]", stated)] if isinstance(stated, list) else []
    fit = all(line(text, MAX_LABEL) == text and text for text in found)
    fit = fit and not any(MASK in text for text in found)
    return tuple(found) if fit and 2 <= len(set(found)) == len(found) <= MAX_OPTIONS else ()


def answer_input(approval: Approval) -> Block:
    """A list where the question states its answers, else a few lines. Either way `text` reads it."""
    stated = choices(approval)
    element: Block = {"type": "plain_text_input", "action_id": ACTION_ID, "multiline": True, "max_length": MAX_INPUT}
    if stated:
        options = [{"text": plain_text(text), "value": text} for text in stated]
        element = {"type": "static_select", "action_id": ACTION_ID, "options": options}
    return {"type": "input", "block_id": TEXT, "label": plain_text("Your answer"), "element": element}


# -- one field


class _WrongError(Exception):
    """What a person typed does not stand for a value; the text says why."""


def _fields(args: Mapping[str, JsonValue]) -> list[_Field]:
    fields: list[_Field] = []
    filled, count = 0, 0
    for name, value in args.items():
        field = _field(name, value)
        if field.kind != _Kind.LOCKED:
            count, filled = count + 1, filled + size(field.filled)
            if count > MAX_INPUTS or filled > MAX_FILLED:
                field = _Field(name, _Kind.LOCKED, value, why="there are too many to edit at once")
        fields.append(field)
    return fields


def _field(name: str, value: JsonValue) -> _Field:
    if isinstance(value, bool):
        return _Field(name, _Kind.CHOICE, value, _YES if value else _NO)
    if isinstance(value, str) and not doubtful(value):
        return _fitting(name, _Kind.TEXT, value, value)
    if isinstance(value, int) and abs(value) <= _EXACT:
        return _Field(name, _Kind.INTEGER, value, str(value))
    if isinstance(value, float) and math.isfinite(value):
        decimal = format(Decimal(repr(value)), "f")
        if len(decimal) <= _MAX_DECIMAL:
            return _Field(name, _Kind.DECIMAL, value, decimal)
    return _json_field(name, value)


def _json_field(name: str, value: JsonValue) -> _Field:
    try:
        texts = [json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)]
        texts.append(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except (ValueError, RecursionError):
        return _Field(name, _Kind.LOCKED, value, why="it cannot be written down")
    if doubtful(texts[1]):
        texts = [json.dumps(value, indent=2), json.dumps(value)]
    text = texts[0] if size(texts[0]) <= MAX_INPUT else texts[1]
    return _fitting(name, _Kind.JSON, value, text)


def _fitting(name: str, kind: str, value: JsonValue, filled: str) -> _Field:
    if size(filled) > MAX_INPUT:
        return _Field(name, _Kind.LOCKED, value, why=f"longer than {MAX_INPUT} characters")
    return _Field(name, kind, value, filled)


def _input(index: int, field: _Field) -> Block:
    block: Block = {
        "type": "input",
        "block_id": block_id(index),
        "label": plain_text(line(field.name, 300) or "(no name)"),
        "element": _ELEMENTS[field.kind](field),
    }
    if field.kind == _Kind.TEXT:
        block["optional"] = True
    hints = (
        ["Written as JSON: text in double quotes, true, false, null for nothing."] if field.kind == _Kind.JSON else []
    )
    hints += [HIDDEN_HINT] if MASK in field.filled else []
    if hints:
        block["hint"] = plain_text(" ".join(hints))
    return block


def _text_element(field: _Field) -> Block:
    long = size(field.filled) > _ONE_LINE or "\n" in field.filled
    element: Block = {"type": "plain_text_input", "action_id": ACTION_ID, "multiline": long}
    return element | {"initial_value": field.filled} if field.filled else element


def _json_element(field: _Field) -> Block:
    return {"type": "plain_text_input", "action_id": ACTION_ID, "multiline": True, "initial_value": field.filled}


def _number_element(field: _Field) -> Block:
    decimals = field.kind == _Kind.DECIMAL
    return {
        "type": "number_input",
        "action_id": ACTION_ID,
        "is_decimal_allowed": decimals,
        "initial_value": field.filled,
    }


def _choice_element(field: _Field) -> Block:
    options = [{"text": plain_text("Yes"), "value": _YES}, {"text": plain_text("No"), "value": _NO}]
    initial = options[0 if field.filled == _YES else 1]
    return {"type": "radio_buttons", "action_id": ACTION_ID, "options": options, "initial_option": initial}


_ELEMENTS = {
    _Kind.TEXT: _text_element,
    _Kind.JSON: _json_element,
    _Kind.INTEGER: _number_element,
    _Kind.DECIMAL: _number_element,
    _Kind.CHOICE: _choice_element,
}


def _notes(locked: list[_Field]) -> list[Block]:
    if not locked:
        return []
    shown = [
        f"{line(field.name, 60) or '(no name)'} ({field.why}): {show(field.shown, 60).text}" for field in locked[:8]
    ]
    more = [f"and {len(locked) - 8} more {CUT}"] if len(locked) > 8 else []
    elements = [plain_text(line(text, 300)) for text in ("These stay as they are:", *shown, *more)]
    return [context(*elements[:10])]


# -- reading


def _value(field: _Field, text: str | None) -> JsonValue:
    if field.kind == _Kind.TEXT:
        return text or ""
    if text is None or not text.strip():
        raise _WrongError("Please fill this in.")
    if field.kind == _Kind.CHOICE:
        if text not in (_YES, _NO):
            raise _WrongError("Please choose Yes or No.")
        return text == _YES
    if field.kind == _Kind.JSON:
        return _parsed(text)
    return _number(text.strip(), whole=field.kind == _Kind.INTEGER)


def _number(text: str, *, whole: bool) -> JsonValue:
    if not re.fullmatch(r"[-+]?[0-9]+" if whole else r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", text):
        raise _WrongError("Please enter a whole number." if whole else "Please enter a number, such as 12.5.")
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        raise _WrongError("This number is too long.") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise _WrongError("This number is too large.")
    return value


def _parsed(text: str) -> JsonValue:
    try:
        return cast(
            "JsonValue",
            json.loads(text, parse_constant=_not_json, parse_float=_finite, object_pairs_hook=_without_repetition),
        )
    except json.JSONDecodeError as wrong:
        message = f"Not valid JSON: {wrong.msg} at line {wrong.lineno}, column {wrong.colno}. Text needs double quotes."
        raise _WrongError(message) from None
    except RecursionError:
        raise _WrongError("This is nested too deeply.") from None
    except ValueError:
        raise _WrongError("A number in this is too long.") from None


def _not_json(name: str) -> NoReturn:
    raise _WrongError(f"{name} is not a value in JSON.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _WrongError("A number in this is too large.")
    return value


def _without_repetition(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _WrongError("A name stands twice in the same object.")
    return found
