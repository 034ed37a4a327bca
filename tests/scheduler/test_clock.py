"""The crank keeps its pace whatever becomes of the wall clock, here the one that APScheduler reads."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

import pytest

from approvals.effects import Effects
from approvals.store.redis import RedisStore
from scheduler.pace import LATE, LONG_AGO, Lateness, Pace
from scheduler.reconcile import Reconcile
from scheduler.sweep import Sweep
from scheduler.ticker import Ticker, Turn
from tests.conftest import VirtualClock
from tests.scheduler.test_sweep import Recorder, effects

READ_IN = ("schedulers.base", "executors.base", "triggers.interval")
"""Where APScheduler reads the clock."""


class Wall(datetime):
    """The wall's clock, as far off as it was set."""

    off = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """What it shows."""
        return super().now(tz) + cls.off


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> type[Wall]:
    """The clock that APScheduler reads from now on."""
    for module in READ_IN:
        monkeypatch.setattr(f"apscheduler.{module}.datetime", Wall)
    monkeypatch.setattr(Wall, "off", timedelta())
    return Wall


class Counted(Sweep):
    """A sweep that counts, and says so."""

    def __init__(self, store: RedisStore, running: Effects, clock: VirtualClock) -> None:
        super().__init__(store, running, clock=clock)
        self.count = 0
        self._turned = asyncio.Condition()

    async def once(self) -> int:
        """Sweeps, and counts it."""
        done = await super().once()
        async with self._turned:
            self.count += 1
            self._turned.notify_all()
        return done

    async def more(self, turns: int) -> None:
        """Returns after so many more; fails if they do not come."""
        wanted = self.count + turns
        async with asyncio.timeout(10), self._turned:
            await self._turned.wait_for(lambda: self.count >= wanted)


@pytest.mark.parametrize(
    "jumps",
    [
        [timedelta(hours=-1)],
        [timedelta(hours=-1), timedelta(days=1)],
        [timedelta(days=1), timedelta(hours=-1), timedelta(hours=-1)],
        [timedelta(days=-400), timedelta(days=36500)],
    ],
)
async def test_sweeps_go_on_when_the_clock_is_set(
    store: RedisStore, clock: VirtualClock, wall: type[Wall], jumps: list[timedelta]
) -> None:
    """Back an hour, forward a day or a century: the next sweeps come within moments, and what is seldom is no storm."""
    seldom: list[int] = []

    async def once() -> int:
        seldom.append(1)
        return 1

    sweep = Counted(store, effects(store, clock, Recorder()), clock)
    ticker = Ticker(sweep, Reconcile(store, clock=clock), tick=0.02, seldom=[Turn("seldom", once, 86400.0)])
    await ticker.start()
    await sweep.more(2)
    for jump in jumps:
        wall.off += jump
        await sweep.more(5)
    await ticker.stop()
    assert len(seldom) <= sum(jump > timedelta() for jump in jumps), "once for each day that passed in a moment"


def test_a_pace_counts_no_times_of_the_past() -> None:
    """On the beat while it is kept; after a leap the next time is one interval away, and the one after it follows."""
    now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    second = timedelta(seconds=1)
    pace = Pace(1.0)
    assert pace.get_next_fire_time(None, now) == now + second
    assert Pace(1.0, first=0).get_next_fire_time(None, now) == now
    assert pace.get_next_fire_time(now, now + second / 2) == now + second
    assert pace.get_next_fire_time(LONG_AGO, now) == now + second


def test_late_is_what_stays_overdue() -> None:
    """Not at the first look, which may come late itself; then once, and once more when it has stayed so for as long."""
    lateness = Lateness(1.0)
    assert not any(lateness.look(50.0) for _ in range(9)), "nothing is expected yet"
    lateness.expect(100.0)
    assert not any(lateness.look(101.0) for _ in range(9)), "it may be a little slow"
    looks = [lateness.look(102.0) for _ in range(2 * LATE)]
    assert looks == [False] * (LATE - 1) + [True] + [False] * (LATE - 1) + [True]
    lateness.look(102.0)
    lateness.expect(103.0, 60.0)
    assert not any(lateness.look(160.0) for _ in range(9))
