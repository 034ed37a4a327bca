"""Owns APScheduler. Every replica turns its own crank; it does not matter which one turns it, or twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # pyright: ignore[reportMissingTypeStubs]

from scheduler.pace import LONG_AGO, Lateness, Pace
from scheduler.reconcile import Reconcile
from scheduler.sweep import Sweep

LOOK: Final = 1.0
"""Seconds between two looks for turns that are late, where nothing turns more often."""

log = structlog.get_logger()


class Turn:
    """One job: its error boundary, and a way to wait until it is not running. `first`: seconds until its first turn,
    where that is not the start itself."""

    def __init__(
        self, name: str, once: Callable[[], Awaitable[int]], seconds: float, *, first: float | None = None
    ) -> None:
        self.name = name
        self.seconds = seconds
        self.first = first
        self.went_well: float | None = None
        """When the last turn that raised nothing ended, by the event loop's clock."""
        self._once = once
        self._running = asyncio.Lock()
        self._lateness = Lateness(seconds)

    def begin(self, now: float) -> None:
        """From now on, by the event loop's clock, it is expected to be turned."""
        self._lateness.expect(now, self.first)

    def late(self, now: float) -> bool:
        """Whether it should have been turned by now and was not."""
        return not self._running.locked() and self._lateness.look(now)

    async def run(self) -> None:
        """What fails is logged, and the next turn tries again."""
        async with self._running:
            try:
                await self._once()
            except Exception as failed:
                log.warning("turn failed", action=f"{self.name}.failed", exc_info=failed)
            else:
                self.went_well = asyncio.get_running_loop().time()
            finally:
                self._lateness.expect(asyncio.get_running_loop().time())

    async def ended(self) -> None:
        """Returns when no turn is running."""
        async with self._running:
            return


class Ticker:
    """Turns `sweep` every `tick` seconds and `reconcile` every `reconcile_every`, and both once at the start; and
    `seldom`, which is turned by the scheduler alone.

    All keep their pace whatever becomes of the wall clock: what is late by the event loop's clock is turned at once.
    """

    def __init__(
        self,
        sweep: Sweep,
        reconcile: Reconcile,
        *,
        tick: float = 1.0,
        reconcile_every: float = 60.0,
        seldom: Sequence[Turn] = (),
    ) -> None:
        self.sweep = Turn("sweep", sweep.once, tick)
        self._often = (self.sweep, Turn("reconcile", reconcile.once, reconcile_every))
        self._turns = (*self._often, *seldom)
        self._scheduler: Any = None
        self._looking: asyncio.TimerHandle | None = None
        self._every = min([LOOK, *(turn.seconds for turn in self._turns)])

    async def turn(self) -> None:
        """Turns each of the frequent ones once, now."""
        for turn in self._often:
            await turn.run()

    async def start(self) -> None:
        """Starts turning, in the running event loop."""
        scheduler: Any = AsyncIOScheduler(timezone="UTC")
        await self.turn()
        for turn in self._turns:
            # A turn that comes late is one turn, and two of the same never run at once.
            scheduler.add_job(
                turn.run,
                Pace(turn.seconds, turn.first),
                id=turn.name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
            turn.begin(asyncio.get_running_loop().time())
        scheduler.start()
        self._scheduler = scheduler
        self._look()

    def _look(self) -> None:
        """Has the scheduler turn at once what it should have turned long ago, and looks again in a while."""
        loop = asyncio.get_running_loop()
        self._looking = loop.call_later(self._every, self._look)
        for turn in self._turns:
            if turn.late(loop.time()):
                log.warning("turn was late; was the clock set back?", action=f"{turn.name}.late")
                self._scheduler.modify_job(turn.name, next_run_time=LONG_AGO)

    async def stop(self) -> None:
        """Returns when no turn runs any more. What was claimed goes on; `Effects.close` waits for it."""
        if self._looking is not None:
            self._looking.cancel()
        if self._scheduler is not None:
            self._scheduler.pause()
            for turn in self._turns:
                await turn.ended()
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
