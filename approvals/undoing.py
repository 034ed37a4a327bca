"""A decision that can be taken back: for a while it stands and waits, then the graph is given it. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from approvals import evidence
from approvals.due import Due, DueKind, in_time
from approvals.events import EventType
from approvals.model import SYSTEM, ActorRef, Approval, Status
from approvals.refusals import Reason, Refusal
from approvals.revised import Revised
from approvals.transitions import Change, Input, at_once, change, clocks_on, event, refusal


def release(approval: Approval, now: datetime) -> Change | Refusal | None:
    """The time to take it back is over: its thread is driven. `None` where it was already, or too soon."""
    if no := refusal(approval, Input.RELEASE):
        return no
    if approval.held_until is None or approval.held_until > now:
        return None
    after = replace(approval, held_until=None)
    due = (at_once(approval, DueKind.DRIVE, now), at_once(approval, DueKind.REFRESH, now))
    return change(approval, after, [event(EventType.RELEASED, after, SYSTEM, now)], due)


def undo(approval: Approval, actor: ActorRef, now: datetime) -> Change | Refusal:
    """Somebody takes the last decision back: it is open again, as it was before, and earlier clicks do not count.

    Once the time is over it is refused, whether it has been released by then or not: what people are told is what is.
    If its deadline has passed by then, it gets all of its time anew: else it would expire before anybody could see it.
    """
    if no := refusal(approval, Input.UNDO):
        return no
    if approval.held_until is None or approval.held_until <= now:
        return Refusal(Reason.TOO_LATE)
    back = approval.decisions[-1]
    after = replace(
        in_time(approval, now),
        status=Status.PENDING,
        resolution=None,
        resolved_at=None,
        held_until=None,
        reply=None,
        decisions=approval.decisions[:-1],
        revision=approval.revision + 1,
        revised=Revised.UNDO,
    )
    anew = {"revision": after.revision, "evidence": evidence.of(after)}
    told = event(EventType.UNDONE, after, actor, now, decision=back.type, by=back.actor.id, **anew)
    due = (
        *clocks_on(after),
        Due(approval.id, DueKind.LAPSE, after.paused_until(now)),
        Due(approval.id, DueKind.RELEASE, None),
        at_once(approval, DueKind.REFRESH, now),
    )
    return change(approval, after, [told], due)
