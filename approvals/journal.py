"""What a driver writes down: `ports.Journal`. Every write is fenced by the thread's lease."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from approvals import lifecycle, thread_changes
from approvals.effects import Effects
from approvals.errors import LeaseLost
from approvals.events import EventType
from approvals.leasing import LEASE_SECONDS, Held, holding
from approvals.lifecycle import Change, ThreadChange
from approvals.model import Approval, Draft, JsonValue, Lease, Outcome, Status, Thread, ThreadState
from approvals.opening import Opening
from approvals.points import Point, reached
from approvals.ports import ApprovalStore, Behind, Clock, CommitStatus, Driven, Guard, Query
from approvals.refusals import Refusal
from approvals.service import TRIES, approval_id

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
        self._held: dict[Lease, Held] = {}

    # -- the lease

    @asynccontextmanager
    async def hold(self, thread_id: str, behind: Behind | None = None) -> AsyncGenerator[Lease | None]:
        """See `ports.Journal.hold`."""
        async with holding(self._store, thread_id, self._ttl, behind) as held:
            if held is None:
                yield None
                return
            self._held[held.lease] = held
            try:
                yield held.lease
            finally:
                del self._held[held.lease]

    async def holds(self, lease: Lease) -> bool:
        """Whether it still stands."""
        return await self._store.holds(lease)

    def guard(self, lease: Lease) -> Guard:
        """See `ports.Journal.guard`."""
        return self._store.guard(lease)

    # -- approvals

    async def _live(self, lease: Lease) -> list[Approval]:
        held = self._held.get(lease)
        if held is not None and held.live is None:
            _, live = await self._store.look(lease.thread_id)
            held.live = None if live is None else {approval.id: approval for approval in live}
        if held is None or held.live is None:
            return await self._of(lease.thread_id, LIVE)
        return [approval for approval in held.live.values() if approval.status in LIVE]

    async def _of(self, thread_id: str, statuses: frozenset[Status]) -> list[Approval]:
        found: list[Approval] = []
        offset, step = 0, 200
        while True:
            page = await self._store.page(Query(status=None, thread_id=thread_id, offset=offset, limit=step))
            found += [approval for approval in page.approvals if approval.status in statuses]
            offset += step
            if offset >= page.total:
                return found

    def ran(self, lease: Lease) -> None:
        """See `ports.Journal.ran`."""
        if held := self._held.get(lease):
            held.age()

    async def _commit(
        self, lease: Lease, *changes: Change | ThreadChange, last: bool = False, behind: Behind | None = None
    ) -> bool:
        """Writes them all; false if one of them is no longer what it was, and none was written. `last`: the lease is
        handed back in the same step."""
        held = self._held.get(lease)
        leaving = last and held is not None
        if held is not None:
            held.leaving = leaving
        commit = await self._store.commit(
            *changes, perform=self._effects.kinds, lease=lease, releasing=leaving, behind=behind
        )
        if commit.status is CommitStatus.FENCED:
            raise LeaseLost(f"the lease of thread {lease.thread_id} passed to somebody else")
        self._effects.start(commit.claims)
        done = commit.status is CommitStatus.DONE
        if held is not None:
            held.leaving = held.left = leaving and done
            held.wrote(changes if done else ())
        return done

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
            if not isinstance(change, Refusal) and await self._commit(lease, change):
                return change.approval
            fresh = await self._store.get(approval.id)
            if (held := self._held.get(lease)) is not None and fresh is not None:
                held.saw(fresh)
            if isinstance(change, Refusal) and fresh is not None and fresh.version == current.version:
                return current
            current = fresh
        raise LeaseLost(f"approval {approval.id} could not be written: it changes under our hands")

    async def record(self, lease: Lease, thread: Thread, drafts: Sequence[Draft]) -> Sequence[Approval]:
        """See `ports.Journal.record`."""
        asked = {approval_id(thread.id, draft.interrupt.id): draft for draft in drafts}
        live = {approval.id: approval for approval in await self._live(lease)}
        opened = await self._all_opened(lease, {k: d for k, d in asked.items() if k not in live}, live.values(), thread)
        found: list[Approval] = []
        new: list[Approval] = list(opened.values())
        for key, draft in asked.items():
            known = live.get(key) or opened.get(key) or await self._store.get(key)
            if known is None:
                known = await self._opened(lease, key, _after(draft, live.values()), thread)
                new.append(known)
            found.append(known)
            found[-1] = await self._change(lease, found[-1], lambda a, draft=draft: self._amended(a, draft))
        for key, approval in live.items():
            if key not in asked and approval.status is Status.RESUMING:
                found.append(approval)  # its answer was taken, as it seems: whoever settles the drive says so
            elif key not in asked:
                why = "The question is no longer asked: it was answered elsewhere or replaced." + _instead(new)
                found.append(
                    await self._change(lease, approval, lambda a, why=why: lifecycle.supersede(a, why, self._clock()))
                )
        return [approval for approval in found if approval.status in LIVE]

    async def _all_opened(
        self, lease: Lease, asked: Mapping[str, Draft], live: Iterable[Approval], thread: Thread
    ) -> Mapping[str, Approval]:
        """Opens them in one step, in which a new thread is started. None where one of them is on record already."""
        if not asked:
            return {}
        live = tuple(live)
        start = thread_changes.starting(thread, self._clock())
        changes = {key: await self._opening.open(key, _after(draft, live), thread) for key, draft in asked.items()}
        if not await self._commit(lease, *start, *changes.values()):
            return {}
        for key in changes:
            self._tell_opened(key, thread)
        return {key: change.approval for key, change in changes.items()}

    def _tell_opened(self, key: str, thread: Thread) -> None:
        reached(Point.OPENED, key)
        log.info("approval opened", action="approval.opened", approval=key, graph=thread.graph, thread=thread.id)

    async def _opened(self, lease: Lease, key: str, draft: Draft, thread: Thread) -> Approval:
        change = await self._opening.open(key, draft, thread)
        if await self._commit(lease, change):
            self._tell_opened(key, thread)
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

    async def resuming(
        self, lease: Lease, approvals: Sequence[Approval], *, checkpoint: str = "", behind: Behind | None = None
    ) -> Sequence[Approval]:
        """See `ports.Journal.resuming`."""
        resume: Callable[[Approval], Change | Refusal] = lambda a: lifecycle.resume(  # noqa: E731
            a, self._clock(), checkpoint=checkpoint
        )
        steps = [resume(one) for one in approvals]
        changes = [step for step in steps if isinstance(step, Change)]
        if len(changes) == len(approvals) and await self._commit(lease, *changes, behind=behind):
            found = [change.approval for change in changes]
        else:
            found = [await self._change(lease, one, resume) for one in approvals]
        for approval in found:
            reached(Point.RESUMING, approval.id)
        return found

    async def reask(self, lease: Lease, approval: Approval, error: str) -> None:
        """See `ports.Journal.reask`."""
        await self._change(lease, approval, lambda a: lifecycle.reask(a, error, self._clock()))

    # -- the thread

    async def thread(self, lease: Lease) -> Thread | None:
        """See `ports.Journal.thread`."""
        held = self._held.get(lease)
        return await self._store.thread(lease.thread_id) if held is None else held.thread

    async def _write(
        self, lease: Lease, thread: Thread, after: Thread, kind: EventType, data: dict[str, JsonValue]
    ) -> Thread:
        change = thread_changes.turned(thread, after, kind, data, self._clock())
        if not await self._commit(lease, change):
            raise _overtaken(thread)
        return change.thread

    async def _known(self, lease: Lease, thread: Thread) -> Thread:
        held = self._held.get(lease)
        return held.thread if held is not None and held.thread is not None else await self._fresh(thread)

    async def _fresh(self, thread: Thread) -> Thread:
        return await self._store.thread(thread.id) or thread

    async def started(self, lease: Lease, thread: Thread) -> Thread:
        """See `ports.Journal.started`."""
        thread = await self._known(lease, thread)
        for change in thread_changes.starting(thread, self._clock()):
            if not await self._commit(lease, change):
                raise _overtaken(thread)
            return change.thread
        return thread

    async def settled(
        self,
        lease: Lease,
        thread: Thread,
        pending: frozenset[str],
        outcome: Outcome,
        *,
        last: bool = False,
        checkpoint: str = "",
    ) -> None:
        """See `ports.Journal.settled`."""
        step: Callable[[Approval], Change | Refusal] = lambda a: lifecycle.complete(  # noqa: E731
            a, outcome, self._clock(), checkpoint=checkpoint
        )
        thread = await self._known(lease, thread)
        live = await self._live(lease)
        carried = [a for a in live if a.status is Status.RESUMING and a.interrupt.id not in pending]
        steps = [step(approval) for approval in carried]
        changes = [step for step in steps if isinstance(step, Change)]
        rested = thread_changes.rested(thread, outcome, self._clock())
        if not changes and not rested:
            return
        together = await self._commit(lease, *changes, *rested, last=last)
        if not together:  # somebody wrote one of them meanwhile
            for approval in carried:
                await self._change(lease, approval, step)
        for approval in carried:
            reached(Point.RESUMED, approval.id)
            log.info("approval carried out", action="approval.resumed", approval=approval.id, thread=thread.id)
        if not together and rested and not await self._commit(lease, *rested):
            raise _overtaken(thread)

    async def stumbled(self, lease: Lease, thread: Thread, error: str) -> Driven:
        """See `ports.Journal.stumbled`."""
        thread = await self._fresh(thread)
        attempts = thread.attempts + 1
        ends = attempts >= self._attempts
        for approval in await self._live(lease):
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
        for approval in await self._live(lease):
            await self._fail(lease, approval, thread.error or f"Thread {thread.id} is {thread.state}.")

    async def lost(self, lease: Lease, thread: Thread, why: str, *, final: bool = True) -> None:
        """See `ports.Journal.lost`."""
        for approval in await self._live(lease):
            step = lifecycle.give_up if approval.status is Status.RESUMING else lifecycle.supersede
            await self._change(lease, approval, lambda a, step=step: step(a, why, self._clock()))
        thread = await self._fresh(thread)
        state = ThreadState.LOST if final else ThreadState.FAILED
        after = replace(thread, state=state, error=why, repair=False)
        await self._write(lease, thread, after, EventType.LOST, {"why": why, "final": final})
        log.error("thread lost", action="thread.lost", thread=thread.id, why=why)

    async def live(self, lease: Lease) -> Sequence[Approval]:
        """See `ports.Journal.live`."""
        return await self._live(lease)

    async def given(self, thread: Thread) -> Sequence[Approval]:
        """See `ports.Journal.given`."""
        handed = frozenset({Status.RESUMING, Status.RESUMED, Status.FAILED})
        return [approval for approval in await self._of(thread.id, handed) if approval.reply is not None]

    async def stuck(self, lease: Lease, thread: Thread, ids: frozenset[str], why: str) -> None:
        """See `ports.Journal.stuck`."""
        for approval in await self._live(lease):
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


def _overtaken(thread: Thread) -> LeaseLost:
    return LeaseLost(f"thread {thread.id} was written by somebody else while we held its lease")


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
