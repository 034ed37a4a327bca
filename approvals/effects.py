"""Performing due work: one door for what falls due now and what fell due long ago."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from contextvars import ContextVar
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import structlog

from approvals.due import Claim, DueKind, backoff
from approvals.errors import Later
from approvals.metering import Metering, Performing
from approvals.points import Point, reached
from approvals.ports import ApprovalStore, Clock
from approvals.precedence import Precedence

Perform = Callable[[str], Awaitable["datetime | None"]]
"""Performs one kind of work for a subject. Returns when to look again, or `None` when it is done."""

TURNS: Mapping[DueKind, str] = {
    **dict.fromkeys((DueKind.REMIND, DueKind.ESCALATE, DueKind.EXPIRE, DueKind.LAPSE), "time"),
    **dict.fromkeys((DueKind.NOTIFY, DueKind.REPORT), "post"),
    DueKind.RELAY: "relay",
}
"""What is done one after the other, for one approval: what time brings, in the order in which it fell due (the store
hands it out so, this keeps it in what a claimer lost while it still performs); and what posts cards, since two at once
would both post what both find missing."""

again: ContextVar[bool] = ContextVar("signoff_again", default=False)
"""Set while work is performed that was begun before, here or in a process that died: some of it may be done."""

log = structlog.get_logger()


class Effects:
    """Runs claims in the background, settles those that went well, and puts the others back for later.

    What raises is logged and tried again with growing pauses, for ever: work that is due is never dropped. At most
    `drives` graphs run at once in this process, and `others` of everything else.
    """

    def __init__(
        self,
        store: ApprovalStore,
        *,
        clock: Clock,
        rng: random.Random,
        drives: int = 16,
        others: int = 16,
        meter: Metering | None = None,
    ) -> None:
        self._store = store
        self._meter = meter or Metering()
        self._clock = clock
        self._rng = rng
        self._perform: Mapping[DueKind, Perform] = {}
        self._slots = {True: asyncio.Semaphore(drives), False: asyncio.Semaphore(others)}
        self._size = {True: drives, False: others}
        self._tasks: dict[asyncio.Task[None], bool] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._closing = False
        self.people = Precedence()

    def use(self, perform: Mapping[DueKind, Perform]) -> None:
        """What this process can do. Work of other kinds is left to other processes."""
        self._perform = perform

    @property
    def kinds(self) -> frozenset[DueKind]:
        """The kinds that this process performs itself; none once it is stopping."""
        return frozenset() if self._closing else frozenset(self._perform)

    def start(self, claims: Iterable[Claim]) -> None:
        """Performs them in the background."""
        for claim in claims:
            task = asyncio.create_task(self.run(claim), name=f"effect {claim.member}")
            self._tasks[task] = claim.kind is DueKind.DRIVE
            task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def run(self, claim: Claim) -> None:
        """Performs one claim and settles it. Raises nothing but cancellation: this is the boundary for effects."""
        drive = claim.kind is DueKind.DRIVE
        async with self._turn(claim), self._slots[drive], self.people.lane(graph=drive):
            try:
                with self._meter.around(Performing(claim)) as said:
                    later = await self._performed(claim)
                    reached(Point.PERFORMED, claim.member)
                    await self._store.settle(claim, again=later)
                    said.word = "done" if later is None else "later"
            except Exception as failed:  # noqa: BLE001 - whatever it was, the work stays due
                await self._put_back(claim, failed)

    def _turn(self, claim: Claim) -> AbstractAsyncContextManager[object]:
        turn = TURNS.get(claim.kind)
        return self._turns.setdefault(f"{claim.subject}|{turn}", asyncio.Lock()) if turn else nullcontext()

    async def _performed(self, claim: Claim) -> datetime | None:
        again.set(claim.attempt > 0)  # each claim is performed in a task of its own, and so in a context of its own
        try:
            return await self._perform[claim.kind](claim.subject)
        except Later as later:
            return self._clock() + timedelta(seconds=later.seconds)

    async def _put_back(self, claim: Claim, failed: Exception) -> None:
        pause = backoff(claim.attempt, self._rng)
        log.warning(
            "effect failed",
            action="effect.failed",
            kind=claim.kind.value,
            subject=claim.subject,
            attempt=claim.attempt + 1,
            again_in_s=round(pause.total_seconds(), 1),
            exc_info=failed,
        )
        try:
            await self._store.settle(claim, again=self._clock() + pause, failed=True)
        except Exception as lost:
            log.warning("effect not put back", action="effect.unsettled", subject=claim.subject, exc_info=lost)

    async def over(self, member: str) -> None:
        """Waits for the effect of a due item that this process performs, if it does."""
        name = f"effect {member}"
        if running := [task for task in self._tasks if task.get_name() == name]:
            await asyncio.wait(running)

    def room(self, *, drives: bool) -> int:
        """How many more of that sort may be claimed: as many may wait for a slot as there are slots."""
        taken = sum(1 for sort in self._tasks.values() if sort is drives)
        return max(0, 2 * self._size[drives] - taken)

    async def drain(self, limit: timedelta | None = None) -> bool:
        """Waits until nothing runs, `limit` at most. False if something still did."""
        deadline = None if limit is None else asyncio.get_running_loop().time() + limit.total_seconds()
        while self._tasks:
            left = None if deadline is None else deadline - asyncio.get_running_loop().time()
            if left is not None and left <= 0:
                return False
            await asyncio.wait(set(self._tasks), timeout=left)
        return True

    async def close(self, limit: timedelta) -> None:
        """Finishes what runs within `limit`, then cancels the rest: it stays due, and somebody else performs it."""
        self._closing = True
        if await self.drain(limit):
            return
        left = set(self._tasks)
        while left:
            # Again and again: redis-py (8.1) swallows a cancellation that comes just as a reply arrives.
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=1.0)
