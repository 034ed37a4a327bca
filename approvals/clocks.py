"""What time brings: reminders, escalation steps, expiry. Pure: the time is handed in, nothing here waits.

Each is `None` where it is not due, by the record as it stands: whoever was held up finds it done by another, or the
time given anew, and must not take what comes next before its time.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pydantic import JsonValue

from approvals.deciding import offered, resolve
from approvals.due import Due, DueKind, next_escalation, next_reminder, overdue_reminders, slot
from approvals.events import Event, EventType
from approvals.model import POLICY, SYSTEM, Approval, Decision, DecisionType, Resolution, Status
from approvals.policy import Expiry, OnExpiry, for_requester
from approvals.refusals import Refusal
from approvals.tally import edits
from approvals.transitions import Change, Input, at_once, change, clocks_off, event, refusal

NOT_ANSWERED = "Nobody answered in time."
TIME_IS_UP = "the time is up"
REPLACED = "a later step that is due as well takes its place"
NOT_AGREED = "Somebody changed it, and the change did not get the approvals it needs."


def reminded(approval: Approval, now: datetime) -> Change | Refusal | None:
    """A reminder was given; the next one is set. Several that were missed count as one."""
    if no := refusal(approval, Input.REMIND):
        return no
    if not _due(next_reminder(approval), now):
        return None
    after = replace(approval, reminders=overdue_reminders(approval, now))
    coming = Due(approval.id, DueKind.REMIND, next_reminder(after))
    told = event(EventType.REMINDED, after, SYSTEM, now, reminders=after.reminders)
    return change(approval, after, [told], [coming])


def _due(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


def escalate(approval: Approval, now: datetime) -> Change | Refusal | None:
    """One level up: others may decide too, or instead, or count for more groups, and are told. The next step is set.

    A step that changes nothing of that, or that comes when the time is up already, tells nobody. Nor do those that come
    so late that a step which takes the place of theirs is due as well: they are passed over. The audit says so of each.
    """
    if no := refusal(approval, Input.ESCALATE):
        return no
    if not _due(next_escalation(approval), now):
        return None
    level = approval.level
    late = over(approval, now)
    after = replace(approval, level=level + 1 if late else _replaced(approval, now) or level + 1)
    at = next_escalation(after)
    coming = Due(approval.id, DueKind.ESCALATE, at and slot(after, at, now))
    told = [_skipped(after, passed, REPLACED, now) for passed in range(level + 1, after.level)]
    if why := TIME_IS_UP if late else _pointless(approval, after):
        return change(approval, after, [*told, _skipped(after, after.level, why, now)], [coming])
    told.append(event(EventType.ESCALATED, after, SYSTEM, now, level=after.level, to=_to(after, after.level)))
    due = (coming, at_once(approval, DueKind.NOTIFY, now), at_once(approval, DueKind.REFRESH, now))
    return change(approval, after, told, due)


def _replaced(approval: Approval, now: datetime) -> int:
    """The last level that is due by now and takes the place of those before it; 0 if there is none."""
    found = 0
    for level, step in enumerate(approval.policy.escalate[approval.level :], approval.level):
        if not _due(next_escalation(replace(approval, level=level)), now):
            break
        found = level + 1 if step.replace else found
    return found


def _to(approval: Approval, level: int) -> list[JsonValue]:
    return [*for_requester(approval.policy, approval.requester).escalate[level - 1].to]


def _skipped(approval: Approval, level: int, why: str, now: datetime) -> Event:
    to = _to(approval, level)
    return event(EventType.ESCALATION_SKIPPED, approval, SYSTEM, now, level=level, to=to, why=why)


def _pointless(before: Approval, after: Approval) -> str:
    same = _asked(before) == _asked(after) and _speak_for(before) == _speak_for(after)
    return "everybody of this step is asked already" if same else ""


def _asked(approval: Approval) -> tuple[set[str], set[str]]:
    """Who is asked, and where."""
    return set(approval.audience), set(approval.reach)


def _speak_for(approval: Approval) -> list[tuple[str, ...]]:
    """Whose votes count for each group."""
    policy = for_requester(approval.policy, approval.requester)
    return [policy.stands_for(group, approval.level) for group in policy.groups]


def over(approval: Approval, now: datetime) -> bool:
    """Whether time has run out and that is the end of it: what was due before is of no use to anybody any more."""
    ends = approval.policy.expire
    if ends is None or approval.expires_at is None or approval.expires_at > now:
        return False
    kind = _said(ends.then)
    waits = kind not in offered(approval, None) or (kind is DecisionType.APPROVE and edits(approval))
    return ends.then is OnExpiry.FAIL or not waits


def _said(then: OnExpiry) -> DecisionType | None:
    return {
        OnExpiry.DENY: DecisionType.DENY,
        OnExpiry.APPROVE: DecisionType.APPROVE,
        OnExpiry.RESPOND: DecisionType.RESPOND,
    }.get(then)


def expire(approval: Approval, now: datetime) -> Change | Refusal | None:
    """Time ran out. What the policy says is decided in its name for all that is open; what cannot be said is not.

    Nothing is approved over an edit that still waits for approvals: it goes on waiting. To approve when the time is up
    takes silence for consent, and here somebody spoke. The edit has not been approved by those who must; and what the
    agent asked is not what the card shows since, and is what its editor found to be wrong. Waiting undoes neither.
    """
    if no := refusal(approval, Input.EXPIRE):
        return no
    if not _due(approval.expires_at, now):
        return None
    ends = approval.policy.expire or Expiry(after=0.0, then=OnExpiry.WAIT)
    if ends.then is OnExpiry.FAIL:
        return _failed(approval, now)
    kind = _said(ends.then)
    if kind is None or kind not in offered(approval, None):
        return overdue(approval, f"The question cannot be answered with {kind}." if kind else "", now)
    if kind is DecisionType.APPROVE and edits(approval):
        return overdue(approval, NOT_AGREED, now)
    text = ends.text if kind is DecisionType.RESPOND else None
    decision = Decision(type=kind, actor=POLICY, at=now, reason=NOT_ANSWERED, text=text)
    voted = replace(approval, decisions=(*approval.decisions, decision))
    told = event(EventType.DECIDED, voted, POLICY, now, decision=kind, reason=decision.reason, text=text)
    return resolve(approval, voted, Resolution.EXPIRED, POLICY, now, [*_missed(approval, now), told])


def _missed(approval: Approval, now: datetime) -> list[Event]:
    """The steps that nobody took in time: said before the end, in their order, whoever comes to it first."""
    events: list[Event] = []
    ends = approval.expires_at or now
    for level in range(approval.level, len(approval.policy.escalate)):
        if not _due(next_escalation(replace(approval, level=level)), min(ends, now)):
            break
        events.append(_skipped(approval, level + 1, TIME_IS_UP, now))
    return events


def _failed(approval: Approval, now: datetime) -> Change:
    """The graph gets no answer. *Ask again* opens the question anew."""
    after = replace(
        approval,
        status=Status.FAILED,
        resolution=Resolution.EXPIRED,
        resolved_at=now,
        closed_at=now,
        error=NOT_ANSWERED,
    )
    told = [
        *_missed(approval, now),
        event(EventType.RESOLVED, after, POLICY, now, resolution=Resolution.EXPIRED, policy=approval.policy.name),
        event(EventType.GAVE_UP, after, POLICY, now, error=NOT_ANSWERED),
    ]
    due = (*clocks_off(approval), at_once(approval, DueKind.REFRESH, now), at_once(approval, DueKind.REPORT, now))
    return change(approval, after, told, due)


def overdue(approval: Approval, why: str, now: datetime) -> Change | Refusal:
    """Time ran out and nothing is decided: it goes on waiting, and does not expire again."""
    if no := refusal(approval, Input.EXPIRE):
        return no
    after = replace(approval, expires_at=None, error=why or None)
    told = event(EventType.OVERDUE, after, POLICY, now, why=why or None)
    return change(approval, after, [told], [at_once(approval, DueKind.REFRESH, now)])
