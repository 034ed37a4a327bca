"""What comes late: in working hours only, in order, once; thousands at once; and the growing pauses of reminders."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from approvals import lifecycle
from approvals.due import GRACE, DueKind
from approvals.events import EventType
from approvals.hours import Hours, window
from approvals.lifecycle import Change
from approvals.model import Approval, MessageRef
from approvals.policies import parse
from approvals.policy import EscalationStep, Expiry, OnExpiry, Policy, PolicySet, Urgency
from approvals.store.redis import HOLD, RedisStore, connect
from tests.approvals.build import POLICY, Replica, at, draft, opening, thread
from tests.conftest import VirtualClock

FRIDAY = datetime(2026, 11, 6, 16, 30, tzinfo=UTC)
SATURDAY = datetime(2026, 11, 7, 3, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 9, 9, 0, tzinfo=UTC)
WORKED = replace(
    POLICY,
    hours=Hours(zone="UTC"),
    remind=(1500.0,),  # Friday 16:55
    escalate=(EscalationStep(after=1560.0, to=("@leads",)), EscalationStep(after=1620.0, to=("UBOSS",))),
    expire=None,
)
TIMED = frozenset({DueKind.REMIND, DueKind.ESCALATE, DueKind.EXPIRE, DueKind.LAPSE})
TOLD = {EventType.REMINDED, EventType.ESCALATED, EventType.ESCALATION_SKIPPED, EventType.RESOLVED, EventType.OVERDUE}
REMINDED, ESCALATED, SKIPPED = EventType.REMINDED, EventType.ESCALATED, EventType.ESCALATION_SKIPPED
RESOLVED, OVERDUE = EventType.RESOLVED, EventType.OVERDUE


@pytest.fixture
async def second(redis_url: str, clock: VirtualClock) -> AsyncIterator[RedisStore]:
    """Another replica's own connections."""
    opened = RedisStore(connect(redis_url), clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
def pair(store: RedisStore, second: RedisStore, clock: VirtualClock) -> tuple[Replica, Replica]:
    """Two replicas."""
    return Replica(store, clock), Replica(second, clock)


async def opened(replica: Replica, clock: VirtualClock, when: datetime, policy: Policy) -> Approval:
    """An approval of that moment, with its card posted."""
    clock.now = when
    change = lifecycle.open_("A1", draft(), thread(), policy, when, zones=("UTC",))
    await replica.store.commit(change)
    await replica.sweep()
    return change.approval


async def swept(pair: tuple[Replica, Replica]) -> None:
    """Both look until nothing is due."""
    while sum(await asyncio.gather(*(one.sweep() for one in pair))):
        pass


async def told(replica: Replica) -> list[EventType]:
    """What time brought, in the order of the audit."""
    return [event.type for event in await replica.approvals.audit("A1") if event.type in TOLD]


# -- working hours


async def test_late_steps_wait_for_the_working_day(pair: tuple[Replica, Replica], clock: VirtualClock) -> None:
    """Due on Friday afternoon, down until Saturday night: nobody is called; on Monday all of it, once, in order."""
    one, two = pair
    await opened(one, clock, FRIDAY, WORKED)
    for hours in range(54):
        clock.now = SATURDAY + timedelta(hours=hours)
        await swept(pair)
        assert await told(one) == []
    for seconds in range(3):
        clock.now = MONDAY + timedelta(seconds=seconds)
        await swept(pair)
    assert await told(one) == [REMINDED, ESCALATED, ESCALATED]
    assert one.notifier.said("remind") + two.notifier.said("remind") == 1


async def test_late_steps_come_in_the_order_they_were_due_in(
    pair: tuple[Replica, Replica], clock: VirtualClock
) -> None:
    """A step that was due before the reminder comes before it on Monday, too."""
    policy = replace(WORKED, remind=(1590.0,))
    await opened(pair[0], clock, FRIDAY, policy)
    for now in (SATURDAY, MONDAY, MONDAY + timedelta(seconds=1)):
        clock.now = now
        await swept(pair)
    assert await told(pair[0]) == [ESCALATED, REMINDED, ESCALATED]


async def test_what_is_critical_comes_at_night(pair: tuple[Replica, Replica], clock: VirtualClock) -> None:
    """It keeps no hours, late as little as in time."""
    await opened(pair[0], clock, FRIDAY, replace(WORKED, urgency=Urgency.CRITICAL))
    clock.now = SATURDAY
    await swept(pair)
    assert await told(pair[0]) == [REMINDED, ESCALATED, ESCALATED]


@pytest.mark.parametrize("late", [timedelta(), timedelta(seconds=2), GRACE])
async def test_the_last_moment_of_the_day_is_not_late(
    pair: tuple[Replica, Replica], clock: VirtualClock, late: timedelta
) -> None:
    """Due at five sharp, and looked at a little later: it comes on that day."""
    await opened(pair[0], clock, FRIDAY, replace(WORKED, remind=(1800.0,), escalate=()))
    clock.now = FRIDAY + timedelta(seconds=1800) + late
    await swept(pair)
    assert await told(pair[0]) == [REMINDED]


async def test_a_late_deadline_is_kept_at_night(pair: tuple[Replica, Replica], clock: VirtualClock) -> None:
    """It calls nobody, and was announced for Friday: it ends, and the audit names the steps that were not taken."""
    await opened(pair[0], clock, FRIDAY, replace(WORKED, expire=Expiry(after=1700.0)))
    clock.now = SATURDAY
    await swept(pair)
    assert await told(pair[0]) == [SKIPPED, SKIPPED, RESOLVED]


async def test_a_deadline_that_ends_nothing_waits_behind_its_steps(
    pair: tuple[Replica, Replica], clock: VirtualClock
) -> None:
    """What was due before it waits for Monday, and so does it; with nothing before it, it is kept at night."""
    waits = replace(WORKED, expire=Expiry(after=1700.0, then=OnExpiry.WAIT))
    await opened(pair[0], clock, FRIDAY, waits)
    for now in (SATURDAY, MONDAY, MONDAY + timedelta(seconds=1)):
        clock.now = now
        await swept(pair)
    assert await told(pair[0]) == [REMINDED, ESCALATED, ESCALATED, OVERDUE]


async def test_a_deadline_alone_is_kept_at_night(pair: tuple[Replica, Replica], clock: VirtualClock) -> None:
    """It calls nobody."""
    alone = replace(WORKED, remind=(), escalate=(), expire=Expiry(after=1700.0, then=OnExpiry.WAIT))
    await opened(pair[0], clock, FRIDAY, alone)
    clock.now = SATURDAY
    await swept(pair)
    assert await told(pair[0]) == [OVERDUE]


def test_when_somebody_works_again() -> None:
    """The hours that run now, else the next; whoever of several zones begins first."""
    office, evening = Hours(zone="team"), timedelta(hours=8)
    friday = FRIDAY.replace(hour=9, minute=0)
    assert window(FRIDAY, hours=office, zones=("UTC",)) == (friday, friday + evening)
    assert window(friday + evening, hours=office, zones=("UTC",)) == (MONDAY, MONDAY + evening)
    assert window(SATURDAY, hours=office, zones=("UTC",)) == (MONDAY, MONDAY + evening)
    tokyo = datetime(2026, 11, 9, 0, 0, tzinfo=UTC)
    assert window(SATURDAY, hours=office, zones=("UTC", "Asia/Tokyo")) == (tokyo, tokyo + evening)


# -- one after the other


async def test_while_one_is_performed_the_next_waits(store: RedisStore, clock: VirtualClock) -> None:
    """Whoever holds the reminder may be slow or dead: the step is nobody's until it is settled, or lost and done."""
    policy = replace(POLICY, escalate=POLICY.escalate[:1])
    await store.commit(replace(opening(policy=policy), due=opening(policy=policy).due[1:]))
    clock.turn(days=1)
    (reminder,) = await store.claim_due(clock(), TIMED, 10)
    assert reminder.kind is DueKind.REMIND
    assert await store.claim_due(clock(), TIMED, 10) == []
    clock.turn(seconds=HOLD)
    (again,) = await store.claim_due(clock(), TIMED, 10)
    assert (again.kind, again.attempt) == (DueKind.REMIND, 1)
    await store.settle(again, again=clock() + timedelta(minutes=5), failed=True)
    (step,) = await store.claim_due(clock(), TIMED, 10)
    assert step.kind is DueKind.ESCALATE, "what fails holds nothing up"


async def test_two_that_were_lost_together_come_one_after_the_other(store: RedisStore, clock: VirtualClock) -> None:
    """Each was taken by itself and never settled, as where only some kinds are performed: neither waits for ever."""
    await store.commit(replace(opening(), due=opening().due[1:]))
    clock.turn(days=1)
    for kind in (DueKind.EXPIRE, DueKind.REMIND, DueKind.ESCALATE):
        assert [claim.kind for claim in await store.claim_due(clock(), frozenset({kind}), 10)] == [kind]
    found: list[DueKind] = []
    for _ in range(3):
        clock.turn(seconds=HOLD)
        (claim,) = await store.claim_due(clock(), TIMED, 10)
        found.append(claim.kind)
        await store.settle(claim)
    assert found == [DueKind.EXPIRE, DueKind.REMIND, DueKind.ESCALATE]


async def test_at_one_moment_the_reminder_comes_before_the_step(
    pair: tuple[Replica, Replica], clock: VirtualClock
) -> None:
    """Those who were asked first are told first; the others are not told twice."""
    policy = replace(POLICY, remind=(600.0,), escalate=(EscalationStep(after=600.0, to=("@leads",)),), expire=None)
    await opened(pair[0], clock, at(0), policy)
    clock.turn(seconds=600)
    await swept(pair)
    assert await told(pair[0]) == [REMINDED, ESCALATED]


# -- thousands

STEP = (EscalationStep(after=60.4, to=("@leads",)),)
MIXED = (
    replace(POLICY, remind=(60.1,), escalate=STEP, expire=Expiry(after=60.7, then=OnExpiry.WAIT)),
    replace(POLICY, remind=(60.6,), escalate=STEP, expire=Expiry(after=60.9)),
    replace(POLICY, remind=(60.2,), escalate=(), expire=Expiry(after=60.3, then=OnExpiry.FAIL)),
)
IN_TIME = ([REMINDED, ESCALATED, OVERDUE], [ESCALATED, REMINDED, RESOLVED], [REMINDED, RESOLVED])
LATE = ([REMINDED, ESCALATED, OVERDUE], [SKIPPED, RESOLVED], [RESOLVED])


@pytest.mark.parametrize(("many", "looks", "wanted"), [(900, 10, IN_TIME), (300, 1, LATE)], ids=["in time", "late"])
async def test_thousands_of_everything_in_one_second(
    pair: tuple[Replica, Replica], clock: VirtualClock, many: int, looks: int, wanted: tuple[list[EventType], ...]
) -> None:
    """2,400 reminders, steps and ends of 900 approvals within a second, looked at ten times in it or once after it:
    each comes once, for each approval in order, whichever of two replicas comes to it."""
    store = pair[0].store
    changes = [opening(of=thread(f"t{number}"), policy=MIXED[number % 3]) for number in range(many)]
    for start in range(0, many, 50):
        await asyncio.gather(*(store.commit(_with_its_card(change)) for change in changes[start : start + 50]))
    for look in range(1, looks + 1):
        clock.now = at(60 + look / looks)
        await swept(pair)
    found = defaultdict[str | None, list[EventType]](list)
    after = "-"
    while events := await store.audit(after=after, limit=5000):
        after = events[-1].seq
        for event in events:
            found[event.approval_id] += [event.type] if event.type in TOLD else []
    assert [found[change.approval.id] for change in changes] == [wanted[number % 3] for number in range(many)]
    calls = pair[0].notifier.calls + pair[1].notifier.calls
    assert (
        len([call for call, _ in calls if call == "remind"])
        == sum(kinds.count(REMINDED) for kinds in wanted) * many // 3
    )
    assert min(one.notifier.said("refresh") for one in pair) > many // 10, "one replica did it all"


def _with_its_card(change: Change) -> Change:
    """As if it had been posted: nobody is reminded of what has no card."""
    assert change.due[0].kind is DueKind.NOTIFY
    standing = replace(change.approval, messages=(MessageRef("C1", "1.0", place=POLICY.channel),))
    return replace(change, approval=standing, due=change.due[1:])


# -- growing pauses


async def test_reminders_come_at_growing_intervals_and_end_with_the_deadline(
    store: RedisStore, clock: VirtualClock
) -> None:
    """As the file says it: after 10, 30 and 70 minutes, then an hour apart, and none after the deadline."""
    text = """
version: 1
default:
  channel: "#approvals"
  remind: {first: 10m, factor: 2, most: 1h, times: 9}
  expire: {after: 4h, then: deny}
"""
    rules = parse(text)
    assert isinstance(rules, PolicySet)
    replica = Replica(store, clock, policy=rules.default)
    await opened(replica, clock, at(0), rules.default)
    given: list[int] = []
    for minute in range(1, 600):
        clock.turn(minutes=1)
        before = replica.notifier.said("remind")
        await replica.sweep()
        given += [minute] * (replica.notifier.said("remind") - before)
    assert given == [10, 30, 70, 130, 190]
    assert (await told(replica))[-1] is RESOLVED
    assert await store.due_at("A1") == {}
