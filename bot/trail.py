"""What the menu of a message opens: the link to an approval, and what was written down about it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from approvals.events import Event
from approvals.model import Approval, JsonValue
from bot import replies_find, texts, texts_audit
from bot.rich import Block, actions, button, context, modal, plain_text, preformatted, rich, section

PER_PAGE = 12
MOST = 1000
"""Events that are looked at; an approval has a dozen."""


def linked(approval: Approval, link: str | None) -> Block:
    """The link, and the command that shows it anywhere, each to be copied whole."""
    blocks: list[Block] = [_title(approval)]
    if link is None:
        blocks.append(context(replies_find.NO_LINK))
    else:
        blocks += [section(replies_find.LINK_IS), rich(preformatted(link))]
    blocks += [section(replies_find.SHOW_IS), rich(preformatted(f"/approvals show {approval.id}"))]
    blocks += [section(replies_find.ID_IS), rich(preformatted(approval.id))]
    return modal(replies_find.LINK_TITLE, blocks, callback_id="link")


def trail(approval: Approval, events: Sequence[Event], page: int, archived: int = 0) -> Block:
    """One page (from 0; beyond the end is the last one) of who did what and when. `archived`: entries before these."""
    pages = max(1, -(-len(events) // PER_PAGE))
    page = max(0, min(page, pages - 1))
    shown = events[page * PER_PAGE : (page + 1) * PER_PAGE]
    blocks: list[Block] = [_title(approval), context(texts_audit.ORDER)]
    if archived and not page:
        blocks.append(section(texts_audit.archived(archived)))
    nothing = [] if archived else [section(texts_audit.NOTHING)]
    blocks += [section(texts_audit.line(event)) for event in shown] or nothing
    turns: list[Block] = []
    if page > 0:
        turns.append(button("Previous page", "trail:prev", _turn(approval, page - 1)))
    if page + 1 < pages:
        turns.append(button("Next page", "trail:next", _turn(approval, page + 1)))
    if turns:
        blocks += [context(texts_audit.page(page + 1, pages, len(events))), actions(turns)]
    return modal(texts_audit.TITLE, blocks, callback_id="trail")


def _turn(approval: Approval, page: int) -> str:
    return json.dumps({"id": approval.id, "page": page}, separators=(",", ":"))


def turned(value: Mapping[str, JsonValue]) -> tuple[str, int] | None:
    """The approval and the page that a button of ours leads to; `None` for another."""
    about, page = value.get("id"), value.get("page")
    return (about, page) if isinstance(about, str) and type(page) is int else None


def _title(approval: Approval) -> Block:
    return {"type": "section", "text": plain_text(texts.title(approval))}
