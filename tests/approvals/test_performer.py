"""What time brings, by the virtual clock: reminders, escalation, expiry, cards and reports, on the real store."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from approvals import lifecycle
from approvals.due import DueKind
from approvals.events import EventType
from approvals.lifecycle import ThreadChange
from approvals.model import Approval, MessageKind, Outcome, Resolution, Status
from approvals.performer import BUSY_AGAIN, Performer, drive_with
from approvals.policy import Expiry, OnExpiry
from approvals.ports import Driven
from approvals.service import Done
from approvals.store.redis import RedisStore
from tests.approvals.build import POLICY, Replica, at, draft, member, say, thread
from tests.conftest import VirtualClock


@pytest.fixture
def replica(store: RedisStore, clock: VirtualClock) -> Replica:
    return Replica(store, clock)


async def fresh(replica: Replica, approval: Approval) -> Approval:
    found = await replica.approvals.get(approval.id)
    assert found is not None
    return found


async def test_a_night_without_an_answer(replica: Replica, clock: VirtualClock) -> None:
    """Reminded at 10 and 30 minutes, escalated after one hour and two, denied after four; and not a second sooner."""
    opened = await replica.open()
    seen: list[tuple[float, str]] = []
    previous = 0
    for seconds in (599, 600, 1799, 1800, 3599, 3600, 7199, 7200, 14399, 14400):
        clock.turn(seconds=seconds - previous)
        previous = seconds
        before = len(replica.notifier.calls)
        await replica.sweep()
        seen += [(seconds, call) for call, _ in replica.notifier.calls[before:] if call != "refresh"]
    assert seen == [(600, "remind"), (1800, "remind"), (3600, "announce"), (7200, "announce")]
    after = await fresh(replica, opened)
    assert (after.status, after.resolution, after.level, after.reminders) == (
        Status.RESOLVED,
        Resolution.EXPIRED,
        2,
        2,
    )
    assert [message.place for message in after.messages] == ["#approvals", "#leads", "UBOSS"]
    assert replica.drives == ["t1"]
    assert [e.type for e in await replica.approvals.audit(opened.id)] == [
        EventType.OPENED,
        EventType.ANNOUNCED,
        EventType.REMINDED,
        EventType.REMINDED,
        EventType.ESCALATED,
        EventType.ANNOUNCED,
        EventType.ESCALATED,
        EventType.ANNOUNCED,
        EventType.DECIDED,
        EventType.RESOLVED,
    ]
    assert await replica.store.due_at(opened.id) == {}


async def test_missed_reminders_are_given_as_one(replica: Replica, clock: VirtualClock) -> None:
    """Nobody was up for 50 minutes: one reminder, and both are counted."""
    opened = await replica.open()
    clock.turn(minutes=50)
    await replica.sweep()
    assert replica.notifier.said("remind") == 1
    assert (await fresh(replica, opened)).reminders == 2


async def test_a_reminder_waits_for_the_card(replica: Replica, clock: VirtualClock) -> None:
    """Slack has taken no card: nobody can be reminded yet, and it is not noted that somebody was."""
    replica.notifier.fail.append(OSError("away"))
    opened = await replica.open()
    clock.turn(minutes=12)
    performer = Performer(replica.approvals, replica.notifier, clock=clock)
    assert await performer.remind(opened.id) == clock() + timedelta(minutes=1), (
        "again after half of the time that passed"
    )
    assert (replica.notifier.said("remind"), (await fresh(replica, opened)).reminders) == (0, 0)
    await performer.notify(opened.id)
    assert await performer.remind(opened.id) is None
    assert (replica.notifier.said("remind"), (await fresh(replica, opened)).reminders) == (1, 1)


async def test_two_at_once_remind_and_climb_for_one(store: RedisStore, clock: VirtualClock) -> None:
    """Both were given the same work, one of them because the other was held up: it counts once, and nobody is asked
    before their time."""
    one, two = Replica(store, clock), Replica(store, clock)
    performers = [Performer(replica.approvals, replica.notifier, clock=clock) for replica in (one, two)]
    for number in range(20):
        clock.now = at(0)
        opened = await one.open(of=thread(f"t{number}"))
        clock.now = at(600)
        await asyncio.gather(*(performer.remind(opened.id) for performer in performers))
        assert (await fresh(one, opened)).reminders == 1
        clock.now = at(3600)
        await asyncio.gather(*(performer.escalate(opened.id) for performer in performers))
        assert (await fresh(one, opened)).level == 1
        await one.effects.drain()
        await two.effects.drain()


async def test_a_reminder_waits_for_a_card_that_is_just_posted(store: RedisStore, clock: VirtualClock) -> None:
    """It falls due as its card is on the way: it is given as soon as that stands, not some time later."""
    idle, replica = Replica(store, clock, idle=True), Replica(store, clock)
    opened = await idle.open()
    clock.turn(minutes=12)
    performer = Performer(replica.approvals, replica.notifier, clock=clock)
    _, later = await asyncio.gather(performer.notify(opened.id), performer.remind(opened.id))
    assert later is None
    assert (replica.notifier.said("remind"), (await fresh(replica, opened)).reminders) == (1, 1)


async def test_missed_steps_are_all_climbed(replica: Replica, clock: VirtualClock) -> None:
    """After three hours of silence both steps are taken, and each place is told once."""
    opened = await replica.open()
    clock.turn(hours=3)
    await replica.sweep()
    after = await fresh(replica, opened)
    assert after.level == 2
    assert [message.place for message in after.messages] == ["#approvals", "#leads", "UBOSS"]


async def test_an_answer_stops_the_clocks(replica: Replica, clock: VirtualClock) -> None:
    """Once decided nobody is reminded, nothing escalates and nothing expires."""
    opened = await replica.open()
    await replica.approvals.decide(opened.id, say(), member())
    await replica.effects.drain()
    calls = list(replica.notifier.calls)
    clock.turn(days=2)
    assert await replica.sweep() == 0
    assert replica.notifier.calls == calls


async def test_waiting_on_after_expiry(store: RedisStore, clock: VirtualClock) -> None:
    """A policy that waits marks it overdue once, and people can still decide."""
    policy = replace(POLICY, remind=(), escalate=(), expire=Expiry(after=60.0, then=OnExpiry.WAIT))
    replica = Replica(store, clock)
    opened = await replica.open(policy=policy)
    clock.turn(days=1)
    await replica.sweep()
    clock.turn(days=1)
    assert await replica.sweep() == 0
    assert [e.type for e in await store.audit(opened.id)].count(EventType.OVERDUE) == 1
    assert isinstance(await replica.approvals.decide(opened.id, say(), member()), Done)
    await replica.effects.drain()


async def test_called_too_early_it_comes_back_in_time(replica: Replica) -> None:
    """Work that is looked at before its time answers when to look again, and does nothing."""
    opened = await replica.open()
    performer = Performer(replica.approvals, replica.notifier, clock=replica.clock)
    assert await performer.remind(opened.id) == at(600)
    assert await performer.escalate(opened.id) == at(3600)
    assert await performer.expire(opened.id) == at(14400)
    assert await fresh(replica, opened) == opened


async def test_work_for_what_is_not_there(replica: Replica) -> None:
    """Nothing is raised and nothing is told for an approval that nobody knows."""
    for perform in Performer(replica.approvals, replica.notifier, clock=replica.clock).work().values():
        assert await perform("A-none") is None
    assert replica.notifier.calls == []


async def test_each_place_gets_one_card(replica: Replica) -> None:
    """Announcing again posts nothing where a card stands."""
    opened = await replica.open()
    performer = Performer(replica.approvals, replica.notifier, clock=replica.clock)
    await performer.notify(opened.id)
    assert replica.notifier.said("announce") == 1
    assert len((await fresh(replica, opened)).messages) == 1


async def test_what_was_never_shown_and_is_gone_is_not_shown(store: RedisStore, clock: VirtualClock) -> None:
    """A question that was superseded before its card was posted gets none."""
    idle, other = Replica(store, clock, idle=True), Replica(store, clock)
    opened = await idle.open()
    await idle.approvals.change(opened.id, lambda a: lifecycle.supersede(a, "gone", at(1)))
    await other.sweep()
    assert other.notifier.said("announce") == 0


async def test_the_outcome_is_told_once(replica: Replica) -> None:
    """After the graph went on, its outcome is said in the card's thread, however often that is performed."""
    opened = await replica.open()
    await replica.approvals.decide(opened.id, say(), member())
    await replica.approvals.change(opened.id, lambda a: lifecycle.resume(a, at(2)))
    await replica.approvals.change(opened.id, lambda a: lifecycle.complete(a, Outcome(finished=True), at(3)))
    await replica.effects.drain()
    await Performer(replica.approvals, replica.notifier, clock=replica.clock).report(opened.id)
    assert replica.notifier.said("report") == 1
    kinds = [message.kind for message in (await fresh(replica, opened)).messages]
    assert kinds == [MessageKind.CARD, MessageKind.REPORT]


async def test_amending_while_a_card_is_posted_redraws_it(replica: Replica) -> None:
    """The card that was posted for the old question is redrawn from the new one."""
    opened = await replica.open()
    await replica.approvals.change(opened.id, lambda a: lifecycle.amend(a, draft(shown="h2"), at(1)))
    await replica.effects.drain()
    assert replica.notifier.calls[-1] == ("refresh", opened.id)


class ScriptedDriver:
    """A driver that gives the answers it was made with."""

    def __init__(self, *answers: Driven) -> None:
        self.answers = list(answers)

    async def drive(self, thread_id: str) -> Driven:
        return self.answers.pop(0)


async def test_driving_comes_back_when_it_must(store: RedisStore, clock: VirtualClock) -> None:
    """Settled is done; a busy thread is looked at again soon; a stumble waits longer the more often it stumbled."""
    await store.commit(ThreadChange(thread(attempts=4), 0, ()))
    driver = ScriptedDriver(Driven.SETTLED, Driven.BUSY, Driven.RETRY)
    perform = drive_with(driver, store, clock=clock, rng=random.Random(3))
    assert await perform("t1") is None
    assert await perform("t1") == clock() + BUSY_AGAIN
    again = await perform("t1")
    assert again is not None
    assert timedelta(seconds=12.8) <= again - clock() <= timedelta(seconds=19.2)


async def test_no_kind_is_forgotten(replica: Replica) -> None:
    """Everything that can fall due is performed by somebody; what only a serving process does is put together there."""
    assert replica.effects.kinds | {DueKind.DIGEST, DueKind.CALLBACK, DueKind.HOME} == frozenset(DueKind)
