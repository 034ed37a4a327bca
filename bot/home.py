"""The App Home: what is waiting, for whoever opens it. Pure."""

from __future__ import annotations

from datetime import datetime

from approvals.model import Approval
from approvals.ports import Page
from bot import texts
from bot.lists import row
from bot.rich import Block, context, divider, header, section

MAX_ROWS = 20


def home(page: Page, now: datetime, *, viewer: str, more: bool = False) -> Block:
    """The view for `views.publish`: the first twenty pending approvals, oldest first. `viewer` is a Slack user id.

    `more`: there may be others that they may see; how many is not known.
    """
    shown = page.approvals[:MAX_ROWS]
    blocks: list[Block] = [header("Waiting for a decision")]
    blocks.append(context(f"As of {texts.moment(now)}. Open this page again to refresh it."))
    if not shown:
        blocks.append(section(texts.HELP_EMPTY))
        blocks.append(context("`/approvals` shows the same list in any conversation."))
    for approval in shown:
        blocks.append(divider())
        blocks.append(row(approval, now, _yours(approval, viewer)))
    if page.total > len(shown) and shown:
        blocks.append(divider())
        blocks.append(context(f"{len(shown)} of {page.total}. `/approvals` lists all of them."))
    elif more:
        blocks.append(context("There may be more: `/approvals` lists all that you may see."))
    return {"type": "home", "callback_id": "home", "blocks": blocks}


def _yours(approval: Approval, viewer: str) -> str:
    """What the viewer has to do with it, as far as the record itself says."""
    if approval.requester == viewer:
        return "Your own request" if approval.policy.self_approval else "Your own request: somebody else decides"
    return "You are asked" if viewer in approval.audience else ""


def closed(text: str) -> Block:
    """For those to whom nothing is shown; `text` is ours and says why."""
    return {"type": "home", "callback_id": "home", "blocks": [section(text)]}
