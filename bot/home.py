"""The App Home: what is waiting, for whoever opens it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from approvals.away import Away
from approvals.model import SYSTEM, Approval
from approvals.ports import Page
from bot import replies, texts, texts_health
from bot.bulk_views import way_in
from bot.find import Find
from bot.listing import decided, rows
from bot.rich import Block, actions, button, context, divider, header, section

MAX_ROWS = 15
MAX_COVERED = 10
MAX_PAST = 10
MAX_DECIDED = 5
"""Rows with all that is asked, and its buttons: a view holds 100 blocks."""


@dataclass(frozen=True, slots=True)
class Health:
    """For admins: the version of the policies and how many it has (`None`: they cannot be read), how long Redis took to
    answer, what is due and was not begun, and for how long.

    `broken`: threads that failed or were lost; `undelivered`: callbacks that were given up; `sweep_seconds`: since this
    process last looked for due work, `None` where it never did, and `sweep_late` where that is too long ago; `away`:
    LangGraph servers that do not answer; `unsealed_seconds`: for how long the audit was not sealed, where that is too
    long.
    """

    version: int
    policies: int | None
    redis_seconds: float
    due: int
    late_seconds: float
    broken: int = 0
    undelivered: int = 0
    sweep_seconds: float | None = None
    sweep_late: bool = False
    away: tuple[str, ...] = ()
    unsealed_seconds: float = 0.0


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
    past: Sequence[Approval] = (),
    health: Health | None = None,
) -> Block:
    """The view for `views.publish`: what is pending in three parts, what was decided, and more for admins. `viewer` is
    a Slack user id.

    `more`: there may be others that they may see; how many is not known. `away`: the viewer is; `covering`: for whom
    they stand in. `decidable`: the ids of those that the viewer may decide. `links`: where their cards stand, by id.
    `several`: some of one kind can be decided together. `past`: decided by or for them, the latest first.
    """
    shown = page.approvals[:MAX_ROWS]
    quick = frozenset([approval.id for approval in shown if approval.id in decidable][:MAX_DECIDED])
    blocks: list[Block] = _absences(away, covering)
    parts = _parts(shown, viewer, decidable)
    for number, (title, part) in enumerate(parts):
        blocks.append(header(title))
        if not number:
            blocks.append(context(replies.drawn(now)))
            blocks += [actions([way_in(Find().text())])] if several else []
            blocks += [] if part else [section(texts.HELP_EMPTY if not shown else replies.NOTHING_FOR_YOU)]
        for approval in part:
            blocks.append(divider())
            extra, link = _yours(approval, viewer, covering), (links or {}).get(approval.id)
            blocks += rows(approval, now, decide=approval.id in quick, extra=extra, link=link)
    if page.total > len(shown) and shown:
        blocks += [divider(), context(f"{len(shown)} of {page.total}. `/approvals all` lists all of them.")]
    elif more:
        blocks.append(context("There may be more: `/approvals all` lists all that you may see."))
    if past:
        blocks += [header("Recently decided"), *(decided(one, (links or {}).get(one.id)) for one in past[:MAX_PAST])]
        blocks.append(context("By you, or for you. `/approvals history` goes on from here."))
    return {"type": "home", "callback_id": "home", "blocks": [*blocks, *(_admin(health) if health else ())]}


def _parts(shown: Sequence[Approval], viewer: str, decidable: frozenset[str]) -> list[tuple[str, Sequence[Approval]]]:
    """What waits for them, what they asked for, and what else waits; the first part also where it is empty."""
    mine = [approval for approval in shown if approval.id in decidable]
    asked = [approval for approval in shown if approval.id not in decidable and approval.requester == viewer]
    others = [approval for approval in shown if approval not in mine and approval not in asked]
    rest: list[tuple[str, Sequence[Approval]]] = [("Asked by you", asked), ("Waiting for others", others)]
    return [("Waiting for you", mine), *(part for part in rest if part[1])]


def _admin(health: Health) -> list[Block]:
    policies = section(replies.policies_now(health.version, health.policies), button("Policies…", "admin:open", "home"))
    well = replies.health(health.redis_seconds, health.due, health.late_seconds)
    turning = texts_health.sweep(health.sweep_seconds, late=health.sweep_late)
    blocks = [divider(), header("For admins"), policies, context(well)]
    blocks.append(context(turning, texts_health.unsealed(health.unsealed_seconds)))
    if health.away:
        blocks.append(context(texts_health.away(health.away)))
    if health.broken:
        blocks.append(context(texts_health.broken(health.broken)))
    if health.undelivered:
        again = button("Send again…", "callbacks:open", "home")
        blocks.append(section(texts_health.undelivered(health.undelivered), again))
    return blocks


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
