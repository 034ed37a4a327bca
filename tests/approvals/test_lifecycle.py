"""The life of an approval, walked over every pair of status and input, and by chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals import calling, lifecycle
from approvals.due import DueKind
from approvals.events import EventType
from approvals.hours import PauseKind
from approvals.lifecycle import ALLOWED, Change, Input
from approvals.model import Approval, DecisionType, MessageKind, MessageRef, Outcome, Resolution, Status
from approvals.policy import Expiry, OnExpiry
from approvals.question import Question
from approvals.refusals import Reason, Refusal
from approvals.tally import verdicts
from tests.approvals.build import (
    ANA,
    ASK,
    BEN,
    CARD,
    MAIL,
    POLICY,
    REFUND,
    T0,
    at,
    changed,
    draft,
    moved,
    opening,
    say,
    standing,
)  # fmt: skip

REPORT = MessageRef("C1", "2.000200", MessageKind.REPORT)
Step = Callable[[Approval, datetime], "Change | Refusal | None"]


def holdable(approval: Approval) -> Approval:
    """The same, under a policy that lets somebody hold the next step."""
    return replace(approval, policy=replace(approval.policy, acknowledge=600.0, snooze=(3600.0, 14400.0)))


def due(approval: Approval) -> Approval:
    """The same, so long after it was opened that a reminder, a step and the end are due."""
    return replace(approval, started_at=at(-14400), expires_at=at(0))


def asked(approval: Approval) -> Approval:
    """The same, with a question that waits for its answer."""
    return replace(approval, questions=(Question(number=1, text="Which order?", by="UANA", at=at(3)),))


STEPS: Mapping[Input, Step] = {
    Input.ANNOUNCE: lambda a, now: lifecycle.announced(a, [MessageRef("C1", str(a.version))], now),
    Input.AMEND: lambda a, now: lifecycle.amend(a, draft(REFUND, shown=f"h{a.version}"), now),
    Input.DECIDE: lambda a, now: lifecycle.decide(a, say(), now),
    Input.REMIND: lambda a, now: lifecycle.reminded(due(a), now),
    Input.ESCALATE: lambda a, now: lifecycle.escalate(due(a), now),
    Input.EXPIRE: lambda a, now: lifecycle.expire(due(a), now),
    Input.SUPERSEDE: lambda a, now: lifecycle.supersede(a, "gone", now),
    Input.RESUME: lifecycle.resume,
    Input.COMPLETE: lambda a, now: lifecycle.complete(a, Outcome(finished=True), now),
    Input.REASK: lambda a, now: lifecycle.reask(a, "wrong type", now),
    Input.STUMBLE: lambda a, now: lifecycle.stumble(a, "boom", now),
    Input.GIVE_UP: lambda a, now: lifecycle.give_up(a, "boom", now),
    Input.RETRY: lambda a, now: lifecycle.retry(a, BEN, now),
    Input.REPORT: lambda a, now: lifecycle.reported(a, [REPORT], now),
    Input.REPAIR: lambda a, now: lifecycle.repaired(a, "asked anew", now),
    Input.HOLD: lambda a, now: lifecycle.hold(holdable(a), ANA, PauseKind.ACKNOWLEDGED, 600.0, now),
    Input.LAPSE: lambda a, now: lifecycle.lapsed(a, now),
    Input.REAPPLY: lambda a, now: lifecycle.reapply(a, replace(POLICY, name="other"), ANA, now),
    Input.RELEASE: lambda a, now: lifecycle.release(replace(a, held_until=T0), now),
    Input.UNDO: lambda a, now: lifecycle.undo(replace(a, held_until=at(200)), ANA, now),
    Input.UNREACH: lambda a, now: lifecycle.unreached(a, "no answer", now),
    Input.REACH: lifecycle.reached_again,
    Input.WITHHOLD: lambda a, now: lifecycle.withheld(a, "somebody else was first", now),
    Input.ASK_BACK: lambda a, now: lifecycle.ask_back(a, ANA, "Which order?", now),
    Input.ANSWER: lambda a, now: lifecycle.answered(asked(a), 1, BEN, "The second.", now),
    Input.CANCEL: lambda a, now: lifecycle.cancel(replace(a, held_until=at(200)), ANA, "not needed", now),
    Input.CALL_BACK: lambda a, now: calling.delivered(a, now),
    Input.STICK: lambda a, now: lifecycle.stick(a, "answered elsewhere", now),
    Input.VIEW: lambda a, now: lifecycle.view(a, ANA, a.revision, now, pages=1, digest="d", whole=True),
}


def dues(change: Change) -> dict[DueKind, datetime | None]:
    return {item.kind: item.at for item in change.due}


@pytest.mark.parametrize("what", list(Input))
@pytest.mark.parametrize("status", list(Status))
def test_every_pair_of_status_and_input(status: Status, what: Input) -> None:
    """What the table allows yields the next version and at least one event; everything else a refusal and nothing."""
    before = standing(status)
    outcome = STEPS[what](before, at(100))
    assert before == standing(status), "a transition changed its input"
    if what not in ALLOWED[status]:
        assert isinstance(outcome, Refusal)
        return
    change = changed(outcome)
    assert change.before == before.version
    assert change.approval.version == before.version + 1
    assert change.events
    assert all((e.version, e.at, e.approval_id) == (change.approval.version, at(100), before.id) for e in change.events)


def test_the_table_names_every_status() -> None:
    """No status is forgotten, and nothing final can be decided, reminded or expired."""
    assert set(ALLOWED) == set(Status)
    clocks = {Input.DECIDE, Input.REMIND, Input.ESCALATE, Input.EXPIRE}
    assert not any(ALLOWED[status] & clocks for status in Status if status is not Status.PENDING)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.SUPERSEDED, Reason.SUPERSEDED),
        (Status.RESOLVED, Reason.ALREADY_RESOLVED),
        (Status.RESUMED, Reason.ALREADY_RESOLVED),
        (Status.FAILED, Reason.ALREADY_RESOLVED),
    ],
)
def test_a_late_click_is_told_what_became_of_it(status: Status, reason: Reason) -> None:
    """The refusal says why: gone, or decided."""
    assert lifecycle.decide(standing(status), say(), at(9)) == Refusal(reason)


def test_a_click_after_expiry_is_told_so() -> None:
    """Expired is its own reason."""
    expired = moved(lifecycle.expire(standing(Status.PENDING), at(14400)))
    assert lifecycle.decide(expired, say(), at(14401)) == Refusal(Reason.EXPIRED)


def test_opening_sets_the_clocks() -> None:
    """A new approval is announced at once and has its first reminder, step and expiry set."""
    change = opening()
    assert dues(change) == {
        DueKind.NOTIFY: T0,
        DueKind.REMIND: at(600),
        DueKind.ESCALATE: at(3600),
        DueKind.EXPIRE: at(14400),
    }
    assert [item.kind for item in change.due if item.immediate] == [DueKind.NOTIFY]
    assert (change.before, change.approval.version, change.events[0].type) == (0, 1, EventType.OPENED)


def test_opening_without_clocks() -> None:
    """A policy that asks for nothing sets nothing."""
    bare = replace(POLICY, remind=(), escalate=(), expire=None)
    assert set(dues(opening(policy=bare))) == {DueKind.NOTIFY}


def test_resolving_takes_the_clocks_off_and_drives_the_thread() -> None:
    """After the last decision no reminder, step or expiry is left; the thread is due, under its own id."""
    change = changed(lifecycle.decide(standing(Status.PENDING), say(), at(5)))
    assert dues(change) == {
        DueKind.REMIND: None,
        DueKind.ESCALATE: None,
        DueKind.EXPIRE: None,
        DueKind.DRIVE: at(5),
        DueKind.REFRESH: at(5),
    }
    assert [item.subject for item in change.due if item.kind is DueKind.DRIVE] == ["t1"]
    assert [event.type for event in change.events] == [EventType.DECIDED, EventType.RESOLVED]
    assert change.approval.resolution is Resolution.APPROVED


def test_each_action_can_be_decided_by_itself() -> None:
    """Of two actions each has its own verdict; only the second one resolves."""
    pending = standing(Status.PENDING, REFUND, MAIL)
    first = moved(lifecycle.decide(pending, say(DecisionType.DENY, action=1, reason=" no "), at(1)))
    assert first.status is Status.PENDING
    assert [verdict and verdict.type for verdict in verdicts(first)] == [None, DecisionType.DENY]
    assert first.decisions[0].reason == "no"
    again = lifecycle.decide(first, say(action=1), at(2))
    assert isinstance(again, Refusal)
    assert again.reason is Reason.ACTION_DECIDED
    second = moved(lifecycle.decide(first, say(DecisionType.EDIT, BEN, args={"cents": 1}), at(2)))
    assert (second.status, second.resolution) == (Status.RESOLVED, Resolution.EDITED)
    assert [verdict and verdict.actor for verdict in verdicts(second)] == [BEN, ANA]


def test_one_decision_for_all() -> None:
    """Without an action it counts for every one that is still open."""
    done = moved(lifecycle.decide(standing(Status.PENDING, REFUND, MAIL), say(DecisionType.DENY), at(1)))
    assert (done.status, done.resolution) == (Status.RESOLVED, Resolution.DENIED)
    assert len(done.decisions) == 1


@pytest.mark.parametrize(
    ("attempt", "reason"),
    [
        (say(DecisionType.EDIT), Reason.NOT_OFFERED),
        (say(DecisionType.RESPOND, action=1), Reason.NOT_OFFERED),
        (say(action=2), Reason.NO_SUCH_ACTION),
        (say(action=-1), Reason.NO_SUCH_ACTION),
        (say(revision=2), Reason.CHANGED),
    ],
)
def test_decisions_that_do_not_fit(attempt: lifecycle.Attempt, reason: Reason) -> None:
    """What is not offered, not there, or was shown otherwise is refused, also by the question asked beforehand."""
    pending = standing(Status.PENDING, REFUND, MAIL)
    outcome = lifecycle.decide(pending, attempt, at(1))
    assert isinstance(outcome, Refusal)
    assert outcome.reason is reason
    assert lifecycle.possible(pending, attempt) == outcome


def test_a_reason_where_the_policy_wants_one() -> None:
    """Blank is no reason; for other decisions none is needed. Before it was asked for, the attempt is possible."""
    pending = standing(Status.PENDING, policy=replace(POLICY, reason_required=("deny",)))
    outcome = lifecycle.decide(pending, say(DecisionType.DENY, reason="  "), at(1))
    assert isinstance(outcome, Refusal)
    assert (outcome.reason, outcome.field) == (Reason.REASON_REQUIRED, "reason")
    assert lifecycle.possible(pending, say(DecisionType.DENY)) is None
    assert isinstance(lifecycle.decide(pending, say(DecisionType.DENY, reason="too much"), at(1)), Change)
    assert isinstance(lifecycle.decide(pending, say(), at(1)), Change)


@pytest.mark.parametrize("status", [Status.PENDING, Status.RESOLVED, Status.RESUMING])
def test_amending_voids_what_was_said(status: Status) -> None:
    """Another question under the same id: no votes, no answer, a new revision, clocks on, old clicks refused."""
    before = standing(status)
    change = changed(lifecycle.amend(before, draft(MAIL, shown="h2"), at(50)))
    after = change.approval
    assert (after.status, after.resolution, after.reply, after.decisions) == (Status.PENDING, None, None, ())
    assert (after.revision, after.actions, after.interrupt.payload_hash) == (2, (MAIL,), "h2")
    assert dues(change)[DueKind.EXPIRE] == at(14400)
    stale = lifecycle.decide(after, say(revision=1), at(51))
    assert stale == Refusal(Reason.CHANGED)


@pytest.mark.parametrize("turn", ["amend", "reask"])
def test_asked_again_after_its_time(turn: str) -> None:
    """What is asked again once its time has run out gets all of it anew, and is not expired before it was seen."""
    expired = moved(lifecycle.expire(standing(Status.PENDING), at(14400)))
    resuming = moved(lifecycle.resume(expired, at(14401)))
    now = at(14402)
    outcome = lifecycle.reask(resuming, "no", now) if turn == "reask" else lifecycle.amend(resuming, draft(MAIL), now)
    change = changed(outcome)
    assert change.approval.expires_at == dues(change)[DueKind.EXPIRE] == at(14402 + 14400)


def test_reasking_says_what_was_wrong() -> None:
    """A value that the graph refused opens the question again under a new revision."""
    after = moved(lifecycle.reask(standing(Status.RESUMING), "cents must be a number", at(50)))
    assert (after.status, after.revision, after.error) == (Status.PENDING, 2, "cents must be a number")
    assert after.reply is None
    assert after.expires_at == at(14400)


@pytest.mark.parametrize(
    ("then", "word"), [(OnExpiry.DENY, DecisionType.DENY), (OnExpiry.APPROVE, DecisionType.APPROVE)]
)
def test_expiry_decides_in_the_name_of_the_policy(then: OnExpiry, word: DecisionType) -> None:
    """What is open gets the policy's word; what people said stands."""
    policy = replace(POLICY, expire=Expiry(after=14400.0, then=then))
    voted = moved(lifecycle.decide(standing(Status.PENDING, REFUND, MAIL, policy=policy), say(action=1), at(1)))
    after = moved(lifecycle.expire(voted, at(14400)))
    assert (after.status, after.resolution) == (Status.RESOLVED, Resolution.EXPIRED)
    assert [(v.type, v.actor.id) for v in verdicts(after) if v] == [(word, "policy"), (DecisionType.APPROVE, "UANA")]


@pytest.mark.parametrize(
    ("then", "action", "error"),
    [(OnExpiry.WAIT, REFUND, None), (OnExpiry.DENY, ASK, "The question cannot be answered with deny.")],
)
def test_expiry_that_decides_nothing(then: OnExpiry, action: object, error: str | None) -> None:
    """Wait, or a word that the question does not take: it stays pending, does not expire again, and says why."""
    policy = replace(POLICY, expire=Expiry(after=14400.0, then=then))
    change = changed(lifecycle.expire(standing(Status.PENDING, action, policy=policy), at(14400)))  # type: ignore[arg-type]
    after = change.approval
    assert (after.status, after.expires_at, after.error) == (Status.PENDING, None, error)
    assert change.events[0].type is EventType.OVERDUE
    assert DueKind.EXPIRE not in dues(change)


def test_missed_reminders_count_as_one() -> None:
    """After both times passed one reminder is given, and none is set."""
    change = changed(lifecycle.reminded(standing(Status.PENDING), at(2000)))
    assert change.approval.reminders == 2
    assert dues(change) == {DueKind.REMIND: None}


def test_what_is_not_due_does_not_come() -> None:
    """Whoever was held up, and finds it done by another or all of the time given anew, changes nothing."""
    pending = standing(Status.PENDING)
    once = changed(lifecycle.reminded(pending, at(600))).approval
    assert lifecycle.reminded(once, at(1799)) is None
    assert lifecycle.reminded(changed(lifecycle.reminded(once, at(1800))).approval, at(99999)) is None
    assert lifecycle.expire(pending, at(14399)) is None
    waits = replace(POLICY, expire=Expiry(after=60.0, then=OnExpiry.WAIT))
    overdue = changed(lifecycle.expire(standing(Status.PENDING, policy=waits), at(60))).approval
    assert lifecycle.expire(overdue, at(99999)) is None


def test_escalation_climbs_step_by_step() -> None:
    """Each step adds people and sets the next; beyond the last there is none."""
    first = changed(lifecycle.escalate(standing(Status.PENDING), at(3600)))
    assert first.approval.audience == ("@finance", "@leads")
    assert dues(first)[DueKind.ESCALATE] == at(7200)
    assert lifecycle.escalate(first.approval, at(7199)) is None, "whoever comes late does not climb for the next"
    second = changed(lifecycle.escalate(first.approval, at(7200)))
    assert second.approval.audience == ("@finance", "@leads", "UBOSS")
    assert dues(second)[DueKind.ESCALATE] is None
    assert lifecycle.escalate(second.approval, at(99999)) is None


def test_a_failure_can_be_retried_with_the_same_answer() -> None:
    """Retry goes on resuming: nobody is asked again."""
    failed = standing(Status.FAILED)
    change = changed(lifecycle.retry(failed, BEN, at(60)))
    after = change.approval
    assert (after.status, after.reply, after.error, after.closed_at) == (Status.RESUMING, failed.reply, None, None)
    assert change.events[0].actor == BEN
    assert dues(change)[DueKind.DRIVE] == at(60)


def test_what_sticks_to_anothers_answer_cannot_be_retried() -> None:
    """Whatever was decided is dropped, its clocks are off, and only asking anew is left."""
    for status in (Status.PENDING, Status.RESOLVED, Status.RESUMING):
        change = changed(lifecycle.stick(standing(status), "answered elsewhere", at(60)))
        assert (change.approval.status, change.approval.reply) == (Status.FAILED, None)
        assert dues(change)[DueKind.EXPIRE] is None
        no = lifecycle.retry(change.approval, BEN, at(61))
        assert isinstance(no, Refusal)
        assert no.reason is Reason.NOT_POSSIBLE
        assert isinstance(lifecycle.repaired(change.approval, "asked anew", at(61)), Change)


def test_a_card_that_is_known_is_no_change() -> None:
    """Announcing the same message twice writes once; a card that came late is redrawn."""
    once = moved(lifecycle.announced(standing(Status.PENDING), [CARD], at(1)))
    assert lifecycle.announced(once, [CARD], at(2)) is None
    late = changed(lifecycle.announced(standing(Status.RESOLVED), [CARD], at(2)))
    assert set(dues(late)) == {DueKind.REFRESH}


WALKS = st.lists(st.tuples(st.sampled_from(list(Input)), st.integers(0, 9000)), max_size=25)


@settings(max_examples=200, deadline=None)
@given(WALKS)
def test_any_walk_keeps_the_promises(walk: list[tuple[Input, int]]) -> None:
    """Versions grow by one, a resolved approval has every verdict, and it resolves once until it is asked again."""
    approval, now, resolved, stuck = standing(Status.PENDING, REFUND, MAIL), T0, False, False
    for what, seconds in walk:
        now = max(now, at(seconds))
        outcome = STEPS[what](approval, now)
        if not isinstance(outcome, Change):
            continue
        assert outcome.approval.version == outcome.before + 1 == approval.version + 1
        assert outcome.approval.revision >= approval.revision
        for event in outcome.events:
            if event.type in (EventType.AMENDED, EventType.REASKED, EventType.CANCELLED):
                resolved = False
            if event.type is EventType.RESOLVED:
                assert not resolved
                resolved = True
        approval = outcome.approval
        stuck = what is Input.STICK or (stuck and approval.status is Status.FAILED)
        if approval.status in (Status.RESOLVED, Status.RESUMING, Status.RESUMED, Status.FAILED) and not stuck:
            assert all(verdicts(approval)) or approval.resolution is Resolution.CANCELLED
            assert approval.resolution is not None
        if approval.status is Status.PENDING:
            assert approval.resolution is None
            assert not all(verdicts(approval))
        assert approval.id == standing(Status.PENDING).id
