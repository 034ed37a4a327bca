"""The sentences of a message that shows many approvals at once."""

from __future__ import annotations

TITLE_DONE = "Nothing of this is waiting any more"
WHY = (
    "They came within a short time, so they are collected here instead of one message each. "
    "What comes next is added without another notification."
)
SHOW = "Show what waits for me"
SHOW_ABOUT = "Shows, only to you, which of them wait for your decision"


def title(waiting: int) -> str:
    """The header."""
    return TITLE_DONE if not waiting else f"{waiting:,} {_decisions(waiting)} waiting"


def headline(waiting: int, first: str) -> str:
    """The notification: how many, and the first by name, escaped already."""
    if not waiting:
        return TITLE_DONE
    return f"{title(waiting)}: {first}" + (f" and {waiting - 1:,} more" if waiting > 1 else "")


def rest(more: int, done: int) -> str:
    """What is not shown."""
    said = [f"{more:,} more" if more else "", f"{done:,} no longer waiting" if done else ""]
    return " · ".join(part for part in said if part)


def reminder(waiting: int) -> str:
    """In its thread."""
    return f"{waiting:,} {_decisions(waiting)} still waiting."


def _decisions(count: int) -> str:
    return "decision is" if count == 1 else "decisions are"
