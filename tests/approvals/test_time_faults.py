"""Clocks that jump, processes that were down, and thousands of deadlines in one second."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from approvals.due import DueKind, next_escalation, next_reminder
from approvals.events import Event, EventType
from approvals.hours import Hours, PauseKind
from approvals.lifecycle import open_
from approvals.model import Status
from approvals.policy import Expiry, OnExpiry
from approvals.service import Done
from approvals.store.redis import RedisStore, connect
from tests.approvals.build import POLICY, Replica, draft, member, opening, thread
from tests.conftest import VirtualClock

HELD = replace(POLICY, acknowledge=600.0)
TOLD = {EventType.REMINDED, EventType.ESCALATED, EventType.ESCALATION_SKIPPED, EventType.RESOLVED, EventType.OVERDUE}


async def told(replica: Replica, approval_id: str) -> list[Event]:
    """What time brought, in the order of the audit."""
    return [event for event in await replica.approvals.audit(approval_id) if event.type in TOLD]


async def test_a_clock_that_jumps_back_and_then_forward(store: RedisStore, clock: VirtualClock) -> None:
    """Back an hour: nothing is told twice, nothing is forgotten. Forward a day: what is left comes once, in order."""
    replica = Replica(store, clock)
    opened = await replica.open()
    clock.turn(seconds=3600)
    await replica.sweep()
    before = Counter(call for call, _ in replica.notifier.calls)
    assert (before["remind"], before["announce"]) == (1, 2)
    clock.turn(hours=-1)
    for _ in range(60):
        clock.turn(minutes=1)
        await replica.sweep()
    assert Counter(call for call, _ in replica.notifier.calls) == before, "something was told twice"
    assert [e.type for e in await told(replica, opened.id)] == [EventType.REMINDED, EventType.ESCALATED]
    clock.turn(days=1)
    await replica.sweep()
    events = await told(replica, opened.id)
    assert [e.type for e in events[2:]] == [EventType.ESCALATION_SKIPPED, EventType.RESOLVED]
    assert replica.drives == ["t1"]


async def test_a_clock_that_jumps_back_while_somebody_looks(store: RedisStore, clock: VirtualClock) -> None:
    """The hold ends when it was said to end; the reminder comes once, after it."""
    replica = Replica(store, clock, policy=HELD)
    opened = await replica.open(policy=HELD)
    clock.turn(seconds=300)
    assert isinstance(await replica.approvals.hold(opened.id, member(), PauseKind.ACKNOWLEDGED, 600.0), Done)
    clock.turn(hours=-1)
    await replica.sweep()
    assert replica.notifier.said("remind") == 0
    clock.turn(hours=1, seconds=899)
    await replica.sweep()
    assert replica.notifier.said("remind") == 0
    clock.turn(seconds=1)
    await replica.sweep()
    assert replica.notifier.said("remind") == 1


@pytest.mark.parametrize("then", [OnExpiry.DENY, OnExpiry.WAIT, OnExpiry.FAIL])
async def test_down_over_everything_with_two_replicas_waking(
    redis_url: str, store: RedisStore, clock: VirtualClock, then: OnExpiry
) -> None:
    """A reminder, two steps and the end, all overdue when two processes start at once: each comes once, in order."""
    policy = replace(POLICY, remind=(600.0,), expire=Expiry(after=14400.0, then=then))
    other = RedisStore(connect(redis_url), clock=clock)
    one, two = Replica(store, clock), Replica(other, clock)
    opened = await one.open(policy=policy)
    clock.turn(days=2)
    await asyncio.gather(one.sweep(), two.sweep())
    await asyncio.gather(one.sweep(), two.sweep())
    types = [event.type for event in await told(one, opened.id)]
    said = one.notifier.said("remind") + two.notifier.said("remind")
    if then is OnExpiry.WAIT:
        assert types == [EventType.REMINDED, EventType.ESCALATED, EventType.ESCALATED, EventType.OVERDUE]
        assert said == 1
    else:
        assert types == [EventType.ESCALATION_SKIPPED, EventType.ESCALATION_SKIPPED, EventType.RESOLVED]
        assert said == 0
    levels = [e.data["level"] for e in await told(one, opened.id) if "level" in e.data]
    assert levels == [1, 2]
    await other.close()


@pytest.fixture
async def second(redis_url: str, clock: VirtualClock) -> AsyncIterator[RedisStore]:
    """Another replica's own connections."""
    opened = RedisStore(connect(redis_url), clock=clock)
    yield opened
    await opened.close()


async def test_two_thousand_deadlines_in_one_second(store: RedisStore, second: RedisStore, clock: VirtualClock) -> None:
    """Shared by two replicas: each approval ends once, each thread is driven once, nobody is told twice."""
    many = 2000
    quick = replace(POLICY, remind=(), escalate=(), expire=Expiry(after=60.0))
    one, two = Replica(store, clock), Replica(second, clock)
    opened = [opening(of=thread(f"t{number}"), policy=quick) for number in range(many)]
    ends = [replace(change, due=change.due[1:]) for change in opened]  # the card is no matter here
    for start in range(0, many, 50):
        await asyncio.gather(*(store.commit(change) for change in ends[start : start + 50]))
    clock.turn(seconds=60)
    while sum(await asyncio.gather(one.sweep(), two.sweep())):
        pass
    assert Counter(one.drives + two.drives) == {f"t{number}": 1 for number in range(many)}
    calls = Counter(one.notifier.calls + two.notifier.calls)
    assert calls == {("refresh", change.approval.id): 1 for change in opened}
    resolved = Counter[str | None]()
    after = "-"
    while events := await store.audit(after=after, limit=5000):
        after = events[-1].seq
        resolved.update(event.approval_id for event in events if event.type is EventType.RESOLVED)
    assert len(resolved) == many
    assert set(resolved.values()) == {1}
    assert min(len(one.drives), len(two.drives)) > many // 10, "one replica did it all"


BERLIN = Hours(days=(0, 1, 2, 3, 4, 5, 6), start=540, end=1020, zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("opens", "fires"),
    [
        ("2026-10-24T16:00", "2026-10-25T10:00"),  # 25 hours long: summer time ends
        ("2026-03-28T16:00", "2026-03-29T10:00"),  # 23 hours long: it begins
        ("2026-10-25T02:30", "2026-10-25T11:00"),  # an hour that comes twice
        ("2026-03-29T03:30", "2026-03-29T11:00"),  # just after one that is skipped
    ],
)
async def test_working_hours_over_a_change_of_clocks(
    store: RedisStore, clock: VirtualClock, opens: str, fires: str
) -> None:
    """A reminder after two working hours comes at that time of the wall's clock, once, not a second earlier."""
    zone = ZoneInfo("Europe/Berlin")
    policy = replace(POLICY, hours=BERLIN, remind=(7200.0,), escalate=(), expire=None)
    clock.now = datetime.fromisoformat(opens).replace(tzinfo=zone).astimezone(UTC)
    replica = Replica(store, clock, policy=policy)
    zones = ("Europe/Berlin",)
    change = open_("A1", draft(), thread(), policy, clock(), zones=zones)
    await store.commit(change)
    at = datetime.fromisoformat(fires).replace(tzinfo=zone).astimezone(UTC)
    assert next_reminder(change.approval) == at
    clock.now = at - timedelta(seconds=1)
    await replica.sweep()
    assert replica.notifier.said("remind") == 0
    for _ in range(3):
        clock.turn(seconds=1)
        await replica.sweep()
    assert replica.notifier.said("remind") == 1
    now = await store.get("A1")
    assert now is not None
    assert (now.status, next_escalation(now)) == (Status.PENDING, None)
    assert DueKind.REMIND not in await store.due_at("A1")
