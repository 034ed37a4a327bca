"""Arguments as people read them: names and values, whole where they fit, marked where they were cut. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import JsonValue

from agents.naming import KEY, is_ours
from approvals.model import Approval
from approvals.policy import Urgency
from bot.rich import Block, cut, faithful, line, preformatted, run, size, words

MAX_NAME = 80
SHORT = 120
"""Characters up to which a list or an object stands on the line of its name."""

MAX_PROSE = 20_000
"""Characters of prose in which the leaves of a payload are looked for."""

_MACHINERY = frozenset(
    {
        "review_configs",
        "config",
        "allow",
        "reply",
        "type",
        "options",
        "choices",
        "editable",
        "allow_edit",
        "response_type",
    }
)
"""Keys of payloads that say how to answer, not what it is about."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A value as text. `whole` is False where it was cut, `tall` has lines of its own, `mark` is ours, not a value."""

    text: str
    whole: bool = True
    tall: bool = False
    mark: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """Elements of a `rich_text` block, and whether they say everything."""

    elements: list[Block]
    whole: bool = True
    used: int = 0


def dump(value: JsonValue, *, indent: int | None = None) -> str:
    """JSON as people read it."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def show(value: JsonValue, limit: int) -> Shown:
    """Numbers and dates as they are, text without quotes, nested values as JSON; at most `limit` characters."""
    if isinstance(value, str):
        if not value:
            return Shown("(empty)", mark=True)
        text = faithful(value[: limit + 1])
    elif isinstance(value, list | dict):
        text = faithful(dump(value))
        if size(text[: SHORT + 1]) > SHORT:
            text = faithful(dump(value, indent=2))
    elif value is None:
        return Shown("(nothing)", mark=True)
    else:
        text = json.dumps(value)
    kept = cut(text, limit)
    return Shown(kept, whole=kept == text, tall="\n" in kept or size(kept) > 2 * SHORT)


_MONEY = re.compile(
    r"(^|_)(amount|price|total|subtotal|cost|fee|sum|balance|budget|salary|payment)(_|$)", re.IGNORECASE
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def reading(name: str, value: JsonValue, limit: int) -> Shown:
    """The same, and as what it seems to be by its name and form: money with its thousands and cents apart, a day by the
    name of its month. Only where nothing is lost by it; *Review in full* shows them as they were sent."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if _MONEY.search(name) and math.isfinite(number) and round(number, 2) == number and abs(number) < 1e15:
        return Shown(f"{number:,.2f}")
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return show(value, limit)
        return Shown(f"{day.day} {day:%b %Y}")
    return show(value, limit)


def arguments(args: Mapping[str, JsonValue], *, limit: int, room: int, most: int) -> Drawn:
    """`name: value` line by line: up to `most` of them, `limit` characters each, `room` characters together."""
    elements: list[Block] = []
    runs: list[Block] = []
    whole, used, left = True, 0, len(args)
    for index, (name, value) in enumerate(args.items()):
        if index >= most or room - used < 80:
            break
        label = line(name, MAX_NAME) or "(no name)"
        whole = whole and label == name
        shown = reading(name, value, max(40, min(limit, room - used - size(label))))
        whole, left = whole and shown.whole, left - 1
        used += size(label) + size(shown.text) + 3
        _write(runs, elements, label, shown)
    if runs:
        elements.append(words(*runs))
    if left:
        note = f"and {left} more" if elements else f"{left} arguments"
        elements.append(words(run(note, "italic")))
        used += size(note)
    return Drawn(elements, whole and not left, used)


def _write(runs: list[Block], elements: list[Block], label: str, shown: Shown) -> None:
    if runs:
        runs.append(run("\n"))
    runs.append(run(label, "bold"))
    if shown.tall:
        runs.append(run(":"))
        elements.extend((words(*runs), preformatted(shown.text)))
        runs.clear()
    else:
        runs.extend((run(": "), run(shown.text, "italic") if shown.mark else run(shown.text)))


def unshown(approval: Approval) -> bool:
    """Whether the agent sent something that none of the title, the descriptions and the arguments says.

    Leaves of the payload are compared, not its shape: how the question was wrapped does not matter.
    """
    said = {approval.title, approval.description, approval.graph}
    for action in approval.actions:
        # LangChain's middleware says name and arguments once more in its description.
        repeated = f"{action.description}\n\nTool: {action.name}\nArgs: {dict(action.args)}"
        said.update((action.name, action.description, repeated, *_leaves(dict(action.args))))
    prose = "\n".join((approval.title, approval.description, *(action.description for action in approval.actions)))
    prose = prose[:MAX_PROSE]
    return any(leaf not in said and leaf.strip() and leaf.strip() not in prose for leaf in _leaves(approval.payload))


def _told(key: str, entry: JsonValue) -> bool:
    """How much it presses, and how it is called: every card says it."""
    return (key == "urgency" and entry in list(Urgency)) or (key == KEY and is_ours(entry))


def _leaves(value: JsonValue) -> Iterator[str]:
    """Texts and numbers, and the names of what is empty; without recursion, so that depth does not matter."""
    stack: list[JsonValue] = [value]
    while stack:
        found = stack.pop()
        if isinstance(found, dict):
            stack.extend(entry for key, entry in found.items() if key not in _MACHINERY and not _told(key, entry))
        elif isinstance(found, list):
            stack.extend(found)
        elif isinstance(found, str):
            yield found
        elif found is not None and not isinstance(found, bool):
            yield json.dumps(found)
