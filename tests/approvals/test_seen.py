"""What people get to see: glass that was broken, failures of what a policy decided quietly, who is asked now."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from approvals import automatic, lifecycle
from approvals.due import DueKind
from approvals.events import EventType
from approvals.lifecycle import Change
from approvals.model import Approval, DecisionType, MessageKind, MessageRef, Outcome, Status
from approvals.performer import Performer
from approvals.policy import Automatic, EscalationStep, Quorum
from approvals.service import Done
from approvals.store.redis import RedisStore
from approvals.tally import carried, tally, void
from tests.approvals.build import ANA, BEN, CARD, POLICY, Replica, at, changed, member, moved, opening, say
from tests.conftest import VirtualClock

RULE = replace(POLICY, decide=Automatic(decision="approve"))
GLASS = replace(POLICY, quorum=Quorum(approve=3), break_glass=("@leads",))


@pytest.fixture
def replica(store: RedisStore, clock: VirtualClock) -> Replica:
    return Replica(store, clock)


def dues(change: Change) -> set[DueKind]:
    return {item.kind for item in change.due if item.at is not None}


def by_rule(*, tell: bool = False) -> Change:
    """An approval that its policy decided."""
    rule = Automatic(decision="approve", tell=tell)
    return changed(lifecycle.at_opening(opening(policy=replace(RULE, decide=rule)), rule, at(0)))


def broken(approval: Approval, kind: DecisionType = DecisionType.APPROVE) -> Change:
    """What breaking the glass makes of it."""
    return changed(lifecycle.decide(approval, say(kind, BEN, alone=True, reason="The shop is down."), at(5)))


async def glass(replica: Replica, approval: Approval) -> None:
    """Ben, who may, decides it alone; and all that follows."""
    attempt = say(DecisionType.APPROVE, BEN, alone=True, reason="The shop is down.")
    done = await replica.approvals.decide(approval.id, attempt, member(BEN, "@leads"))
    assert isinstance(done, Done), done
    await replica.effects.drain()


async def test_broken_glass_is_told_in_every_place_once(replica: Replica) -> None:
    """One notice for each card, on record; performing the work again tells nobody anew."""
    opened = await replica.open(policy=GLASS)
    replica.clock.turn(hours=1)
    await replica.approvals.escalate(opened.id)
    await replica.effects.drain()
    await glass(replica, opened)
    await replica.store.schedule(opened.id, DueKind.TELL, replica.clock())
    await replica.sweep()
    after = await replica.approvals.get(opened.id)
    assert after is not None
    notices = [message.place for message in after.messages if message.kind is MessageKind.NOTICE]
    assert sorted(notices) == ["#approvals", "#leads"]
    assert replica.notifier.said("tell") == 1
    assert [e.type for e in await replica.approvals.audit(opened.id)].count(EventType.TOLD) == 1


async def test_a_notice_is_not_lost_with_its_process(store: RedisStore, clock: VirtualClock) -> None:
    """It is due with the decision itself: who commits and dies leaves it to whoever sweeps next."""
    idle, other = Replica(store, clock, idle=True), Replica(store, clock)
    opened = await other.open(policy=GLASS)
    await glass(idle, opened)
    assert other.notifier.said("tell") == 0
    await other.sweep()
    assert other.notifier.said("tell") == 1


def test_only_broken_glass_is_told() -> None:
    """An ordinary vote brings no notice; one that breaks the glass does, and forgets the notices of an earlier one."""
    pending = replace(opening(policy=GLASS).approval, messages=(CARD, replace(CARD, ts="2", kind=MessageKind.NOTICE)))
    vote = changed(lifecycle.decide(pending, say(), at(5)))
    assert DueKind.TELL not in dues(vote)
    assert vote.approval.messages == pending.messages
    assert DueKind.TELL in dues(broken(pending))
    assert broken(pending).approval.messages == (CARD,)


def test_quiet_is_what_a_rule_decided_and_nobody_saw() -> None:
    """Not what it tells of, not what failed, not what people decided, not what stands on a card already."""
    done = by_rule().approval
    assert automatic.quiet(done)
    assert automatic.decided(done)
    assert not automatic.quiet(by_rule(tell=True).approval)
    assert not automatic.quiet(replace(done, status=Status.FAILED))
    assert not automatic.quiet(replace(done, messages=(CARD,)))
    people = moved(lifecycle.decide(opening(policy=RULE).approval, say(), at(5)))
    assert not automatic.quiet(people)
    assert not automatic.decided(people)
    assert not automatic.decided(moved(lifecycle.expire(opening().approval, at(14400))))


@pytest.mark.parametrize("shown", [False, True])
def test_a_failure_is_always_shown(shown: bool) -> None:
    """Where there is no card yet it is posted; where there is one it is redrawn. Both ways it is reported."""
    messages: tuple[MessageRef, ...] = (CARD,) if shown else ()
    resuming = moved(lifecycle.resume(replace(by_rule().approval, messages=messages), at(1)))
    seen = {DueKind.REFRESH if shown else DueKind.NOTIFY, DueKind.REPORT}
    assert dues(changed(lifecycle.give_up(resuming, "boom", at(2)))) == seen
    assert dues(changed(lifecycle.stick(resuming, "answered elsewhere", at(2)))) == seen


def test_what_a_policy_answered_in_vain_is_asked_of_people() -> None:
    """The graph refuses the policy's answer and asks on: now there is a card."""
    resuming = moved(lifecycle.resume(by_rule().approval, at(1)))
    change = changed(lifecycle.reask(resuming, "an amount is missing", at(2)))
    assert change.approval.status is Status.PENDING
    assert DueKind.NOTIFY in dues(change)


async def test_a_quiet_decision_makes_no_sound(replica: Replica) -> None:
    """Carried out without a card and without a report, also when the work is looked at again."""
    commit = await replica.store.commit(by_rule(), perform=replica.effects.kinds)
    replica.effects.start(commit.claims)
    await replica.effects.drain()
    approval = by_rule().approval
    await replica.approvals.change(approval.id, lambda a: lifecycle.resume(a, at(1)))
    await replica.approvals.change(approval.id, lambda a: lifecycle.complete(a, Outcome(finished=True), at(2)))
    await replica.effects.drain()
    assert [call for call, _ in replica.notifier.calls if call != "refresh"] == []


async def test_two_that_post_the_card_at_once_post_it_once(replica: Replica) -> None:
    """The report posts it too where it comes first: both look whether there is one, and only one of them posts it."""
    idle = Replica(replica.store, replica.clock, idle=True)
    opened = await idle.open()
    performer = Performer(idle.approvals, idle.notifier, clock=idle.clock)
    idle.notifier.stop = asyncio.Event()
    both = asyncio.gather(performer.notify(opened.id), performer.notify(opened.id))
    for _ in range(20):  # time enough for both to see that there is none
        await idle.approvals.get(opened.id)
    idle.notifier.stop.set()
    await both
    assert idle.notifier.said("announce") == 1


def test_a_step_that_replaces_leaves_earlier_places_behind() -> None:
    """Until then every place counts; from then on those of the steps since."""
    steps = (
        EscalationStep(after=1.0, to=("@leads",), channel="#leads"),
        EscalationStep(after=2.0, to=("UBOSS", "UVICE"), replace=True),
        EscalationStep(after=3.0, to=("@board",), channel="#board"),
    )
    policy = replace(POLICY, escalate=steps)
    assert [policy.reach(level) for level in range(4)] == [
        ("#approvals",),
        ("#approvals", "#leads"),
        ("UBOSS", "UVICE"),
        ("UBOSS", "UVICE", "#board"),
    ]


def test_which_votes_carried_it_and_which_count_no_more() -> None:
    """An edit voids what was said before; the decision rests on the edit and on who approved it."""
    one = moved(lifecycle.decide(opening(policy=replace(POLICY, quorum=Quorum(approve=2))).approval, say(), at(1)))
    args = {**one.actions[0].args, "cents": 100}
    edited = moved(lifecycle.decide(one, say(DecisionType.EDIT, BEN, args=args), at(2)))
    assert carried(edited, 0) == ()
    assert [void(edited, vote) for vote in edited.decisions] == [True, False]
    done = moved(lifecycle.decide(edited, say(actor=ANA), at(3)))
    assert [vote.actor for vote in carried(done, 0)] == [BEN, ANA]
    assert [void(done, vote) for vote in done.decisions] == [True, False, False]
    assert tally(done)[0].verdict is done.decisions[1]
