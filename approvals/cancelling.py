"""Whoever asked no longer wants an answer. Pure, like all transitions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from approvals.due import DueKind
from approvals.events import EventType
from approvals.model import ActorRef, Approval, Cancelled, Reply, Resolution, Status
from approvals.refusals import Reason, Refusal
from approvals.transitions import Change, Input, at_once, change, clocks_off, event, refusal


def cancel(approval: Approval, actor: ActorRef, why: str, now: datetime) -> Change | Refusal:
    """Nobody is asked any more, and the thread ends where it stands: the graph is given no answer.

    A decision that can still be taken back has not been given to anybody, so this comes before it.
    """
    if no := refusal(approval, Input.CANCEL):
        return no
    if approval.status is Status.RESOLVED and approval.held_until is None:
        return Refusal(Reason.ALREADY_RESOLVED)
    after = replace(
        approval,
        status=Status.RESOLVED,
        resolution=Resolution.CANCELLED,
        resolved_at=now,
        held_until=None,
        reply=Reply(None, ends=True),
        cancelled=Cancelled(actor, why),
    )
    told = (
        event(EventType.CANCELLED, after, actor, now, why=why or None),
        event(EventType.RESOLVED, after, actor, now, resolution=Resolution.CANCELLED, policy=approval.policy.name),
    )
    effects = (at_once(approval, DueKind.DRIVE, now), at_once(approval, DueKind.REFRESH, now))
    return change(approval, after, told, (*clocks_off(approval), *effects))
