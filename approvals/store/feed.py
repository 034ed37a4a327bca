"""News of threads: one connection that waits at the audit stream, and wakes whoever waits in this process.

Whatever happens to a thread is in the stream, written in the same step. So a process follows it with one blocking read,
however many wait in it: a thousand waiters cost a thousand futures, and not one command more. After the connection
broke, reading goes on where it was, and everybody is woken once, to look for themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Generator
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from approvals.errors import StoreError
from approvals.events import Event
from approvals.store.codec import EVENTS
from approvals.store.keys import Keys

BLOCK = 4_000
"""Milliseconds that one read waits at the most; below the socket's own limit."""
AT_ONCE = 500
PAUSE = 0.5
"""Seconds before reading again after the server went away."""

log = structlog.get_logger()


class Feed:
    """Follows the audit."""

    def __init__(self, redis: Redis, *, keys: Keys | None = None) -> None:
        self._redis = redis
        self._stream = (keys or Keys()).audit
        self._heard: list[Callable[[Event | None], None]] = []
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None
        self._last = "0"

    @property
    def running(self) -> bool:
        """Whether there will be news."""
        return self._task is not None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    def waiting_for(self, thread_id: str) -> int:
        """How many wait for news of that thread."""
        return len(self._waiting.get(thread_id, ()))

    def listen(self, heard: Callable[[Event | None], None]) -> None:
        """From now on this is called with every event, in order, before anybody is woken by it; with `None` where some
        may have come late: after the connection broke, and for events that cannot be read."""
        self._heard.append(heard)

    async def start(self) -> None:
        """Returns once nothing that happens from now on is missed. May be called once."""
        self._last = await self._newest()
        self._task = asyncio.get_running_loop().create_task(self._follow(), name="feed")

    async def stop(self) -> None:
        """Wakes everybody and stops."""
        if self._task is not None:
            task, self._task = self._task, None
            while not task.done():
                # Again and again: redis-py (8.1) swallows a cancellation that comes just as a reply arrives.
                task.cancel()
                await asyncio.wait([task], timeout=1.0)
        self._wake_all()

    @contextlib.contextmanager
    def waiter(self, thread_id: str) -> Generator[asyncio.Event]:
        """Set whenever something happened to the thread. Enter it before looking, so that nothing falls in between."""
        news = asyncio.Event()
        self._waiting.setdefault(thread_id, set()).add(news)
        try:
            yield news
        finally:
            here = self._waiting[thread_id]
            here.discard(news)
            if not here:
                del self._waiting[thread_id]

    async def _newest(self) -> str:
        found = cast("list[tuple[str, object]]", await self._redis.xrevrange(self._stream, count=1))
        return found[0][0] if found else "0"

    async def _follow(self) -> None:
        while True:
            try:
                reply = await self._redis.xread({self._stream: self._last}, count=AT_ONCE, block=BLOCK)  # pyright: ignore[reportUnknownMemberType]
            except (RedisError, OSError) as away:
                log.warning("feed broke off", action="feed.broken", why=str(away))
                await asyncio.sleep(PAUSE)
                self._wake_all()
                continue
            for _, entries in cast("list[tuple[str, list[tuple[str, dict[str, str]]]]]", reply or []):
                for seq, fields in entries:
                    self._last = seq
                    self._tell(fields)

    def _tell(self, fields: dict[str, str]) -> None:
        try:
            event = EVENTS.load(fields["e"])
        except (StoreError, KeyError) as odd:  # of a newer version: whoever waits looks for themselves
            log.warning("feed skipped an event", action="feed.skipped", why=str(odd))
            self._wake_all()
            return
        self._say(event)
        for news in self._waiting.get(event.thread_id, ()):
            news.set()

    def _say(self, event: Event | None) -> None:
        for heard in self._heard:
            heard(event)

    def _wake_all(self) -> None:
        self._say(None)
        for waiting in self._waiting.values():
            for news in waiting:
                news.set()
