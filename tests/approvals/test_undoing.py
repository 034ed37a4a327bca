"""A decision that can be taken back: it waits where everybody sees it, through restarts, and then goes on, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from approvals import lifecycle
from approvals.due import DueKind
from approvals.events import EventType
from approvals.model import Actor, Status
from approvals.policy import Quorum
from approvals.refusals import Reason, Refusal
from approvals.service import Done
from approvals.store.redis import RedisStore
from scheduler.reconcile import Reconcile
from tests.approvals.build import ANA, BEN, POLICY, Replica, at, changed, member, moved, opening, say
from tests.conftest import VirtualClock

UNDO = replace(POLICY, undo=15.0)


def test_a_decision_waits() -> None:
    """Resolved and on record, but not driven: it is released after the time that the policy says."""
    change = changed(lifecycle.decide(opening(policy=UNDO).approval, say(), at(5)))
    assert (change.approval.status, change.approval.held_until, change.approval.ready) == (
        Status.RESOLVED,
        at(20),
        False,
    )
    dues = {item.kind: item.at for item in change.due}
    assert DueKind.DRIVE not in dues
    assert dues[DueKind.RELEASE] == at(20)
    assert isinstance(lifecycle.resume(change.approval, at(6)), Refusal)


def test_what_the_policy_decides_does_not_wait() -> None:
    """Nobody is there who could take it back: expiry goes on at once."""
    change = changed(lifecycle.expire(opening(policy=UNDO).approval, at(14400)))
    assert change.approval.held_until is None
    assert DueKind.DRIVE in {item.kind for item in change.due}


def test_taken_back_it_is_as_before() -> None:
    """Only the last vote is gone, the clocks run again as they did, and clicks on what was shown before are stale."""
    one = moved(lifecycle.decide(opening(policy=replace(UNDO, quorum=Quorum(approve=2))).approval, say(), at(3)))
    done = moved(lifecycle.decide(one, say(actor=BEN), at(5)))
    change = changed(lifecycle.undo(done, ANA, at(19.9)))
    after = change.approval
    assert (after.status, after.resolution, after.reply, after.held_until) == (Status.PENDING, None, None, None)
    assert [vote.actor for vote in after.decisions] == [ANA]
    assert after.revision == done.revision + 1
    dues = {item.kind: item.at for item in change.due}
    assert (dues[DueKind.REMIND], dues[DueKind.EXPIRE], dues[DueKind.RELEASE]) == (at(600), at(14400), None)
    assert [(e.type, e.actor, e.data["by"]) for e in change.events] == [(EventType.UNDONE, ANA, BEN.id)]


@pytest.mark.parametrize("late", [20.0, 300.0])
def test_too_late_is_too_late(late: float) -> None:
    """From the second on at which it may be released it cannot be taken back, released or not."""
    done = moved(lifecycle.decide(opening(policy=UNDO).approval, say(), at(5)))
    assert lifecycle.undo(done, ANA, at(late)) == Refusal(Reason.TOO_LATE)
    released = moved(lifecycle.release(done, at(late)))
    assert released.ready
    assert lifecycle.undo(released, ANA, at(6)) == Refusal(Reason.TOO_LATE)
    assert lifecycle.release(released, at(late)) is None


async def test_the_wait_survives_a_restart(store: RedisStore, clock: VirtualClock) -> None:
    """The process that took the decision is gone; another one lets it go, once, and not a second sooner."""
    first, second = Replica(store, clock), Replica(store, clock)
    opened = await first.open(policy=UNDO)
    assert isinstance(await first.approvals.decide(opened.id, say(), member()), Done)
    await first.effects.drain()
    clock.turn(seconds=14)
    await second.sweep()
    assert second.drives == []
    clock.turn(seconds=1)
    await second.sweep()
    await second.sweep()
    assert (first.drives, second.drives) == ([], ["t1"])
    assert EventType.RELEASED in [e.type for e in await store.audit(opened.id)]


async def test_nobody_else_takes_it_back(store: RedisStore, clock: VirtualClock) -> None:
    """Only who may decide; and after that the graph is not driven by what was resolved before."""
    replica = Replica(store, clock)
    opened = await replica.open(policy=UNDO)
    await replica.approvals.decide(opened.id, say(), member())
    stranger = Actor(BEN, audiences=frozenset({"@others"}))
    assert await replica.approvals.undo(opened.id, stranger) == Refusal(Reason.NOT_APPROVER)
    assert isinstance(await replica.approvals.undo(opened.id, member(BEN)), Done)
    clock.turn(seconds=60)
    await replica.sweep()
    assert replica.drives == []


async def test_a_lost_release_is_found_again(store: RedisStore, clock: VirtualClock) -> None:
    """The reconciler knows that what is held must be released."""
    replica = Replica(store, clock, idle=True)
    opened = await replica.open(policy=UNDO)
    await replica.approvals.decide(opened.id, say(), member())
    for claim in await store.claim_due(at(1000), frozenset({DueKind.RELEASE}), 10):
        await store.settle(claim)
    assert DueKind.RELEASE not in await store.due_at(opened.id)
    await Reconcile(store, clock=clock).once()
    assert (await store.due_at(opened.id))[DueKind.RELEASE] == at(15)


async def test_what_was_cancelled_is_not_taken_back(store: RedisStore, clock: VirtualClock) -> None:
    """Nobody had decided anything: whoever clicks is told, and a stranger that they are one."""
    replica = Replica(store, clock)
    opened = await replica.open(policy=UNDO)
    assert isinstance(await replica.approvals.cancel(opened.id, ANA), Done)
    stranger = Actor(BEN, audiences=frozenset({"@others"}))
    assert await replica.approvals.undo(opened.id, stranger) == Refusal(Reason.NOT_APPROVER)
    assert await replica.approvals.undo(opened.id, member()) == Refusal(Reason.TOO_LATE)
