"""Looking at a decision, and waiting for it: those who wait share what was read, for as long as nothing happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from approvals.events import Event
from approvals.ports import ApprovalStore, Query
from approvals.store.feed import Feed
from bot.http.api.problems import ProblemError
from bot.http.api.view import Seen

MOST = 20_000
"""Who may wait at once in this process."""


class Lookout:
    """Reads decisions by the id of their thread.

    What was read for one who waits serves all who wait for the same, until there is news of it: commands grow with what
    happens, not with who waits. Should it be stale at that moment, the news is on its way and wakes them.
    """

    def __init__(self, store: ApprovalStore, feed: Feed) -> None:
        self._store = store
        self._feed = feed
        self._kept: dict[str, asyncio.Task[Seen | None]] = {}
        feed.listen(self._heard)

    def _heard(self, event: Event | None) -> None:
        if event is None:
            self._kept.clear()
        else:
            self._kept.pop(event.thread_id, None)

    async def look(self, decision_id: str) -> Seen | None:
        """The decision as it stands now; `None` for an id that there is not."""
        thread, live = await self._store.look(decision_id)
        if thread is None:
            return None
        if live:
            return Seen(thread, live[-1])
        page = await self._store.page(Query(status=None, thread_id=decision_id, limit=1, newest_first=True))
        return Seen(thread, page.approvals[0] if page.approvals else None)

    async def until(self, decision_id: str, enough: Callable[[Seen], bool], seconds: float) -> Seen | None:
        """The decision as soon as that is so of it, or as it stands after so many seconds."""
        if seconds <= 0 or not self._feed.running:
            return await self.look(decision_id)
        if self._feed.waiting >= MOST:
            raise ProblemError(503, "busy", "Too many wait already; poll.", headers={"Retry-After": "5"})
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        with self._feed.waiter(decision_id) as news:
            try:
                while True:
                    news.clear()
                    seen = await self._shared(decision_id)
                    left = deadline - loop.time()
                    if seen is None or enough(seen) or left <= 0 or not self._feed.running:
                        return seen
                    try:
                        async with asyncio.timeout(left):
                            await news.wait()
                    except TimeoutError:
                        return seen
            finally:
                if self._feed.waiting_for(decision_id) == 1:  # nobody but this one
                    self._kept.pop(decision_id, None)

    async def _shared(self, decision_id: str) -> Seen | None:
        task = self._kept.get(decision_id)
        if task is None:
            task = self._kept[decision_id] = asyncio.get_running_loop().create_task(self.look(decision_id))
            task.add_done_callback(lambda done: self._failed(decision_id, done))
        return await asyncio.shield(task)

    def _failed(self, decision_id: str, done: asyncio.Task[Seen | None]) -> None:
        """What went wrong once is tried anew by whoever comes next."""
        if (done.cancelled() or done.exception() is not None) and self._kept.get(decision_id) is done:
            del self._kept[decision_id]
