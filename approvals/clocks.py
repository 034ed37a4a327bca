"""What time brings: reminders, escalation steps, expiry. Pure: the time is handed in, nothing here waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pydantic import JsonValue

from approvals.deciding import offered, resolve
from approvals.due import Due, DueKind, next_escalation, next_reminder, overdue_reminders
from approvals.events import EventType
from approvals.model import POLICY, SYSTEM, Approval, Decision, DecisionType, Resolution
from approvals.policy import OnExpiry
from approvals.refusals import Reason, Refusal
from approvals.transitions import Change, Input, at_once, change, event, refusal


def reminded(approval: Approval, now: datetime) -> Change | Refusal:
    """A reminder was given; the next one is set. Several that were missed count as one."""
    if no := refusal(approval, Input.REMIND):
        return no
    done = overdue_reminders(approval.policy, approval.opened_at, approval.reminders, now)
    after = replace(approval, reminders=done)
    coming = Due(approval.id, DueKind.REMIND, next_reminder(approval.policy, approval.opened_at, done))
    return change(approval, after, [event(EventType.REMINDED, after, SYSTEM, now, reminders=done)], [coming])


def escalate(approval: Approval, now: datetime) -> Change | Refusal:
    """One level up: more people may decide, and are told. The next step is set."""
    if no := refusal(approval, Input.ESCALATE):
        return no
    if approval.level >= len(approval.policy.escalate):
        return Refusal(Reason.NOT_POSSIBLE, "the policy has no further escalation step")
    after = replace(approval, level=approval.level + 1)
    to: list[JsonValue] = list(approval.policy.escalate[approval.level].to)
    due = (
        Due(approval.id, DueKind.ESCALATE, next_escalation(approval.policy, approval.opened_at, after.level)),
        at_once(approval, DueKind.NOTIFY, now),
        at_once(approval, DueKind.REFRESH, now),
    )
    return change(approval, after, [event(EventType.ESCALATED, after, SYSTEM, now, level=after.level, to=to)], due)


def expire(approval: Approval, now: datetime) -> Change | Refusal:
    """Time ran out. What the policy says is decided in its name for all that is open; what cannot be said is not."""
    if no := refusal(approval, Input.EXPIRE):
        return no
    ends = approval.policy.expire
    kind = {OnExpiry.DENY: DecisionType.DENY, OnExpiry.APPROVE: DecisionType.APPROVE}.get(
        ends.then if ends else OnExpiry.WAIT
    )
    if kind is None or kind not in offered(approval, None):
        return overdue(approval, f"The question cannot be answered with {kind}." if kind else "", now)
    decision = Decision(type=kind, actor=POLICY, at=now, reason="Nobody answered in time.")
    voted = replace(approval, decisions=(*approval.decisions, decision))
    told = event(EventType.DECIDED, voted, POLICY, now, decision=kind, reason=decision.reason)
    return resolve(approval, voted, Resolution.EXPIRED, POLICY, now, [told])


def overdue(approval: Approval, why: str, now: datetime) -> Change | Refusal:
    """Time ran out and nothing is decided: it goes on waiting, and does not expire again."""
    if no := refusal(approval, Input.EXPIRE):
        return no
    after = replace(approval, expires_at=None, error=why or None)
    told = event(EventType.OVERDUE, after, POLICY, now, why=why or None)
    return change(approval, after, [told], [at_once(approval, DueKind.REFRESH, now)])
