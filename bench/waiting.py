"""With very many pending: the sweep, the list, and what one APScheduler job an interrupt would cost instead."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apscheduler.jobstores.redis import RedisJobStore  # pyright: ignore[reportMissingTypeStubs]
from apscheduler.schedulers.background import BackgroundScheduler  # pyright: ignore[reportMissingTypeStubs]

from approvals.due import DueKind
from approvals.ports import Query
from approvals.store.keys import Keys
from approvals.store.redis import RedisStore, connect
from bench.house import empty, middle

SMALL, LARGE, DUE, TIMES, JOBS = 1_000, 1_000_000, 100, 9, 10_000
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
KINDS = frozenset({DueKind.REMIND})


def nothing() -> None:
    """A job."""


async def _fill(redis: Any, number: int) -> None:
    """`number` pending in the indexes and on the due list, far in the future. Only what is read here is written."""
    keys, future = Keys(), int((NOW + timedelta(days=9)).timestamp() * 1e6)
    for start in range(0, number, 5_000):
        ids = [f"A{at:015d}" for at in range(start, min(start + 5_000, number))]
        pipe = redis.pipeline(transaction=False)
        pipe.zadd(keys.due, {f"{one}|remind": future + at for at, one in enumerate(ids)})
        for name in ("pending", "all"):
            pipe.zadd(keys.index(name), {one: start + at for at, one in enumerate(ids)})
        await pipe.execute()


async def _sweep(store: RedisStore, redis: Any) -> float:
    """Milliseconds for one pass that takes a hundred items off the list."""
    took: list[float] = []
    for _ in range(TIMES):
        due = {f"B{at:015d}|remind": int(NOW.timestamp() * 1e6) - 1 for at in range(DUE)}
        await redis.zadd(Keys().due, due)
        began = time.perf_counter()
        claims = await store.claim_due(NOW, KINDS, DUE)
        for claim in claims:
            await store.settle(claim)
        took.append((time.perf_counter() - began) * 1000)
        assert len(claims) == DUE
    return middle(took)


async def _page(store: RedisStore) -> float:
    took: list[float] = []
    for _ in range(TIMES * 5):
        began = time.perf_counter()
        page = await store.page(Query(limit=20))
        took.append((time.perf_counter() - began) * 1000)
        assert page.total
    return middle(took)


async def measure(url: str, _folder: Path) -> list[str]:
    """Lines for the report."""
    found: dict[int, tuple[float, float]] = {}
    for number in (SMALL, LARGE):
        await empty(url)
        redis: Any = connect(url)
        numbers = itertools.count()
        store = RedisStore(redis, clock=lambda: NOW, token=lambda n=numbers: str(next(n)))
        await _fill(redis, number)
        found[number] = (await _sweep(store, redis), await _page(store))
        await store.close()
    (sweep, page), (sweep_large, page_large) = found[SMALL], found[LARGE]
    await empty(url)
    return [
        f"sweep of {DUE} due: {sweep_large:.1f} ms with {LARGE:,} pending, {sweep:.1f} ms with {SMALL:,}: "
        f"{sweep_large / sweep:.2f} times (wanted: 1.3 at most)",
        f"first page: {page_large:.2f} ms with {LARGE:,} pending, {page:.2f} ms with {SMALL:,}: "
        f"{page_large / page:.2f} times (wanted: 2 at most)",
        _jobs(url, sweep / DUE),
    ]


def _jobs(url: str, ours_each: float) -> str:
    """One APScheduler job an interrupt in `RedisJobStore`: what waking up once costs it, since it asks for all that is
    due and then for the next, and what setting one job costs."""
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    store: Any = RedisJobStore(host="127.0.0.1", port=port)
    scheduler: Any = BackgroundScheduler(jobstores={"default": store}, timezone="UTC")
    scheduler.start(paused=True)
    began = time.perf_counter()
    for at in range(JOBS):
        scheduler.add_job(nothing, "date", run_date=NOW + timedelta(days=999, seconds=at), id=str(at))
    each = (time.perf_counter() - began) * 1000 / JOBS
    began = time.perf_counter()
    jobs = scheduler.get_jobs()
    listing = (time.perf_counter() - began) * 1000
    scheduler.shutdown(wait=False)
    return (
        f"one APScheduler job an interrupt, {len(jobs):,} of them: {each:.2f} ms to set one, {listing:.0f} ms to list "
        f"them (first page here: see above); ours {ours_each:.2f} ms to take and settle one"
    )
