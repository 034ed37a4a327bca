"""Lesson 3: one commit writes the state, the audit and what falls due, or nothing. Effects come after."""

from __future__ import annotations

from datetime import timedelta

from approvals import lifecycle
from approvals.due import DueKind
from approvals.lifecycle import Attempt, Change
from approvals.model import DecisionType, Status
from approvals.ports import CommitStatus
from approvals.store.redis import RedisStore
from tests.conftest import VirtualClock
from tests.fundamentals.parts import POLICY, thread
from tests.fundamentals.test_2_the_decision import ANA, draft, pending

ALL = frozenset(DueKind)


async def test_a_commit_writes_everything_in_one_step(store: RedisStore, clock: VirtualClock) -> None:
    """Record, audit and due list agree, because one script wrote them."""
    approval = pending(clock)
    change = Change(approval, 0, (), ())
    assert (await store.commit(change)).status is CommitStatus.DONE
    decided = lifecycle.decide(approval, Attempt(type=DecisionType.APPROVE, actor=ANA.ref), clock())
    assert isinstance(decided, Change)
    await store.commit(decided)
    kept = await store.get(approval.id)
    assert kept is not None
    assert kept.status is Status.RESOLVED
    assert [event.type for event in await store.audit(approval.id)] == [event.type for event in decided.events]
    assert DueKind.DRIVE in await store.due_at(thread(clock).id)


async def test_of_two_commits_on_one_version_the_first_wins(store: RedisStore, clock: VirtualClock) -> None:
    """The loser writes nothing, loads again, and decides on what is true now."""
    approval = pending(clock)
    await store.commit(Change(approval, 0, (), ()))
    attempts = [Attempt(type=kind, actor=ANA.ref) for kind in (DecisionType.APPROVE, DecisionType.DENY)]
    changes = [lifecycle.decide(approval, attempt, clock()) for attempt in attempts]
    results = [(await store.commit(change)).status for change in changes if isinstance(change, Change)]
    assert results == [CommitStatus.DONE, CommitStatus.CONFLICT]


async def test_work_of_a_process_that_died_is_found_by_another(store: RedisStore, clock: VirtualClock) -> None:
    """Whoever commits holds the effects for a while. If it dies, the hold ends, and a sweep takes them over."""
    opened = lifecycle.open_("A1", draft(), thread(clock), POLICY, clock())
    commit = await store.commit(opened, perform=ALL)
    assert [claim.kind for claim in commit.claims] == [DueKind.NOTIFY]
    assert await store.claim_due(clock(), ALL, 10) == [], "it is ours for now"
    clock.turn(seconds=60)
    assert [claim.kind for claim in await store.claim_due(clock(), ALL, 10)] == [DueKind.NOTIFY]


async def test_time_is_data(store: RedisStore, clock: VirtualClock) -> None:
    """Reminders and expiry are entries in a list with a time. Nothing has to stay awake for them."""
    await store.commit(lifecycle.open_("A1", draft(), thread(clock), POLICY, clock()))
    due = await store.due_at("A1")
    assert due[DueKind.REMIND] - clock() == timedelta(minutes=10)
    assert due[DueKind.EXPIRE] - clock() == timedelta(hours=1)
