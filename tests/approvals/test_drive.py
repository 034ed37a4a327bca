"""What is known of a thread while it is driven: read with its lease, kept as long, never older than matters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from approvals import lifecycle
from approvals.due import DueKind
from approvals.errors import LeaseLost
from approvals.events import EventType
from approvals.lifecycle import ThreadChange
from approvals.model import Approval, Lease, Outcome, Status, Thread, ThreadState
from approvals.ports import CommitStatus, Query
from approvals.store.keys import Keys
from approvals.store.redis import RedisStore, connect
from tests.approvals.build import CARD, T0, Replica, at, changed, draft, member, opening, say, thread
from tests.conftest import VirtualClock

DONE = Outcome(finished=True, text="all")


@pytest.fixture
def replica(store: RedisStore, clock: VirtualClock) -> Replica:
    """A replica that performs no effects."""
    return Replica(store, clock, idle=True)


async def new(store: RedisStore, name: str = "t1") -> Thread:
    """A thread that was registered a moment ago."""
    made = thread(name, state=ThreadState.NEW)
    assert (await store.commit(ThreadChange(made, 0, ()))).status is CommitStatus.DONE
    return made


async def now(store: RedisStore, approval: Approval) -> Approval:
    found = await store.get(approval.id)
    assert found is not None
    return found


# -- the store


async def test_a_lease_comes_with_the_thread_and_what_lives(store: RedisStore) -> None:
    """In one step: the thread, and those of its approvals that are not final; whoever only looks gets no lease."""
    made = await new(store)
    one, two = opening(of=made, interrupt="i1"), opening(of=made, interrupt="i2")
    await store.commit(one, two)
    gone = changed(lifecycle.supersede(one.approval, "gone", at(1)))
    await store.commit(gone)
    taken = await store.take("t1", 60)
    assert taken is not None
    assert (taken.thread, taken.live) == (made, (two.approval,))
    assert await store.holds(taken.lease)
    assert await store.take("t1", 60) is None
    assert await store.look("t1") == (made, (two.approval,))
    await store.commit(changed(lifecycle.amend(gone.approval, draft(interrupt="i1", shown="h2"), at(2))))
    assert [a.interrupt.id for a in (await store.look("t1"))[1] or ()] == ["i2", "i1"], "asked again, so live again"


async def test_a_thread_without_a_list_says_so(store: RedisStore, redis_url: str) -> None:
    """Records of a version that kept no list are not mistaken for none, also once more of them are written."""
    made = await new(store)
    client = connect(redis_url)
    await client.hdel(Keys().thread("t1"), "live")
    await client.aclose()
    await client.connection_pool.aclose()
    await store.commit(opening(of=made))
    assert await store.look("t1") == (made, None)
    assert await store.look("nobody") == (None, None)


async def test_such_a_thread_is_read_by_pages(store: RedisStore, replica: Replica, redis_url: str) -> None:
    """What it asked before is found, superseded where it is no longer asked, and completed where it was answered."""
    made = await new(store)
    client = connect(redis_url)
    await client.hdel(Keys().thread("t1"), "live")
    await client.aclose()
    await client.connection_pool.aclose()
    old = opening(of=made, interrupt="old")
    await store.commit(old)
    async with replica.journal.hold("t1") as lease:
        assert lease is not None
        (asked,) = await replica.journal.record(lease, made, [draft(interrupt="i1")])
    assert (await now(store, old.approval)).status is Status.SUPERSEDED
    assert asked.status is Status.PENDING


async def test_several_changes_are_written_or_none(store: RedisStore) -> None:
    """One of them is no longer what it was: the others are not written either, nor their audit, nor their work."""
    made = await new(store)
    one, two = opening(of=made, interrupt="i1"), opening(of=made, interrupt="i2")
    await store.commit(two)
    assert (await store.commit(one, two, perform=frozenset(DueKind))).status is CommitStatus.CONFLICT
    assert await store.get(one.approval.id) is None
    assert (await store.due_at(one.approval.id), len(await store.audit())) == ({}, 1)
    both = await store.commit(one, ThreadChange(thread("t1", version=2), 1, ()))
    assert (both.status, (await store.look("t1"))[1]) == (CommitStatus.DONE, (two.approval, one.approval))


async def test_the_last_write_hands_the_lease_back(store: RedisStore) -> None:
    """In its own step; a write that does not come through keeps the lease."""
    made = await new(store)
    lease = await store.acquire("t1", 60)
    assert lease is not None
    stale = ThreadChange(thread("t1", version=10), 9, ())
    assert (await store.commit(stale, lease=lease, releasing=True)).status is CommitStatus.CONFLICT
    assert await store.holds(lease)
    assert (await store.commit(opening(of=made), lease=lease, releasing=True)).status is CommitStatus.DONE
    after = await store.acquire("t1", 60)
    assert after is not None
    assert (await store.commit(opening(of=made, interrupt="i2"), lease=lease)).status is CommitStatus.FENCED
    assert await store.holds(after)


# -- the journal


async def test_a_new_thread_starts_with_its_first_question(store: RedisStore, replica: Replica) -> None:
    """One step, and the audit tells both; started again is started once."""
    made = await new(store)
    async with replica.journal.hold("t1") as lease:
        assert lease is not None
        await replica.journal.record(lease, made, [draft()])
        started = await replica.journal.started(lease, made)
    assert (started.state, started.version, await store.thread("t1")) == (ThreadState.STARTED, 2, started)
    assert [event.type for event in await store.audit()] == [EventType.STARTED, EventType.OPENED]


async def test_a_decision_during_a_run_is_seen(store: RedisStore, replica: Replica) -> None:
    """Two questions; while the graph runs on the first answer somebody decides the second: it is handed over next."""
    made = await new(store)
    drafts = [draft(interrupt="i1"), draft(interrupt="i2")]
    async with replica.journal.hold("t1") as lease:
        assert lease is not None
        _, second = await replica.journal.record(lease, made, drafts)
        await replica.approvals.decide(second.id, say(), member())
        replica.journal.ran(lease)
        found = await replica.journal.record(lease, made, drafts)
    assert [approval.status for approval in found] == [Status.PENDING, Status.RESOLVED]


async def test_what_is_known_may_be_behind_and_is_written_on_what_is_true(store: RedisStore, replica: Replica) -> None:
    """A card was posted since the drive read the approval: resuming and completing it keep the card."""
    made = await new(store)
    change = opening(of=made)
    await store.commit(change)
    await replica.approvals.decide(change.approval.id, say(), member())
    async with replica.journal.hold("t1") as lease:
        assert lease is not None
        (known,) = await replica.journal.live(lease)
        card = lifecycle.announced(known, [CARD], at(1))
        await store.commit(changed(card))
        (resuming,) = await replica.journal.resuming(lease, [known])
        await store.commit(changed(lifecycle.announced(resuming, [replace(CARD, ts="2")], at(2))))
        await replica.journal.settled(lease, made, frozenset(), DONE, last=True)
    after = await now(store, known)
    assert (after.status, len(after.messages)) == (Status.RESUMED, 2)
    done = await store.thread("t1")
    assert done is not None
    assert done.state is ThreadState.DONE


async def test_a_thread_that_was_given_an_input_meanwhile_is_not_called_done(
    store: RedisStore, replica: Replica
) -> None:
    """The drive ends, but the thread was turned while it ran: what was carried out is told, the new turn stands."""
    started = thread("t1")
    await store.commit(ThreadChange(started, 0, ()))
    change = opening(of=started)
    await store.commit(change)
    await replica.approvals.decide(change.approval.id, say(), member())
    async with replica.journal.hold("t1") as lease:
        assert lease is not None
        await replica.journal.resuming(lease, await replica.journal.live(lease))
        turned = await replica.threads.turn("t1", {"n": 2}, replacing=True)
        with pytest.raises(LeaseLost):
            await replica.journal.settled(lease, started, frozenset(), DONE, last=True)
    assert (await now(store, change.approval)).status is Status.RESUMED
    assert await store.thread("t1") == turned
    assert await store.acquire("t1", 1) is not None, "the lease was not handed back"


async def test_the_lease_is_free_once_the_drive_has_settled(store: RedisStore, replica: Replica) -> None:
    """Somebody else may hold the thread before the first one has left, and leaving does not take it away."""
    made = await new(store)
    async with replica.journal.hold("t1") as lease:
        assert lease is not None
        await replica.journal.settled(lease, made, frozenset(), DONE, last=True)
        other = await store.acquire("t1", 60)
    assert other is not None
    assert await store.holds(other)


async def test_who_holds_nothing_knows_nothing(store: RedisStore, replica: Replica) -> None:
    """What was known under a lease is forgotten with it: the next one reads anew."""
    made = await new(store)
    async with replica.journal.hold("t1") as lease:
        assert lease is not None
        assert await replica.journal.live(lease) == []
    await store.commit(opening(of=made))
    async with replica.journal.hold("t1") as again:
        assert again is not None
        assert again != lease
        assert len(await replica.journal.live(again)) == 1
        assert await replica.journal.thread(again) == made
    assert (await store.page(Query(thread_id="t1"))).total == 1
    assert await replica.journal.thread(Lease("nobody", 1, "x")) is None
    assert made.created_at == T0
