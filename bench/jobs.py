"""Instead of our due list: one APScheduler job an interrupt, in its own `RedisJobStore`."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.executors.debug import DebugExecutor  # pyright: ignore[reportMissingTypeStubs]
from apscheduler.jobstores.redis import RedisJobStore  # pyright: ignore[reportMissingTypeStubs]
from apscheduler.schedulers.base import BaseScheduler  # pyright: ignore[reportMissingTypeStubs]
from apscheduler.util import datetime_to_utc_timestamp  # pyright: ignore[reportMissingTypeStubs]

from bench.house import middle

DUE, JOBS, TIMES = 100, 100_000, 9
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
FUTURE = datetime.now(UTC) + timedelta(days=999)
"""By the real clock, which APScheduler looks at."""


def nothing() -> None:
    """A job."""


class ByHand(BaseScheduler):  # pyright: ignore[reportUntypedBaseClass]
    """A scheduler that wakes up when it is told to, and runs its jobs at once."""

    def wakeup(self) -> None:
        """Not by itself."""

    def shutdown(self, wait: bool = True) -> None:
        """Lets go of the store."""
        super().shutdown(wait)

    def wake(self) -> None:
        """One wake-up: what is due is run and taken off or put back, and the next time is asked for."""
        self._process_jobs()


def _fill(store: Any, job: Any, number: int) -> None:
    """`number` jobs, far in the future, written as the store itself writes one, but by thousands."""
    state = job.__getstate__()
    for start in range(0, number, 5_000):
        pipe = store.redis.pipeline(transaction=False)
        for at in range(start, min(start + 5_000, number)):
            when = FUTURE + timedelta(seconds=at)
            state |= {"id": f"A{at:015d}", "next_run_time": when}
            state["trigger"].run_date = when
            pipe.hset(store.jobs_key, state["id"], pickle.dumps(state, store.pickle_protocol))
            pipe.zadd(store.run_times_key, {state["id"]: datetime_to_utc_timestamp(when)})
        pipe.execute()


def _timed(what: Callable[[], object], before: Callable[[], object] = lambda: None, times: int = TIMES) -> float:
    took: list[float] = []
    for _ in range(times):
        before()
        began = time.perf_counter()
        what()
        took.append((time.perf_counter() - began) * 1000)
    return middle(took)


def against_jobs(url: str, ours: Mapping[str, float]) -> list[str]:
    """Lines for the report. `ours`: milliseconds with as many pending, for the same on our due list."""
    store: Any = RedisJobStore(host="127.0.0.1", port=int(url.rsplit(":", 1)[1].split("/")[0]))
    scheduler: Any = ByHand(jobstores={"default": store}, executors={"default": DebugExecutor()}, timezone="UTC")
    scheduler.start()
    job = scheduler.add_job(nothing, "date", run_date=FUTURE, id="one")
    _fill(store, job, JOBS)

    def add(number: int, when: datetime, name: str) -> None:
        for at in range(number):
            scheduler.add_job(nothing, "date", run_date=when, id=f"{name}{at}", misfire_grace_time=None)

    setting = _timed(lambda: add(10, FUTURE, f"new{time.monotonic_ns()}-")) / 10
    idle = _timed(scheduler.wake, times=TIMES * 5)
    past = datetime.now(UTC) - timedelta(seconds=1)
    sweep = _timed(scheduler.wake, before=lambda: add(DUE, past, "due"))
    listing = _timed(scheduler.get_jobs, times=3)
    scheduler.shutdown()

    def line(what: str, theirs: float, us: float) -> str:
        return f"  {what}: {theirs:.2f} ms, ours {us:.2f} ms: {theirs / us:.1f} times"

    return [
        f"one APScheduler job an interrupt, {JOBS:,} of them in RedisJobStore (wanted: 50 times as dear):",
        line("to set one", setting, ours["setting"]),
        line("to wake up with nothing due", idle, ours["idle"]),
        line(f"to wake up with {DUE} due, and settle them", sweep, ours["sweep"]),
        line("to show what is pending (it has no pages: all of them)", listing, ours["page"]),
    ]
