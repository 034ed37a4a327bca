"""Somebody reads in full what is asked: written down, so that it is known who decided on what. Pure.

A card has little room. What it leaves out is shown page by page, and whoever approves must have been shown it whole.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from approvals import evidence
from approvals.events import EventType
from approvals.model import ActorRef, Approval, View
from approvals.refusals import Reason, Refusal
from approvals.transitions import Change, Input, change, event, refusal

MAX_VIEWS = 100
"""Readers that a record remembers, the latest ones; the audit has all of them."""


def view(
    approval: Approval, actor: ActorRef, revision: int, now: datetime, *, pages: int, digest: str, whole: bool
) -> Change | Refusal | None:
    """Notes that somebody began to read, or was shown the last of the pages. `None` where that is known already.

    What they were shown must be what is asked now. `digest` is of all the pages; the event also has the `evidence` of
    the revision, as the event has that the revision began with.
    """
    if no := refusal(approval, Input.VIEW):
        return no
    if revision != approval.revision:
        return Refusal(Reason.CHANGED)
    mine = _mine(approval, actor.id)
    if mine is not None and (mine.whole or not whole):
        return None
    kept = [one for one in approval.views if one.revision == revision and one is not mine]
    noted = View(by=actor.id, revision=revision, at=now, digest=digest, whole=whole)
    after = replace(approval, views=(*kept, noted)[-MAX_VIEWS:])
    told = event(
        EventType.VIEWED,
        after,
        actor,
        now,
        revision=revision,
        pages=pages,
        digest=digest,
        evidence=evidence.of(after),
        whole=whole,
    )
    return change(approval, after, [told])


def seen(approval: Approval, who: str) -> str | None:
    """The digest of what this person was shown whole of what is asked now; `None` if they were not."""
    mine = _mine(approval, who)
    return mine.digest if mine is not None and mine.whole else None


def _mine(approval: Approval, who: str) -> View | None:
    mine = [one for one in approval.views if one.by == who and one.revision == approval.revision]
    return mine[-1] if mine else None
