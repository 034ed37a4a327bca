"""People first: while they click, work in the background goes on narrowly, so that they are answered at once; and
while graphs that compute make the process late, no more of them begin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import structlog

PRESS = 0.5
"""Seconds after an answer for which others are thought to click as well."""

LANES = 2
"""How much background work begins side by side meanwhile."""

PATIENCE = 2.0
"""Seconds that work waits for a lane at the most: a long run in one of them must not hold up the others."""

LATE = 0.05
"""Seconds by which the event loop is late when too many graphs compute in it: a click passes through it many times."""

CALM = 0.5
"""Seconds for which the loop has to be in time before another graph begins."""

BEAR = 5.0
"""Seconds after which one more graph begins all the same: what computes without end must not stop the others."""

log = structlog.get_logger()


class Precedence:
    """One for a process. It delays the beginning of background work; it never stops any."""

    def __init__(
        self,
        *,
        press: float = PRESS,
        lanes: int = LANES,
        patience: float = PATIENCE,
        late: float = LATE,
        calm: float = CALM,
        bear: float = BEAR,
    ) -> None:
        self._press = press
        self._lanes = asyncio.Semaphore(lanes)
        self._patience = patience
        self._waiting = 0
        self._until = 0.0
        self._late, self._calm, self._bear = late, calm, bear
        self._late_until = 0.0
        self._gate = asyncio.Lock()

    @contextmanager
    def person(self) -> Generator[None]:
        """Around what somebody waits for."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            self._until = asyncio.get_running_loop().time() + self._press

    @property
    def pressed(self) -> bool:
        """Whether people click just now."""
        return self._waiting > 0 or asyncio.get_running_loop().time() < self._until

    @asynccontextmanager
    async def lane(self, *, graph: bool = False) -> AsyncGenerator[None]:
        """Around background work: begins at once while nobody clicks, else in a lane, or when it has waited enough. A
        `graph` begins only while the process is in time."""
        if graph:
            await self._in_time()
        taken = self.pressed and await self._taken()
        try:
            yield
        finally:
            if taken:
                self._lanes.release()

    async def _taken(self) -> bool:
        try:
            async with asyncio.timeout(self._patience):
                return await self._lanes.acquire()
        except TimeoutError:
            return False

    def turned(self, late: float) -> None:
        """How late the event loop turned just now, because nodes compute in threads beside it."""
        if late > self._late:
            self._late_until = max(self._late_until, asyncio.get_running_loop().time() + self._calm)

    async def _in_time(self) -> None:
        """Before a graph begins: waits until the loop was in time for a while; where it never is, one goes at times."""
        now = asyncio.get_running_loop().time
        if now() >= self._late_until:
            return
        if not self._gate.locked():
            log.warning("graphs that compute make this process late: others wait", action="drive.held")
        async with self._gate:
            bear = now() + self._bear
            while (left := min(self._late_until, bear) - now()) > 0:  # noqa: ASYNC110 - a moment that moves on
                await asyncio.sleep(left)
