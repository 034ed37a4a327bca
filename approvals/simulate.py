"""What would become of a question that nobody answers: the real transitions, at the times they would come. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from approvals import lifecycle
from approvals.due import DueKind, next_escalation, next_reminder
from approvals.events import EventType
from approvals.lifecycle import Change
from approvals.model import Approval, Status
from approvals.policy import for_requester

MOST_STEPS: Final = 500
"""A walk that is longer is cut off there."""


class StepKind(StrEnum):
    """What happens at a step. `skipped`: an escalation that tells nobody; `overdue`: a deadline that decides not."""

    OPENED = "opened"
    DECIDED = "decided"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One moment. `who` are the entries that may decide from then on, `people` the user ids that they stand for,
    without whoever may not decide their own request; `where` the places that are told. `why` as in the audit."""

    at: datetime
    kind: StepKind
    level: int
    who: tuple[str, ...]
    people: tuple[str, ...]
    where: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """The whole walk. `approval` is the record at its end, `doubts` what could not be told when the policy was chosen,
    `people` everybody who could decide at some time. `cut`: it would go on for longer."""

    approval: Approval
    steps: tuple[Step, ...]
    doubts: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    cut: bool = False

    @property
    def ended(self) -> bool:
        """Whether it comes to an end by itself, rather than wait for somebody for ever."""
        return self.approval.status is not Status.PENDING

    def concerned(self, index: int) -> tuple[str, ...]:
        """The people for whom a step comes: who may decide from then on; when time is up, who could until then."""
        step = self.steps[index]
        return self.steps[index - 1].people if step.kind is StepKind.EXPIRED and index else step.people

    @property
    def end(self) -> str:
        """What it becomes: a decision's type, `failed` without any answer, or `waits` for somebody for ever."""
        if not self.ended:
            return "waits"
        return "failed" if self.approval.status is Status.FAILED else str(self.approval.decisions[-1].type)


def simulate(opened: Change, people: Mapping[str, tuple[str, ...]]) -> Simulation:
    """Walks on from an opening (`Opening.open`) as if nobody ever clicked.

    `people` says which user ids an audience entry stands for; an entry that it does not name stands for nobody.
    """
    approval = opened.approval
    if approval.status is not Status.PENDING:
        last = approval.decisions[-1]
        told = approval.places if any(item.kind is DueKind.NOTIFY for item in opened.due) else ()
        step = Step(
            at=last.at,
            kind=StepKind.DECIDED,
            level=0,
            who=(),
            people=(),
            where=told,
            why=last.reason or last.text or "",
        )
        return Simulation(approval=approval, steps=(step,), doubts=_doubts(opened))
    steps = [_step(approval, StepKind.OPENED, approval.opened_at, people, where=approval.places)]
    while (coming := _next(approval)) is not None and len(steps) < MOST_STEPS:
        approval, more = _taken(approval, *coming, people)
        steps += more
    everybody = tuple(dict.fromkeys(person for step in steps for person in step.people))
    return Simulation(
        approval=approval, steps=tuple(steps), doubts=_doubts(opened), people=everybody, cut=coming is not None
    )


def _doubts(opened: Change) -> tuple[str, ...]:
    found = next((event.data.get("doubts") for event in opened.events if event.type is EventType.OPENED), None)
    return tuple(str(doubt) for doubt in found) if isinstance(found, list) else ()


def _next(approval: Approval) -> tuple[datetime, DueKind] | None:
    """What falls due next. Of several at one moment the deadline comes first, as what has run out is ended first."""
    if approval.status is not Status.PENDING:
        return None
    due = (
        (approval.expires_at, DueKind.EXPIRE),
        (next_reminder(approval), DueKind.REMIND),
        (next_escalation(approval), DueKind.ESCALATE),
    )
    return min(((at, kind) for at, kind in due if at is not None), key=lambda item: item[0], default=None)


_TRANSITIONS = {
    DueKind.REMIND: lifecycle.reminded,
    DueKind.ESCALATE: lifecycle.escalate,
    DueKind.EXPIRE: lifecycle.expire,
}
_KINDS = {
    EventType.REMINDED: StepKind.REMINDED,
    EventType.ESCALATED: StepKind.ESCALATED,
    EventType.ESCALATION_SKIPPED: StepKind.SKIPPED,
    EventType.RESOLVED: StepKind.EXPIRED,
    EventType.OVERDUE: StepKind.OVERDUE,
}


def _taken(
    before: Approval, at: datetime, due: DueKind, people: Mapping[str, tuple[str, ...]]
) -> tuple[Approval, list[Step]]:
    """The record after what fell due, and a step for each event that tells of it."""
    change = _TRANSITIONS[due](before, at)
    assert isinstance(change, Change), change  # it is pending, and what is due is what is possible
    after = change.approval
    new = tuple(place for place in after.reach if place not in before.places)
    where = {StepKind.REMINDED: after.places, StepKind.ESCALATED: new, StepKind.EXPIRED: after.places}
    steps: list[Step] = []
    for told in change.events:
        if kind := _KINDS.get(told.type):
            step = _step(after, kind, at, people, where=where.get(kind, ()), why=str(told.data.get("why") or ""))
            level = told.data.get("level")
            steps.append(replace(step, level=level) if isinstance(level, int) else step)
    return after, steps


def _step(
    approval: Approval,
    kind: StepKind,
    at: datetime,
    people: Mapping[str, tuple[str, ...]],
    *,
    where: tuple[str, ...] = (),
    why: str = "",
) -> Step:
    pending = approval.status is Status.PENDING
    who = approval.audience if pending else ()
    found = dict.fromkeys(person for entry in who for person in people.get(entry, ()))
    if not approval.policy.self_approval and approval.requester is not None:
        found.pop(approval.requester, None)
    return Step(at=at, kind=kind, level=approval.level, who=who, people=tuple(found), where=where, why=why)


def entries(opened: Change) -> tuple[str, ...]:
    """Every audience entry that the walk can come to: what `people` of `simulate` should name."""
    approval = opened.approval
    policy = for_requester(approval.policy, approval.requester)
    every = (policy.audience(level) for level in range(len(policy.escalate) + 1))
    return tuple(dict.fromkeys(entry for audience in every for entry in audience))
