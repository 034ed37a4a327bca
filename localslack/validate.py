"""Checks blocks and views against the table in `rules.py`, as strictly as Slack does or stricter.

Says what is wrong as `Problem`s, each with a JSON pointer. Unknown fields are refused: the safe side of what Slack
does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, assert_never

from . import rules
from .anatomy import NESTED, elements_of, options_of
from .schema import MESSAGE, Arr, Bool, Free, Int, Obj, One, Rule, Shape, Str, Text
from .wire import Json, as_list, as_object


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, at a JSON pointer."""

    message: str
    pointer: str
    code: str = "invalid"

    def __str__(self) -> str:
        return f"[ERROR] {self.message} [json-pointer:{self.pointer}]"


def check_blocks(blocks: object, surface: str, pointer: str = "/blocks") -> list[Problem]:
    """Everything wrong with these blocks on a surface: `message`, `modal` or `home`.

    An empty list means Slack would take them.
    """
    items = as_list(blocks)
    if items is None:
        return [Problem("must be an array of blocks", pointer, "type")]
    limit = rules.BLOCKS_IN_MESSAGE if surface == MESSAGE else rules.BLOCKS_IN_VIEW
    if len(items) > limit:
        return [Problem(f"no more than {limit} items allowed", pointer, "max_items")]
    walk = _Walk(surface)
    problems = [problem for i, block in enumerate(items) for problem in walk.block(block, f"{pointer}/{i}")]
    problems += _repeated(items, "block_id", pointer)
    focused = sum(1 for block in items for element in elements_of(block) if element.get("focus_on_load") is True)
    if focused > 1:
        problems.append(Problem("only one element may have focus_on_load", pointer, "focus"))
    markdown = sum(
        len(str(block.get("text", ""))) for block in map(as_object, items) if block and block.get("type") == "markdown"
    )
    if markdown > rules.MARKDOWN_TOTAL:
        problems.append(
            Problem(f"markdown blocks hold more than {rules.MARKDOWN_TOTAL} characters together", pointer, "max_length")
        )
    return problems


def check_view(view: object) -> list[Problem]:
    """Everything wrong with a view; pointers start at `/view`."""
    data = as_object(view)
    if data is None:
        return [Problem("must provide an object", "/view", "type")]
    kind = data.get("type")
    shape = rules.VIEWS_BY_TYPE.get(str(kind))
    if shape is None:
        return [Problem(f"unsupported type: {kind}", "/view/type", "type")]
    walk = _Walk(str(kind))
    problems = list(walk.shape(data, shape, "/view", typed=True))
    blocks = as_list(data.get("blocks"))
    if blocks is not None and len(blocks) <= rules.BLOCKS_IN_VIEW:
        problems += check_blocks(blocks, str(kind), "/view/blocks")
        inputs = any((as_object(block) or {}).get("type") == "input" for block in blocks)
        if kind == "modal" and inputs and data.get("submit") is None:
            problems.append(
                Problem("submit is required when an input block is within blocks", "/view/submit", "missing")
            )
    return problems


def text_length(blocks: list[Any]) -> int:
    """Characters of text in the blocks, by the budget we refuse at (`msg_blocks_too_long`)."""
    total = 0
    stack: list[object] = list(blocks)
    while stack:
        value = stack.pop()
        if (items := as_list(value)) is not None:
            stack.extend(items)
        elif (data := as_object(value)) is not None:
            stack.extend(item for key, item in data.items() if key != "text" or not isinstance(item, str))
            if isinstance(text := data.get("text"), str):
                total += len(text)
    return total


def view_bytes(view: Json) -> int:
    return len(json.dumps(view, ensure_ascii=False).encode())


def _repeated(items: list[Any], key: str, pointer: str) -> list[Problem]:
    seen: set[str] = set()
    out: list[Problem] = []
    for i, item in enumerate(items):
        value = (as_object(item) or {}).get(key)
        if not isinstance(value, str):
            continue
        if value in seen:
            out.append(Problem(f"{key} already exists: {value}", f"{pointer}/{i}/{key}", "duplicate"))
        seen.add(value)
    return out


class _Walk:
    """One pass over a value, knowing the surface it is for."""

    def __init__(self, surface: str) -> None:
        self.surface = surface

    def block(self, value: object, at: str) -> Iterator[Problem]:
        data = as_object(value)
        if data is None:
            yield Problem("must provide an object", at, "type")
            return
        kind = data.get("type")
        shape = rules.BLOCKS.get(str(kind))
        if shape is None:
            yield Problem(f"unsupported type: {kind}", f"{at}/type", "type")
            return
        if self.surface not in shape.surfaces:
            yield Problem(
                f"unsupported type: {kind} blocks are not allowed in a {self.surface}", f"{at}/type", "surface"
            )
            return
        block_id: dict[str, Rule] = {"block_id": rules.ID}
        yield from self.shape(
            data,
            Shape(shape.fields | block_id, shape.required, one_of=shape.one_of, any_of=shape.any_of),
            at,
            typed=True,
        )
        if kind in ("actions", "context_actions", "card"):
            name = "actions" if kind == "card" else "elements"
            yield from _repeated(as_list(data.get(name)) or [], "action_id", f"{at}/{name}")
        if (inside := NESTED.get(str(kind))) is not None:
            yield from _repeated(as_list(data.get(inside)) or [], "block_id", f"{at}/{inside}")
        if data.get("default_collapsed") is True and data.get("is_collapsible") is not True:
            yield Problem("needs is_collapsible", f"{at}/default_collapsed", "depends")
        if kind == "table":
            yield from _table(data, at)

    def shape(self, data: Json, shape: Shape, at: str, *, typed: bool) -> Iterator[Problem]:
        for name in shape.required:
            if data.get(name) is None:
                yield Problem(f"missing required field: {name}", at, "missing")
        for name, value in data.items():
            if name == "type" and typed:
                continue
            rule = shape.fields.get(name)
            if rule is None:
                yield Problem(f"invalid additional property: {name}", at, "unknown_field")
            elif value is not None or name not in shape.required:
                yield from self.value(value, rule, f"{at}/{name}")
        given = [name for name in (*shape.one_of, *shape.any_of) if data.get(name) is not None]
        if shape.one_of and len(given) != 1:
            yield Problem(f"exactly one of {', '.join(shape.one_of)} must be given", at, "missing")
        if shape.any_of and not given:
            yield Problem(f"one of {', '.join(shape.any_of)} must be given", at, "missing")

    def value(self, value: object, rule: Rule, at: str) -> Iterator[Problem]:
        match rule:
            case Str():
                yield from _string(value, rule, at)
            case Bool():
                if not isinstance(value, bool):
                    yield Problem("must be a boolean", at, "type")
            case Int():
                yield from _integer(value, rule, at)
            case Text():
                yield from _text(value, rule, at)
            case Arr():
                yield from self.array(value, rule, at)
            case Obj():
                data = as_object(value)
                if data is None:
                    yield Problem("must provide an object", at, "type")
                else:
                    yield from self.shape(data, rules.OBJECTS[rule.name], at, typed=False)
            case One():
                yield from self.one(value, rule, at)
            case Free():
                pass
            case _:
                assert_never(rule)

    def array(self, value: object, rule: Arr, at: str) -> Iterator[Problem]:
        items = as_list(value)
        if items is None:
            yield Problem("must be an array", at, "type")
            return
        if len(items) < rule.min:
            yield Problem(f"no fewer than {rule.min} items allowed", at, "min_items")
        if rule.max is not None and len(items) > rule.max:
            yield Problem(f"no more than {rule.max} items allowed", at, "max_items")
            return
        for i, item in enumerate(items):
            yield from self.value(item, rule.of, f"{at}/{i}")

    def one(self, value: object, rule: One, at: str) -> Iterator[Problem]:
        data = as_object(value)
        if data is None:
            yield Problem("must provide an object", at, "type")
            return
        kind = data.get("type")
        if kind not in rule.types:
            yield Problem(f"unsupported type: {kind}", f"{at}/type", "type")
            return
        if kind in ("plain_text", "mrkdwn"):
            yield from _text(data, Text(), at)
            return
        if rule.group == "block":
            yield from self.block(data, at)
            return
        shape = rules.GROUPS[rule.group][str(kind)]
        if self.surface not in shape.surfaces:
            yield Problem(f"unsupported type: {kind} is not allowed in a {self.surface}", f"{at}/type", "surface")
            return
        yield from self.shape(data, shape, at, typed=True)
        if rule.group == "element":
            yield from _element(data, at)


def _string(value: object, rule: Str, at: str) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem("must be a string", at, "type")
        return
    if len(value) < rule.min:
        yield Problem(f"must be more than {rule.min - 1} characters", at, "min_length")
    elif rule.max is not None and len(value) > rule.max:
        yield Problem(f"must be less than {rule.max + 1} characters", at, "max_length")
    elif rule.values and value not in rule.values:
        yield Problem(f"must be one of: {', '.join(rule.values)}", at, "enum")
    elif rule.pattern and not re.fullmatch(rule.pattern, value):
        yield Problem(f"must match {rule.pattern}", at, "pattern")


def _integer(value: object, rule: Int, at: str) -> Iterator[Problem]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield Problem("must be an integer", at, "type")
    elif (rule.min is not None and value < rule.min) or (rule.max is not None and value > rule.max):
        yield Problem(f"must be between {rule.min} and {rule.max}", at, "range")


def _text(value: object, rule: Text, at: str) -> Iterator[Problem]:
    data = as_object(value)
    if data is None:
        yield Problem("must provide an object", at, "type")
        return
    kind = data.get("type")
    if kind not in (("plain_text",) if rule.plain else ("plain_text", "mrkdwn")):
        yield Problem(
            f"unsupported type: {kind}; {'plain_text' if rule.plain else 'plain_text or mrkdwn'} expected",
            f"{at}/type",
            "type",
        )
        return
    if data.get("text") is None:
        yield Problem("missing required field: text", at, "missing")
    else:
        yield from _string(data["text"], Str(rule.max, rule.min), f"{at}/text")
    flag = "emoji" if kind == "plain_text" else "verbatim"
    for name, item in data.items():
        if name in {"type", "text"}:
            continue
        if name != flag:
            yield Problem(f"invalid additional property: {name}", at, "unknown_field")
        elif not isinstance(item, bool):
            yield Problem("must be a boolean", f"{at}/{name}", "type")


def _element(data: Json, at: str) -> Iterator[Problem]:
    """What the table cannot say about an element: how its fields depend on each other."""
    if data.get("options") is not None or data.get("option_groups") is not None:
        options = options_of(data)
        initial = as_list(data.get("initial_options")) or []
        if (single := data.get("initial_option")) is not None:
            initial = [*initial, single]
        if any(_bare(option) not in [_bare(known) for known in options] for option in initial):
            name = "initial_option" if single is not None else "initial_options"
            yield Problem("must match exactly one of the options", f"{at}/{name}", "initial")
    low, high = data.get("min_length"), data.get("max_length")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield Problem("must not be more than max_length", f"{at}/min_length", "range")
    most, chosen = data.get("max_selected_items"), as_list(data.get("initial_options"))
    if isinstance(most, int) and chosen is not None and len(chosen) > most:
        yield Problem(f"no more than {most} items allowed", f"{at}/initial_options", "max_items")
    yield from _number(data, at)


def _bare(option: object) -> object:
    """An option without the flags Slack fills in, so that a given one and a stored one compare equal."""
    data = as_object(option) or {}
    text = as_object(data.get("text")) or {}
    return data.get("value"), text.get("type"), text.get("text")


def _number(data: Json, at: str) -> Iterator[Problem]:
    if data.get("type") != "number_input":
        return
    numbers = {name: _as_number(data.get(name)) for name in ("min_value", "max_value", "initial_value")}
    low, high, first = numbers["min_value"], numbers["max_value"], numbers["initial_value"]
    if low is not None and high is not None and low > high:
        yield Problem("must not be more than max_value", f"{at}/min_value", "range")
    if first is not None and ((low is not None and first < low) or (high is not None and first > high)):
        yield Problem("must be between min_value and max_value", f"{at}/initial_value", "range")


def _as_number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _table(data: Json, at: str) -> Iterator[Problem]:
    for r, row in enumerate(as_list(data.get("rows")) or []):
        for c, cell in enumerate(as_list(row) or []):
            kind = (as_object(cell) or {}).get("type")
            if kind not in ("raw_text", "raw_number", "rich_text"):
                yield Problem(f"unsupported type: {kind}", f"{at}/rows/{r}/{c}/type", "type")
