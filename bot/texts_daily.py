"""The sentences of the message that says in the morning what waits for somebody. Slack `mrkdwn`."""

from __future__ import annotations

from datetime import datetime, time

from bot import texts


def title(waiting: int) -> str:
    """The header, and how the notification begins."""
    return "1 decision waits for you" if waiting == 1 else f"{waiting:,} decisions wait for you"


def oldest(name: str, since: datetime, link: str | None) -> str:
    """The one that has waited longest; `name` is escaped."""
    named = f"<{link}|{name}>" if link else name
    return f"The oldest waits since {texts.moment(since)}: {named}"


def first(shown: int, waiting: int) -> str:
    """Above the rows, where they are not all."""
    return f"The first {shown} by their deadline:" if shown < waiting else "By their deadline:"


def way(at: time) -> str:
    """How to see all of it, and when this comes."""
    return f"`/approvals` lists all of them. This comes once a day, after {at:%H:%M} your time, if something waits."
