"""Watches from a thread of its own whether the event loop turns: nothing in a loop that stands still can say so."""

from __future__ import annotations

import asyncio
import sys
import sysconfig
import threading
import time
from asyncio.events import Handle
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import structlog

from approvals.metering import Running
from bot.workers import run_here

EVERY = 0.25
"""Seconds between two questions to the loop."""

STUCK = 1.0
"""Seconds without an answer after which the loop stands still. Slack waits 3."""

GRACE = 0.1
"""Seconds more, for a process that was stopped as a whole: its loop answers as soon as it runs again."""

BUSY = 0.5
"""The part of a processor from which on threads are what makes the loop late: not its own work, nor the machine."""

SELDOM = 10.0
"""Seconds between two lines about it at the least; each time is counted."""

FOREIGN = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})

COMPUTES = (
    "the event loop stands still, and nobody is answered: something computes or waits in it without awaiting; "
    "write such a node as a plain def, which runs in a thread"
)
STARVED = "the event loop does not get to run: the machine, or threads of this process, leave it no time"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a loop was doing: `run` is the graph's, if it was a graph; `where` is empty if it was doing nothing."""

    where: str = ""
    run: Running | None = None


class LoopWatch:
    """`turned` is told, in the loop, how late each turn was, and which part of a processor the other threads of this
    process took since the turn before; `stalled` is told, in the thread, that the loop stands still."""

    def __init__(self, *, turned: Callable[[float, float], None], stalled: Callable[[], None]) -> None:
        self._turned = turned
        self._stalled = stalled
        self._stopped = threading.Event()
        self._answered = threading.Event()
        self._said = -SELDOM
        self._at = self._others = 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watches the running loop, until `stop` or until the loop is closed."""
        here = (asyncio.get_running_loop(), threading.get_ident())
        self._at, self._others = time.monotonic(), _others()
        self._thread = threading.Thread(target=self._watch, args=here, name="loop watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended."""
        self._stopped.set()
        self._answered.set()
        if self._thread is not None:
            self._thread.join(STUCK)
            self._thread = None

    def _watch(self, loop: asyncio.AbstractEventLoop, ident: int) -> None:
        while not self._stopped.wait(EVERY):
            self._answered.clear()
            asked = time.monotonic()
            try:
                loop.call_soon_threadsafe(self._answer, asked)
            except RuntimeError:  # it is closed
                return
            if not self._answered.wait(STUCK) and not self._answered.wait(GRACE):
                self._say(ident)
                while not (self._answered.wait(EVERY) or self._stopped.is_set() or loop.is_closed()):
                    pass

    def _answer(self, asked: float) -> None:
        now, others = time.monotonic(), _others()
        late, share = now - asked, (others - self._others) / max(now - self._at, EVERY)
        self._at, self._others = now, others
        self._answered.set()
        self._turned(late, share)
        if late > STUCK:
            log.info("the event loop turns again", action="loop.turns", stood_s=round(late, 1))

    def _say(self, ident: int) -> None:
        self._stalled()
        now = time.monotonic()
        if now - self._said < SELDOM:
            return
        self._said = now
        seen = look(ident)
        run = {} if seen.run is None else {"graph": seen.run.graph, "thread": seen.run.thread_id}
        log.error(COMPUTES if seen.where else STARVED, action="loop.stuck", **run, where=seen.where)


def _others() -> float:
    """Processor seconds of every thread but the one that asks."""
    return time.process_time() - time.thread_time()


def look(ident: int) -> Seen:
    """What the loop in that thread does at this moment.

    Read off its stack, which costs nothing until it is asked. What a loop runs is a `Handle` with the context of its
    task; from there up the stack is the task's.
    """
    place: FrameType | None = None
    inner = frame = sys._current_frames().get(ident)  # pyright: ignore[reportPrivateUsage]  as its documentation has it
    while frame is not None and frame.f_code is not Handle._run.__code__:
        if place is None and not frame.f_code.co_filename.startswith(FOREIGN):
            place = frame
        frame = frame.f_back
    if frame is None or inner is None:
        return Seen()
    handle: Handle = frame.f_locals["self"]
    at = place or inner
    return Seen(f"{at.f_code.co_filename}:{at.f_lineno} in {at.f_code.co_name}", handle._context.get(run_here))
