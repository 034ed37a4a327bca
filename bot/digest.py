"""A message that shows many approvals at once: the first few, how many there are, and a way to the list. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from approvals.model import Approval
from bot import texts, texts_digest, texts_state, texts_votes
from bot.lists import titled
from bot.notes import plain
from bot.rich import Block, Message, actions, button, context, fallback, header, inline

FIRST = 5
"""How many are named."""

OPEN = "list:open"
"""The button that shows a list in private, below whatever it stands in."""


def digest(first: Sequence[Approval], waiting: int, total: int) -> Message:
    """`first`: the oldest of those `waiting`, of `total` that were collected."""
    shown = first[:FIRST]
    blocks: list[Block] = [header(texts_digest.title(waiting))]
    if waiting:
        blocks.append(context(texts_digest.WHY))
    blocks += [titled(approval, _facts(approval)) for approval in shown]
    if said := texts_digest.rest(waiting - len(shown), total - waiting):
        blocks.append(context(said))
    if waiting:
        value = json.dumps({"offset": 0, "skip": 0, "find": ""}, separators=(",", ":"))
        blocks.append(actions([button(texts_digest.SHOW, OPEN, value, style="primary", about=texts_digest.SHOW_ABOUT)]))
    name = inline(shown[0].title, 120) or texts.UNTITLED if shown else ""
    return Message(fallback(texts_digest.headline(waiting, name)), blocks)


def _facts(approval: Approval) -> list[str]:
    """What stays true until the message is redrawn: no "a minute ago", and not that each of them waits."""
    votes = f"*{texts_state.state(approval)}*" if texts_votes.several(approval.policy) else ""
    until = f"until {texts.moment(approval.expires_at)}" if approval.expires_at is not None else ""
    return [fact for fact in (votes, until) if fact] or [f"*{texts_state.state(approval)}*"]


def reminder(waiting: int, called: Sequence[str] = ()) -> Message:
    """One for all of them. `called`: mentions of those who are asked to decide the one that it is due for."""
    return plain(" ".join((f":bell: {texts_digest.reminder(waiting)}", *called)))
