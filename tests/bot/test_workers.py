"""The threads of nodes: what hangs takes nobody's place, and looking up a name waits for none of them."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import pytest

from approvals.metering import Metering, Running
from bot import checks
from bot.loop_watch import BUSY, LoopWatch, Seen, look
from bot.workers import MANY, SWITCH, Workers


@contextmanager
def held(workers: Workers) -> Iterator[threading.Event]:
    """Lets everything go in the end, and waits for it."""
    go = threading.Event()
    try:
        yield go
    finally:
        go.set()
        workers.shutdown()


def left(workers: Workers, go: threading.Event, *, graph: str = "g", nodes: int = 1) -> list[Future[bool]]:
    """A run that ends while its nodes still run."""
    begun = threading.Semaphore(0)

    def node() -> bool:
        begun.release()
        return go.wait(30)

    metering = Metering()
    metering.add(workers)
    with metering.around(Running("t1", graph)):
        futures = [workers.submit(node) for _ in range(nodes)]
        for _ in futures:
            assert begun.acquire(timeout=10)
    return futures


def test_what_hangs_takes_nobodys_place() -> None:
    """Twice as many as there is room for, and still there is room for two; what waited for a thread gets one."""
    workers = Workers(2)
    with held(workers) as go:
        for _ in range(2):
            left(workers, go, nodes=2)
        assert (workers.hung, workers.at_work) == (4, 0)
        both = threading.Barrier(2)
        assert [future.result(10) >= 0 for future in [workers.submit(both.wait, 10) for _ in range(2)]] == [True, True]


def test_what_waits_begins_when_others_are_given_up() -> None:
    """It was handed in while every thread was taken, and nothing comes after it."""
    workers = Workers(1)
    with held(workers) as go:
        metering = Metering()
        metering.add(workers)
        begun = threading.Event()
        with metering.around(Running("t1", "g")):
            workers.submit(lambda: begun.set() or go.wait(30))
            assert begun.wait(10)
            later = workers.submit(int)
        assert later.result(10) == 0


def test_growth_ends() -> None:
    """Beyond the most that may hang, they take the place of others: threads do not become more without end."""
    workers = Workers(2, most=3)
    with held(workers) as go:
        for _ in range(4):
            left(workers, go)
        assert len(workers._threads) <= 5
        assert workers.hung == 4


def test_a_node_that_ends_with_its_run_does_not_hang() -> None:
    """Nor one of another run, nor one that ends later."""
    workers = Workers(2)
    with held(workers) as go:
        other = workers.submit(go.wait, 30)
        metering = Metering()
        metering.add(workers)
        with metering.around(Running("t1", "g")):
            assert workers.submit(int).result(10) == 0
        assert workers.hung == 0
        (late,) = left(workers, go)
        assert workers.hung == 1
        go.set()
        assert late.result(10)
        assert other.result(10)
    assert (workers.hung, workers.at_work) == (0, 0)


@pytest.mark.parametrize(("number", "why"), [(MANY - 1, ""), (MANY, f"{MANY} nodes hang")])
async def test_many_that_hang_make_a_replica_unwell(number: int, why: str) -> None:
    """A few do not."""
    workers = Workers(1)
    with held(workers) as go:
        for _ in range(number):
            left(workers, go)
        assert (await checks.few_hang(workers)()).startswith(why)
        assert bool(await checks.few_hang(workers)()) is bool(why)


async def test_a_name_is_looked_up_beside_them() -> None:
    """Every thread is taken, and a host is found all the same."""
    workers = Workers.here(1)
    assert Workers.here() is workers
    go = threading.Event()
    try:
        for _ in range(3):
            asyncio.get_running_loop().run_in_executor(None, go.wait, 30)
        found = await asyncio.wait_for(asyncio.get_running_loop().getaddrinfo("localhost", 80), 10)
        assert found
        assert workers.at_work == 3
    finally:
        go.set()


async def test_threads_hand_over_soon() -> None:
    """And a shorter time that somebody set is left."""
    before = sys.getswitchinterval()
    try:
        sys.setswitchinterval(0.005)
        Workers.here()
        assert sys.getswitchinterval() == pytest.approx(SWITCH)
    finally:
        sys.setswitchinterval(before)


async def test_the_watch_ends_when_it_is_stopped() -> None:
    """Its thread is gone, and it has told that the loop turned."""
    told: asyncio.Queue[tuple[float, float]] = asyncio.Queue()
    watch = LoopWatch(turned=lambda *what: told.put_nowait(what), stalled=lambda: None)
    watch.start()
    late, _ = await asyncio.wait_for(told.get(), 10)
    assert late >= 0
    watch.stop()
    assert "loop watch" not in {thread.name for thread in threading.enumerate()}


async def test_the_watch_tells_threads_that_compute_from_those_that_wait() -> None:
    """By the processor's time that they take."""
    told: asyncio.Queue[float] = asyncio.Queue()
    watch = LoopWatch(turned=lambda late, share: told.put_nowait(share), stalled=lambda: None)
    stop = threading.Event()

    def compute() -> None:
        while not stop.is_set():
            pass

    watch.start()
    try:
        waiting = asyncio.create_task(asyncio.to_thread(stop.wait, 30))
        assert await asyncio.wait_for(told.get(), 10) < BUSY
        computing = [asyncio.create_task(asyncio.to_thread(compute)) for _ in range(2)]
        async with asyncio.timeout(20):
            while await told.get() < BUSY / 2:  # two of them, on a machine that may be busy otherwise
                pass
    finally:
        stop.set()
        watch.stop()
    await asyncio.gather(waiting, *computing)


def test_a_thread_without_a_loop_is_seen_to_do_nothing() -> None:
    """No graph is named for what is no work of a loop."""
    assert look(threading.get_ident()) == Seen()
    assert look(0) == Seen()


async def test_the_loop_is_seen_at_work() -> None:
    """The place is that of the innermost code which belongs to no library."""
    seen = look(threading.get_ident())
    assert "loop_watch.py:" in seen.where
    assert seen.run is None
