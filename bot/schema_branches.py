"""Answers that take one of several forms, told apart by the value of one property (`oneOf` with a discriminator). Pure.

The form asks first which one it is, by a list; what was chosen brings up the inputs of that branch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import JsonValue

from agents.schema import Schema, resolve
from bot.rich import MAX_LABEL, Block, line, plain_text
from bot.schema_plan import MAX_CHOICES, Field, plan

BRANCH = "branch"
"""Block id and action id of the list. Choosing in it is told to us at once (`dispatch_action`)."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One of the forms: what `by` must be for it, and its other inputs (none at all, perhaps)."""

    by: str
    value: JsonValue
    schema: Schema
    fields: tuple[Field, ...]

    @property
    def label(self) -> str:
        """For people: the value that tells it apart."""
        said = str(self.value).replace("_", " ").strip()
        return line(said[:1].upper() + said[1:], MAX_LABEL)


def branches(schema: JsonValue) -> tuple[Branch, ...]:
    """The branches of a schema, two or more; none where it has none, or where a form cannot say one of them."""
    if not isinstance(schema, dict):
        return ()
    stated = resolve(schema, schema)
    unions = [stated[key] for key in ("oneOf", "anyOf") if key in stated]
    if len(unions) != 1 or not isinstance(unions[0], list) or not 2 <= len(unions[0]) <= MAX_CHOICES:
        return ()
    if any(key in stated for key in ("properties", "required", "allOf", "not", "if", "enum", "const")):
        return ()
    every = [resolve(branch, schema) for branch in unions[0]]
    by = _discriminator(stated, every)
    found = [branch for each in every if (branch := _branch(each, by, schema)) is not None] if by else []
    labels = {branch.label for branch in found}
    return tuple(found) if len(found) == len(every) == len(labels - {""}) else ()


def chosen(every: tuple[Branch, ...], state: Mapping[str, Any]) -> int | None:
    """Which branch the list in `view.state.values` names; `None` for none."""
    held = cast("object", state.get(BRANCH))
    element = cast("Mapping[str, Any]", held).get(BRANCH) if isinstance(held, Mapping) else None
    option = cast("Mapping[str, Any]", element).get("selected_option") if isinstance(element, Mapping) else None
    said = cast("Mapping[str, Any]", option).get("value") if isinstance(option, Mapping) else None
    index = int(said) if isinstance(said, str) and said.isascii() and said.isdigit() else -1
    return index if 0 <= index < len(every) else None


def chooser(every: tuple[Branch, ...], at: int | None) -> Block:
    """The list of the branches. Nothing is chosen at first: a person says which it is."""
    options = [{"text": plain_text(branch.label), "value": str(index)} for index, branch in enumerate(every)]
    element: Block = {"type": "static_select", "action_id": BRANCH, "options": options}
    if at is not None:
        element["initial_option"] = options[at]
    name = every[0].by.replace("_", " ")
    label = line(name[:1].upper() + name[1:], 300) or "Your answer"
    return {
        "type": "input",
        "block_id": BRANCH,
        "label": plain_text(label),
        "element": element,
        "dispatch_action": True,
        "hint": plain_text("What you choose brings up what else is asked."),
    }


def _discriminator(stated: Schema, every: list[Schema]) -> str:
    """The property that tells the branches apart: the stated one, or the only one with a value of its own in each."""
    said = stated.get("discriminator")
    if isinstance(said, dict) and isinstance(name := said.get("propertyName"), str):
        return name
    shared = [set(_fixed(branch)) for branch in every]
    names = set[str].intersection(*shared)
    apart = [name for name in names if len({str(_fixed(branch)[name]) for branch in every}) == len(every)]
    return apart[0] if len(apart) == 1 else ""


def _fixed(branch: Schema) -> dict[str, JsonValue]:
    """The properties of which only one value is possible."""
    properties = branch.get("properties")
    found: dict[str, JsonValue] = {}
    for name, entry in (properties if isinstance(properties, dict) else {}).items():
        if not isinstance(entry, dict):
            continue
        stated = entry.get("enum")
        only = stated[0] if isinstance(stated, list) and len(stated) == 1 else entry.get("const")
        if isinstance(only, str | int | float):
            found[name] = only
    return found


def _branch(branch: Schema, by: str, root: Schema) -> Branch | None:
    fixed, properties = _fixed(branch), branch.get("properties")
    if by not in fixed or branch.get("type", "object") != "object" or not isinstance(properties, dict):
        return None
    needed = branch.get("required")
    within = {key: root[key] for key in ("$defs", "definitions") if key in root}
    rest: dict[str, JsonValue] = {
        **within,
        **branch,
        "type": "object",
        "properties": {name: entry for name, entry in properties.items() if name != by},
        "required": [name for name in needed if name != by] if isinstance(needed, list) else [],
    }
    if not rest["properties"]:
        return Branch(by, fixed[by], {**within, **branch}, ())
    fields = plan(rest)
    return Branch(by, fixed[by], {**within, **branch}, fields) if fields[0].path else None
