"""What becomes of the answer: handed to the graph, taken, failed, tried again, told. Pure, like all transitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import JsonValue

from approvals import evidence
from approvals.due import Due, DueKind
from approvals.events import EventType
from approvals.model import SYSTEM, ActorRef, Approval, MessageKind, MessageRef, Outcome, Status
from approvals.refusals import Reason, Refusal
from approvals.transitions import Change, Input, at_once, change, clocks_off, event, refusal


def resume(approval: Approval, now: datetime, *, checkpoint: str = "") -> Change | Refusal:
    """Written before the graph is given the answer, at this checkpoint."""
    if no := refusal(approval, Input.RESUME):
        return no
    if approval.held_until is not None:
        return Refusal(Reason.NOT_POSSIBLE, "it can still be taken back")
    after = replace(approval, status=Status.RESUMING)
    told = event(EventType.RESUMING, after, SYSTEM, now, checkpoint=checkpoint or None, **_given(approval))
    return change(approval, after, [told])


def _given(approval: Approval) -> dict[str, JsonValue]:
    """The answer as people may see it, and the hash of exactly what the graph is given."""
    if approval.reply is None:
        return {}
    return {"reply": approval.reply.value, "given": evidence.digest(approval.reply.value)}


def complete(approval: Approval, outcome: Outcome, now: datetime, *, checkpoint: str = "") -> Change | Refusal:
    """The graph took the answer and came to rest again, at this checkpoint."""
    if no := refusal(approval, Input.COMPLETE):
        return no
    after = replace(approval, status=Status.RESUMED, outcome=outcome, error=None, closed_at=now)
    # Who asked over HTTP reads the answer there: no agent of ours goes on, so there is nothing to report.
    report = () if approval.terms is not None else (at_once(approval, DueKind.REPORT, now),)
    due = (at_once(approval, DueKind.REFRESH, now), *report)
    told = event(EventType.RESUMED, after, SYSTEM, now, finished=outcome.finished, checkpoint=checkpoint or None)
    return change(approval, after, [told], due)


def stumble(approval: Approval, error: str, now: datetime) -> Change | Refusal:
    """The graph raised on its way; it will be tried again."""
    if no := refusal(approval, Input.STUMBLE):
        return no
    after = replace(approval, attempts=approval.attempts + 1, error=error)
    return change(approval, after, [event(EventType.RESUME_FAILED, after, SYSTEM, now, error=error)])


def give_up(approval: Approval, error: str, now: datetime) -> Change | Refusal:
    """Tried often enough. A person may retry."""
    if no := refusal(approval, Input.GIVE_UP):
        return no
    after = replace(approval, status=Status.FAILED, attempts=approval.attempts + 1, error=error, closed_at=now)
    due = _failure_seen(approval, now)
    return change(approval, after, [event(EventType.GAVE_UP, after, SYSTEM, now, error=error)], due)


def stick(approval: Approval, why: str, now: datetime) -> Change | Refusal:
    """The graph holds an answer that somebody else gave, and would ignore ours: ours is dropped, never handed over.

    What failed without an answer cannot be retried, only asked anew.
    """
    if no := refusal(approval, Input.STICK):
        return no
    after = replace(approval, status=Status.FAILED, reply=None, held_until=None, error=why, closed_at=now)
    due = (*clocks_off(approval), *_failure_seen(approval, now))
    return change(approval, after, [event(EventType.GAVE_UP, after, SYSTEM, now, error=why)], due)


def _failure_seen(approval: Approval, now: datetime) -> tuple[Due, ...]:
    """A failure is shown to people, also where the policy decided and told nobody: then it gets its card now."""
    shown = DueKind.REFRESH if approval.messages else DueKind.NOTIFY
    return (at_once(approval, shown, now), at_once(approval, DueKind.REPORT, now))


def retry(approval: Approval, actor: ActorRef, now: datetime) -> Change | Refusal:
    """Somebody asks to go on after a failure, with the answer that was given. What comes of it is told anew."""
    if no := refusal(approval, Input.RETRY):
        return no
    if approval.reply is None:
        return Refusal(Reason.NOT_POSSIBLE, "there is no answer to go on with; ask again instead")
    cards = tuple(message for message in approval.messages if message.kind is not MessageKind.REPORT)
    after = replace(approval, status=Status.RESUMING, error=None, closed_at=None, messages=cards)
    due = (at_once(approval, DueKind.DRIVE, now), at_once(approval, DueKind.REFRESH, now))
    return change(approval, after, [event(EventType.RETRIED, after, actor, now)], due)


def reported(approval: Approval, messages: Sequence[MessageRef], now: datetime) -> Change | Refusal:
    """The outcome was said in the card's thread."""
    if no := refusal(approval, Input.REPORT):
        return no
    where: list[JsonValue] = [f"{message.channel}/{message.ts}" for message in messages]
    after = replace(approval, messages=(*approval.messages, *messages))
    return change(approval, after, [event(EventType.REPORTED, after, SYSTEM, now, messages=where)])
