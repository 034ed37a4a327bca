"""Steps up: whom they bring, for which groups, and those that come too late to be told of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from approvals import lifecycle
from approvals.clocks import REPLACED
from approvals.events import Event, EventType
from approvals.model import Status
from approvals.policy import EscalationStep, Group
from approvals.service import Done
from approvals.store.redis import RedisStore
from tests.approvals.build import BEN, POLICY, Replica, at, changed, member, opening, say
from tests.conftest import VirtualClock

GROUPS = (Group(name="finance", who=("@finance",)), Group(name="security", who=("@security",)))
WIDER = EscalationStep(after=60.0, to=("@finance",), channel="#approvals", stands_for=("security",))
LADDER = (
    EscalationStep(after=60.0, to=("@leads",), channel="#leads"),
    EscalationStep(after=120.0, to=("UBOSS",), replace=True),
    EscalationStep(after=180.0, to=("UVICE",)),
)


async def steps(store: RedisStore, approval_id: str) -> list[Event]:
    kinds = (EventType.ESCALATED, EventType.ESCALATION_SKIPPED)
    return [event for event in await store.audit(approval_id) if event.type in kinds]


async def test_a_step_that_lets_the_same_people_count_for_more_is_told(store: RedisStore, clock: VirtualClock) -> None:
    """The card is drawn anew for finance, who may speak for security from then on, and do."""
    replica = Replica(store, clock)
    opened = await replica.open(policy=replace(POLICY, who=(), groups=GROUPS, remind=(), escalate=(WIDER,)))
    assert isinstance(await replica.approvals.decide(opened.id, say(), member()), Done)
    await replica.effects.drain()
    drawn = replica.notifier.said("refresh")
    clock.turn(seconds=60)
    await replica.sweep()
    assert [event.type for event in await steps(store, opened.id)] == [EventType.ESCALATED]
    assert replica.notifier.said("refresh") > drawn
    done = await replica.approvals.decide(opened.id, say(actor=BEN), member(BEN))
    assert isinstance(done, Done)
    assert done.approval.status is Status.RESOLVED


@pytest.mark.parametrize("groups", [(), GROUPS])
def test_a_step_that_changes_nothing_tells_nobody(groups: tuple[Group, ...]) -> None:
    """The same people, in the same place, for the same groups."""
    step = replace(WIDER, stands_for=("finance",) if groups else ())
    policy = replace(POLICY, who=() if groups else ("@finance",), groups=groups, escalate=(step,))
    change = changed(lifecycle.escalate(opening(policy=policy).approval, at(60)))
    assert [event.type for event in change.events] == [EventType.ESCALATION_SKIPPED]


async def test_after_a_downtime_only_those_are_told_who_are_asked_from_then_on(
    store: RedisStore, clock: VirtualClock
) -> None:
    """Of three late steps the second takes the place of the first: the first is passed over, and nobody hears of it."""
    replica = Replica(store, clock)
    opened = await replica.open(policy=replace(POLICY, remind=(), escalate=LADDER))
    clock.turn(seconds=1000)
    await replica.sweep()
    told = [(e.type, e.data["level"], e.data.get("why")) for e in await steps(store, opened.id)]
    assert told == [
        (EventType.ESCALATION_SKIPPED, 1, REPLACED),
        (EventType.ESCALATED, 2, None),
        (EventType.ESCALATED, 3, None),
    ]
    found = await store.get(opened.id)
    assert found is not None
    assert (found.level, found.audience, found.reach) == (3, ("UBOSS", "UVICE"), ("UBOSS", "UVICE"))


def test_a_step_that_comes_in_time_is_told_though_another_will_take_its_place() -> None:
    """As long as the later one is not due."""
    change = changed(lifecycle.escalate(opening(policy=replace(POLICY, escalate=LADDER)).approval, at(119)))
    assert [(event.type, event.data["level"]) for event in change.events] == [(EventType.ESCALATED, 1)]


def test_what_two_late_steps_come_to_is_what_counts() -> None:
    """Leads who were passed over have heard of nothing: the step that asks them again is told."""
    steps = tuple(EscalationStep(after=after, to=("@leads",), replace=True) for after in (60.0, 120.0))
    change = changed(lifecycle.escalate(opening(policy=replace(POLICY, escalate=steps)).approval, at(300)))
    assert [event.type for event in change.events] == [EventType.ESCALATION_SKIPPED, EventType.ESCALATED]
    back = (LADDER[0], EscalationStep(after=120.0, to=("@finance",), channel="#approvals", replace=True))
    change = changed(lifecycle.escalate(opening(policy=replace(POLICY, escalate=back)).approval, at(300)))
    assert [event.type for event in change.events] == [EventType.ESCALATION_SKIPPED, EventType.ESCALATION_SKIPPED]
