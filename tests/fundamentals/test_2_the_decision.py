"""Lesson 2: rules are pure functions `(approval, input, now) -> Change | Refusal`. No clock, no store, no Slack."""

from __future__ import annotations

from dataclasses import replace

from langgraph.types import Interrupt

from agents.dialects import Dialects
from approvals import eligibility, lifecycle
from approvals.due import DueKind
from approvals.lifecycle import Attempt, Change
from approvals.model import Actor, ActorRef, Approval, DecisionType, Draft, Reply, Source, Status
from approvals.refusals import Reason, Refusal
from tests.conftest import VirtualClock
from tests.fundamentals.parts import POLICY, thread

ANA = Actor(ActorRef("U0ANA", Source.SLACK), audiences=frozenset({"C0APPROVALS"}))


def draft() -> Draft:
    """The question of lesson 1, understood."""
    question = Interrupt(value={"action": "issue_refund", "args": {"amount": 340.0}}, id="q")
    return Dialects().read(question, graph="refund", node="act", task_id="task", checkpoint_id="checkpoint")


def pending(clock: VirtualClock) -> Approval:
    """An approval that was just opened."""
    return lifecycle.open_("A1", draft(), thread(clock), POLICY, clock()).approval


def test_a_decision_makes_a_change(clock: VirtualClock) -> None:
    """The new record, the events that tell of it, and what falls due: to drive the thread, and to redraw the card."""
    approval = pending(clock)
    change = lifecycle.decide(approval, Attempt(type=DecisionType.APPROVE, actor=ANA.ref), clock())
    assert isinstance(change, Change)
    assert (change.approval.status, change.approval.version) == (Status.RESOLVED, approval.version + 1)
    assert {due.kind for due in change.due if due.immediate} == {DueKind.DRIVE, DueKind.REFRESH}
    assert approval.status is Status.PENDING, "values are frozen: nothing happened to the old one"


def test_a_second_decision_is_refused(clock: VirtualClock) -> None:
    """An expected no is a value with a reason, not an exception."""
    attempt = Attempt(type=DecisionType.APPROVE, actor=ANA.ref)
    change = lifecycle.decide(pending(clock), attempt, clock())
    assert isinstance(change, Change)
    assert lifecycle.decide(change.approval, attempt, clock()) == Refusal(Reason.ALREADY_RESOLVED)


def test_who_may_decide_is_a_pure_question_too(clock: VirtualClock) -> None:
    """The facts about a person come with them, taken at the moment of the click."""
    approval = pending(clock)
    assert eligibility.refusal(approval, ANA) is None
    outsider = replace(ANA, audiences=frozenset[str]())
    assert eligibility.refusal(approval, outsider) == Refusal(Reason.NOT_APPROVER)
    assert eligibility.refusal(replace(approval, requester="U0ANA"), ANA) == Refusal(Reason.OWN_REQUEST)


def test_the_dialect_composes_what_the_graph_expects(clock: VirtualClock) -> None:
    """The way back: decisions become the resume value, checked before LangGraph sees it."""
    attempt = Attempt(type=DecisionType.EDIT, actor=ANA.ref, args={"amount": 120.0})
    change = lifecycle.decide(pending(clock), attempt, clock())
    assert isinstance(change, Change)
    reply = Dialects().compose(change.approval)
    assert isinstance(reply, Reply)
    assert isinstance(reply.value, dict)
    assert (reply.value["approved"], reply.value["args"]) == (True, {"amount": 120.0})
