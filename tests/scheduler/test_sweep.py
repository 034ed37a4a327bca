"""The sweep takes what is due and hands it on; the reconcile finds what should have been due."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from approvals import lifecycle
from approvals.due import DueKind
from approvals.effects import Effects
from approvals.events import Event, EventType
from approvals.lifecycle import ThreadChange
from approvals.model import SYSTEM, Approval, Thread, ThreadState
from approvals.store.redis import RedisStore, connect
from scheduler.reconcile import Reconcile
from scheduler.sweep import Sweep
from scheduler.ticker import Ticker, Turn
from tests.conftest import VirtualClock
from tests.fundamentals.parts import POLICY, thread
from tests.fundamentals.test_2_the_decision import draft


class Recorder:
    """Performs by writing down what it was asked, and can be held up."""

    def __init__(self) -> None:
        self.done: list[tuple[DueKind, str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.happened = asyncio.Event()

    def of(self, kind: DueKind) -> Callable[[str], Awaitable[datetime | None]]:
        async def perform(subject: str) -> None:
            await self.gate.wait()
            self.done.append((kind, subject))
            self.happened.set()

        return perform


def effects(store: RedisStore, clock: VirtualClock, recorder: Recorder, **size: int) -> Effects:
    made = Effects(store, clock=clock, rng=random.Random(1), **size)
    made.use({kind: recorder.of(kind) for kind in DueKind})
    return made


async def opened(store: RedisStore, clock: VirtualClock, approval_id: str = "A1") -> Approval:
    change = lifecycle.open_(approval_id, draft(), thread(clock), POLICY, clock())
    await store.commit(change)
    return change.approval


async def test_each_due_item_is_performed_at_its_time_and_once(store: RedisStore, clock: VirtualClock) -> None:
    """Nothing before its time; at its time once, however often the crank is turned."""
    recorder = Recorder()
    running = effects(store, clock, recorder)
    sweep = Sweep(store, running, clock=clock)
    await opened(store, clock)
    for minutes, expected in ((0, [DueKind.NOTIFY]), (9, []), (1, [DueKind.REMIND]), (50, [DueKind.EXPIRE])):
        clock.turn(minutes=minutes)
        recorder.done.clear()
        for _ in range(3):
            await sweep.once()
            await running.drain()
        assert recorder.done == [(kind, "A1") for kind in expected]


async def test_two_replicas_share_the_work(redis_url: str, store: RedisStore, clock: VirtualClock) -> None:
    """However they interleave, each item is performed by one of them."""
    other = RedisStore(connect(redis_url), clock=clock)
    recorder = Recorder()
    pair = [effects(store, clock, recorder), effects(other, clock, recorder)]
    sweeps = [Sweep(one, two, clock=clock) for one, two in zip((store, other), pair, strict=True)]
    for number in range(40):
        await opened(store, clock, f"A{number}")
    for _ in range(5):
        await asyncio.gather(*(sweep.once() for sweep in sweeps))
        await asyncio.gather(*(one.drain() for one in pair))
    assert sorted(recorder.done) == sorted((DueKind.NOTIFY, f"A{number}") for number in range(40))
    await other.close()


async def test_a_busy_process_claims_no_more_than_it_has_room_for(store: RedisStore, clock: VirtualClock) -> None:
    """The rest is left to other replicas, instead of being held by one that cannot come to it."""
    recorder = Recorder()
    recorder.gate.clear()
    running = effects(store, clock, recorder, others=2)
    sweep = Sweep(store, running, clock=clock)
    for number in range(10):
        await opened(store, clock, f"A{number}")
    assert await sweep.once() == 4
    assert await sweep.once() == 0
    recorder.gate.set()
    await running.drain()


async def test_long_graphs_do_not_hold_up_reminders(store: RedisStore, clock: VirtualClock) -> None:
    """Drives and everything else have slots of their own."""
    recorder, stuck = Recorder(), Recorder()
    stuck.gate.clear()
    running = Effects(store, clock=clock, rng=random.Random(1), drives=1)
    running.use({DueKind.DRIVE: stuck.of(DueKind.DRIVE), DueKind.NOTIFY: recorder.of(DueKind.NOTIFY)})
    for number in range(3):
        await store.schedule(f"t{number}", DueKind.DRIVE, clock())
    sweep = Sweep(store, running, clock=clock)
    await sweep.once()
    await opened(store, clock)
    await sweep.once()
    async with asyncio.timeout(30):
        await recorder.happened.wait()
    stuck.gate.set()
    await running.drain()


async def test_reconcile_finds_nothing_where_every_commit_brought_its_work(
    store: RedisStore, clock: VirtualClock
) -> None:
    """It is a safety net, not a part of the machine."""
    await opened(store, clock)
    assert await Reconcile(store, clock=clock).once() == 0


@pytest.mark.parametrize("lost", [DueKind.NOTIFY, DueKind.REMIND, DueKind.EXPIRE])
async def test_reconcile_puts_back_what_is_missing(store: RedisStore, clock: VirtualClock, lost: DueKind) -> None:
    """An open approval without its announcement, its reminder or its expiry gets it again, at its own time."""
    approval = await opened(store, clock)
    before = (await store.due_at(approval.id))[lost]
    (claim,) = [c for c in await store.claim_due(clock.turn(days=1), frozenset({lost}), 10) if c.kind is lost]
    await store.settle(claim)
    clock.turn(days=-1)
    assert await Reconcile(store, clock=clock).once() == 1
    assert (await store.due_at(approval.id))[lost] == before


async def test_reconcile_drives_a_thread_that_everybody_forgot(store: RedisStore, clock: VirtualClock) -> None:
    """A registered thread without an approval and without due work is driven again; one that is done is not."""
    for name, state in (("t-open", ThreadState.STARTED), ("t-done", ThreadState.DONE)):
        record = Thread(id=name, graph="refund", input=None, created_at=clock(), state=state)
        event = Event(type=EventType.REGISTERED, at=clock(), actor=SYSTEM, thread_id=name, version=1)
        await store.commit(ThreadChange(record, 0, (event,)))
    assert await Reconcile(store, clock=clock).once() == 1
    assert DueKind.DRIVE in await store.due_at("t-open")
    assert await store.due_at("t-done") == {}


async def test_reconcile_walks_everything_a_page_at_a_time(store: RedisStore, clock: VirtualClock) -> None:
    """However many are open, a pass reads one page, and the passes together read them all."""
    for number in range(7):
        await opened(store, clock, f"A{number}")
    clock.turn(days=1)
    while claims := await store.claim_due(clock(), frozenset(DueKind), 100):
        for claim in claims:
            await store.settle(claim)
    clock.turn(days=-1)
    reconcile = Reconcile(store, clock=clock, page=3)
    assert [await reconcile.once() for _ in range(4)] == [9, 9, 3, 0], "notify, remind and expire of each"


async def test_the_ticker_turns_by_itself_survives_a_failing_turn_and_stops(
    store: RedisStore, clock: VirtualClock
) -> None:
    """One error is one lost turn."""

    class Failing(Reconcile):
        async def once(self) -> int:
            raise ConnectionError("the store is away")

    recorder = Recorder()
    running = effects(store, clock, recorder)
    ticker = Ticker(Sweep(store, running, clock=clock), Failing(store, clock=clock), tick=0.02, reconcile_every=0.02)
    await ticker.start()
    await opened(store, clock)
    async with asyncio.timeout(30):
        await recorder.happened.wait()
    await ticker.stop()
    await running.drain()
    await opened(store, clock, "A2")
    assert recorder.done == [(DueKind.NOTIFY, "A1")]


async def test_what_is_turned_seldom_waits_for_the_scheduler(store: RedisStore, clock: VirtualClock) -> None:
    """Not at the start, not by `turn`; first after its own time."""
    happened = asyncio.Event()
    time = asyncio.get_running_loop().time
    turned: list[float] = []

    async def once() -> int:
        turned.append(time())
        happened.set()
        return 1

    running = effects(store, clock, Recorder())
    sweep, reconcile = Sweep(store, running, clock=clock), Reconcile(store, clock=clock)
    ticker = Ticker(sweep, reconcile, tick=60.0, seldom=[Turn("seldom", once, 86400.0, first=0.5)])
    began = time()
    await ticker.start()
    await ticker.turn()
    async with asyncio.timeout(30):
        await happened.wait()
    await ticker.stop()
    assert turned[0] - began > 0.4
