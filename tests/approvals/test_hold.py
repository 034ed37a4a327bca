"""Holding a thread: its lease is renewed while the body runs, and whoever loses it stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from approvals.errors import LeaseLost
from approvals.journal import ThreadJournal
from approvals.model import Lease
from approvals.store.keys import Keys
from approvals.store.redis import RedisStore, connect
from tests.approvals.build import Replica
from tests.conftest import VirtualClock

LEASE = Keys().lease("t1")


async def test_a_thread_is_held_by_one(store: RedisStore, clock: VirtualClock) -> None:
    """While one replica holds it another gets `None`; afterwards it is free, also after an error."""
    one, two = Replica(store, clock).journal, Replica(store, clock).journal
    async with one.hold("t1") as lease:
        assert lease is not None
        assert await one.holds(lease)
        async with two.hold("t1") as other:
            assert other is None
    with pytest.raises(ZeroDivisionError):
        async with one.hold("t1"):
            raise ZeroDivisionError
    async with two.hold("t1") as other:
        assert other is not None


class Renewing(RedisStore):
    """The real store, telling of renewals, and hanging where `hang` says so."""

    hang = False
    renewals = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.tenth = asyncio.Event()

    async def renew(self, lease: Lease, ttl: float) -> bool:
        if self.hang:
            await asyncio.Event().wait()
        self.renewals += 1
        if self.renewals == 10:
            self.tenth.set()
        return await super().renew(lease, ttl)


@pytest.fixture
async def renewing(redis_url: str, clock: VirtualClock) -> AsyncIterator[Renewing]:
    opened = Renewing(connect(redis_url), clock=clock)
    yield opened
    await opened.close()


async def test_a_lease_outlives_its_time_while_it_is_held(renewing: Renewing, clock: VirtualClock) -> None:
    """Renewed each quarter of its time: after ten renewals, more than twice its time, it is still ours."""
    journal = Replica(renewing, clock, ttl=2).journal  # a busy machine may stall for half of it
    async with asyncio.timeout(60), journal.hold("t1") as lease:
        assert lease is not None
        await renewing.tenth.wait()
        assert await journal.holds(lease)


async def hold_for_ever(journal: ThreadJournal, held: asyncio.Event, body: Callable[[], Any]) -> None:
    async with journal.hold("t1"):
        held.set()
        await body()


async def test_a_lost_lease_cancels_the_body(store: RedisStore, redis: Any, clock: VirtualClock) -> None:
    """Somebody else has the thread: the body is cancelled, `LeaseLost` is raised, their lease is left alone."""
    journal, held, ended = Replica(store, clock, ttl=0.2).journal, asyncio.Event(), asyncio.Event()

    async def body() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(hold_for_ever(journal, held, body))
    await held.wait()
    await redis.set(LEASE, "999")
    async with asyncio.timeout(30):
        with pytest.raises(LeaseLost):
            await task
    assert ended.is_set()
    assert task.cancelling() == 0
    assert await redis.get(LEASE) == "999"


@pytest.mark.parametrize("swallow", [False, True])
async def test_a_body_cannot_hide_the_loss(store: RedisStore, redis: Any, clock: VirtualClock, swallow: bool) -> None:
    """Whether the body turns its cancellation into an error of its own or into nothing: it is `LeaseLost`."""
    journal, held = Replica(store, clock, ttl=0.2).journal, asyncio.Event()

    async def body() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not swallow:
                raise RuntimeError("the graph was interrupted") from None

    task = asyncio.create_task(hold_for_ever(journal, held, body))
    await held.wait()
    await redis.delete(LEASE)
    async with asyncio.timeout(30):
        with pytest.raises(LeaseLost):
            await task


async def test_a_body_that_misses_its_cancellation_is_cancelled_again(
    store: RedisStore, redis: Any, clock: VirtualClock
) -> None:
    """A client that swallows one cancellation does not keep the body going without its lease."""
    journal, held = Replica(store, clock, ttl=0.2).journal, asyncio.Event()

    async def body() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    task = asyncio.create_task(hold_for_ever(journal, held, body))
    await held.wait()
    await redis.delete(LEASE)
    async with asyncio.timeout(30):
        with pytest.raises(LeaseLost):
            await task
    assert task.cancelling() == 0


async def test_holding_briefly_leaves_nothing_behind(store: RedisStore, clock: VirtualClock) -> None:
    """However the end falls upon a renewal, the holder is not cancelled afterwards and the thread is free."""
    journal = Replica(store, clock).journal
    for turns in range(150):
        async with journal.hold("t1") as lease:
            assert lease is not None, turns
            for _ in range(turns % 30):
                await asyncio.sleep(0)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "lease of t1" and not task.cancelling()]


async def test_a_store_that_hangs_is_a_lost_lease(renewing: Renewing, clock: VirtualClock) -> None:
    """A renewal that gets no answer ends the body before somebody else can have the lease."""
    renewing.hang = True
    journal, held = Replica(renewing, clock, ttl=0.4).journal, asyncio.Event()
    task = asyncio.create_task(hold_for_ever(journal, held, asyncio.Event().wait))
    async with asyncio.timeout(30):
        with pytest.raises(LeaseLost):
            await task


async def test_cancelling_from_outside_is_not_a_lost_lease(store: RedisStore, clock: VirtualClock) -> None:
    """A process that stops cancels the drive: that goes through as it is, and the lease is handed back at once."""
    journal, held = Replica(store, clock).journal, asyncio.Event()
    task = asyncio.create_task(hold_for_ever(journal, held, asyncio.Event().wait))
    await held.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.acquire("t1", 1) is not None
