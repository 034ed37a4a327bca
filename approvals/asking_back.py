"""An approver asks something before they decide, and somebody answers: nothing is decided by it. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import JsonValue

from approvals.due import Due, DueKind, next_escalation, next_reminder
from approvals.eligibility import STANDING
from approvals.events import EventType
from approvals.hours import Pause, PauseKind
from approvals.model import Actor, ActorRef, Approval, Standing, Status
from approvals.question import MAX_QUESTIONS, MAX_WORDS, Question, numbered
from approvals.refusals import Reason, Refusal
from approvals.transitions import Change, Input, at_once, change, event, refusal

_PERSON = re.compile(r"[UW][A-Z0-9]{2,30}")
NO_WORDS = "there are no words in it"


def put_to(approval: Approval) -> tuple[str, ...]:
    """Who is asked: the requester, else the agent's owners; empty where neither is known as somebody in Slack."""
    requester = approval.requester or ""
    return (requester,) if _PERSON.fullmatch(requester) else approval.policy.owner


def answerers(approval: Approval, question: Question) -> tuple[str, ...]:
    """Who may answer: those it was put to and the agent's owners; where there are none, those who may decide."""
    return tuple(dict.fromkeys((*question.to, *approval.policy.owner))) or approval.audience


def possible(approval: Approval, text: str | None = None) -> Refusal | None:
    """Whether a question could be asked now; with its `text`, this one."""
    if no := refusal(approval, Input.ASK_BACK):
        return no
    if approval.policy.ask_back is None:
        return Refusal(Reason.NOT_POSSIBLE, f"the policy {approval.policy.name} does not let approvers ask back")
    if any(question.open and question.text == text for question in approval.questions):
        return Refusal(Reason.ASKED_ALREADY)
    if len(approval.questions) >= MAX_QUESTIONS:
        return Refusal(Reason.ENOUGH_ASKED)
    return None if text is None or text else Refusal(Reason.INVALID_ANSWER, NO_WORDS, "text")


def ask_back(approval: Approval, actor: ActorRef, text: str, now: datetime) -> Change | Refusal:
    """A question is on record and told. Where the policy says so, reminders and steps wait for the answer, as long as
    it says at the most; the deadline stands."""
    text = text.strip()[:MAX_WORDS]
    if no := possible(approval, text):
        return no
    asked = Question(number=len(approval.questions) + 1, text=text, by=actor.id, at=now, to=put_to(approval))
    after = replace(approval, questions=(*approval.questions, asked))
    pause = approval.policy.ask_back.pause if approval.policy.ask_back else None
    until = None if pause is None else now + timedelta(seconds=pause)
    if until is not None:
        after = replace(after, pauses=(*approval.pauses, Pause(now, until, PauseKind.ASKED_BACK, actor.id)))
    to: list[JsonValue] = list(asked.to)
    told = event(
        EventType.ASKED_BACK,
        after,
        actor,
        now,
        question=asked.number,
        text=text,
        to=to or None,
        until=until and until.isoformat(),
    )
    return change(approval, after, [told], (*_moved(approval, after, now), *_shown(approval, now)))


def may_answer(approval: Approval, question: Question, actor: Actor) -> Refusal | None:
    """`None` if they may. A guest may who was asked in person: an answer decides nothing."""
    allowed = answerers(approval, question)
    if actor.ref.id in allowed and actor.standing in (Standing.MEMBER, Standing.GUEST):
        return None
    if reason := STANDING.get(actor.standing):
        return Refusal(Reason.NOT_ASKED if reason is Reason.GUEST else reason)
    return Refusal(Reason.NOT_ASKED) if actor.audiences.isdisjoint(allowed) else None


def answerable(approval: Approval, number: int, actor: Actor) -> Question | Refusal:
    """The question, where this actor could answer it now."""
    question = numbered(approval.questions, number)
    if question is None:
        return Refusal(Reason.NOT_POSSIBLE, "there is no such question")
    if no := may_answer(approval, question, actor):
        return no
    return question if question.open else Refusal(Reason.ANSWERED_ALREADY)


def answered(approval: Approval, number: int, actor: ActorRef, text: str, now: datetime) -> Change | Refusal:
    """The answer is on record and told, and the pause for it ends. Once it is decided, it changes nothing else."""
    if no := refusal(approval, Input.ANSWER):
        return no
    question = numbered(approval.questions, number)
    if question is None:
        return Refusal(Reason.NOT_POSSIBLE, "there is no such question")
    if not question.open:
        return Refusal(Reason.ANSWERED_ALREADY)
    text = text.strip()[:MAX_WORDS]
    if not text:
        return Refusal(Reason.INVALID_ANSWER, NO_WORDS, "text")
    said = replace(question, answer=text, answered_by=actor.id, answered_at=now)
    after = replace(
        approval,
        questions=tuple(said if one.number == number else one for one in approval.questions),
        pauses=tuple(_ended(pause, question, now) for pause in approval.pauses),
    )
    told = event(EventType.ANSWERED, after, actor, now, question=number, text=text, asked_by=question.by)
    return change(approval, after, [told], (*_moved(approval, after, now), *_shown(approval, now)))


def _ended(pause: Pause, question: Question, now: datetime) -> Pause:
    """The pause that was for this question is over; others go on."""
    its = pause.kind is PauseKind.ASKED_BACK and (pause.since, pause.by) == (question.at, question.by)
    return replace(pause, until=now) if its and (pause.until is None or pause.until > now) else pause


def _moved(before: Approval, after: Approval, now: datetime) -> tuple[Due, ...]:
    """The clocks, where a pause that began or ended moves them."""
    if before.pauses == after.pauses or after.status is not Status.PENDING:
        return ()
    return (
        Due(after.id, DueKind.REMIND, next_reminder(after)),
        Due(after.id, DueKind.ESCALATE, next_escalation(after)),
        Due(after.id, DueKind.LAPSE, after.paused_until(now)),
    )


def _shown(approval: Approval, now: datetime) -> tuple[Due, ...]:
    return (at_once(approval, DueKind.RELAY, now), at_once(approval, DueKind.REFRESH, now))
