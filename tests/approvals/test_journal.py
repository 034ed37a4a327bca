"""What a driver writes down, under the thread's fenced lease, on the real store."""

from __future__ import annotations

import pytest

from approvals import lifecycle
from approvals.errors import LeaseLost
from approvals.events import EventType
from approvals.journal import ThreadJournal
from approvals.lifecycle import ThreadChange
from approvals.model import Approval, Lease, Outcome, Status, Thread, ThreadState
from approvals.ports import Driven, Query
from approvals.store.redis import RedisStore
from tests.approvals.build import MAIL, POLICY, REFUND, Replica, at, draft, member, say, thread
from tests.conftest import VirtualClock


@pytest.fixture
def replica(store: RedisStore, clock: VirtualClock) -> Replica:
    """A replica that performs no effects: here only what is written counts."""
    return Replica(store, clock, idle=True)


@pytest.fixture
async def journal(replica: Replica) -> ThreadJournal:
    """The journal, with the thread `t1` registered and started."""
    await replica.store.commit(ThreadChange(thread(), 0, ()))
    return replica.journal


@pytest.fixture
async def lease(journal: ThreadJournal, store: RedisStore) -> Lease:
    found = await store.acquire("t1", 60)
    assert found is not None
    return found


async def known(store: RedisStore) -> Thread:
    found = await store.thread("t1")
    assert found is not None
    return found


async def statuses(store: RedisStore) -> list[Status]:
    return [approval.status for approval in (await store.page(Query(status=None))).approvals]


async def test_who_lost_the_lease_writes_nothing(journal: ThreadJournal, store: RedisStore, lease: Lease) -> None:
    """Every write raises `LeaseLost` and leaves records and audit as they were."""
    (approval,) = await journal.record(lease, thread(), [draft()])
    await store.release(lease)
    assert await store.acquire("t1", 60) is not None
    audit = await store.audit()
    now = await known(store)
    for write in (
        journal.record(lease, now, [draft(), draft(interrupt="i2")]),
        journal.record(lease, now, []),
        journal.record(lease, now, [draft(shown="h2")]),
        journal.settled(lease, now, frozenset(), Outcome(finished=True)),
        journal.stumbled(lease, now, "boom"),
        journal.lost(lease, now, "gone"),
    ):
        with pytest.raises(LeaseLost):
            await write
    assert await store.audit() == audit
    assert await store.get(approval.id) == approval
    assert await known(store) == now


async def test_recording_is_idempotent(journal: ThreadJournal, store: RedisStore, lease: Lease) -> None:
    """Each question is opened once, under the policy that was chosen; recording it again changes nothing."""
    drafts = [draft(interrupt="i1"), draft(MAIL, interrupt="i2")]
    first = await journal.record(lease, thread(), drafts)
    assert [(a.status, a.policy, a.actions) for a in first] == [
        (Status.PENDING, POLICY, (REFUND,)),
        (Status.PENDING, POLICY, (MAIL,)),
    ]
    audit = await store.audit()
    assert await journal.record(lease, thread(), drafts) == first
    assert await store.audit() == audit


async def test_a_changed_question_is_amended(journal: ThreadJournal, lease: Lease) -> None:
    """Another payload under the same id: a new revision, nothing that was said counts."""
    await journal.record(lease, thread(), [draft(shown="h1")])
    (after,) = await journal.record(lease, thread(), [draft(MAIL, shown="h2")])
    assert (after.revision, after.actions, after.status) == (2, (MAIL,), Status.PENDING)


async def test_what_is_no_longer_asked_is_superseded(journal: ThreadJournal, store: RedisStore, lease: Lease) -> None:
    """Pending or resolved, its question is gone; what is being resumed is not touched."""
    await journal.record(lease, thread(), [draft(interrupt=f"i{n}") for n in range(3)])
    approvals = (await store.page(Query())).approvals
    by_interrupt = {approval.interrupt.id: approval for approval in approvals}
    replica = Replica(store, lambda: at(1), idle=True)
    for name in ("i1", "i2"):
        await replica.approvals.decide(by_interrupt[name].id, say(), member())
    resolved = await store.get(by_interrupt["i2"].id)
    assert resolved is not None
    await journal.resuming(lease, [resolved])
    left = await journal.record(lease, thread(), [])
    assert [(a.interrupt.id, a.status) for a in left] == [("i2", Status.RESUMING)]
    gone = [await store.get(by_interrupt[name].id) for name in ("i0", "i1")]
    assert [approval and approval.status for approval in gone] == [Status.SUPERSEDED, Status.SUPERSEDED]


async def resuming(replica: Replica, lease: Lease, *interrupts: str) -> list[Approval]:
    """Approvals whose answers are being handed to the graph."""
    opened = await replica.journal.record(lease, thread(), [draft(interrupt=name) for name in interrupts])
    for approval in opened:
        await replica.approvals.decide(approval.id, say(), member())
    found = [await replica.store.get(approval.id) for approval in opened]
    return list(await replica.journal.resuming(lease, [approval for approval in found if approval is not None]))


async def test_resuming_twice_is_once(replica: Replica, journal: ThreadJournal, lease: Lease) -> None:
    """Written before the graph is given the answer; those already resuming stay as they are."""
    first = await resuming(replica, lease, "i1")
    assert [a.status for a in first] == [Status.RESUMING]
    assert await journal.resuming(lease, first) == first


async def test_settled_completes_what_is_no_longer_asked(
    replica: Replica, journal: ThreadJournal, store: RedisStore, lease: Lease
) -> None:
    """Of two that were resumed, the one that the graph still asks stays resuming; the thread is not done."""
    done, still = await resuming(replica, lease, "i1", "i2")
    await journal.settled(lease, thread(), frozenset({"i2"}), Outcome(finished=False, text="half"))
    after = [await store.get(done.id), await store.get(still.id)]
    assert [a and a.status for a in after] == [Status.RESUMED, Status.RESUMING]
    assert (await known(store)).state is ThreadState.STARTED
    await journal.settled(lease, thread(), frozenset(), Outcome(finished=True, text="all"))
    assert await statuses(store) == [Status.RESUMED, Status.RESUMED]
    assert ((await known(store)).state, (await known(store)).outcome) == (
        ThreadState.DONE,
        Outcome(finished=True, text="all"),
    )
    await journal.settled(lease, thread(), frozenset(), Outcome(finished=True, text="all"))
    assert [e.type for e in await store.audit()].count(EventType.FINISHED) == 1


async def test_a_refused_value_is_asked_again(
    replica: Replica, journal: ThreadJournal, store: RedisStore, lease: Lease
) -> None:
    """The graph kept its question: pending again, saying what was wrong."""
    (approval,) = await resuming(replica, lease, "i1")
    await journal.reask(lease, approval, "cents must be a number")
    after = await store.get(approval.id)
    assert after is not None
    assert (after.status, after.error, after.revision) == (Status.PENDING, "cents must be a number", 2)


async def test_stumbling_five_times_gives_up(
    replica: Replica, journal: ThreadJournal, store: RedisStore, lease: Lease
) -> None:
    """Four times it is tried again, then thread and approval fail with the last error."""
    (approval,) = await resuming(replica, lease, "i1")
    assert [await journal.stumbled(lease, thread(), f"boom {n}") for n in range(4)] == [Driven.RETRY] * 4
    assert await statuses(store) == [Status.RESUMING]
    assert await journal.stumbled(lease, thread(), "boom 4") is Driven.SETTLED
    after = await store.get(approval.id)
    assert after is not None
    assert (after.status, after.attempts, after.error) == (Status.FAILED, 5, "boom 4")
    now = await known(store)
    assert (now.state, now.attempts, now.error) == (ThreadState.FAILED, 5, "boom 4")


async def test_going_well_forgets_the_stumbles(journal: ThreadJournal, store: RedisStore, lease: Lease) -> None:
    """After a drive that settled, the next failure counts from one."""
    await journal.stumbled(lease, thread(), "boom")
    await journal.settled(lease, thread(), frozenset(), Outcome(finished=False))
    assert ((await known(store)).attempts, (await known(store)).error) == (0, None)


async def test_a_lost_thread_supersedes_its_questions(
    replica: Replica, journal: ThreadJournal, store: RedisStore, lease: Lease
) -> None:
    """What was asked is gone; what was being answered has failed; nothing is run."""
    await resuming(replica, lease, "i1")
    await journal.record(lease, thread(), [draft(interrupt="i2")])
    await journal.lost(lease, thread(), "the checkpointer does not know it")
    by_interrupt = {a.interrupt.id: a.status for a in (await store.page(Query(status=None))).approvals}
    assert by_interrupt == {"i1": Status.FAILED, "i2": Status.SUPERSEDED}
    assert (await known(store)).state is ThreadState.LOST


async def test_a_thread_starts_once(journal: ThreadJournal, store: RedisStore, lease: Lease) -> None:
    """New becomes started; any other state is returned as it is."""
    new = thread("t2", state=ThreadState.NEW)
    await store.commit(ThreadChange(new, 0, ()))
    other = await store.acquire("t2", 60)
    assert other is not None
    started = await journal.started(other, new)
    assert (started.state, started.version) == (ThreadState.STARTED, 2)
    assert await journal.started(other, started) == started
    assert await store.thread("t2") == started


async def test_a_vote_in_between_is_not_lost(
    replica: Replica, journal: ThreadJournal, store: RedisStore, lease: Lease
) -> None:
    """The driver holds an old copy while somebody decides: it writes on what is true now."""
    (stale,) = await journal.record(lease, thread(), [draft()])
    await replica.approvals.decide(stale.id, say(), member())
    (now,) = await journal.resuming(lease, [stale])
    assert (now.status, now.reply) == (Status.RESUMING, (await store.get(stale.id) or stale).reply)
    assert [e.type for e in await store.audit(stale.id)] == [
        EventType.OPENED,
        EventType.DECIDED,
        EventType.RESOLVED,
        EventType.RESUMING,
    ]


def test_the_rules_that_the_journal_relies_on() -> None:
    """Resuming cannot be superseded: an answer that may have been taken is never called off."""
    assert lifecycle.Input.SUPERSEDE not in lifecycle.ALLOWED[Status.RESUMING]
