"""What would become of a question: the same as what does become of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from approvals import lifecycle
from approvals.events import EventType
from approvals.hours import Hours
from approvals.lifecycle import Change
from approvals.model import Action, DecisionType, Status
from approvals.opening import Opening
from approvals.policy import Automatic, EscalationStep, Expiry, OnExpiry, Policy, PolicySet, Repeat, Urgency
from approvals.service import approval_id
from approvals.simulate import MOST_STEPS, Simulation, StepKind, entries, simulate
from approvals.store.redis import RedisStore
from tests.approvals.build import POLICY, REFUND, T0, PlainTranslator, Replica, at, changed, draft, opening, thread
from tests.conftest import VirtualClock

PEOPLE = {
    "@finance": ("UANA", "UBEN"),
    "@leads": ("UCLEO", "UANA"),
    "UBOSS": ("UBOSS",),
    "#approvals": ("UANA", "UBEN", "UDAN"),
}
HOURS = Hours(zone="Europe/Berlin")
TOLD = {
    EventType.OPENED: StepKind.OPENED,
    EventType.REMINDED: StepKind.REMINDED,
    EventType.ESCALATED: StepKind.ESCALATED,
    EventType.ESCALATION_SKIPPED: StepKind.SKIPPED,
    EventType.RESOLVED: StepKind.EXPIRED,
    EventType.OVERDUE: StepKind.OVERDUE,
}


def kinds(found: Simulation) -> list[tuple[float, str, int]]:
    """Seconds from the opening, what happens, and the level."""
    return [((step.at - T0).total_seconds(), step.kind.value, step.level) for step in found.steps]


def test_the_whole_walk_of_a_policy() -> None:
    """Reminders, steps and the end, each with who may decide from then on and where it is told."""
    found = simulate(opening(of=thread(requester="UBEN")), PEOPLE)
    assert kinds(found) == [
        (0, "opened", 0),
        (600, "reminded", 0),
        (1800, "reminded", 0),
        (3600, "escalated", 1),
        (7200, "escalated", 2),
        (14400, "expired", 2),
    ]
    assert [step.people for step in found.steps] == [
        ("UANA",),
        ("UANA",),
        ("UANA",),
        ("UANA", "UCLEO"),
        ("UANA", "UCLEO", "UBOSS"),
        (),
    ]
    assert [step.where for step in found.steps][:4] == [("#approvals",)] * 3 + [("#leads",)]
    assert found.steps[4].where == ("UBOSS",)
    assert found.people == ("UANA", "UCLEO", "UBOSS")
    assert (found.ended, found.end, found.cut) == (True, "deny", False)


def test_entries_are_all_that_may_be_asked() -> None:
    """Of every level, the manager as the requester's own."""
    policy = replace(POLICY, escalate=(EscalationStep(after=60.0, to=("manager",), replace=True),))
    assert entries(opening(policy=policy, of=thread(requester="UBEN"))) == ("@finance", "manager:UBEN")


def test_the_requester_counts_where_the_policy_lets_them() -> None:
    """Own requests are decided by others, unless the policy says so; an entry that is not known stands for nobody."""
    own = replace(POLICY, self_approval=True)
    assert simulate(opening(policy=own, of=thread(requester="UBEN")), PEOPLE).steps[0].people == ("UANA", "UBEN")
    assert simulate(opening(), {}).people == ()


def test_a_policy_that_waits_goes_on_for_ever() -> None:
    """A deadline that decides nothing is a step; without one at all the walk just ends."""
    wait = replace(POLICY, expire=Expiry(after=5000.0, then=OnExpiry.WAIT))
    found = simulate(opening(policy=wait), PEOPLE)
    assert kinds(found)[4:] == [(5000, "overdue", 1), (7200, "escalated", 2)]
    assert (found.ended, found.end) == (False, "waits")
    assert simulate(opening(policy=replace(POLICY, expire=None)), PEOPLE).end == "waits"
    failing = replace(POLICY, expire=Expiry(after=14400.0, then=OnExpiry.FAIL))
    assert simulate(opening(policy=failing), PEOPLE).end == "failed"


def test_a_step_that_brings_nobody_is_told_as_such() -> None:
    """With the reason that the audit will give; its people and the level stand all the same."""
    twice = replace(POLICY, escalate=(EscalationStep(after=3600.0, to=("@finance",), channel="#approvals"),))
    step = next(step for step in simulate(opening(policy=twice), PEOPLE).steps if step.kind is StepKind.SKIPPED)
    assert (step.level, step.where, step.why) == (1, (), "everybody of this step is asked already")


async def opened_by(policies: PolicySet, *actions: Action, urgency: Urgency = Urgency.NORMAL) -> Change:
    """What the real opening makes of a question."""

    async def current() -> PolicySet:
        return policies

    asked = replace(draft(*actions), urgency=urgency)
    return await Opening(current, PlainTranslator(), clock=lambda: T0).open("A1", asked, thread())


async def test_a_rule_that_decides_ends_it_at_once() -> None:
    """One step; posted only where the rule says so; a condition that could not be told is among the doubts."""
    rule = replace(POLICY, name="small", when="action.args.cents < 1000", decide=Automatic(decision="approve"))
    found = simulate(await opened_by(PolicySet((rule,), POLICY)), PEOPLE)
    assert kinds(found) == [(0, "decided", 0)]
    assert (found.end, found.steps[0].where, found.people) == ("approve", (), ())
    told = replace(rule, decide=Automatic(decision="deny", tell=True, reason="closed"))
    shown = simulate(await opened_by(PolicySet((told,), POLICY)), PEOPLE)
    assert (shown.end, shown.steps[0].where, shown.steps[0].why) == ("deny", ("#approvals",), "closed")
    unsure = replace(rule, when="action.args.dollars < 10")
    asked = simulate(await opened_by(PolicySet((unsure,), POLICY)), PEOPLE)
    assert asked.doubts == ("small: it looks at something that is not there",)
    assert asked.steps[0].kind is StepKind.OPENED


async def test_working_hours_stretch_it_and_what_is_critical_does_not_wait() -> None:
    """Opened on Monday at 10:00 in Berlin: seven hours are left of the day."""
    policy = replace(POLICY, hours=HOURS, remind=(600.0,), escalate=(), expire=Expiry(after=8 * 3600.0))
    found = simulate(await opened_by(PolicySet((), policy)), PEOPLE)
    assert [step.at.isoformat() for step in found.steps] == [
        "2026-11-02T09:00:00+00:00",
        "2026-11-02T09:10:00+00:00",
        "2026-11-03T09:00:00+00:00",
    ]
    assert found.approval.zones == ("Europe/Berlin",)
    critical = simulate(await opened_by(PolicySet((), policy), urgency=Urgency.CRITICAL), PEOPLE)
    assert critical.steps[-1].at == at(8 * 3600)


def test_a_walk_is_bounded() -> None:
    """A policy with thousands of reminders is cut off, and says so."""
    many = replace(POLICY, remind=tuple(float(n) for n in range(1, 1000)), escalate=(), expire=None)
    found = simulate(opening(policy=many), PEOPLE)
    assert (len(found.steps), found.cut) == (MOST_STEPS, True)


def _policies() -> Sequence[Policy]:
    step = EscalationStep(after=3600.0, to=("@leads",), replace=True, repeat=Repeat(every=900.0, times=2))
    return (
        POLICY,
        replace(POLICY, hours=HOURS),
        replace(POLICY, escalate=(step, EscalationStep(after=7200.0, to=("@leads",)))),
        replace(POLICY, expire=Expiry(after=5000.0, then=OnExpiry.WAIT), hours=Hours(start=600, end=630)),
        replace(POLICY, expire=Expiry(after=9000.0, then=OnExpiry.FAIL)),
        replace(POLICY, remind=(3600.0,), expire=Expiry(after=7200.0, then=OnExpiry.APPROVE)),
    )


@pytest.mark.parametrize("policy", _policies())
async def test_it_is_what_happens(store: RedisStore, clock: VirtualClock, policy: Policy) -> None:
    """The same policy under the real store, service and performer: the same steps at the same times."""
    clock.now = T0
    zones = ("Europe/Berlin",)
    opened = lifecycle.open_(approval_id("t1", "i1"), draft(), thread(), policy, T0, zones=zones)
    expected = simulate(opened, PEOPLE)
    replica = Replica(store, clock)
    replica.effects.start((await store.commit(opened, perform=replica.effects.kinds)).claims)
    await replica.effects.drain()
    for moment in dict.fromkeys(step.at for step in expected.steps):
        clock.now = moment - timedelta(microseconds=1)
        await replica.sweep()
        clock.now = moment
        await replica.sweep()
    clock.turn(days=400)
    await replica.sweep()
    events = await store.audit(opened.approval.id)
    happened = [(event.at, TOLD[event.type]) for event in events if event.type in TOLD]
    assert sorted(happened) == sorted((step.at, step.kind) for step in expected.steps)
    assert happened[0] == (T0, StepKind.OPENED)
    kept = await store.get(opened.approval.id)
    assert kept is not None
    assert (kept.level, kept.reminders) == (expected.approval.level, expected.approval.reminders)
    assert expected.ended is (kept.status is not Status.PENDING)


def test_what_cannot_be_denied_waits_instead() -> None:
    """A question that takes no "no": the deadline passes, and the walk says why."""
    only = replace(REFUND, allowed=(DecisionType.APPROVE,))
    found = simulate(changed(opening(only)), PEOPLE)
    assert found.steps[-1].kind is StepKind.OVERDUE
    assert "deny" in found.steps[-1].why
