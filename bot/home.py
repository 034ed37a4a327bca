"""The App Home: what is waiting, for whoever opens it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from approvals.away import Away
from approvals.model import SYSTEM, Approval
from approvals.ports import Page
from bot import replies, texts
from bot.bulk_views import way_in
from bot.find import Find
from bot.listing import rows
from bot.rich import Block, actions, button, context, divider, header, section

MAX_ROWS = 20
MAX_COVERED = 10
MAX_DECIDED = 8
"""Rows with all that is asked, and its buttons: a view holds 100 blocks."""


def home(
    page: Page,
    now: datetime,
    *,
    viewer: str,
    more: bool = False,
    away: Away | None = None,
    covering: Sequence[Away] = (),
    decidable: frozenset[str] = frozenset(),
    links: Mapping[str, str] | None = None,
    several: bool = False,
) -> Block:
    """The view for `views.publish`: the first twenty pending approvals, oldest first. `viewer` is a Slack user id.

    `more`: there may be others that they may see; how many is not known. `away`: the viewer is; `covering`: for whom
    they stand in. `decidable`: the ids of those that the viewer may decide. `links`: where their cards stand, by id.
    `several`: some of one kind can be decided together.
    """
    shown = page.approvals[:MAX_ROWS]
    quick = frozenset([approval.id for approval in shown if approval.id in decidable][:MAX_DECIDED])
    blocks: list[Block] = [*_absences(away, covering), header("Waiting for a decision")]
    blocks.append(context(f"As of {texts.moment(now)}. Open this page again to refresh it."))
    if several:
        blocks.append(actions([way_in(Find().text())]))
    if not shown:
        blocks.append(section(texts.HELP_EMPTY))
        blocks.append(context("`/approvals all` shows the same list in any conversation."))
    for approval in shown:
        blocks.append(divider())
        extra, link = _yours(approval, viewer, covering), (links or {}).get(approval.id)
        blocks += rows(approval, now, decide=approval.id in quick, extra=extra, link=link)
    if page.total > len(shown) and shown:
        blocks.append(divider())
        blocks.append(context(f"{len(shown)} of {page.total}. `/approvals all` lists all of them."))
    elif more:
        blocks.append(context("There may be more: `/approvals all` lists all that you may see."))
    return {"type": "home", "callback_id": "home", "blocks": blocks}


def _absences(away: Away | None, covering: Sequence[Away]) -> list[Block]:
    blocks: list[Block] = []
    if away is not None and away.set_by == SYSTEM:
        blocks.append(section(replies.away_by_status(away)))
    elif away is not None:
        blocks.append(section(replies.away_until(away), button("I am back", "away:back", away.user_id)))
    blocks.extend(context(replies.you_cover(one)) for one in covering[:MAX_COVERED])
    return [*blocks, divider()] if blocks else []


def _yours(approval: Approval, viewer: str, covering: Sequence[Away]) -> str:
    """What the viewer has to do with it, as far as the record itself says."""
    if approval.requester == viewer:
        return "Your own request" if approval.policy.self_approval else "Your own request: somebody else decides"
    if viewer in approval.audience:
        return "You are asked"
    for_whom = next((away.user_id for away in covering if away.user_id in approval.audience), None)
    return replies.asked_for(for_whom) if for_whom and for_whom != approval.requester else ""


def closed(text: str) -> Block:
    """For those to whom nothing is shown; `text` is ours and says why."""
    return {"type": "home", "callback_id": "home", "blocks": [section(text)]}
