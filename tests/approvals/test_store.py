"""The store on the real server: compare and set, the list of due work, leases, the audit, and that nothing leaks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from approvals import lifecycle
from approvals.due import Claim, Due, DueKind
from approvals.events import Event, EventType
from approvals.lifecycle import Change, ThreadChange
from approvals.model import SYSTEM, Approval, Outcome, Reply, Status, Thread, ThreadState
from approvals.ports import Commit, CommitStatus, Query
from approvals.service import approval_id
from approvals.store.keys import Keys
from approvals.store.redis import RedisStore
from tests.approvals.build import POLICY, T0, at, changed, draft, opening, say, thread, until
from tests.conftest import VirtualClock

ALL = frozenset(DueKind)
NONE = frozenset[DueKind]()
PEOPLE = ALL - {DueKind.DRIVE}
KEYS = Keys()


async def opened(store: RedisStore, interrupt: str = "i1", of: Thread | None = None, now: datetime = T0) -> Approval:
    """A new approval, its work left to whoever sweeps."""
    of = of or thread()
    change = lifecycle.open_(approval_id(of.id, interrupt), draft(interrupt=interrupt), of, POLICY, now)
    assert (await store.commit(change)).status is CommitStatus.DONE
    return change.approval


async def write(store: RedisStore, change: object, **options: Any) -> Approval:
    assert isinstance(change, Change)
    assert (await store.commit(change, **options)).status is CommitStatus.DONE
    return change.approval


def due_change(*due: Due, subject: str = "t1", before: int = 0) -> ThreadChange:
    """A change that is about nothing but due work."""
    return ThreadChange(thread(subject, version=before + 1), before, (), due)


# -- commit


async def test_what_was_written_is_read(store: RedisStore) -> None:
    """State, audit and due work are there after one commit."""
    approval = await opened(store)
    assert await store.get(approval.id) == approval
    assert [event.type for event in await store.audit(approval.id)] == [EventType.OPENED]
    assert set(await store.due_at(approval.id)) == {DueKind.NOTIFY, DueKind.REMIND, DueKind.ESCALATE, DueKind.EXPIRE}
    assert await store.get("A-none") is None
    assert await store.thread("t-none") is None


async def test_creating_twice_is_a_conflict(store: RedisStore) -> None:
    """The second writer of the same approval changes nothing, neither record, audit nor due work."""
    approval = await opened(store)
    due = await store.due_at(approval.id)
    again = lifecycle.open_(approval.id, draft(), thread(), replace(POLICY, name="other"), at(5))
    assert await store.commit(again, perform=ALL) == Commit(CommitStatus.CONFLICT)
    assert await store.get(approval.id) == approval
    assert len(await store.audit(approval.id)) == 1
    assert await store.due_at(approval.id) == due


async def test_the_loser_of_a_race_changes_nothing(store: RedisStore) -> None:
    """Of two changes to the same version the first counts."""
    approval = await opened(store)
    first, second = lifecycle.decide(approval, say(), at(1)), lifecycle.supersede(approval, "gone", at(1))
    await write(store, first)
    assert (await store.commit(changed(second))).status is CommitStatus.CONFLICT
    now = await store.get(approval.id)
    assert now is not None
    assert now.status is Status.RESOLVED
    assert [e.type for e in await store.audit()] == [EventType.OPENED, EventType.DECIDED, EventType.RESOLVED]


async def test_a_commit_is_fenced_by_the_lease(store: RedisStore) -> None:
    """Who no longer holds the thread's lease writes nothing, even for a version that stands."""
    old = await store.acquire("t1", 30)
    assert old is not None
    await store.release(old)
    new = await store.acquire("t1", 30)
    assert new is not None
    assert await store.commit(opening(), lease=old, perform=ALL) == Commit(CommitStatus.FENCED)
    assert await store.audit() == []
    assert (await store.commit(opening(), lease=new)).status is CommitStatus.DONE
    await store.release(new)
    change = lifecycle.decide(opening().approval, say(), at(1))
    assert (await store.commit(changed(change), lease=new)).status is CommitStatus.FENCED


# -- indexes and paging


async def test_indexes_follow_the_status(store: RedisStore) -> None:
    """Pending, unsettled and open threads list what is so now, and forget it when it is over."""
    registered = thread(state=ThreadState.NEW)
    await store.commit(ThreadChange(registered, 0, ()))
    assert [t.id for t in await store.open_threads(0, 10)] == ["t1"]
    approval = await opened(store)

    async def listed() -> tuple[int, int, int]:
        pending = await store.page(Query())
        everything = await store.page(Query(status=None, graph="refund"))
        return len(pending.approvals), len(await store.unsettled(0, 10)), len(everything.approvals)

    assert await listed() == (1, 1, 1)
    approval = await write(store, lifecycle.decide(approval, say(), at(1)))
    assert await listed() == (0, 1, 1)
    approval = await write(store, lifecycle.resume(approval, at(2)))
    approval = await write(store, lifecycle.reask(approval, "no", at(3)))
    assert await listed() == (1, 1, 1)
    await write(store, lifecycle.supersede(approval, "gone", at(4)))
    assert await listed() == (0, 0, 1)
    await store.commit(ThreadChange(replace(registered, version=2, state=ThreadState.DONE), 1, ()))
    assert await store.open_threads(0, 10) == []


async def test_pages(store: RedisStore) -> None:
    """Oldest first or newest first, by graph or thread, with the total of all pages."""
    for number in range(5):
        await opened(store, f"i{number}", now=at(number))
    await opened(store, "i9", of=thread("t2", graph="mail"), now=at(9))
    ids = [approval_id("t1", f"i{number}") for number in range(5)]
    page = await store.page(Query(graph="refund", offset=1, limit=2))
    assert ([a.id for a in page.approvals], page.total, page.offset) == (ids[1:3], 5, 1)
    newest = await store.page(Query(newest_first=True, limit=2))
    assert [a.id for a in newest.approvals] == [approval_id("t2", "i9"), ids[4]]
    assert newest.total == 6
    assert [a.id for a in (await store.page(Query(thread_id="t1", status=None))).approvals] == ids
    assert (await store.page(Query(offset=50))).approvals == ()


async def test_what_was_decided_stands_in_that_order(store: RedisStore) -> None:
    """By when it was decided, not opened; decided anew, it moves to its new place; what waits is not there."""
    for number, second in ((0, 30), (1, 20), (2, 10), (3, None)):
        made = opening(interrupt=f"i{number}")
        decided = None if second is None else at(second)
        await store.commit(replace(made, approval=replace(made.approval, resolved_at=decided)))
    ids = [approval_id("t1", f"i{number}") for number in range(3)]
    asked = Query(status=None, decided=True, newest_first=True)
    assert [a.id for a in (await store.page(asked)).approvals] == ids
    last = await store.get(ids[2])
    assert last is not None
    anew = replace(last, version=last.version + 1, resolved_at=at(40))
    await store.commit(Change(anew, last.version, (), ()))
    page = await store.page(asked)
    assert ([a.id for a in page.approvals], page.total) == ([ids[2], ids[0], ids[1]], 3)


# -- due work


async def test_immediate_work_belongs_to_the_committer(store: RedisStore, clock: VirtualClock) -> None:
    """What the committer performs is due only after the hold; what it does not perform is due at once."""
    commit = await store.commit(opening(), perform=frozenset({DueKind.NOTIFY}))
    assert [(claim.kind, claim.token) for claim in commit.claims] == [(DueKind.NOTIFY, "t1")]
    assert (await store.due_at(opening().approval.id))[DueKind.NOTIFY] == at(30)
    assert await store.claim_due(clock(), ALL, 10) == []
    assert await store.settle(commit.claims[0])
    assert DueKind.NOTIFY not in await store.due_at(opening().approval.id)
    await opened(store, "i2")
    assert [claim.kind for claim in await store.claim_due(clock(), ALL, 10)] == [DueKind.NOTIFY]


async def test_one_of_many_claimers_gets_it(store: RedisStore, clock: VirtualClock) -> None:
    """Thirty replicas at once: each item is claimed once, under a token of its own."""
    for number in range(4):
        await opened(store, f"i{number}")
    found = await asyncio.gather(*(store.claim_due(clock(), ALL, 2) for _ in range(30)))
    claims = [claim for batch in found for claim in batch]
    assert len(claims) == len({claim.member for claim in claims}) == len({claim.token for claim in claims}) == 4
    assert max(len(batch) for batch in found) <= 2


async def test_an_expired_hold_is_claimed_again(store: RedisStore, clock: VirtualClock) -> None:
    """After 30 s without a word the next claimer has it, and the first one's word no longer counts."""
    await opened(store)
    (first,) = await store.claim_due(clock(), ALL, 10)
    clock.turn(seconds=29.999999)
    assert await store.claim_due(clock(), ALL, 10) == []
    clock.turn(seconds=0.000001)
    (second,) = await store.claim_due(clock(), ALL, 10)
    assert second.member == first.member
    assert second.token != first.token
    assert not await store.settle(first)
    assert DueKind.NOTIFY in await store.due_at(first.subject)
    assert await store.settle(second)


async def test_settling_what_was_scheduled_anew_does_nothing(store: RedisStore, clock: VirtualClock) -> None:
    """A later commit set another time for the same work: that time stands."""
    await store.commit(due_change(Due("t1", DueKind.DRIVE, T0)))
    (claim,) = await store.claim_due(clock(), ALL, 10)
    await store.commit(due_change(Due("t1", DueKind.DRIVE, at(70)), before=1))
    assert not await store.settle(claim)
    assert not await store.settle(claim, again=at(500), failed=True)
    assert await store.due_at("t1") == {DueKind.DRIVE: at(70)}


async def test_work_that_was_taken_off_is_not_claimed(store: RedisStore, clock: VirtualClock) -> None:
    """A `Due` without a time removes the item, also while somebody performs it."""
    await store.commit(due_change(Due("t1", DueKind.DRIVE, T0)))
    (claim,) = await store.claim_due(clock(), ALL, 10)
    await store.commit(due_change(Due("t1", DueKind.DRIVE, None), before=1))
    assert not await store.settle(claim, again=at(1))
    clock.turn(days=1)
    assert await store.claim_due(clock(), ALL, 10) == []


async def test_only_the_kinds_that_are_asked_for(store: RedisStore, clock: VirtualClock) -> None:
    """A process that cannot drive leaves drives to others, and its limit counts what it takes."""
    due = [Due(f"t{number}", DueKind.DRIVE, T0) for number in range(5)]
    await store.commit(due_change(*due, Due("A1", DueKind.REFRESH, at(1))))
    clock.turn(seconds=2)
    assert [claim.kind for claim in await store.claim_due(clock(), PEOPLE, 1)] == [DueKind.REFRESH]
    assert len(await store.claim_due(clock(), frozenset({DueKind.DRIVE}), 10)) == 5
    assert await store.claim_due(clock(), NONE, 10) == []


async def test_subjects_may_hold_any_text(store: RedisStore, clock: VirtualClock) -> None:
    """A thread id with separators in it is still one subject."""
    await store.commit(due_change(Due("a|b:{c} %d", DueKind.DRIVE, T0)))
    assert [(c.subject, c.kind) for c in await store.claim_due(clock(), ALL, 10)] == [("a|b:{c} %d", DueKind.DRIVE)]


async def test_failures_are_counted(store: RedisStore, clock: VirtualClock) -> None:
    """Each failed attempt counts, a plain postponement does not, and success or a new schedule forgets."""
    await store.commit(due_change(Due("t1", DueKind.DRIVE, T0)))

    async def claim() -> Claim:
        (found,) = await store.claim_due(clock(), ALL, 10)
        return found

    for attempt in range(3):
        found = await claim()
        assert found.attempt == attempt
        assert await store.settle(found, again=clock(), failed=True)
    found = await claim()
    assert await store.settle(found, again=clock())
    found = await claim()
    assert found.attempt == 3
    await store.commit(due_change(Due("t1", DueKind.DRIVE, T0), before=1))
    assert (await claim()).attempt == 0


async def test_repairs_do_not_move_what_is_scheduled(store: RedisStore) -> None:
    """`schedule` adds what is missing and leaves what is there."""
    await store.schedule("t1", DueKind.DRIVE, at(5))
    await store.schedule("t1", DueKind.DRIVE, at(1))
    assert await store.due_at("t1") == {DueKind.DRIVE: at(5)}


# -- leases


async def test_a_lease_is_held_by_one(store: RedisStore) -> None:
    """Of many who ask at once one gets it; after its release the next, with a greater token."""
    found = [lease for lease in await asyncio.gather(*(store.acquire("t1", 30) for _ in range(20))) if lease]
    assert len(found) == 1
    assert await store.holds(found[0])
    other = await store.acquire("t2", 30)
    assert other is not None
    await store.release(found[0])
    assert not await store.holds(found[0])
    after = await store.acquire("t1", 30)
    assert after is not None
    assert found[0].token < other.token < after.token
    await store.release(found[0])
    assert await store.holds(after), "a late release took somebody else's lease"
    assert not await store.renew(found[0], 30)


async def test_a_lease_is_told_from_another_of_its_number(store: RedisStore, redis: Any) -> None:
    """After a failover that lost both the lease and the counter, the old holder neither holds, renews, writes nor hands
    back what is another's."""
    old = await store.acquire("t1", 30)
    assert old is not None
    await redis.delete(KEYS.lease("t1"))
    await redis.decr(KEYS.fence)
    new = await store.acquire("t1", 30)
    assert new is not None
    assert new.token == old.token
    assert not await store.holds(old)
    assert not await store.renew(old, 30)
    assert (await store.commit(opening(), lease=old)).status is CommitStatus.FENCED
    await store.release(old)
    assert await store.holds(new)
    assert store.guard(old) != store.guard(new)


async def test_a_lease_runs_out_unless_it_is_renewed(store: RedisStore, redis: Any) -> None:
    """A lease ends by the server's clock; renewing sets its whole time again."""
    lease = await store.acquire("t1", 60)
    assert lease is not None
    assert await store.renew(lease, 600)
    assert 60_000 < await redis.pttl(KEYS.lease("t1")) <= 600_000
    assert await store.renew(lease, 0.05)
    await until(lambda: store.holds(lease), False)
    assert not await store.renew(lease, 30)
    assert await store.acquire("t1", 30) is not None


# -- audit


async def test_the_audit_is_in_order_and_by_approval(store: RedisStore) -> None:
    """All events in the order they were written, page by page; the trail of one approval holds only its own."""
    one, two = await opened(store, "i1"), await opened(store, "i2")
    await write(store, lifecycle.escalate(one, at(3600)))
    await write(store, lifecycle.decide(two, say(), at(3602)))
    everything = await store.audit()
    assert [(e.approval_id, e.type) for e in everything] == [
        (one.id, EventType.OPENED),
        (two.id, EventType.OPENED),
        (one.id, EventType.ESCALATED),
        (two.id, EventType.DECIDED),
        (two.id, EventType.RESOLVED),
    ]
    paged: list[Event] = []
    while batch := await store.audit(after=paged[-1].seq if paged else "-", limit=2):
        paged += batch
    assert paged == everything
    trail = await store.audit(two.id)
    assert [e.type for e in trail] == [EventType.OPENED, EventType.DECIDED, EventType.RESOLVED]
    assert await store.audit(two.id, after=trail[0].seq, limit=1) == trail[1:2]
    assert await store.audit("A-none") == []


async def test_thread_events_are_in_the_audit(store: RedisStore) -> None:
    """What happens to a thread is written down like what happens to an approval."""
    event = Event(type=EventType.REGISTERED, at=T0, actor=SYSTEM, thread_id="t1", version=1)
    await store.commit(ThreadChange(thread(), 0, (event,)))
    assert [replace(e, seq="") for e in await store.audit()] == [event]


# -- what is left behind


async def test_nothing_is_left_on_the_list_after_a_life(store: RedisStore, redis: Any, clock: VirtualClock) -> None:
    """After failures, retries and a whole life no due item, claim or count of attempts is left."""
    approval = await opened(store)
    clock.turn(seconds=1)
    (claim,) = await store.claim_due(clock(), ALL, 10)
    await store.settle(claim, again=clock(), failed=True)
    clock.turn(hours=1)
    approval = await write(store, lifecycle.escalate(approval, clock()), perform=PEOPLE)
    decided = lifecycle.with_reply(changed(lifecycle.decide(approval, say(), clock())), Reply("yes"))
    approval = await write(store, decided, perform=ALL)
    approval = await write(store, lifecycle.resume(approval, clock()))
    await write(store, lifecycle.complete(approval, Outcome(finished=True), clock()))
    clock.turn(days=30)
    while claims := await store.claim_due(clock(), ALL, 10):
        for claim in claims:
            await store.settle(claim, again=clock() if claim.attempt == 0 else None, failed=claim.attempt == 0)
    assert [await redis.exists(key) for key in (KEYS.due, KEYS.claims, KEYS.attempts)] == [0, 0, 0]
    assert await store.unsettled(0, 10) == []


async def test_bytes_per_pending_approval(store: RedisStore, redis: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """How much memory a pending approval takes, told and not judged."""
    before = (await redis.info("memory"))["used_memory"]
    for number in range(200):
        await opened(store, f"i{number}", of=thread(f"t{number}"))
    after = (await redis.info("memory"))["used_memory"]
    with capsys.disabled():
        print(f"\nbytes per pending approval: {(after - before) // 200}")
