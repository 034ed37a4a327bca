"""The form of an answer whose JSON Schema the graph states: inputs out of the schema, and the typed answer back. Pure.

The answer travels as text, as on the command line: JSON, or for a text the text itself. What it must hold is checked
where the decision is made; here only what could not be written down at all is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from pydantic import JsonValue

from agents.schema import as_schema, fault, kind_of
from approvals.model import Approval
from bot.forms import ACTION_ID, MAX_INPUT, TEXT, FieldErrors
from bot.replies import sentence
from bot.rich import MAX_LABEL, Block, clean, cut, doubtful, line, plain_text, size
from bot.schema_branches import BRANCH, Branch, branches, chooser, chosen
from bot.schema_plan import NOTHING, Field, Kind, path_of, placed, plan
from bot.schema_read import element_of, value_of

Found = list[tuple[Field, Any]]
"""Fields and what stands in them."""

_MAX_NUMBER = 20
_LONG = 200
_JSON_HINT = "Written as JSON: text in double quotes, true, false, null for nothing."
_LINES_HINT = "One entry per line."


def has_form(approval: Approval) -> bool:
    """Whether the answer is composed in a form of its own."""
    return isinstance(approval.schema, dict) and approval.reply_shape == "text"


def inputs(approval: Approval, at: int | None = None) -> list[Block]:
    """One input per field. Where the answer takes one of several forms, a list of them, and the inputs of form `at`."""
    if every := branches(approval.schema):
        fields = every[at].fields if at is not None else ()
        return [chooser(every, at), *(_input(field, _block_in(at, index)) for index, field in enumerate(fields))]
    fields = plan(approval.schema)
    return [_input(field, _block_id(fields, index)) for index, field in enumerate(fields)]


def branch_of(approval: Approval, state: Mapping[str, Any]) -> int | None:
    """Which of several forms was chosen; `None` for none, and where there is only one."""
    return chosen(branches(approval.schema), state)


def block_of(approval: Approval, name: str, state: Mapping[str, Any]) -> str:
    """The block of the field that a refusal is about; the first one where it is about none."""
    if every := branches(approval.schema):
        at = chosen(every, state)
        fields = every[at].fields if at is not None else ()
        index = _about(fields, name)
        return BRANCH if index is None else _block_in(at, index)
    fields = plan(approval.schema)
    return _block_id(fields, _about(fields, name) or 0)


def _about(fields: tuple[Field, ...], name: str) -> int | None:
    best, depth = None, -1
    for index, field in enumerate(fields):
        if field.name == name:
            return index
        shared = len(field.name) if name.startswith((f"{field.name}.", f"{field.name}[")) else -1
        if shared > depth:
            best, depth = index, shared
    return best


def read(approval: Approval, state: Mapping[str, Any]) -> str | FieldErrors:
    """The answer as text, or what cannot be read, beside its input."""
    if every := branches(approval.schema):
        return _read_branch(every, chosen(every, state), state)
    fields = plan(approval.schema)
    found = _values(fields, [_block_id(fields, index) for index in range(len(fields))], state)
    if isinstance(found, FieldErrors):
        return found
    if fields[0].path:
        return json.dumps(placed(fields, found), ensure_ascii=False)
    return _as_text(approval, found[0][1]) if found else ""


def _values(fields: tuple[Field, ...], blocks: list[str], state: Mapping[str, Any]) -> Found | FieldErrors:
    found: Found = []
    errors: dict[str, str] = {}
    for field, block in zip(fields, blocks, strict=True):
        try:
            value = value_of(field, element_of(state, block))
        except ValueError as wrong:
            errors[block] = str(wrong)
            continue
        if value is not NOTHING:
            found.append((field, value))
    return FieldErrors(errors) if errors else found


def _read_branch(every: tuple[Branch, ...], at: int | None, state: Mapping[str, Any]) -> str | FieldErrors:
    """Checked against its own branch: of the whole schema, only that it fits none of its forms could be said."""
    if at is None:
        return FieldErrors({BRANCH: "Please choose one."})
    branch = every[at]
    blocks = [_block_in(at, index) for index in range(len(branch.fields))]
    if any(block not in state for block in blocks):  # sent before its inputs came up
        return FieldErrors({BRANCH: "Choose again, and fill in what is asked then."})
    found = _values(branch.fields, blocks, state)
    if isinstance(found, FieldErrors):
        return found
    value = {branch.by: branch.value, **placed(branch.fields, found)}
    if (wrong := fault(value, dict(branch.schema))) is not None:
        index = _about(branch.fields, wrong[0])
        block = BRANCH if index is None else blocks[index]
        return FieldErrors({block: sentence(f"{wrong[0]} {wrong[1]}")})
    return json.dumps(value, ensure_ascii=False)


def told(approval: Approval, text: str) -> str:
    """An answer for people: its fields line by line, or the text as it is."""
    every = branches(approval.schema) if has_form(approval) else ()
    fields = plan(approval.schema) if has_form(approval) else ()
    if not every and (not fields or not fields[0].path):
        return text
    try:
        value = cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return text
    if not isinstance(value, dict):
        return text
    head: list[str] = []
    if every:
        branch = next((b for b in every if cast("dict[str, Any]", value).get(b.by) == b.value), None)
        fields = branch.fields if branch else ()
        head = [branch.label] if branch else []
    stated = [(field, path_of(cast("dict[str, Any]", value), field.path)) for field in fields]
    lines = [f"{line(f.label, 60)}: {_shown(v)}" for f, v in stated if v is not NOTHING]
    return "\n".join([*head, *lines]) or text


def summary(approval: Approval) -> str:
    """One line on what the answer consists of, for the card."""
    if has_form(approval) and (every := branches(approval.schema)):
        return cut("Asks for one of: " + ", ".join(line(clean(branch.label), 40) for branch in every), 300)
    fields = plan(approval.schema) if has_form(approval) else ()
    if not fields or not fields[0].path:
        return ""
    return cut("Asks for: " + ", ".join(line(clean(field.label), 40) for field in fields), 300)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _as_text(approval: Approval, value: JsonValue) -> str:
    stated = as_schema(approval.schema) or {}
    if kind_of(stated) in ("string", "enum"):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _block_id(fields: tuple[Field, ...], index: int) -> str:
    return f"field:{index}" if fields[0].path else TEXT


def _block_in(at: int | None, index: int) -> str:
    """Of its branch: what was typed for one is not taken for another."""
    return f"field:{at}:{index}"


# -- out


def _input(field: Field, block: str) -> Block:
    made: Block = {
        "type": "input",
        "block_id": block,
        "label": plain_text(line(field.label, 300)),
        "element": {**_ELEMENTS[field.kind](field), "action_id": ACTION_ID},
    }
    if not field.required or _may_be_empty(field):
        made["optional"] = True
    stated = field.schema.get("description")
    said = [line(stated, 600)] if isinstance(stated, str) and stated.strip() else []
    said += [_JSON_HINT] if field.kind is Kind.JSON else [_LINES_HINT] if field.kind is Kind.LINES else []
    if said:
        made["hint"] = plain_text(" ".join(said))
    return made


def _may_be_empty(field: Field) -> bool:
    """Whether nothing at all is a value of a required field: an empty text within an object, an empty list."""
    if field.kind is Kind.TEXT:
        return bool(field.path) and not field.schema.get("minLength")
    return field.kind in (Kind.CHOICES, Kind.LINES) and not field.schema.get("minItems")


def _plain_element(field: Field) -> Block:
    low, high = _bound(field, "minLength"), _bound(field, "maxLength")
    most = min(int(high), MAX_INPUT) if high is not None and high >= 1 else MAX_INPUT
    element: Block = {"type": "plain_text_input", "max_length": most, "multiline": most > _LONG}
    if low is not None and 1 <= low <= most:
        element["min_length"] = int(low)
    if isinstance(field.default, str) and _fillable(field.default, most, element.get("min_length", 0)):
        element["initial_value"] = field.default
    return element


def _number_element(field: Field) -> Block:
    whole = field.kind is Kind.INTEGER
    element: Block = {"type": "number_input", "is_decimal_allowed": not whole}
    low, high = _bound(field, "minimum"), _bound(field, "maximum")
    bounds = {"min_value": low, "max_value": high}
    if low is not None and high is not None and low > high:
        bounds = {}
    for key, bound in bounds.items():
        if bound is not None and (text := _decimal(bound, whole=whole)):
            element[key] = text
    default = field.default
    if isinstance(default, bool) or not isinstance(default, int | float):
        return element
    inside = (low is None or default >= low) and (high is None or default <= high)
    text = _decimal(default, whole=whole) if inside else ""
    return element | ({"initial_value": text} if text else {})


def _boolean_element(field: Field) -> Block:
    options = [{"text": plain_text("Yes"), "value": "true"}, {"text": plain_text("No"), "value": "false"}]
    element: Block = {"type": "radio_buttons", "options": options}
    if isinstance(field.default, bool):
        element["initial_option"] = options[0 if field.default else 1]
    return element


def _options(field: Field) -> list[Block]:
    return [
        {"text": plain_text(line(str(choice), MAX_LABEL) or f"({index + 1})"), "value": str(index)}
        for index, choice in enumerate(field.choices)
    ]


def _same(one: JsonValue, other: object) -> bool:
    return type(one) is type(other) and one == other


def _choice_element(field: Field) -> Block:
    options = _options(field)
    element: Block = {"type": "static_select", "options": options}
    at = next((index for index, choice in enumerate(field.choices) if _same(choice, field.default)), None)
    return element | ({"initial_option": options[at]} if at is not None else {})


def _choices_element(field: Field) -> Block:
    options = _options(field)
    element: Block = {"type": "multi_static_select", "options": options}
    chosen = field.default if isinstance(field.default, list) else []
    first = [options[i] for i, choice in enumerate(field.choices) if any(_same(choice, value) for value in chosen)]
    most = _bound(field, "maxItems")
    if most is not None and 1 <= most <= len(options):
        element["max_selected_items"] = int(most)
        first = first[: int(most)]
    return element | ({"initial_options": first} if first else {})


def _lines_element(field: Field) -> Block:
    element: Block = {"type": "plain_text_input", "multiline": True, "max_length": MAX_INPUT}
    entries = field.default if isinstance(field.default, list) else []
    text = "\n".join(str(entry) for entry in entries)
    return element | ({"initial_value": text} if text and size(text) <= MAX_INPUT and not doubtful(text) else {})


def _date_element(field: Field) -> Block:
    element: Block = {"type": "datepicker"}
    try:
        first = date.fromisoformat(field.default) if isinstance(field.default, str) else None
    except ValueError:
        first = None
    return element | ({"initial_date": first.isoformat()} if first else {})


def _moment_element(field: Field) -> Block:
    element: Block = {"type": "datetimepicker"}
    try:
        first = datetime.fromisoformat(field.default) if isinstance(field.default, str) else None
        seconds = int(first.timestamp()) if first is not None and first.tzinfo is not None else 0
    except (ValueError, OverflowError):
        seconds = 0
    return element | ({"initial_date_time": seconds} if 1_000_000_000 <= seconds <= 9_999_999_999 else {})


def _json_element(field: Field) -> Block:
    element: Block = {"type": "plain_text_input", "multiline": True, "max_length": MAX_INPUT}
    if field.default is NOTHING:
        return element
    text = json.dumps(field.default, indent=2, default=str)
    return element | ({"initial_value": text} if size(text) <= MAX_INPUT else {})


_ELEMENTS: Mapping[Kind, Callable[[Field], Block]] = {
    Kind.TEXT: _plain_element,
    Kind.NUMBER: _number_element,
    Kind.INTEGER: _number_element,
    Kind.BOOLEAN: _boolean_element,
    Kind.CHOICE: _choice_element,
    Kind.CHOICES: _choices_element,
    Kind.LINES: _lines_element,
    Kind.DATE: _date_element,
    Kind.MOMENT: _moment_element,
    Kind.JSON: _json_element,
}


def _bound(field: Field, key: str) -> int | float | None:
    stated = field.schema.get(key)
    sound = isinstance(stated, int | float) and not isinstance(stated, bool) and math.isfinite(stated)
    return stated if sound and isinstance(stated, int | float) else None


def _decimal(number: float, *, whole: bool) -> str:
    """For Slack, which takes digits and a point; empty where that is not what it is."""
    if not math.isfinite(number) or (whole and number != int(number)):
        return ""
    text = format(Decimal(repr(int(number) if whole else number)), "f")
    return text if len(text) <= _MAX_NUMBER else ""


def _fillable(text: str, most: int, least: int) -> bool:
    return bool(text) and least <= size(text) <= most and not doubtful(text)
