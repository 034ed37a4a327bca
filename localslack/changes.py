"""Wakes whoever waits for something to become true."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    """A counter of changes that coroutines can wait on. Everything that alters the workspace calls `touch`.

    `touch` may be called from any thread.
    """

    def __init__(self) -> None:
        self.count = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._listeners: list[Callable[[], None]] = []

    def touch(self) -> None:
        self.count += 1
        waiting, self._waiting = self._waiting, set()
        here = _running_loop()
        for future in waiting:
            loop = future.get_loop()
            if loop is here:
                _wake(future)
            elif not loop.is_closed():
                loop.call_soon_threadsafe(_wake, future)
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this on every change, at once and in the same task: it must be quick and must not raise."""
        self._listeners.append(listener)

    async def next(self, timeout: float | None = None) -> bool:
        """Sleep until the next change. False if `timeout` seconds went by without one."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait_for(future, timeout)
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(future)
        return True

    async def wait_for(self, predicate: Callable[[], T | None], timeout: float) -> T:
        """The first truthy value of `predicate`, looked at after every change, for at most `timeout` real seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            value = predicate()
            if value:
                return value
            left = deadline - loop.time()
            if left <= 0:
                raise TimeoutError(f"nothing made the condition true within {timeout} s")
            await self.next(left)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
