"""What a transition is: the table of what may happen when, the change that comes of it, and what changes are made of.

`ALLOWED` is the whole table. A `Change` is the new approval, the audit events that tell of it and what falls due; the
store writes all three in one step or none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

from approvals.due import Due, DueKind, next_escalation, next_reminder
from approvals.events import Event, EventType
from approvals.model import ActorRef, Approval, Resolution, Status, Thread
from approvals.policy import Urgency
from approvals.refusals import Reason, Refusal


class Input(StrEnum):
    """What can happen to an approval."""

    ANNOUNCE = "announce"
    AMEND = "amend"
    DECIDE = "decide"
    REMIND = "remind"
    ESCALATE = "escalate"
    EXPIRE = "expire"
    SUPERSEDE = "supersede"
    RESUME = "resume"
    COMPLETE = "complete"
    REASK = "reask"
    STUMBLE = "stumble"
    GIVE_UP = "give_up"
    RETRY = "retry"
    REPORT = "report"
    REPAIR = "repair"
    STICK = "stick"
    HOLD = "hold"
    LAPSE = "lapse"
    REAPPLY = "reapply"
    RELEASE = "release"
    UNDO = "undo"
    VIEW = "view"
    UNREACH = "unreach"
    REACH = "reach"
    WITHHOLD = "withhold"
    ASK_BACK = "ask_back"
    ANSWER = "answer"
    CANCEL = "cancel"
    CALL_BACK = "call_back"


ALLOWED: Mapping[Status, frozenset[Input]] = {
    Status.PENDING: frozenset(
        {
            Input.ANNOUNCE,
            Input.AMEND,
            Input.DECIDE,
            Input.REMIND,
            Input.ESCALATE,
            Input.EXPIRE,
            Input.SUPERSEDE,
            Input.REPAIR,
            Input.STICK,
            Input.HOLD,
            Input.LAPSE,
            Input.REAPPLY,
            Input.VIEW,
            Input.ASK_BACK,
            Input.ANSWER,
            Input.CANCEL,
        }
    ),
    Status.RESOLVED: frozenset(
        {
            Input.ANNOUNCE,
            Input.AMEND,
            Input.RESUME,
            Input.SUPERSEDE,
            Input.REPAIR,
            Input.STICK,
            Input.RELEASE,
            Input.UNDO,
            Input.VIEW,
            Input.UNREACH,
            Input.REACH,
            Input.ANSWER,
            Input.CANCEL,
        }
    ),
    Status.RESUMING: frozenset(
        {
            Input.ANNOUNCE,
            Input.AMEND,
            Input.COMPLETE,
            Input.REASK,
            Input.STUMBLE,
            Input.GIVE_UP,
            Input.REPAIR,
            Input.STICK,
            Input.UNREACH,
            Input.REACH,
            Input.WITHHOLD,
            Input.ANSWER,
            Input.VIEW,
        }
    ),
    Status.RESUMED: frozenset({Input.ANNOUNCE, Input.REPORT, Input.CALL_BACK, Input.ANSWER, Input.VIEW}),
    Status.FAILED: frozenset(
        {Input.ANNOUNCE, Input.REPORT, Input.RETRY, Input.REPAIR, Input.CALL_BACK, Input.ANSWER, Input.VIEW}
    ),
    Status.SUPERSEDED: frozenset({Input.ANNOUNCE, Input.AMEND, Input.CALL_BACK, Input.ANSWER, Input.VIEW}),
}


@dataclass(frozen=True, slots=True)
class Change:
    """Ready to commit. `before` is the version that must still stand, 0 for a new record."""

    approval: Approval
    before: int
    events: tuple[Event, ...]
    due: tuple[Due, ...] = ()


@dataclass(frozen=True, slots=True)
class ThreadChange:
    """The same for a thread."""

    thread: Thread
    before: int
    events: tuple[Event, ...]
    due: tuple[Due, ...] = ()


def refusal(approval: Approval, what: Input) -> Refusal | None:
    """The table, with the reason people are told."""
    if what in ALLOWED[approval.status]:
        return None
    if approval.status is Status.SUPERSEDED:
        return Refusal(Reason.SUPERSEDED)
    if approval.resolution is Resolution.EXPIRED:
        return Refusal(Reason.EXPIRED)
    if approval.resolution is not None:
        return Refusal(Reason.ALREADY_RESOLVED)
    return Refusal(Reason.NOT_POSSIBLE, f"{what} does not go with status {approval.status}")


def pressing(approval: Approval, stated: Urgency) -> Approval:
    """With the urgency of its policy, else with what the graph `stated`, which is kept for other policies."""
    urgency = approval.policy.urgency or stated
    return replace(approval, urgency=urgency, stated=None if stated is urgency else stated)


def event(kind: EventType, approval: Approval, actor: ActorRef, now: datetime, **data: JsonValue) -> Event:
    return Event(
        type=kind,
        at=now,
        actor=actor,
        thread_id=approval.thread_id,
        approval_id=approval.id,
        version=approval.version,
        data={key: value for key, value in data.items() if value is not None},
    )


def change(before: Approval, after: Approval, events: Sequence[Event], due: Sequence[Due] = ()) -> Change:
    """The next version. Where it ends with it, whoever wanted to be told of the end is."""
    version = before.version + 1
    if after.callback and after.status.final and not before.status.final:
        after = replace(after, delivery=None)
        due = (*due, at_once(after, DueKind.CALLBACK, events[-1].at))
    return Change(
        replace(after, version=version), before.version, tuple(replace(e, version=version) for e in events), tuple(due)
    )


def at_once(approval: Approval, kind: DueKind, now: datetime) -> Due:
    subject = approval.thread_id if kind is DueKind.DRIVE else approval.id
    return Due(subject, kind, now, immediate=True)


CLOCKS = (DueKind.REMIND, DueKind.ESCALATE, DueKind.EXPIRE)
"""What stops once nothing is open any more."""


def clocks_off(approval: Approval) -> tuple[Due, ...]:
    """Off with every clock that may be on."""
    kinds = (*CLOCKS, DueKind.LAPSE) if approval.pauses else CLOCKS
    kinds = (*kinds, DueKind.RELEASE) if approval.held_until is not None else kinds
    return tuple(Due(approval.id, kind, None) for kind in kinds)


def clocks_on(approval: Approval) -> tuple[Due, ...]:
    """The reminder, the escalation step and the expiry that come next."""
    return (
        Due(approval.id, DueKind.REMIND, next_reminder(approval)),
        Due(approval.id, DueKind.ESCALATE, next_escalation(approval)),
        Due(approval.id, DueKind.EXPIRE, approval.expires_at),
    )
