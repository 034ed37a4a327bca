"""People first: while they click, work in the background goes on narrowly, so that they are answered at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

PRESS = 0.5
"""Seconds after an answer for which others are thought to click as well."""

LANES = 2
"""How much background work begins side by side meanwhile."""

PATIENCE = 2.0
"""Seconds that work waits for a lane at the most: a long run in one of them must not hold up the others."""


class Precedence:
    """One for a process. It delays the beginning of background work; it never stops any."""

    def __init__(self, *, press: float = PRESS, lanes: int = LANES, patience: float = PATIENCE) -> None:
        self._press = press
        self._lanes = asyncio.Semaphore(lanes)
        self._patience = patience
        self._waiting = 0
        self._until = 0.0

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
    async def lane(self) -> AsyncGenerator[None]:
        """Around background work: begins at once while nobody clicks, else in a lane, or when it has waited enough."""
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
