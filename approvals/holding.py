"""Somebody holds the clocks for a while: “I am looking”, or later. And an admin applies a policy anew. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from approvals.due import Due, DueKind, expiry, next_escalation, next_reminder
from approvals.events import EventType
from approvals.hours import Pause, PauseKind
from approvals.model import SYSTEM, ActorRef, Approval
from approvals.policy import Policy
from approvals.refusals import Reason, Refusal
from approvals.revised import Revised
from approvals.transitions import Change, Input, at_once, change, clocks_on, event, pressing, refusal

_EVENT = {PauseKind.ACKNOWLEDGED: EventType.ACKNOWLEDGED, PauseKind.SNOOZED: EventType.SNOOZED}


def hold(approval: Approval, actor: ActorRef, kind: PauseKind, seconds: float, now: datetime) -> Change | Refusal:
    """The next reminder and the next step wait for so long, then go on where they were. The deadline stands.

    `seconds` must be what the policy offers for that kind. Several holds do not add up: the longest counts.
    """
    if no := refusal(approval, Input.HOLD):
        return no
    offered = _offered(approval, kind)
    if seconds not in offered:
        return Refusal(
            Reason.NOT_POSSIBLE, f"the policy {approval.policy.name} does not offer to hold it for that long"
        )
    until = now + timedelta(seconds=seconds)
    held = approval.paused_until(now)
    if held is not None and held >= until:
        return Refusal(Reason.HELD_ALREADY)
    after = replace(approval, pauses=(*approval.pauses, Pause(now, until, kind, actor.id)))
    told = event(_EVENT[kind], after, actor, now, until=until.isoformat())
    due = (
        Due(approval.id, DueKind.REMIND, next_reminder(after)),
        Due(approval.id, DueKind.ESCALATE, next_escalation(after)),
        Due(approval.id, DueKind.LAPSE, until),
        at_once(approval, DueKind.REFRESH, now),
    )
    return change(approval, after, [told], due)


def _offered(approval: Approval, kind: PauseKind) -> tuple[float, ...]:
    if kind is PauseKind.SNOOZED:
        return approval.policy.snooze
    return () if approval.policy.acknowledge is None else (approval.policy.acknowledge,)


def lapsed(approval: Approval, now: datetime) -> Change | Refusal | None:
    """A hold is over and nobody decided; `None` if another still holds."""
    if no := refusal(approval, Input.LAPSE):
        return no
    if approval.paused_until(now) is not None:
        return None
    told = event(EventType.LAPSED, approval, SYSTEM, now, by=approval.pauses[-1].by if approval.pauses else None)
    # Taken off in the same step: a process that dies now must not have it told twice.
    over = Due(approval.id, DueKind.LAPSE, None)
    return change(approval, approval, [told], [over, at_once(approval, DueKind.REFRESH, now)])


def reapply(
    approval: Approval, policy: Policy, actor: ActorRef, now: datetime, zones: tuple[str, ...] = ()
) -> Change | Refusal:
    """An admin puts it under another policy: asked anew, of whom that names, with all of its time. Votes are void."""
    if no := refusal(approval, Input.REAPPLY):
        return no
    if policy == approval.policy:
        return Refusal(Reason.NOT_POSSIBLE, f"it is under this very policy already ({policy.name})")
    after = replace(
        approval,
        policy=policy,
        zones=zones,
        started_at=now,
        pauses=(),
        level=0,
        reminders=0,
        decisions=(),
        left=(),
        revision=approval.revision + 1,
        revised=Revised.POLICY,
        error=None,
    )
    after = pressing(after, approval.stated or approval.urgency)
    after = replace(after, expires_at=expiry(after))
    told = event(
        EventType.POLICY_REAPPLIED,
        after,
        actor,
        now,
        was=approval.policy.name,
        was_source=approval.policy.source or None,
        policy=policy.name,
        policy_source=policy.source or None,
    )
    due = (*clocks_on(after), Due(approval.id, DueKind.LAPSE, None))
    return change(
        approval, after, [told], (*due, at_once(approval, DueKind.NOTIFY, now), at_once(approval, DueKind.REFRESH, now))
    )
