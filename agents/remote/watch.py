"""Finds what the threads of a server ask: LangGraph Server lists those that wait, so nobody has to register them.

One look costs two short requests while nothing happens, whoever many replicas there are: they take turns.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol, cast

import structlog

from agents.remote.client import PAGE, RunRefused, Server, ServerAway, ThreadBusy, ThreadGone
from agents.remote.names import graph_name, home_of, thread_name
from agents.remote.state import look
from approvals.due import DueKind
from approvals.model import SYSTEM, ActorRef, Approval, JsonValue, Lease, Thread, ThreadState
from approvals.ports import Clock
from approvals.refusals import Refusal
from approvals.service import approval_id

PAGES = 10
"""Pages that are read at once of what is new, at the most; the rest is found by the walk."""
OURS = 200
"""Open threads of ours that are looked at in one turn."""
REMEMBERED = 20_000
"""Threads whose last change is remembered in this process."""

Kind = Literal["interrupted", "error"]
KINDS: tuple[Kind, ...] = ("interrupted", "error")

_ID = re.compile(r"[^\s|]{1,120}")
_USER = re.compile(r"[UW][A-Z0-9]{2,30}")

log = structlog.get_logger()


class Records(Protocol):
    """What is read and put on the due list: any `approvals.ports.ApprovalStore`."""

    async def acquire(self, thread_id: str, ttl: float) -> Lease | None: ...
    async def get(self, approval_id: str) -> Approval | None: ...
    async def look(self, thread_id: str) -> tuple[Thread | None, Sequence[Approval] | None]: ...
    async def open_threads(self, offset: int, limit: int) -> Sequence[Thread]: ...
    async def schedule(self, subject: str, kind: DueKind, at: datetime) -> None: ...


class Registrar(Protocol):
    """Writes threads down: `approvals.threads.Threads`."""

    async def register(
        self,
        graph: str,
        input: JsonValue,
        *,
        thread_id: str | None = None,
        requester: str | None = None,
        config: Mapping[str, JsonValue] | None = None,
        context: JsonValue = None,
        actor: ActorRef = SYSTEM,
        here: bool = True,
    ) -> Thread | Refusal: ...

    async def reopen(self, thread_id: str, *, here: bool = True) -> Thread | Refusal: ...


class ServerWatch:
    """Looks at one server, again and again."""

    def __init__(self, server: Server, records: Records, registrar: Registrar, *, clock: Clock) -> None:
        self._server = server
        self._records = records
        self._registrar = registrar
        self._clock = clock
        self._seen: dict[str, str] = {}
        self._walked: dict[str, int] = {}
        self._ours_at = 0
        self._away = False
        self._looked: float | None = None
        self._looking = asyncio.Lock()
        self._hinted = False

    @property
    def name(self) -> str:
        """The server's."""
        return self._server.name

    @property
    def away(self) -> bool:
        """Whether it did not answer when this process last looked, which was not long ago: replicas take turns."""
        if self._looked is None or not self._away:
            return False
        return asyncio.get_running_loop().time() - self._looked < max(60.0, 5 * self.every)

    def takes(self, secret: str) -> bool:
        """Whether this is the secret of the server's webhook; never without one."""
        known = self._server.config.webhook_secret
        return known is not None and hmac.compare_digest(known.get_secret_value().encode(), secret.encode())

    @property
    def every(self) -> float:
        """Seconds between two looks."""
        return self._server.config.entry.poll_seconds

    async def once(self) -> int:
        """How many threads are to be driven now. A server that is away is logged once, and found again by itself."""
        # Never handed back: whoever looked, nobody else looks before it is time again.
        if await self._records.acquire(f"server {self._server.name}", self.every * 0.9) is None:
            return 0
        return await self.look()

    async def hint(self) -> None:
        """Somebody says that there is something to see. One look at most waits for the one that is under way. Raises
        nothing: it is only a hint."""
        if self._hinted:
            return
        self._hinted = True
        try:
            async with self._looking:
                self._hinted = False
                await self._look()
        except Exception as failed:
            log.warning("hint not taken", action="server.hint", server=self._server.name, exc_info=failed)

    async def look(self) -> int:
        """The same, at once."""
        async with self._looking:
            return await self._look()

    async def _look(self) -> int:
        self._server.try_now()
        self._looked = asyncio.get_running_loop().time()
        try:
            found = 0
            listed: set[str] = set()
            for filters in self._filters():
                for kind in KINDS:
                    async for page in self._pages(kind, filters):
                        listed.update(str(each["thread_id"]) for each in page)
                        found += sum([await self._took(each) for each in page])
            found += await self._ours(listed)
        except (ServerAway, ThreadBusy, ThreadGone, RunRefused) as away:
            if not self._away:
                log.warning("server away", action="server.away", server=self._server.name, why=str(away))
            self._away = True
            return 0
        if self._away:
            log.info("server back", action="server.back", server=self._server.name)
        self._away = False
        return found

    def _filters(self) -> Iterator[dict[str, Any]]:
        entry = self._server.config.entry
        if not entry.assistants:
            yield dict(entry.metadata)
        for name in entry.assistants:
            key = "assistant_id" if _is_uuid(name) else "graph_id"
            yield {**entry.metadata, key: name}

    async def _pages(self, kind: Kind, filters: Mapping[str, Any]) -> AsyncGenerator[list[dict[str, Any]]]:
        """What changed since the last look, and one page further down: nothing that waits is overlooked for ever."""
        offset = 0
        for _ in range(PAGES):
            page = await self._server.search(status=kind, metadata=filters, offset=offset)
            fresh = [each for each in page if self._mark(each) != self._seen.get(str(each["thread_id"]))]
            yield page
            offset += PAGE
            if len(page) < PAGE:
                return
            if len(fresh) < len(page):
                break
        name = f"{kind} {sorted(filters.items())}"
        at = max(offset, self._walked.get(name, 0))
        page = await self._server.search(status=kind, metadata=filters, offset=at)
        self._walked[name] = at + PAGE if len(page) == PAGE else 0
        yield page

    @staticmethod
    def _mark(found: Mapping[str, Any]) -> str:
        return f"{found.get('status')} {found.get('updated_at')}"

    def _changed(self, found: Mapping[str, Any]) -> bool:
        return self._seen.get(str(found["thread_id"])) != self._mark(found)

    def _remember(self, found: Mapping[str, Any]) -> None:
        """Once it was dealt with: what went wrong before that is looked at again."""
        self._seen.pop(str(found["thread_id"]), None)
        while len(self._seen) >= REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        self._seen[str(found["thread_id"])] = self._mark(found)

    async def _took(self, found: Mapping[str, Any]) -> bool:
        if not self._changed(found):
            return False
        try:
            driven = await self._found(found)
        except (ServerAway, ThreadGone, ThreadBusy, RunRefused) as unread:
            # One thread that cannot be read must not hide the others; a server that is away is another matter.
            await self._server.info()
            log.warning("thread not read", action="server.unread", thread=found["thread_id"], why=str(unread))
            driven = False
        self._remember(found)
        return driven

    async def _found(self, found: Mapping[str, Any]) -> bool:
        """A thread that changed. Whether it is to be driven."""
        there = str(found["thread_id"])
        name = thread_name(self._server.name, there)
        metadata = cast("Mapping[str, Any]", found.get("metadata") or {})
        graph = str(metadata.get("graph_id") or "")
        if not _ID.fullmatch(there) or not _ID.fullmatch(graph):
            return False
        thread, _ = await self._records.look(name)
        if thread is not None and thread.state.open:
            await self._records.schedule(name, DueKind.DRIVE, self._clock())
            return True
        if not await self._asks(found, thread):
            return False
        if thread is not None:
            await self._registrar.reopen(name, here=False)
            return True
        requester = metadata.get("signoff_requester")
        await self._registrar.register(
            graph_name(self._server.name, graph),
            None,
            thread_id=name,
            requester=requester if isinstance(requester, str) and _USER.fullmatch(requester) else None,
            here=False,
        )
        return True

    async def _asks(self, found: Mapping[str, Any], thread: Thread | None) -> bool:
        """Whether it asks something that is for us to record: most runs that failed left no question."""
        there, asked = str(found["thread_id"]), _asked(found)
        if not asked and found.get("status") == "error":
            # The listing leaves out what a run that failed had asked.
            asked = look(found, await self._server.state(there)).pending.ids
            if not asked:
                return False
        if not asked and not await self._server.paused(there):
            return False
        if thread is None or thread.state is ThreadState.DONE:
            return True
        # It failed here, with its question open. What it asks beyond that is new.
        return any([await self._records.get(approval_id(thread.id, each)) is None for each in asked])

    async def _ours(self, listed: set[str]) -> int:
        """Threads that we think wait, and the server did not list: answered elsewhere, or gone."""
        threads = await self._records.open_threads(self._ours_at, OURS)
        self._ours_at = self._ours_at + OURS if len(threads) == OURS else 0
        homes = [home_of(thread.id) for thread in threads]
        ids = [there for server, there in homes if server == self._server.name and there not in listed]
        found = 0
        for first in range(0, len(ids), PAGE):
            chunk = ids[first : first + PAGE]
            page = await self._server.search(ids=chunk)
            missing = set(chunk) - {str(each["thread_id"]) for each in page}
            changed = [each for each in page if self._changed(each)]
            for there in (*missing, *(str(each["thread_id"]) for each in changed)):
                await self._records.schedule(thread_name(self._server.name, there), DueKind.DRIVE, self._clock())
                found += 1
            for each in changed:
                self._remember(each)
        return found


def _asked(found: Mapping[str, Any]) -> frozenset[str]:
    tasks = cast("Mapping[str, list[Mapping[str, Any]]]", found.get("interrupts") or {})
    return frozenset(str(each["id"]) for task in tasks.values() for each in task if each.get("id"))


def _is_uuid(name: str) -> bool:
    return len(name) == 36 and name.count("-") == 4
