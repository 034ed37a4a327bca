"""With very many pending: the sweep, the list, and `/approvals`."""

from __future__ import annotations

import asyncio
import itertools
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from approvals.due import Claim, DueKind
from approvals.model import Action, Approval, InterruptRef
from approvals.policy import Policy
from approvals.ports import Query
from approvals.store.codec import APPROVALS
from approvals.store.keys import Keys
from approvals.store.redis import RedisStore, connect
from bench.asking import listed
from bench.house import empty, middle
from bench.jobs import DUE, JOBS, NOW, against_jobs
from bot.listeners.finding import PAGE_SIZE

SMALL, LARGE, TIMES = 1_000, 1_000_000, 9
AT_ONCE = 16
"""What `approvals.effects` does at once."""
KINDS = frozenset({DueKind.REMIND})
PAGE, READ = 20, 400
"""Records of a page, and how many at most are looked through for one: these are there, in full."""


async def _fill(redis: Any, number: int) -> None:
    """`number` pending in the indexes and on the due list, far in the future. Only what is read here is written: of the
    records those of the first pages."""
    await _records(redis)
    keys, future = Keys(), int((NOW + timedelta(days=9)).timestamp() * 1e6)
    for start in range(0, number, 5_000):
        ids = [f"A{at:015d}" for at in range(start, min(start + 5_000, number))]
        pipe = redis.pipeline(transaction=False)
        pipe.zadd(keys.due, {f"{one}|remind": future + at for at, one in enumerate(ids)})
        for name in ("pending", "all"):
            pipe.zadd(keys.index(name), {one: start + at for at, one in enumerate(ids)})
        await pipe.execute()


async def _records(redis: Any) -> None:
    pipe = redis.pipeline(transaction=False)
    for at in range(READ):
        order = {"order": str(at), "amount": 340.0, "customer": "8821", "note": "The parcel arrived broken."}
        record = Approval(
            id=f"A{at:015d}",
            thread_id=f"t-{at}",
            graph="payer",
            interrupt=InterruptRef(id=f"{at:032x}", task_id="", node="pay", checkpoint_id="", payload_hash=""),
            dialect="action",
            title=f"Pay: order {at}, amount 340",
            actions=(Action("pay", order),),
            policy=Policy(name="default", channel="#approvals"),
            opened_at=NOW,
        )
        pipe.hset(Keys().approval(record.id), mapping={"v": "1", "doc": APPROVALS.dump(record)})
    await pipe.execute()


async def _sweep(store: RedisStore, redis: Any) -> float:
    """Milliseconds for one pass that takes a hundred items off the list, as many at a time as a process works at."""
    took: list[float] = []
    room = asyncio.Semaphore(AT_ONCE)

    async def settle(claim: Claim) -> None:
        async with room:
            await store.settle(claim)

    for _ in range(TIMES):
        due = {f"B{at:015d}|remind": int(NOW.timestamp() * 1e6) - 1 for at in range(DUE)}
        await redis.zadd(Keys().due, due)
        began = time.perf_counter()
        claims = await store.claim_due(NOW, KINDS, DUE)
        await asyncio.gather(*map(settle, claims))
        took.append((time.perf_counter() - began) * 1000)
        assert len(claims) == DUE
    return middle(took)


async def _page(store: RedisStore) -> float:
    took: list[float] = []
    for _ in range(TIMES * 5):
        began = time.perf_counter()
        page = await store.page(Query(limit=PAGE))
        took.append((time.perf_counter() - began) * 1000)
        assert len(page.approvals) == PAGE
    return middle(took)


async def _idle_sweep(store: RedisStore) -> float:
    """Milliseconds for one pass that finds nothing due."""
    took: list[float] = []
    for _ in range(TIMES * 5):
        began = time.perf_counter()
        assert not await store.claim_due(NOW, KINDS, DUE)
        took.append((time.perf_counter() - began) * 1000)
    return middle(took)


async def _setting(store: RedisStore) -> float:
    """Milliseconds to put one item on the list."""
    took: list[float] = []
    for at in range(TIMES * 5):
        began = time.perf_counter()
        await store.schedule(f"C{at:015d}", DueKind.REMIND, NOW + timedelta(days=9))
        took.append((time.perf_counter() - began) * 1000)
    return middle(took)


async def measure(url: str, folder: Path) -> list[str]:
    """Lines for the report."""
    found: dict[int, tuple[float, float]] = {}
    asked: dict[int, float] = {}
    idle = setting = 0.0
    for number in (SMALL, LARGE, JOBS):
        await empty(url)
        redis: Any = connect(url)
        numbers = itertools.count()
        store = RedisStore(redis, clock=lambda: NOW, token=lambda n=numbers: str(next(n)))
        await _fill(redis, number)
        found[number] = (await _sweep(store, redis), await _page(store))
        idle, setting = await _idle_sweep(store), await _setting(store)
        await store.close()
        if number != JOBS:
            asked[number] = await listed(url, folder, TIMES, PAGE_SIZE)
    (sweep, page), (sweep_large, page_large) = found[SMALL], found[LARGE]
    await empty(url)
    return [
        f"sweep of {DUE} due: {sweep_large:.1f} ms with {LARGE:,} pending, {sweep:.1f} ms with {SMALL:,}: "
        f"{sweep_large / sweep:.2f} times (wanted: 1.3 at most)",
        f"first page of {PAGE} records: {page_large:.2f} ms with {LARGE:,} pending, {page:.2f} ms with {SMALL:,}: "
        f"{page_large / page:.2f} times (wanted: 2 at most)",
        f"/approvals, payload to message, {PAGE_SIZE} rows: {asked[LARGE]:.0f} ms with {LARGE:,} pending, "
        f"{asked[SMALL]:.0f} ms with {SMALL:,}: {asked[LARGE] / asked[SMALL]:.2f} times (wanted: 2 at most)",
        *against_jobs(url, {"sweep": found[JOBS][0], "page": found[JOBS][1], "idle": idle, "setting": setting}),
    ]
