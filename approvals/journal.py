"""What a driver writes down: `ports.Journal`. Every write is fenced by the thread's lease."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from approvals import lifecycle
from approvals.effects import Effects
from approvals.errors import LeaseLost
from approvals.events import Event, EventType
from approvals.lifecycle import Change, ThreadChange
from approvals.model import SYSTEM, Approval, Draft, JsonValue, Lease, Outcome, Status, Thread, ThreadState
from approvals.opening import Opening
from approvals.points import Point, reached
from approvals.ports import ApprovalStore, Clock, CommitStatus, Driven, Query
from approvals.refusals import Refusal
from approvals.service import TRIES, approval_id

LEASE_SECONDS = 30.0
"""How long a lease stands without renewal: how late a dead replica's threads are taken over at the most."""

ATTEMPTS = 5
"""How often a graph that raises is driven before it is given up."""

LIVE = frozenset({Status.PENDING, Status.RESOLVED, Status.RESUMING})

log = structlog.get_logger()


class ThreadJournal:
    """See `ports.Journal`. `opening` makes a new approval of a question."""

    def __init__(
        self,
        store: ApprovalStore,
        effects: Effects,
        opening: Opening,
        *,
        clock: Clock,
        ttl: float = LEASE_SECONDS,
        attempts: int = ATTEMPTS,
    ) -> None:
        self._store = store
        self._effects = effects
        self._opening = opening
        self._clock = clock
        self._ttl = ttl
        self._attempts = attempts

    # -- the lease

    @asynccontextmanager
    async def hold(self, thread_id: str) -> AsyncGenerator[Lease | None]:
        """See `ports.Journal.hold`."""
        lease = await self._store.acquire(thread_id, self._ttl)
        if lease is None:
            yield None
            return
        owner = asyncio.current_task()
        assert owner is not None
        asked_before = owner.cancelling()
        lost, over, gone = 0, False, f"the lease of thread {thread_id} was lost while it was driven"

        async def keep() -> None:
            nonlocal lost
            while await self._renewed(lease) and not over:  # noqa: ASYNC110 - it is time that is waited for
                await asyncio.sleep(self._ttl / 4)
            # Again and again: redis-py (8.1) swallows a cancellation that comes just as a reply arrives, here too.
            while not over:
                lost += 1
                owner.cancel()
                await asyncio.sleep(self._ttl / 4)

        def own() -> bool:
            """Takes our cancellations back. False if somebody else cancelled the task as well."""
            for _ in range(lost):
                owner.uncancel()
            return owner.cancelling() <= asked_before

        keeper = asyncio.create_task(keep(), name=f"lease of {thread_id}")
        try:
            yield lease
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
            keeper.cancel()
            if not lost:
                await asyncio.shield(self._store.release(lease))

    async def _renewed(self, lease: Lease) -> bool:
        """Whether the lease is still ours; a store that does not answer is asked again until the lease has run out."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._ttl / 2
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    return await self._store.renew(lease, self._ttl)
            except Exception as failed:
                if loop.time() >= deadline:
                    log.warning("lease not renewed", action="lease.lost", thread=lease.thread_id, exc_info=failed)
                    return False
                await asyncio.sleep(min(1.0, self._ttl / 20))

    async def holds(self, lease: Lease) -> bool:
        """Whether it still stands."""
        return await self._store.holds(lease)

    # -- approvals

    async def _live(self, thread_id: str) -> list[Approval]:
        return await self._of(thread_id, LIVE)

    async def _of(self, thread_id: str, statuses: frozenset[Status]) -> list[Approval]:
        found: list[Approval] = []
        offset, step = 0, 200
        while True:
            page = await self._store.page(Query(status=None, thread_id=thread_id, offset=offset, limit=step))
            found += [approval for approval in page.approvals if approval.status in statuses]
            offset += step
            if offset >= page.total:
                return found

    async def _commit(self, change: Change | ThreadChange, lease: Lease) -> bool:
        commit = await self._store.commit(change, perform=self._effects.kinds, lease=lease)
        if commit.status is CommitStatus.FENCED:
            raise LeaseLost(f"the lease of thread {lease.thread_id} passed to somebody else")
        self._effects.start(commit.claims)
        return commit.status is CommitStatus.DONE

    async def _change(
        self, lease: Lease, approval: Approval, step: Callable[[Approval], Change | Refusal | None]
    ) -> Approval:
        """Applies the step to the record as it stands; a refusal means that somebody else moved it, and that stands."""
        current: Approval | None = approval
        for _ in range(TRIES):
            if current is None:
                break
            change = step(current)
            if change is None:
                return current
            if not isinstance(change, Refusal) and await self._commit(change, lease):
                return change.approval
            fresh = await self._store.get(approval.id)
            if isinstance(change, Refusal) and fresh is not None and fresh.version == current.version:
                return current
            current = fresh
        raise LeaseLost(f"approval {approval.id} could not be written: it changes under our hands")

    async def record(self, lease: Lease, thread: Thread, drafts: Sequence[Draft]) -> Sequence[Approval]:
        """See `ports.Journal.record`."""
        asked = {approval_id(thread.id, draft.interrupt.id): draft for draft in drafts}
        live = {approval.id: approval for approval in await self._live(thread.id)}
        found: list[Approval] = []
        new: list[Approval] = []
        for key, draft in asked.items():
            known = live.get(key) or await self._store.get(key)
            if known is None:
                known = await self._opened(lease, key, _after(draft, live.values()), thread)
                new.append(known)
            found.append(known)
            found[-1] = await self._change(lease, found[-1], lambda a, draft=draft: self._amended(a, draft))
        for key, approval in live.items():
            if key not in asked:
                why = "The question is no longer asked: it was answered elsewhere or replaced." + _instead(new)
                found.append(
                    await self._change(lease, approval, lambda a, why=why: lifecycle.supersede(a, why, self._clock()))
                )
        return [approval for approval in found if approval.status in LIVE]

    async def _opened(self, lease: Lease, key: str, draft: Draft, thread: Thread) -> Approval:
        change = await self._opening.open(key, draft, thread)
        if await self._commit(change, lease):
            reached(Point.OPENED, key)
            log.info("approval opened", action="approval.opened", approval=key, graph=thread.graph, thread=thread.id)
            return change.approval
        known = await self._store.get(key)
        assert known is not None
        return known

    def _amended(self, approval: Approval, draft: Draft) -> Change | Refusal | None:
        same = approval.interrupt.payload_hash == draft.interrupt.payload_hash
        # An answer that was handed over sticks to the thread: the same question, read otherwise, must not get a second.
        same = same or (approval.status is Status.RESUMING and approval.payload == draft.payload)
        shown = same and approval.status is not Status.SUPERSEDED
        return None if shown else lifecycle.amend(approval, draft, self._clock())

    async def resuming(self, lease: Lease, approvals: Sequence[Approval]) -> Sequence[Approval]:
        """See `ports.Journal.resuming`."""
        found = [await self._change(lease, one, lambda a: lifecycle.resume(a, self._clock())) for one in approvals]
        for approval in found:
            reached(Point.RESUMING, approval.id)
        return found

    async def reask(self, lease: Lease, approval: Approval, error: str) -> None:
        """See `ports.Journal.reask`."""
        await self._change(lease, approval, lambda a: lifecycle.reask(a, error, self._clock()))

    # -- the thread

    async def thread(self, thread_id: str) -> Thread | None:
        """The thread, or `None`."""
        return await self._store.thread(thread_id)

    async def _write(
        self, lease: Lease, thread: Thread, after: Thread, kind: EventType, data: dict[str, JsonValue]
    ) -> Thread:
        after = replace(after, version=thread.version + 1)
        event = Event(type=kind, at=self._clock(), actor=SYSTEM, thread_id=thread.id, version=after.version, data=data)
        if not await self._commit(ThreadChange(after, thread.version, (event,)), lease):
            raise LeaseLost(f"thread {thread.id} was written by somebody else while we held its lease")
        return after

    async def _fresh(self, thread: Thread) -> Thread:
        return await self._store.thread(thread.id) or thread

    async def started(self, lease: Lease, thread: Thread) -> Thread:
        """See `ports.Journal.started`."""
        if thread.state is not ThreadState.NEW:
            return thread
        return await self._write(lease, thread, replace(thread, state=ThreadState.STARTED), EventType.STARTED, {})

    async def settled(self, lease: Lease, thread: Thread, pending: frozenset[str], outcome: Outcome) -> None:
        """See `ports.Journal.settled`."""
        for approval in await self._live(thread.id):
            if approval.status is Status.RESUMING and approval.interrupt.id not in pending:
                await self._change(lease, approval, lambda a: lifecycle.complete(a, outcome, self._clock()))
                reached(Point.RESUMED, approval.id)
                log.info("approval carried out", action="approval.resumed", approval=approval.id, thread=thread.id)
        thread = await self._fresh(thread)
        if outcome.finished and thread.state is not ThreadState.DONE:
            after = replace(thread, state=ThreadState.DONE, attempts=0, error=None, outcome=outcome)
            await self._write(lease, thread, after, EventType.FINISHED, {"outcome": outcome.text})
        elif thread.attempts:
            after = replace(thread, attempts=0, error=None)
            await self._write(lease, thread, after, EventType.STARTED, {"recovered": True})

    async def stumbled(self, lease: Lease, thread: Thread, error: str) -> Driven:
        """See `ports.Journal.stumbled`."""
        thread = await self._fresh(thread)
        attempts = thread.attempts + 1
        ends = attempts >= self._attempts
        for approval in await self._live(thread.id):
            if ends:
                await self._fail(lease, approval, error)
            elif approval.status is Status.RESUMING:
                await self._change(lease, approval, lambda a: lifecycle.stumble(a, error, self._clock()))
        state = ThreadState.FAILED if ends else thread.state
        after = replace(thread, attempts=attempts, error=error, state=state)
        kind = EventType.GAVE_UP if ends else EventType.RESUME_FAILED
        await self._write(lease, thread, after, kind, {"error": error, "attempt": attempts})
        log.warning(
            "graph failed", action="thread.stumbled", thread=thread.id, error=error, attempt=attempts, final=ends
        )
        return Driven.SETTLED if ends else Driven.RETRY

    async def _fail(self, lease: Lease, approval: Approval, error: str) -> None:
        """What was decided and cannot be carried out says so; what is still open stays open."""
        if approval.status is Status.RESOLVED:
            approval = await self._change(lease, approval, lambda a: lifecycle.resume(a, self._clock()))
        if approval.status is Status.RESUMING:
            await self._change(lease, approval, lambda a: lifecycle.give_up(a, error, self._clock()))

    async def closed(self, lease: Lease, thread: Thread) -> None:
        """See `ports.Journal.closed`."""
        for approval in await self._live(thread.id):
            await self._fail(lease, approval, thread.error or f"Thread {thread.id} is {thread.state}.")

    async def lost(self, lease: Lease, thread: Thread, why: str, *, final: bool = True) -> None:
        """See `ports.Journal.lost`."""
        for approval in await self._live(thread.id):
            step = lifecycle.give_up if approval.status is Status.RESUMING else lifecycle.supersede
            await self._change(lease, approval, lambda a, step=step: step(a, why, self._clock()))
        thread = await self._fresh(thread)
        state = ThreadState.LOST if final else ThreadState.FAILED
        after = replace(thread, state=state, error=why, repair=False)
        await self._write(lease, thread, after, EventType.LOST, {"why": why, "final": final})
        log.error("thread lost", action="thread.lost", thread=thread.id, why=why)

    async def live(self, thread: Thread) -> Sequence[Approval]:
        """See `ports.Journal.live`."""
        return await self._live(thread.id)

    async def given(self, thread: Thread) -> Sequence[Approval]:
        """See `ports.Journal.given`."""
        handed = frozenset({Status.RESUMING, Status.RESUMED, Status.FAILED})
        return [approval for approval in await self._of(thread.id, handed) if approval.reply is not None]

    async def stuck(self, lease: Lease, thread: Thread, ids: frozenset[str], why: str) -> None:
        """See `ports.Journal.stuck`."""
        for approval in await self._live(thread.id):
            if approval.interrupt.id in ids:
                await self._change(lease, approval, lambda a: lifecycle.stick(a, why, self._clock()))
            else:
                await self._fail(lease, approval, why)
        thread = await self._fresh(thread)
        after = replace(thread, state=ThreadState.FAILED, error=why)
        await self._write(lease, thread, after, EventType.GAVE_UP, {"error": why})
        log.warning("thread answered elsewhere", action="thread.stuck", thread=thread.id)

    async def turning(self, lease: Lease, thread: Thread, base: str) -> Thread:
        """See `ports.Journal.turning`."""
        after = replace(thread, base=base)
        return await self._write(lease, thread, after, EventType.STARTED, {"turn": thread.turn, "base": base})

    async def repaired(self, lease: Lease, thread: Thread) -> Thread:
        """See `ports.Journal.repaired`."""
        why = "The thread was repaired: the question is asked anew."
        for approval in await self._of(thread.id, LIVE | {Status.FAILED}):
            await self._change(lease, approval, lambda a: lifecycle.repaired(a, why, self._clock()))
        thread = await self._fresh(thread)
        return await self._write(lease, thread, replace(thread, repair=False), EventType.STARTED, {"repaired": True})


def _instead(new: Sequence[Approval]) -> str:
    """Where to look instead."""
    return " Asked instead: " + ", ".join(f"{a.title} ({a.id})" for a in new[:3]) + "." if new else ""


def _after(draft: Draft, live: Iterable[Approval]) -> Draft:
    """A question that a task asks after an answer tells what was answered: that may be why it asks again."""
    task = draft.interrupt.task_id
    before = [a for a in live if task and a.interrupt.task_id == task and a.status is Status.RESUMING and a.decisions]
    if not before:
        return draft
    said = before[-1].decisions[-1]
    told = f"Asked before: {before[-1].title}\nThe answer: {said.text or before[-1].resolution or said.type}"
    return replace(draft, description=f"{draft.description}\n\n{told}".strip())
