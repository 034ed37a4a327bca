"""What an agent did, in a few lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from langchain_core.messages import AIMessage, BaseMessage
from langgraph.types import StateSnapshot

from agents.payload import to_json
from approvals.model import Outcome

MAX_TEXT = 1_500
MAX_LINE = 200
MAX_LINES = 8
TELLING = ("result", "output", "answer", "summary", "response", "report", "status", "final")


def outcome(state: StateSnapshot) -> Outcome:
    """The last thing the agent said, else a value named like a result, else its short values line by line."""
    return Outcome(finished=not state.next and not state.tasks, text=bounded(_text(cast("object", state.values))))


def bounded(text: str) -> str:
    """At most 1500 characters, cut with an ellipsis."""
    text = text.strip()
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1].rstrip() + "…"


def _text(values: object) -> str:
    if isinstance(values, str):
        return values
    if not isinstance(values, Mapping):
        return "" if values is None else _short(values)
    entries = cast("Mapping[str, object]", values)
    if said := _last_said(entries.get("messages")):
        return said
    for key in TELLING:
        found = entries.get(key)
        if isinstance(found, str) and found.strip():
            return found
    lines = [f"{key}: {short}" for key, value in entries.items() if (short := _short(value))]
    return "\n".join(lines[:MAX_LINES])


def _last_said(messages: object) -> str:
    if not isinstance(messages, list):
        return ""
    for message in reversed(cast("list[object]", messages)):
        if isinstance(message, AIMessage) and (text := str(message.text).strip()):
            return text
    return ""


def _short(value: object) -> str:
    if value is None or isinstance(value, BaseMessage):
        return ""
    shown = to_json(value)
    if isinstance(shown, dict | list):
        return ""
    text = str(shown)
    return text if len(text) <= MAX_LINE else ""
