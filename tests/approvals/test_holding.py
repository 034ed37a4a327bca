"""Holding the clocks, steps that became pointless, what expiry can say, and a policy that is applied anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from approvals import lifecycle
from approvals.due import DueKind
from approvals.events import EventType
from approvals.hours import PauseKind
from approvals.lifecycle import Change
from approvals.model import Actor, DecisionType, Reply, Resolution, Status
from approvals.policy import Automatic, EscalationStep, Expiry, OnExpiry, Quorum, Urgency
from approvals.refusals import Reason, Refusal
from approvals.service import Done
from approvals.store.redis import RedisStore
from tests.approvals.build import (
    ANA,
    ASK,
    BEN,
    MAIL,
    POLICY,
    Replica,
    at,
    changed,
    draft,
    member,
    moved,
    opening,
    say,
    thread,
)
from tests.conftest import VirtualClock

HELD = replace(POLICY, acknowledge=600.0, snooze=(3600.0,))
LOOKING = PauseKind.ACKNOWLEDGED


def dues(change: Change) -> dict[DueKind, object]:
    return {item.kind: item.at for item in change.due}


def test_looking_moves_the_next_step_and_not_the_end() -> None:
    """The reminder, the step and the end of the hold are due later; the deadline is not touched; the card is drawn."""
    change = changed(lifecycle.hold(opening(policy=HELD).approval, ANA, LOOKING, 600.0, at(60)))
    assert dues(change) == {
        DueKind.REMIND: at(1200),
        DueKind.ESCALATE: at(4200),
        DueKind.LAPSE: at(660),
        DueKind.REFRESH: at(60),
    }
    assert [(e.type, e.actor) for e in change.events] == [(EventType.ACKNOWLEDGED, ANA)]
    assert change.approval.paused_until(at(61)) == at(660)
    assert change.approval.paused_until(at(660)) is None


def test_holds_do_not_add_up() -> None:
    """A second one that ends no later is refused; a longer one counts from its own beginning."""
    one = moved(lifecycle.hold(opening(policy=HELD).approval, ANA, LOOKING, 600.0, at(60)))
    assert lifecycle.hold(one, BEN, LOOKING, 600.0, at(60)) == Refusal(Reason.HELD_ALREADY)
    change = changed(lifecycle.hold(one, BEN, PauseKind.SNOOZED, 3600.0, at(360)))
    assert dues(change)[DueKind.ESCALATE] == at(3600 + 300 + 3600)


def test_only_what_the_policy_offers() -> None:
    """No hold of another length, and none at all where the policy offers none."""
    for policy, seconds in ((HELD, 601.0), (POLICY, 600.0)):
        refused = lifecycle.hold(opening(policy=policy).approval, ANA, LOOKING, seconds, at(1))
        assert isinstance(refused, Refusal)
        assert refused.reason is Reason.NOT_POSSIBLE


def test_a_hold_that_is_over_is_written_down() -> None:
    """Whoever looked and did not decide stands in the audit; a longer hold of somebody else goes on."""
    one = moved(lifecycle.hold(opening(policy=HELD).approval, ANA, LOOKING, 600.0, at(60)))
    assert lifecycle.lapsed(one, at(659)) is None
    change = changed(lifecycle.lapsed(one, at(660)))
    assert [(e.type, e.data["by"]) for e in change.events] == [(EventType.LAPSED, ANA.id)]


def test_a_decision_takes_the_hold_off() -> None:
    """Nothing of a hold is left once it is decided."""
    one = moved(lifecycle.hold(opening(policy=HELD).approval, ANA, LOOKING, 600.0, at(60)))
    assert dues(changed(lifecycle.decide(one, say(), at(70))))[DueKind.LAPSE] is None


def test_a_step_that_brings_nobody_new_tells_nobody() -> None:
    """It is taken, so that the next one comes; the audit says why nobody was told."""
    same = EscalationStep(after=60.0, to=("@finance",), channel="#approvals")
    pending = opening(policy=replace(POLICY, escalate=(same, *POLICY.escalate))).approval
    change = changed(lifecycle.escalate(pending, at(60)))
    assert change.approval.level == 1
    assert [(e.type, bool(e.data["why"])) for e in change.events] == [(EventType.ESCALATION_SKIPPED, True)]
    assert dues(change) == {DueKind.ESCALATE: at(3600)}


def test_a_step_that_comes_after_the_end_tells_nobody() -> None:
    """A process that was down over both: it expires, and nobody is woken for it."""
    change = changed(lifecycle.escalate(opening().approval, at(20000)))
    assert [e.type for e in change.events] == [EventType.ESCALATION_SKIPPED]


def test_what_is_critical_keeps_no_working_hours() -> None:
    """Its clocks run at night; the policy's word goes before the graph's."""
    critical = opening(policy=replace(POLICY, urgency=Urgency.CRITICAL)).approval
    assert (critical.urgency, critical.hours) == (Urgency.CRITICAL, None)


def test_expiry_may_answer() -> None:
    """A question is answered in the policy's words; where it takes no words, it goes on waiting and says so."""
    policy = replace(POLICY, expire=Expiry(after=60.0, then=OnExpiry.RESPOND, text="Nobody was there."))
    ended = moved(lifecycle.expire(opening(ASK, policy=policy).approval, at(60)))
    assert (ended.resolution, ended.decisions[-1].text) == (Resolution.EXPIRED, "Nobody was there.")
    waits = moved(lifecycle.expire(opening(MAIL, policy=policy).approval, at(60)))
    assert (waits.status, waits.expires_at) == (Status.PENDING, None)


def test_expiry_may_fail_it() -> None:
    """The graph is given no answer: nothing is driven, nothing can be retried, it can be asked anew."""
    policy = replace(POLICY, expire=Expiry(after=60.0, then=OnExpiry.FAIL))
    change = changed(lifecycle.expire(opening(policy=policy).approval, at(60)))
    assert (change.approval.status, change.approval.reply) == (Status.FAILED, None)
    assert DueKind.DRIVE not in dues(change)
    assert isinstance(lifecycle.retry(change.approval, ANA, at(70)), Refusal)
    assert isinstance(lifecycle.repaired(change.approval, "asked anew", at(70)), Change)


@pytest.mark.parametrize("kind", [DecisionType.APPROVE, DecisionType.DENY])
def test_a_policy_decides_in_the_opening_itself(kind: DecisionType) -> None:
    """One change: opened, decided, resolved, to be driven. No card, no clock; with `tell` a card."""
    opened = opening()
    change = changed(lifecycle.at_opening(opened, Automatic(decision=kind.value, reason="small"), at(0)))
    assert (change.before, change.approval.version, change.approval.status) == (0, 1, Status.RESOLVED)
    assert [e.type for e in change.events] == [EventType.OPENED, EventType.DECIDED, EventType.RESOLVED]
    assert {e.actor.id for e in change.events[1:]} == {"policy"}
    assert set(dues(change)) == {DueKind.DRIVE}
    told = changed(lifecycle.at_opening(opened, Automatic(decision=kind.value, tell=True), at(0)))
    assert set(dues(told)) == {DueKind.DRIVE, DueKind.NOTIFY}


def test_another_policy_asks_anew() -> None:
    """Re-applied: votes void, older clicks stale, all of its time anew, and the audit names both policies."""
    pending = opening(policy=replace(POLICY, quorum=Quorum(approve=2))).approval
    one = moved(lifecycle.escalate(moved(lifecycle.decide(pending, say(), at(5))), at(3600)))
    other = replace(POLICY, name="strict", source="policies.yaml@2")
    change = changed(lifecycle.reapply(one, other, BEN, at(4000)))
    after = change.approval
    assert (after.decisions, after.level, after.revision) == ((), 0, one.revision + 1)
    assert after.expires_at == at(4000 + 14400)
    assert dues(change)[DueKind.REMIND] == at(4600)
    assert [(e.data["was"], e.data["policy"]) for e in change.events] == [("refunds", "strict")]
    assert isinstance(lifecycle.reapply(after, other, BEN, at(4001)), Refusal)


async def test_looked_at_and_forgotten(store: RedisStore, clock: VirtualClock) -> None:
    """Over the real store: while somebody looks nothing fires; when they forget, it goes on where it was, then ends."""
    replica = Replica(store, clock, policy=HELD)
    opened = await replica.open(policy=HELD)
    await replica.sweep()
    clock.turn(seconds=300)
    assert isinstance(await replica.approvals.hold(opened.id, member(), LOOKING, 600.0), Done)
    seen: list[tuple[int, str]] = []
    for minute in range(6, 241):
        clock.turn(seconds=60)
        before = len(replica.notifier.calls)
        await replica.sweep()
        seen += [(minute, call) for call, _ in replica.notifier.calls[before:] if call != "refresh"]
    assert seen == [(20, "remind"), (40, "remind"), (70, "announce"), (130, "announce")]
    events = [e.type for e in await replica.approvals.audit(opened.id)]
    assert events.index(EventType.ACKNOWLEDGED) < events.index(EventType.LAPSED) < events.index(EventType.REMINDED)
    assert events[-2:] == [EventType.DECIDED, EventType.RESOLVED]


async def test_only_who_may_decide_may_hold(store: RedisStore, clock: VirtualClock) -> None:
    """A stranger cannot keep others from being told."""
    replica = Replica(store, clock, policy=HELD)
    opened = await replica.open(policy=HELD)
    stranger = Actor(BEN, audiences=frozenset({"@others"}))
    assert await replica.approvals.hold(opened.id, stranger, LOOKING, 600.0) == Refusal(Reason.NOT_APPROVER)


async def test_late_work_waits_while_somebody_looks(store: RedisStore, clock: VirtualClock) -> None:
    """A reminder that is due and not given yet when somebody takes it on is given once they let go."""
    replica = Replica(store, clock, policy=HELD)
    opened = await replica.open(policy=HELD)
    clock.turn(seconds=600)
    assert isinstance(await replica.approvals.hold(opened.id, member(), LOOKING, 600.0), Done)
    clock.turn(seconds=1)
    await replica.sweep()
    assert replica.notifier.said("remind") == 0
    clock.turn(seconds=600)
    await replica.sweep()
    assert replica.notifier.said("remind") == 1


async def test_a_hold_lapses_once_though_a_process_dies(store: RedisStore, clock: VirtualClock) -> None:
    """It was written down and not settled: whoever finds the work again finds nothing to write."""
    replica = Replica(store, clock, policy=HELD)
    opened = await replica.open(policy=HELD)
    assert isinstance(await replica.approvals.hold(opened.id, member(), LOOKING, 600.0), Done)
    clock.turn(seconds=600)
    assert [c.kind for c in await store.claim_due(clock(), frozenset({DueKind.LAPSE}), 5)] == [DueKind.LAPSE]
    held = await replica.approvals.get(opened.id)
    assert held is not None
    await replica.approvals.lapsed(opened.id, held.version)
    clock.turn(seconds=60)
    await replica.sweep()
    assert [e.type for e in await replica.approvals.audit(opened.id)].count(EventType.LAPSED) == 1


async def test_two_at_once_tell_once_that_a_hold_lapsed(store: RedisStore, clock: VirtualClock) -> None:
    """Both were given the same work, one of them because the other was held up: the later one has nothing to write, and
    its work is nobody's any more."""
    one, two = Replica(store, clock, policy=HELD), Replica(store, clock, policy=HELD)
    for number in range(20):
        clock.now = at(0)
        opened = await one.open(policy=HELD, of=thread(f"t{number}"))
        assert isinstance(await one.approvals.hold(opened.id, member(), LOOKING, 600.0), Done)
        clock.now = at(600)
        (first,) = await store.claim_due(clock(), frozenset({DueKind.LAPSE}), 5)
        clock.now = at(700)
        (again,) = await store.claim_due(clock(), frozenset({DueKind.LAPSE}), 5)
        await asyncio.gather(one.effects.run(first), two.effects.run(again))
        await one.effects.drain()
        await two.effects.drain()
        assert DueKind.LAPSE not in await store.due_at(opened.id)
        assert [e.type for e in await one.approvals.audit(opened.id)].count(EventType.LAPSED) == 1


async def test_away_over_everything(store: RedisStore, clock: VirtualClock) -> None:
    """Down over reminders, two steps and the end: the audit names the steps that nobody was told of, then the end."""
    replica = Replica(store, clock)
    opened = await replica.open()
    clock.turn(days=1)
    await replica.sweep()
    events = [e for e in await replica.approvals.audit(opened.id) if e.type is not EventType.ANNOUNCED]
    assert [e.type for e in events] == [
        EventType.OPENED,
        EventType.ESCALATION_SKIPPED,
        EventType.ESCALATION_SKIPPED,
        EventType.DECIDED,
        EventType.RESOLVED,
    ]
    assert [e.data["level"] for e in events if e.type is EventType.ESCALATION_SKIPPED] == [1, 2]
    assert (replica.notifier.said("remind"), replica.notifier.said("announce")) == (0, 1)


async def test_away_over_an_end_that_waits(store: RedisStore, clock: VirtualClock) -> None:
    """Where the policy goes on waiting, what was due before is done late rather than never, in order."""
    waits = replace(POLICY, expire=Expiry(after=14400.0, then=OnExpiry.WAIT))
    replica = Replica(store, clock, policy=waits)
    opened = await replica.open(policy=waits)
    clock.turn(days=1)
    await replica.sweep()
    events = [e.type for e in await replica.approvals.audit(opened.id) if e.type is not EventType.ANNOUNCED]
    assert events == [
        EventType.OPENED,
        EventType.REMINDED,
        EventType.ESCALATED,
        EventType.ESCALATED,
        EventType.OVERDUE,
    ]
    now = await replica.approvals.get(opened.id)
    assert now is not None
    assert (now.level, [m.place for m in now.messages]) == (2, ["#approvals", "#leads", "UBOSS"])


def test_a_question_asked_again_is_held_by_nobody() -> None:
    """Who held it and then decided holds it no longer: its clocks run from where they stood."""
    held = moved(lifecycle.hold(opening(policy=HELD).approval, ANA, LOOKING, 600.0, at(60)))
    resolved = lifecycle.with_reply(changed(lifecycle.decide(held, say(), at(90))), Reply("yes")).approval
    change = changed(lifecycle.amend(resolved, draft(shown="h2"), at(100)))
    assert change.approval.paused_until(at(101)) is None
    assert dues(change)[DueKind.REMIND] == at(640)


def test_a_hold_that_outlasts_what_was_taken_back_still_ends() -> None:
    """Decided while somebody looked, and taken back: the end of the hold is told as it would have been."""
    policy = replace(HELD, undo=30.0)
    held = moved(lifecycle.hold(opening(policy=policy).approval, ANA, LOOKING, 600.0, at(60)))
    resolved = lifecycle.with_reply(changed(lifecycle.decide(held, say(), at(90))), Reply("yes")).approval
    back = changed(lifecycle.undo(resolved, ANA, at(100)))
    assert (dues(back)[DueKind.LAPSE], dues(back)[DueKind.REMIND]) == (at(660), at(1200))
