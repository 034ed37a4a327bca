"""One short line for people: what an approval is about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from pydantic import JsonValue

from approvals.model import Action

MAX_TITLE = 120
MAX_VALUE = 40
TELLING = ("amount", "customer", "to", "recipient", "path", "file", "name", "id", "url", "channel", "environment")


def pretty(name: str) -> str:
    """`issue_refund`, `issueRefund` and `billing.issue-refund` become `Issue refund`."""
    last = name.strip().rsplit(".", 1)[-1] or name
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", re.sub(r"[_\-\s]+", " ", last)).strip()
    words = [word if word.isupper() and len(word) > 1 else word.lower() for word in spaced.split()]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def bounded(text: str, limit: int = MAX_TITLE) -> str:
    """The first line that says something, cut with an ellipsis."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def title_of(actions: Sequence[Action], titles: Sequence[str] = ()) -> str:
    """The title of one action, or of several: `3 actions: Pay, Delete file, …`. `titles` are those that some have."""
    if len(actions) == 1:
        return _single(actions[0])
    names = [pretty(action.name) for action in actions]
    if titles:
        names = [title or name for title, name in zip_longest(titles, names, fillvalue="")]
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return bounded(f"{len(names)} actions: {shown}")


def _single(action: Action) -> str:
    details = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in _telling(action.args))
    return bounded(f"{pretty(action.name)}: {details}" if details else pretty(action.name))


def _telling(args: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
    simple = {key: text for key, value in args.items() if (text := _simple(value))}
    known = [key for key in TELLING if key in simple]
    chosen = (known or list(simple))[:2]
    return [(key, simple[key]) for key in simple if key in chosen]


def _simple(value: JsonValue) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, list | dict):
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:g}" if abs(value) < 1e-3 else f"{value:.2f}"
    text = str(value)
    return text if len(text) <= MAX_VALUE and "\n" not in text else ""
