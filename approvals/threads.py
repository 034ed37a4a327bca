"""Threads come to us here: registered before their first run, since LangGraph cannot list the paused ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from approvals.due import Due, DueKind
from approvals.effects import Effects
from approvals.events import Event, EventType
from approvals.lifecycle import ThreadChange
from approvals.model import SYSTEM, ActorRef, JsonValue, Thread, ThreadState
from approvals.ports import ApprovalStore, Clock, CommitStatus
from approvals.refusals import Reason, Refusal
from approvals.service import TRIES
from approvals.terms import Terms


class Threads:
    """The registry of threads. `new_id` makes ids; it must never repeat one."""

    def __init__(self, store: ApprovalStore, effects: Effects, *, clock: Clock, new_id: Callable[[], str]) -> None:
        self._store = store
        self._effects = effects
        self._clock = clock
        self._new_id = new_id

    async def get(self, thread_id: str) -> Thread | None:
        """The thread, or `None`."""
        return await self._store.thread(thread_id)

    async def register(
        self,
        graph: str,
        input: JsonValue,
        *,
        thread_id: str | None = None,
        requester: str | None = None,
        config: Mapping[str, JsonValue] | None = None,
        context: JsonValue = None,
        terms: Terms | None = None,
        actor: ActorRef = SYSTEM,
        here: bool = True,
    ) -> Thread | Refusal:
        """Writes the thread down, to be driven now: by this process where `here`, else by whoever sweeps next.

        An id that is known already is refused: a thread has one first input.
        """
        thread = Thread(
            id=thread_id or self._new_id(),
            graph=graph,
            input=input,
            config=dict(config or {}),
            context=context,
            requester=requester,
            created_at=self._clock(),
            terms=terms,
        )
        event = Event(
            type=EventType.REGISTERED,
            at=thread.created_at,
            actor=actor,
            thread_id=thread.id,
            version=1,
            data={"graph": graph} | ({"requester": requester} if requester else {}),
        )
        due = (Due(thread.id, DueKind.DRIVE, thread.created_at, immediate=True),)
        perform = self._effects.kinds if here else frozenset[DueKind]()
        commit = await self._store.commit(ThreadChange(thread, 0, (event,), due), perform=perform)
        if commit.status is not CommitStatus.DONE:
            return Refusal(Reason.NOT_POSSIBLE, f"thread {thread.id} exists already; name another", "thread")
        self._effects.start(commit.claims)
        return thread

    async def driven(self, thread_id: str) -> None:
        """Waits for the drive that registering or turning it began in this process, if it did."""
        await self._effects.over(f"{thread_id}|{DueKind.DRIVE}")

    async def turn(
        self, thread_id: str, input: JsonValue, *, actor: ActorRef = SYSTEM, replacing: bool = False, here: bool = True
    ) -> Thread | Refusal:
        """A new input for a thread that has finished. One that waits for people takes it only where `replacing`: what
        it asks is then superseded."""
        now = self._clock()
        for _ in range(TRIES):
            thread = await self._store.thread(thread_id)
            if thread is None:
                return Refusal(Reason.UNKNOWN, f"there is no thread {thread_id}", "thread")
            if thread.state is not ThreadState.DONE and not (replacing and thread.state is ThreadState.STARTED):
                return Refusal(Reason.NOT_POSSIBLE, f"thread {thread_id} is {thread.state}, not done", "thread")
            after = replace(
                thread, input=input, turn=thread.turn + 1, base=None, state=ThreadState.NEW, attempts=0, error=None
            )
            if await self._written(thread, after, EventType.TURNED, {"turn": after.turn}, actor, now, here=here):
                return replace(after, version=thread.version + 1)
        return Refusal(Reason.BUSY, f"thread {thread_id} is being written by others; try again")

    async def reopen(self, thread_id: str, *, actor: ActorRef = SYSTEM, here: bool = True) -> Thread | Refusal:
        """A thread that was closed asks again, of itself: somebody else gave it a new input, or resumed it."""
        now = self._clock()
        for _ in range(TRIES):
            thread = await self._store.thread(thread_id)
            if thread is None:
                return Refusal(Reason.UNKNOWN, f"there is no thread {thread_id}", "thread")
            if thread.state.open:
                return thread
            after = replace(thread, state=ThreadState.STARTED, turn=thread.turn + 1, attempts=0, error=None)
            if await self._written(thread, after, EventType.TURNED, {"turn": after.turn}, actor, now, here=here):
                return replace(after, version=thread.version + 1)
        return Refusal(Reason.BUSY, f"thread {thread_id} is being written by others; try again")

    async def repair(self, thread_id: str, *, actor: ActorRef, here: bool = True) -> Thread | Refusal:
        """Asks everything that is open anew, for a thread that failed or is stuck on an answer it cannot take."""
        now = self._clock()
        for _ in range(TRIES):
            thread = await self._store.thread(thread_id)
            if thread is None:
                return Refusal(Reason.UNKNOWN, f"there is no thread {thread_id}", "thread")
            if thread.state not in (ThreadState.STARTED, ThreadState.FAILED):
                return Refusal(
                    Reason.NOT_POSSIBLE, f"thread {thread_id} is {thread.state}: nothing to repair", "thread"
                )
            after = replace(thread, state=ThreadState.STARTED, attempts=0, error=None, repair=True)
            if await self._written(thread, after, EventType.REPAIRED, {"was": thread.error}, actor, now, here=here):
                return replace(after, version=thread.version + 1)
        return Refusal(Reason.BUSY, f"thread {thread_id} is being written by others; try again")

    async def _written(
        self,
        before: Thread,
        after: Thread,
        kind: EventType,
        data: dict[str, JsonValue],
        actor: ActorRef,
        now: datetime,
        *,
        here: bool,
    ) -> bool:
        """Writes the thread, to be driven now; whether nobody else wrote it meanwhile."""
        after = replace(after, version=before.version + 1)
        event = Event(type=kind, at=now, actor=actor, thread_id=before.id, version=after.version, data=data)
        due = (Due(before.id, DueKind.DRIVE, now, immediate=True),)
        perform = self._effects.kinds if here else frozenset[DueKind]()
        commit = await self._store.commit(ThreadChange(after, before.version, (event,), due), perform=perform)
        self._effects.start(commit.claims)
        return commit.status is CommitStatus.DONE
