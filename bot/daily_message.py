"""What waits for somebody, once a day: how many, the oldest, and those whose deadline comes first. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, time

from approvals.model import Approval
from bot import texts, texts_daily, texts_digest
from bot.digest import OPEN
from bot.lists import row
from bot.rich import Message, actions, button, context, fallback, header, inline, section

FIRST = 5
"""How many are shown."""


def daily(waiting: Sequence[Approval], links: Mapping[str, str], now: datetime, at: time) -> Message:
    """`waiting`: at least one, the first deadline in front; `links`: where the cards stand, by id; `at`: the time of
    day that it was set to."""
    shown = waiting[:FIRST]
    oldest = eldest(waiting)
    title, name = texts_daily.title(len(waiting)), inline(oldest.title, 120) or texts.UNTITLED
    blocks = [
        header(title),
        section(texts_daily.oldest(name, oldest.opened_at, links.get(oldest.id))),
        *([context(texts_daily.first(len(shown), len(waiting)))] if len(waiting) > 1 else []),
        *(row(approval, now, link=links.get(approval.id)) for approval in shown),
    ]
    value = json.dumps({"offset": 0, "skip": 0, "find": ""}, separators=(",", ":"))
    blocks.append(actions([button(texts_digest.SHOW, OPEN, value, style="primary", about=texts_digest.SHOW_ABOUT)]))
    blocks.append(context(texts_daily.way(at)))
    return Message(fallback(f"{title}. {texts_daily.oldest(name, oldest.opened_at, None)}"), blocks)


def eldest(waiting: Sequence[Approval]) -> Approval:
    """The one that was opened first."""
    return min(waiting, key=lambda approval: approval.opened_at)
