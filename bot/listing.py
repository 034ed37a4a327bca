"""A page of approvals, as somebody asked for it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from approvals.model import Approval, Status
from bot import bulk_views, buttons, replies_find, texts, texts_state, texts_votes
from bot.card import brief
from bot.find import Find, Scope
from bot.lists import MAX_ROWS, row, titled
from bot.rich import (
    MAX_WEIGHT,
    Block,
    Message,
    actions,
    button,
    context,
    divider,
    fallback,
    fits,
    header,
    inline,
    section,
)


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a page begins: an offset among all records, and how many of what is found from there are left out."""

    offset: int = 0
    skip: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found for one page, in order. `total` is `None` where it is not known, `first` counts those before.

    `decidable`: the ids of those that the reader may decide. `others`: how many more wait that are not theirs. `links`:
    where the cards stand that the reader can open, by id. `several`: some of one kind can be decided together.
    """

    find: Find
    approvals: tuple[Approval, ...]
    first: int = 0
    total: int | None = None
    before: Turn | None = None
    after: Turn | None = None
    decidable: frozenset[str] = field(default_factory=frozenset[str])
    others: int = 0
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    several: bool = False


def listing(found: Found, now: datetime) -> Message:
    """The message; rows without what they ask where all of it together is too much for one message."""
    whole = _listing(found, now, decide=True)
    return whole if fits(whole.blocks, most=MAX_WEIGHT) else _listing(found, now, decide=False)


def _listing(found: Found, now: datetime, *, decide: bool) -> Message:
    find, shown = found.find, found.approvals[:MAX_ROWS]
    title = replies_find.TITLES[find.scope]
    blocks = [header(title)]
    if said := replies_find.filters(find):
        blocks.append(context(said))
    turns = [*_turns(found), *([bulk_views.way_in(find.text())] if found.several else [])]
    if not shown:
        sentence = _nothing(found)
        rest = [section(sentence), *([actions(turns)] if turns else [])]
        return Message(fallback(f"{title}: {sentence}"), [*blocks, *rest])
    for number, approval in enumerate(shown):
        if find.scope is Scope.HISTORY:
            blocks.append(decided(approval, found.links.get(approval.id)))
        else:
            may, link = decide and approval.id in found.decidable, found.links.get(approval.id)
            blocks += rows(approval, now, decide=may, apart=number > 0, link=link)
    blocks.append(context(replies_find.counted(find.scope, len(shown), found.first, found.total)))
    if others := replies_find.elsewhere(found.others, find):
        blocks.append(context(others))
    if turns:
        blocks.append(actions(turns))
    first = inline(shown[0].title, 120) or texts.UNTITLED
    count = len(shown) if found.total is None else found.total
    return Message(fallback(replies_find.headline(find.scope, count, first)), blocks)


def quick(approval: Approval) -> list[Block]:
    """Approve and Deny, below what is asked where a row holds it whole; nothing where it takes more than a click."""
    asked = brief(approval)
    row = buttons.quick(approval, hidden=asked is None)
    return [] if row is None else [*(asked or ()), row]


def rows(
    approval: Approval, now: datetime, *, decide: bool, extra: str = "", apart: bool = False, link: str | None = None
) -> list[Block]:
    """One approval; `decide`: whoever reads it may. `apart`: a line parts what can be decided from what is above."""
    asked = quick(approval) if decide else []
    return [*([divider()] if apart and asked else []), row(approval, now, extra, link), *asked]


def decided(approval: Approval, link: str | None) -> Block:
    """What became of one: who, what, when."""
    last = approval.decisions[-1] if approval.decisions else None
    facts = [texts_votes.verdict(approval, last) if last is not None else f"*{texts_state.state(approval)}*"]
    if last is None and approval.resolved_at is not None:
        facts[0] += f" · {texts.moment(approval.resolved_at)}"
    if approval.status is not Status.RESUMED and last is not None:
        facts.append(texts_state.state(approval))
    return titled(approval, facts, link)


def _nothing(found: Found) -> str:
    if found.after is not None:
        return replies_find.NOTHING_HERE
    if found.before is not None or found.total:
        return replies_find.PAGE_GONE
    return replies_find.empty(found.find, found.others)


def _turns(found: Found) -> list[Block]:
    back = [] if found.before is None else [button("Previous", "list:prev", _where(found.before, found.find))]
    on = [] if found.after is None else [button("Next", "list:next", _where(found.after, found.find))]
    return back + on


def _where(turn: Turn, find: Find) -> str:
    return json.dumps({"offset": turn.offset, "skip": turn.skip, "find": find.text()}, separators=(",", ":"))
