"""Threads for the nodes that are not `async`, so that nothing else in the process ever waits for one of them."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import structlog

from approvals.metering import End, Running, Step

ROOM = 32
"""Nodes at work side by side: every graph that may run at once (`Effects`: 16), and as many again that fan out."""

MANY = 16
"""Nodes that hang, from which on a replica is said not to be well."""

MOST = 256
"""Nodes that may hang and still take nothing from `ROOM`; each costs a thread until the process ends."""

RESOLVERS = 4
"""Names that are looked up side by side."""

SWITCH = 0.0001
"""Seconds after which a thread that computes lets the next one have Python. With Python's own 5 ms a click, which
passes some hundred times from the system back into Python, waits half a second for each thread that computes."""

P = ParamSpec("P")
T = TypeVar("T")

run_here: ContextVar[Running | None] = ContextVar("signoff_run", default=None)
"""The run of a graph that the code at hand belongs to. Tasks and threads that a graph starts inherit it."""

log = structlog.get_logger()


class Workers(ThreadPoolExecutor):
    """The event loop's default executor: LangGraph runs a node that is a plain `def` in it, and gives no choice
    (langchain-core's `run_in_executor(None, …)`). So nodes stay there, and what must not wait for them goes elsewhere.

    A meter as well: where a run of a graph has ended and a node of it has not (it ran into SIGNOFF_GRAPH_SECONDS, and a
    thread cannot be stopped), that node hangs. Its thread is not counted any more, so that the others keep their room.
    """

    def __init__(self, room: int = ROOM, *, most: int = MOST) -> None:
        super().__init__(room, thread_name_prefix="node")
        self._room = room
        self._most = most
        self._at_work: dict[Future[Any], Running | None] = {}
        self._hung: set[Future[Any]] = set()

    @classmethod
    def here(cls, room: int = ROOM) -> Workers:
        """Those of the running event loop; put in place if there are none, with all that belongs to it."""
        loop = asyncio.get_running_loop()
        found = _in_place.get(loop)
        if found is None:
            found = _in_place[loop] = cls(room)
            loop.set_default_executor(found)
            _resolve_apart(loop)
            sys.setswitchinterval(min(SWITCH, sys.getswitchinterval()))
        return found

    @property
    def at_work(self) -> int:
        """Nodes that run or wait for a thread; those that hang are not among them."""
        return len(self._at_work) - len(self._hung)

    @property
    def hung(self) -> int:
        """Nodes that nobody waits for any more and that still run."""
        return len(self._hung)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As ever, and remembered until it is done."""
        self._fit()
        future = super().submit(fn, *args, **kwargs)
        self._at_work[future] = run_here.get()
        future.add_done_callback(self._done)
        return future

    def _fit(self) -> None:
        self._max_workers = self._room + min(self.hung, self._most)

    def _done(self, future: Future[Any]) -> None:
        """In the thread of the node, before the loop hears of it."""
        run = self._at_work.pop(future, None)
        if future in self._hung:
            self._hung.discard(future)
            log.info("a node that hung has ended", action="node.ended", **_named(run), nodes=self.hung)

    def begin(self, step: Step) -> End | None:
        """See `approvals.metering.Meter`."""
        if not isinstance(step, Running):
            return None
        run_here.set(step)

        def end(_word: str, _failed: BaseException | None) -> None:
            run_here.set(None)
            self._leave_behind(step)

        return end

    def _leave_behind(self, run: Running) -> None:
        left = [future for future, of in list(self._at_work.items()) if of is run and future.running()]
        if not left:
            return
        self._hung.update(left)
        self._hung.intersection_update(self._at_work)  # one that ended just now
        log.warning(
            "a node does not end, and its thread cannot be stopped: give what it calls a time limit",
            action="node.hangs",
            **_named(run),
            nodes=self.hung,
            most=self._most,
        )
        self._fit()
        for _ in left:
            super().submit(int)  # nothing; but for each a thread is made, in which what waits begins

    def leave(self) -> None:
        """The end of the process, if nodes are still at work: status 0, and everything else is closed already.

        A thread cannot be cancelled, and Python would wait for it for ever. Its lease is handed back by now.
        """
        if self._at_work:
            log.warning("nodes left behind", action="serve.left", nodes=len(self._at_work))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)


def _named(run: Running | None) -> dict[str, str]:
    return {} if run is None else {"graph": run.graph, "thread": run.thread_id}


_in_place: WeakKeyDictionary[asyncio.AbstractEventLoop, Workers] = WeakKeyDictionary()


def _resolve_apart(loop: asyncio.AbstractEventLoop) -> None:
    """Names are looked up in threads of their own: asyncio does that in the default executor too, and a call of Slack
    or a new connection to Redis would wait for nodes there.

    Set on this one loop, and not by a class of loops: so it holds however the loop was made, in tests as in `serve`.
    asyncio, aiohttp, httpx and redis-py all ask the loop.
    """
    threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="name")

    async def getaddrinfo(
        host: bytes | str | None,
        port: bytes | str | int | None,
        *,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        look = partial(socket.getaddrinfo, host, port, family, type, proto, flags)
        return await loop.run_in_executor(threads, look)

    loop.getaddrinfo = getaddrinfo
