"""The server did what it was asked and the connection broke before it said so: the request is sent again, and whoever
asked is told of what was done, not that somebody was faster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from approvals import lifecycle
from approvals.due import DueKind
from approvals.events import EventType
from approvals.model import Thread
from approvals.ports import CommitStatus, Query
from approvals.service import Done
from approvals.store.redis import RedisStore, connect
from tests.approvals.build import T0, Replica, at, changed, member, opening, say, thread
from tests.conftest import VirtualClock
from tests.door import Door

ALL = frozenset(DueKind)


@pytest.fixture
async def door(redis_url: str) -> AsyncIterator[Door]:
    async with Door(urlsplit(redis_url).port or 0) as opened:
        yield opened


@pytest.fixture
async def far(door: Door, store: RedisStore, clock: VirtualClock) -> AsyncIterator[RedisStore]:
    """A store behind the door, whose scripts the server knows."""
    far = RedisStore(connect(door.url), clock=clock)
    assert await store.acquire("warm", 1) is not None
    await far.claim_due(T0, ALL, 1)
    yield far
    await far.close()


def unheard(door: Door) -> None:
    """The answer of the next request is lost."""
    door.slam(after=0, answered=True, shut=0)


async def test_a_commit_whose_answer_is_lost(door: Door, far: RedisStore, store: RedisStore) -> None:
    """It is written once, and whoever wrote it performs what falls due with it; another's is still a conflict."""
    assert (await far.commit(opening())).status is CommitStatus.DONE
    made = (await store.page(Query())).approvals[0]
    decision = lifecycle.decide(made, say(), at(1))
    unheard(door)
    commit = await far.commit(changed(decision), perform=ALL)
    assert door.slams == 1
    assert commit.status is CommitStatus.DONE
    assert [claim.kind for claim in commit.claims] == [DueKind.DRIVE, DueKind.REFRESH]
    assert [event.type for event in await store.audit()].count(EventType.DECIDED) == 1
    for claim in commit.claims:
        assert await store.settle(claim), "the claims of the commit do not stand"
    assert (await store.commit(changed(decision))).status is CommitStatus.CONFLICT


async def test_the_last_commit_of_a_drive_whose_answer_is_lost(door: Door, far: RedisStore, store: RedisStore) -> None:
    """It handed the lease back, and is not taken for one that was fenced off."""
    lease = await far.acquire("t1", 30)
    unheard(door)
    assert (await far.commit(opening(), lease=lease, releasing=True)).status is CommitStatus.DONE
    assert door.slams == 1
    assert await store.acquire("t1", 30) is not None


async def test_a_lease_whose_answer_is_lost(door: Door, far: RedisStore, store: RedisStore) -> None:
    """It is held by whoever asked, at once, and by nobody else."""
    unheard(door)
    lease = await far.acquire("t1", 30)
    assert door.slams == 1
    assert lease is not None
    assert await far.holds(lease)
    assert await store.acquire("t1", 30) is None


async def test_claims_whose_answer_is_lost(door: Door, far: RedisStore, store: RedisStore) -> None:
    """They are claimed by whoever asked, not left until the hold is over, and not tried before."""
    for name in ("a", "b", "c"):
        await store.schedule(name, DueKind.NOTIFY, T0)
    unheard(door)
    claims = await far.claim_due(at(1), ALL - {DueKind.DRIVE}, 2)
    assert door.slams == 1
    assert [(claim.subject, claim.attempt) for claim in claims] == [("a", 0), ("b", 0)]
    assert [claim.subject for claim in await store.claim_due(at(1), ALL, 10)] == ["c"]
    assert [await far.settle(claim) for claim in claims] == [True, True]


async def test_a_settled_claim_whose_answer_is_lost(door: Door, far: RedisStore, store: RedisStore) -> None:
    """It is settled."""
    await store.schedule("a", DueKind.NOTIFY, T0)
    (claim,) = await far.claim_due(at(1), ALL, 1)
    unheard(door)
    await far.settle(claim)
    assert door.slams == 1
    assert await store.due_at("a") == {}


async def test_a_thread_whose_registration_is_not_answered(door: Door, far: RedisStore, clock: VirtualClock) -> None:
    """It is registered, not taken for somebody else's of that name."""
    replica = Replica(far, clock)
    unheard(door)
    thread = await replica.threads.register("refund", {}, thread_id="mine")
    assert door.slams == 1
    assert isinstance(thread, Thread)
    again = await replica.threads.register("refund", {}, thread_id="mine")
    assert not isinstance(again, Thread)


async def test_a_decision_whose_answer_is_lost(door: Door, far: RedisStore, clock: VirtualClock) -> None:
    """Whoever decided is told that it counts, whichever request of it was not heard: the reading or the writing."""
    for number in range(2):
        replica = Replica(far, clock)
        change = opening(of=thread(f"t{number}"))
        await far.commit(change)
        door.slam(after=number, answered=True, shut=0)
        done = await replica.approvals.decide(change.approval.id, say(), member())
        assert door.slams == number + 1
        assert isinstance(done, Done), done
        await replica.effects.drain()
        assert replica.drives == [f"t{number}"]
