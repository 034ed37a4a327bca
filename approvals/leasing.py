"""Holding a thread: its lease is renewed while somebody drives it, and what they know of it is kept as long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from approvals.errors import LeaseLost
from approvals.lifecycle import Change, ThreadChange
from approvals.model import Approval, Lease, Status, Thread
from approvals.ports import Behind, Taken

LEASE_SECONDS = 30.0
"""How long a lease stands without renewal: how late a dead replica's threads are taken over at the most."""

log = structlog.get_logger()


@dataclass(slots=True)
class Held:
    """What is known of a thread while we hold its lease: as it was taken, and what we wrote since.

    Nobody else opens, resumes or closes an approval meanwhile. People still decide, clocks remind and cards are posted:
    whoever writes on what is known here finds out by its version, and reads that record anew. What is only *read* here
    may be behind by such a change. None of them is lost by that: what is for us to carry out brings its own due work.

    `live` is `None` where it must be read.
    """

    lease: Lease
    thread: Thread | None
    live: dict[str, Approval] | None
    leaving: bool = False
    """The last write is on its way, which hands the lease back."""
    left: bool = False
    """It was written."""

    @classmethod
    def of(cls, taken: Taken) -> Held:
        """As it was taken."""
        live = None if taken.live is None else {approval.id: approval for approval in taken.live}
        return cls(taken.lease, taken.thread, live)

    def age(self) -> None:
        """Time went by, in which people may have decided what was pending."""
        if self.live is not None and any(approval.status is Status.PENDING for approval in self.live.values()):
            self.live = None

    def wrote(self, changes: Iterable[Change | ThreadChange]) -> None:
        """We wrote these."""
        for change in changes:
            if isinstance(change, ThreadChange):
                self.thread = change.thread
            else:
                self.saw(change.approval)

    def saw(self, approval: Approval) -> None:
        """So it stands."""
        if self.live is not None:
            self.live[approval.id] = approval


class Leases(Protocol):
    """Keeps leases: any `approvals.ports.ApprovalStore`."""

    async def take(self, thread_id: str, ttl: float, *, behind: Behind | None = None) -> Taken | None: ...
    async def renew(self, lease: Lease, ttl: float) -> bool: ...
    async def release(self, lease: Lease) -> None: ...


@asynccontextmanager
async def holding(
    store: Leases, thread_id: str, ttl: float, behind: Behind | None = None
) -> AsyncGenerator[Held | None]:
    """The thread's lease, renewed while the body runs; `None` if somebody holds it. See `ports.Journal.hold`."""
    taken = await store.take(thread_id, ttl, behind=behind)
    if taken is None:
        yield None
        return
    held, lease, owner = Held.of(taken), taken.lease, asyncio.current_task()
    assert owner is not None
    asked_before = owner.cancelling()
    keeper: asyncio.Task[None] | None = None
    lost, over, gone = 0, False, f"the lease of thread {thread_id} was lost while it was driven"

    async def keep() -> None:
        nonlocal lost
        while not over and await _renewed(store, lease, ttl):  # noqa: ASYNC110 - it is time that is waited for
            await asyncio.sleep(ttl / 4)
        # Again and again: redis-py (8.1) swallows a cancellation that comes just as a reply arrives, here too.
        while not (over or held.leaving):
            lost += 1
            owner.cancel()
            await asyncio.sleep(ttl / 4)

    def own() -> bool:
        """Takes our cancellations back. False if somebody else cancelled the task as well."""
        for _ in range(lost):
            owner.uncancel()
        return owner.cancelling() <= asked_before

    def start() -> None:
        nonlocal keeper
        keeper = asyncio.create_task(keep(), name=f"lease of {thread_id}")

    later = asyncio.get_running_loop().call_later(ttl / 4, start)  # most drives are over by then
    try:
        yield held
    except BaseException as stopped:
        # Whatever the body made of our cancellation; but one that came from elsewhere goes on.
        if not lost or not own():
            raise
        raise LeaseLost(gone) from stopped
    else:
        if lost and own():
            raise LeaseLost(gone)
    finally:
        over = True
        later.cancel()
        if keeper is not None:
            keeper.cancel()
        if not (lost or held.left):
            await asyncio.shield(store.release(lease))


async def _renewed(store: Leases, lease: Lease, ttl: float) -> bool:
    """Whether the lease is still ours; a store that does not answer is asked again until the lease has run out."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + ttl / 2
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                return await store.renew(lease, ttl)
        except Exception as failed:
            if loop.time() >= deadline:
                log.warning("lease not renewed", action="lease.lost", thread=lease.thread_id, exc_info=failed)
                return False
            await asyncio.sleep(min(1.0, ttl / 20))
