"""Events that were not acknowledged come again: at once, one minute later, five minutes later."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .journal import Delivery
from .wire import Json

AFTER_SECONDS = (0.0, 60.0, 300.0)
LOOK_SECONDS = 0.05
Again = Callable[[Json, "str | None", int, Delivery], Awaitable[Delivery]]


@dataclass
class _Planned:
    payload: Json
    user: str | None
    failed_at: float
    last: Delivery
    attempt: int = 1

    def due(self) -> float:
        return self.failed_at + AFTER_SECONDS[self.attempt - 1]


class Retries:
    """Waits on the workspace's clock, so a test moves it forward instead of sleeping."""

    def __init__(self, clock: Callable[[], float], again: Again) -> None:
        self._clock = clock
        self._again = again
        self._planned: list[_Planned] = []
        self._task: asyncio.Task[None] | None = None

    def plan(self, payload: Json, user: str | None, failed: Delivery) -> None:
        self._planned.append(_Planned(payload, user, self._clock(), failed))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    @property
    def waiting(self) -> int:
        """Events that will come again."""
        return len(self._planned)

    async def close(self) -> None:
        self._planned.clear()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while self._planned:
            due = [item for item in self._planned if item.due() <= self._clock()]
            for item in due:
                await self._try(item)
            if not due:
                # The clock belongs to the caller and may jump, so there is no moment to sleep until.
                await asyncio.sleep(LOOK_SECONDS)

    async def _try(self, item: _Planned) -> None:
        item.last = await self._again(item.payload, item.user, item.attempt, item.last)
        item.attempt += 1
        if item.last.ok or item.last.no_retry or item.attempt > len(AFTER_SECONDS):
            self._planned.remove(item)
