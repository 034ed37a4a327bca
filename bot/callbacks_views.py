"""The form with callbacks that were given up. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from approvals.model import Approval
from bot import texts, texts_health
from bot.rich import Block, context, divider, modal, section

AGAIN = "callbacks:again"
"""The form; sending it sends all of them again."""

MOST = 20
"""Rows that are drawn."""


def listing(dead: Sequence[Approval], total: int) -> Block:
    """The oldest of them, and how many there are; a notice where there is none."""
    if not dead:
        return modal(texts_health.TITLE, [section(texts_health.NONE)], callback_id="notice")
    blocks = [section(texts_health.WHAT)]
    for approval in dead[:MOST]:
        blocks += [divider(), section(_row(approval))]
    if total > MOST:
        blocks.append(context(texts_health.more(min(len(dead), MOST), total)))
    return modal(texts_health.TITLE, blocks, callback_id=AGAIN, submit=texts_health.ALL_AGAIN)


def _row(approval: Approval) -> str:
    told, ended = approval.delivery, approval.closed_at
    asker = approval.terms.name if approval.terms is not None else ""
    return texts_health.row(
        texts.title(approval, 120),
        asker,
        _host(approval.callback),
        told.attempts if told else 0,
        texts.moment(ended) if ended else "",
        told.error if told else "",
    )


def _host(url: str) -> str:
    """Where it goes: the rest of the address may hold a secret."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
