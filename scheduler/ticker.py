"""Owns APScheduler. Every replica turns its own crank; it does not matter which one turns it, or twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # pyright: ignore[reportMissingTypeStubs]

from scheduler.reconcile import Reconcile
from scheduler.sweep import Sweep

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

    async def run(self) -> None:
        """What fails is logged, and the next turn tries again."""
        async with self._running:
            try:
                await self._once()
            except Exception as failed:
                log.warning("turn failed", action=f"{self.name}.failed", exc_info=failed)
            else:
                self.went_well = asyncio.get_running_loop().time()

    async def ended(self) -> None:
        """Returns when no turn is running."""
        async with self._running:
            return


class Ticker:
    """Turns `sweep` every `tick` seconds and `reconcile` every `reconcile_every`, and both once at the start; and
    `seldom`, which is turned by the scheduler alone."""

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
            first = {} if turn.first is None else {"start_date": datetime.now(UTC) + timedelta(seconds=turn.first)}
            scheduler.add_job(
                turn.run,
                "interval",
                seconds=turn.seconds,
                **first,
                id=turn.name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
        scheduler.start()
        self._scheduler = scheduler

    async def stop(self) -> None:
        """Returns when no turn runs any more. What was claimed goes on; `Effects.close` waits for it."""
        if self._scheduler is not None:
            self._scheduler.pause()
            for turn in self._turns:
                await turn.ended()
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
