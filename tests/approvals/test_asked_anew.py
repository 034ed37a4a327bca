"""What is asked again: with which time, how pressing, and why it says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from approvals import lifecycle
from approvals.due import DueKind
from approvals.hours import Hours
from approvals.model import ActorRef, Approval, DecisionType, Resolution, Source, Status
from approvals.opening import Opening
from approvals.policy import Expiry, Match, OnExpiry, Policy, PolicySet, Quorum, Urgency
from approvals.reapplying import Reapply, policy_now
from approvals.revised import Revised
from approvals.service import Done
from approvals.store.codec import APPROVALS
from approvals.store.redis import RedisStore
from tests.approvals.build import (
    ANA,
    BEN,
    POLICY,
    PlainTranslator,
    Replica,
    always,
    at,
    changed,
    draft,
    member,
    moved,
    opening,
    say,
    standing,
    thread,
)
from tests.conftest import VirtualClock

ROOT = ActorRef("root", Source.CLI)
SHORT = replace(POLICY, remind=(), escalate=(), undo=60.0, expire=Expiry(after=100.0))
OFFICE = replace(POLICY, hours=Hours(start=540, end=600, zone="UTC"), expire=Expiry(after=5400.0))
"""From nine to ten, Monday to Friday; `T0` is a Monday at nine."""


def pressing(urgency: Urgency, policy: Policy = OFFICE) -> Approval:
    """A question of that urgency, as the graph said."""
    change = lifecycle.open_("A1", replace(draft(), urgency=urgency), thread(), policy, at(0), zones=("UTC",))
    return change.approval


async def test_what_is_taken_back_after_its_deadline_gets_all_of_its_time(
    store: RedisStore, clock: VirtualClock
) -> None:
    """Else the next look at it would expire it, before anybody could decide anew."""
    replica = Replica(store, clock)
    opened = await replica.open(policy=SHORT)
    clock.turn(seconds=90)
    assert isinstance(await replica.approvals.decide(opened.id, say(), member()), Done)
    clock.turn(seconds=30)
    done = await replica.approvals.undo(opened.id, member())
    assert isinstance(done, Done)
    assert done.approval.expires_at == clock() + timedelta(seconds=100)
    await replica.sweep()
    clock.turn(seconds=99)
    await replica.sweep()
    found = await store.get(opened.id)
    assert found is not None
    assert found.status is Status.PENDING
    clock.turn(seconds=1)
    await replica.sweep()
    found = await store.get(opened.id)
    assert found is not None
    assert found.resolution is Resolution.EXPIRED


def test_what_is_overdue_stays_so_when_a_decision_is_taken_back() -> None:
    """Its time was over, and everybody was told so."""
    wait = replace(SHORT, expire=Expiry(after=100.0, then=OnExpiry.WAIT))
    late = moved(lifecycle.expire(opening(policy=wait).approval, at(100)))
    done = moved(lifecycle.decide(late, say(), at(110)))
    assert moved(lifecycle.undo(done, ANA, at(120))).expires_at is None


def test_what_becomes_critical_has_its_deadline_by_the_clock_on_the_wall() -> None:
    """A change of the urgency moves reminders and steps, and the deadline with them; and back again."""
    normal = pressing(Urgency.NORMAL)
    assert normal.expires_at == at(86400 + 1800)
    change = changed(lifecycle.amend(normal, replace(draft(shown="h2"), urgency=Urgency.CRITICAL), at(60)))
    assert change.approval.expires_at == at(5400)
    assert {item.kind: item.at for item in change.due}[DueKind.EXPIRE] == at(5400)
    back = moved(lifecycle.amend(change.approval, draft(shown="h3"), at(120)))
    assert back.expires_at == at(86400 + 1800)
    assert moved(lifecycle.amend(normal, replace(draft(shown="h2"), urgency=Urgency.HIGH), at(60))).expires_at == (
        normal.expires_at
    )


def test_what_becomes_critical_too_late_gets_all_of_its_time() -> None:
    """By the clock on the wall its time would be over already."""
    critical = replace(draft(shown="h2"), urgency=Urgency.CRITICAL)
    assert moved(lifecycle.amend(pressing(Urgency.NORMAL), critical, at(7000))).expires_at == at(7000 + 5400)


async def test_another_policy_does_not_inherit_an_urgency(store: RedisStore, clock: VirtualClock) -> None:
    """What a policy said of it is gone with the policy: what the graph said counts again, and is what is matched."""
    loud = replace(POLICY, urgency=Urgency.CRITICAL)
    rules = PolicySet((replace(POLICY, name="night", match=Match(urgency=(Urgency.CRITICAL,))),), POLICY)
    opened = pressing(Urgency.LOW, loud)
    assert (opened.urgency, opened.stated) == (Urgency.CRITICAL, Urgency.LOW)
    assert policy_now(opened, rules) == POLICY
    await store.commit(lifecycle.open_("A1", replace(draft(), urgency=Urgency.LOW), thread(), loud, at(0)))
    replica = Replica(store, clock, idle=True)
    found = Opening(always(POLICY), PlainTranslator(), clock=clock)
    done = await Reapply(replica.approvals, always(POLICY), found, clock=clock).one("A1", ROOT)
    assert isinstance(done, Done)
    assert (done.approval.urgency, done.approval.stated) == (Urgency.LOW, None)
    again = moved(lifecycle.reapply(done.approval, loud, ROOT, at(9)))
    assert (again.urgency, again.stated) == (Urgency.CRITICAL, Urgency.LOW)


def test_a_record_says_nothing_more_where_a_policy_says_nothing_of_urgency() -> None:
    """Most records need not keep it, and those from before have it not."""
    for approval in (pressing(Urgency.HIGH), pressing(Urgency.HIGH, replace(POLICY, urgency=Urgency.HIGH))):
        assert (approval.urgency, approval.stated) == (Urgency.HIGH, None)
        assert "stated" not in APPROVALS.dump(approval)


def test_each_revision_says_why() -> None:
    """The graph asked something else, or refused the answer; an edit, a decision taken back, another policy."""
    two = opening(policy=replace(POLICY, undo=60.0, quorum=Quorum(approve=2))).approval
    assert two.revised is None
    edited = moved(lifecycle.decide(two, say(DecisionType.EDIT, args={"cents": 1}), at(1)))
    done = moved(lifecycle.decide(edited, say(actor=BEN), at(2)))
    reasons = [
        edited,
        moved(lifecycle.undo(done, ANA, at(3))),
        moved(lifecycle.reapply(edited, POLICY, ROOT, at(3))),
        moved(lifecycle.amend(edited, draft(shown="h2"), at(3))),
        moved(lifecycle.reask(standing(Status.RESUMING), "no", at(3))),
    ]
    assert [one.revised for one in reasons] == [
        Revised.EDIT,
        Revised.UNDO,
        Revised.POLICY,
        Revised.QUESTION,
        Revised.ANSWER,
    ]


def test_another_policy_does_not_inherit_what_went_wrong_under_the_last() -> None:
    """A deadline that could not be answered is no answer that the agent refused."""
    wait = replace(POLICY, expire=Expiry(after=100.0))
    late = moved(lifecycle.overdue(opening(policy=wait).approval, "it cannot be answered so", at(100)))
    assert late.error
    assert moved(lifecycle.reapply(late, POLICY, ROOT, at(200))).error is None
