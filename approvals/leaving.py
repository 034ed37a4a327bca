"""Those who voted and are no full members any more by the time that the next vote comes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from approvals.events import EventType
from approvals.model import SYSTEM, Approval, Left, Standing
from approvals.transitions import Change, event


def without(approval: Approval, left: Iterable[str]) -> Approval:
    """As it stands once the votes that those people gave so far no longer count."""
    votes, left = len(approval.decisions), tuple(left)
    if not left:
        return approval
    return replace(approval, left=(*approval.left, *(Left(person, votes) for person in left)))


def discounted(change: Change, left: Mapping[str, Standing], now: datetime) -> Change:
    """The same change, saying in the audit first whose votes count no longer, and why."""
    if not left:
        return change
    of = change.approval
    told = [event(EventType.DISCOUNTED, of, SYSTEM, now, who=[person], why=why.value) for person, why in left.items()]
    return replace(change, events=(*told, *change.events))
