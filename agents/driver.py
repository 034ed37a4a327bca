"""The one place that runs graphs: drive a thread, under its lease, until nothing moves.

Each turn reads the thread anew, writes down what it asks, and hands over what was decided: by interrupt id, strictly,
after writing that it will. LangGraph alone would accept stale ids, fork a thread that is resumed twice, and start a
thread anew that it cannot find.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command, StateSnapshot

from agents.care import COPY, came_from, editable, gone
from agents.checkpointer import CheckpointerDown
from agents.dialects import Dialects
from agents.dialects.breakpoint import breakpoint_draft
from agents.elsewhere import WHY, answered_elsewhere, beyond
from agents.fence import Peek, fenced, the_fence
from agents.graphs import END, Graph, triggers
from agents.outcome import outcome
from agents.payload import to_json
from agents.pending import Asked, Pending, Rest, examine
from agents.registry import last_line
from agents.strict import STRICT_RESUME, UnknownInterruptError, is_invalid_resume
from approvals.errors import ConfigError, LeaseLost
from approvals.metering import RAISED, Driving, Metering, Running
from approvals.model import Approval, Draft, JsonValue, Lease, Reply, Status, Thread, ThreadState
from approvals.points import Point, reached
from approvals.ports import Behind, Driven, Journal
from approvals.refusals import Refusal

MAX_STALE = 3
"""How often LangGraph may call an id stale that it just listed, before that counts as a failure of the graph."""
MAX_HANDED = 3
"""How often one answer is handed over in one drive, before a question that stays open counts as a failure."""


class Graphs(Protocol):
    """Where graphs come from: `agents.registry.Registry`."""

    async def graph(self, name: str) -> Graph: ...
    def peek(self, thread_id: str) -> Peek | None: ...


@dataclass(slots=True)
class _Walk:
    """One drive: what it holds, and what it has seen so far."""

    lease: Lease
    thread: Thread
    graph: Graph
    config: RunnableConfig
    ran: bool = False
    stale: int = 0
    one_by_one: bool = False
    retried: set[str] = field(default_factory=set[str])
    handed: Counter[str] = field(default_factory=Counter[str])
    before: object = None


class _GraphFailed(Exception):
    """Something that is not ours raised."""


class _AnswerRefused(Exception):
    """The answer did not fit the schema that the graph states. LangGraph wrote nothing and keeps the question."""


@contextmanager
def _not_ours() -> Generator[None]:
    """The door to the graph: whatever it raises is told apart from a failure of our own record."""
    try:
        yield
    except (LeaseLost, CheckpointerDown, UnknownInterruptError):
        raise
    except Exception as error:
        raise (_AnswerRefused if is_invalid_resume(error) else _GraphFailed)(last_line(error)) from error


class GraphDriver:
    """Implements `approvals.ports.Driver`."""

    def __init__(
        self,
        graphs: Graphs,
        dialects: Dialects,
        journal: Journal,
        *,
        limit: float | None = None,
        meter: Metering | None = None,
    ) -> None:
        """`limit`: seconds that one run may take before it counts as a failure."""
        self._meter = meter or Metering()
        self._graphs = graphs
        self._limit = limit
        self._dialects = dialects
        self._journal = journal

    async def drive(self, thread_id: str) -> Driven:
        """Runs the thread as far as it goes. What the graph raises is counted by the journal, never raised here."""
        with self._meter.around(Driving(thread_id)) as said:
            try:
                driven = await self._drive(thread_id)
            except LeaseLost:
                said.word = "lost"
                return Driven.BUSY
            except CheckpointerDown:
                driven = Driven.RETRY
            said.word = driven.value
            return driven

    async def _drive(self, thread_id: str) -> Driven:
        first, peek = list[Any](), self._graphs.peek(thread_id)
        async with self._journal.hold(thread_id, Behind(peek.command, first.append) if peek else None) as lease:
            if lease is None:
                return Driven.BUSY
            reached(Point.LEASED, thread_id)
            thread = await self._journal.thread(lease)
            if thread is None:
                return Driven.SETTLED
            if not thread.state.open:
                await self._journal.closed(lease, thread)
                return Driven.SETTLED
            with fenced(lambda: self._fence(lease), self._journal.guard(lease)):
                if peek and first:
                    the_fence().seen[peek.key] = peek.texts(first[0])
                return await self._under(lease, thread)

    async def check(self, graph: str) -> None:
        """Raises `ConfigError` if there is no such graph, or if it cannot be made."""
        await self._graphs.graph(graph)

    async def values(self, thread: Thread) -> JsonValue:
        """The thread's state as JSON, for people. Reads only."""
        graph = await self._graphs.graph(thread.graph)
        return to_json((await graph.aget_state(_config(thread))).values)

    async def _fence(self, lease: Lease) -> None:
        try:
            holds = await self._journal.holds(lease)
        except Exception as error:  # this runs inside the graph, whose failure it must not be taken for
            raise CheckpointerDown(f"the lease cannot be looked up: {last_line(error)}") from error
        if not holds:
            raise LeaseLost(f"the lease of thread {lease.thread_id} passed to somebody else")

    async def _under(self, lease: Lease, thread: Thread) -> Driven:
        try:
            graph = await self._graphs.graph(thread.graph)
        except ConfigError as error:
            return await self._journal.stumbled(lease, thread, str(error))
        the_fence().triggers = triggers(graph)
        walk = _Walk(lease, thread, graph, _config(thread))
        try:
            while True:
                driven = await self._turn(walk)
                if driven is not None:
                    return driven
        except _GraphFailed as failed:
            return await self._journal.stumbled(lease, walk.thread, str(failed))

    async def _turn(self, walk: _Walk) -> Driven | None:
        """One step; `None` means look again."""
        with _not_ours():
            state = await walk.graph.aget_state(walk.config)
            pending = await examine(walk.graph, state)
        if pending.rest is Rest.MISSING:
            return await self._begin(walk)
        if walk.thread.repair:
            return await self._repair(walk, pending)
        if walk.thread.state is ThreadState.NEW and walk.thread.turn > 1 and await self._next_turn(walk, pending):
            return None
        live = await self._journal.live(walk.lease) if pending.rest is Rest.FINISHED else ()
        if why := gone(walk.graph, pending, live):
            walk.thread = await self._journal.started(walk.lease, walk.thread)
            await self._journal.lost(walk.lease, walk.thread, why, final=False)
            return Driven.SETTLED
        drafts = await self._drafts(walk, state, pending)
        approvals = await self._journal.record(walk.lease, walk.thread, drafts)
        walk.thread = await self._journal.started(walk.lease, walk.thread)
        asked = frozenset(draft.interrupt.id for draft in drafts)
        ready = [a for a in approvals if a.interrupt.id in asked and a.ready]
        if (ready or pending.rest is Rest.MIDSTEP) and await self._stuck(walk, state, pending):
            return Driven.SETTLED
        if ready:
            return await self._hand_over(walk, pending, ready)
        if pending.rest is Rest.MIDSTEP:
            return await self._go_on(walk, pending, state, approvals)
        at = pending.checkpoint_id
        await self._journal.settled(walk.lease, walk.thread, asked, outcome(state), last=True, checkpoint=at)
        return Driven.SETTLED

    async def _begin(self, walk: _Walk) -> Driven | None:
        """The first run. A thread that ran before and is not known to the checkpointer is never started anew."""
        if walk.thread.state is not ThreadState.NEW or walk.thread.turn > 1:
            why = "The checkpointer no longer knows this thread, so it cannot go on."
            await self._journal.lost(walk.lease, walk.thread, why)
            return Driven.SETTLED
        if walk.ran:
            why = "The graph ran without writing a checkpoint."
            return await self._journal.stumbled(walk.lease, walk.thread, why)
        walk.ran = True
        await self._run(walk, walk.thread.input)
        return None

    async def _next_turn(self, walk: _Walk, pending: Pending) -> bool:
        """A new input for a thread that ran before; whether it was given now. A crash in between gives it once."""
        if walk.thread.base is None:
            walk.thread = await self._journal.turning(walk.lease, walk.thread, pending.checkpoint_id)
        if walk.ran or pending.checkpoint_id != walk.thread.base:
            return False
        walk.ran = True
        await self._run(walk, walk.thread.input)
        return True

    async def _repair(self, walk: _Walk, pending: Pending) -> Driven | None:
        """Asks every open question anew, under new ids: an answer that sticks to the thread is left behind."""
        if pending.rest is Rest.FINISHED:
            why = "The thread stands at no node of the graph: there is nothing to ask anew."
            await self._journal.lost(walk.lease, walk.thread, why, final=False)
            return Driven.SETTLED
        with _not_ours():
            await walk.graph.aupdate_state(walk.config, None, as_node=COPY)
        walk.thread = await self._journal.repaired(walk.lease, walk.thread)
        await self._run(walk, None)
        return None

    async def _stuck(self, walk: _Walk, state: StateSnapshot, pending: Pending) -> bool:
        """Whether somebody else's answer sticks to the thread: running anything would act on it, so nothing is run."""
        with _not_ours():
            kept = await answered_elsewhere(walk.graph, state, pending)
        stuck = beyond(kept, await self._journal.given(walk.thread), pending) if kept else frozenset[str]()
        if stuck:
            at = pending.checkpoint_id
            await self._journal.settled(walk.lease, walk.thread, pending.ids, outcome(state), checkpoint=at)
            await self._journal.stuck(walk.lease, walk.thread, stuck, WHY)
        return bool(stuck)

    async def _drafts(self, walk: _Walk, state: StateSnapshot, pending: Pending) -> list[Draft]:
        if pending.rest is Rest.BREAKPOINT:
            at, outermost = pending.checkpoint_id, str(state.config.get("configurable", {}).get("checkpoint_id", ""))
            with _not_ours():
                free = at == outermost and await came_from(walk.graph, state)
            return [
                breakpoint_draft(
                    nodes=pending.before,
                    after=pending.after,
                    checkpoint_id=at,
                    values=to_json(cast("object", state.values)),
                    editable=editable(walk.graph, state) if free else None,
                )
            ]
        return [self._draft(walk, asked, pending.checkpoint_id) for asked in pending.asked]

    def _draft(self, walk: _Walk, asked: Asked, checkpoint_id: str) -> Draft:
        return self._dialects.read(
            asked.interrupt,
            graph=walk.thread.graph,
            node=asked.node,
            task_id=asked.task_id,
            checkpoint_id=checkpoint_id,
        )

    async def _hand_over(self, walk: _Walk, pending: Pending, ready: Sequence[Approval]) -> Driven | None:
        """Resumes with what was decided, having written that it will."""
        errored = {asked.interrupt.id for asked in pending.asked if asked.errored} - walk.retried
        if again := [a for a in ready if a.status is Status.RESUMING and a.interrupt.id in errored]:
            # The task took this answer and raised: LangGraph keeps the answer and would ignore another.
            walk.retried |= errored
            await self._run(walk, None, again)
            return None
        batch = self._batch(walk, ready)
        replies: dict[str, Reply] = {}
        for approval in batch:
            reply = approval.reply or self._dialects.compose(approval)
            if isinstance(reply, Refusal):
                return await self._journal.stumbled(walk.lease, walk.thread, f"{approval.id}: {reply.detail}")
            replies[approval.interrupt.id] = reply
        batch = [a for a in batch if replies[a.interrupt.id].ends][:1] or batch
        walk.handed.update(replies.keys())
        if max(walk.handed.values()) > MAX_HANDED:
            return await self._journal.stumbled(walk.lease, walk.thread, "The graph does not take the answer.")
        peek = self._graphs.peek(walk.thread.id)
        behind = peek.ahead() if peek else None
        batch = await self._journal.resuming(walk.lease, batch, checkpoint=pending.checkpoint_id, behind=behind)
        if any(approval.status is not Status.RESUMING for approval in batch):
            return None
        if replies[batch[0].interrupt.id].ends:
            return await self._end(walk)
        if pending.rest is Rest.BREAKPOINT:
            return await self._at_breakpoint(walk, batch[0], replies[batch[0].interrupt.id].value)
        return await self._resume(walk, batch, {a.interrupt.id: replies[a.interrupt.id].value for a in batch})

    @staticmethod
    def _batch(walk: _Walk, ready: Sequence[Approval]) -> Sequence[Approval]:
        """All at once, except answers that LangGraph validates: a bad one among several cannot be told apart, and the
        others' tools may have run by then."""
        if walk.one_by_one:
            return ready[:1]
        return [approval for approval in ready if approval.schema is None] or ready[:1]

    async def _resume(self, walk: _Walk, batch: Sequence[Approval], replies: dict[str, JsonValue]) -> Driven | None:
        try:
            await self._run(walk, Command(resume=replies), batch)
        except UnknownInterruptError as error:
            walk.stale += 1
            if walk.stale >= MAX_STALE:
                return await self._journal.stumbled(walk.lease, walk.thread, last_line(error))
        except _AnswerRefused as refused:
            if len(batch) > 1:
                walk.one_by_one = True
            else:
                await self._journal.reask(walk.lease, batch[0], str(refused))
        return None

    async def _at_breakpoint(self, walk: _Walk, approval: Approval, said: JsonValue) -> None:
        if said is False:
            return await self._end(walk)
        if isinstance(said, dict) and said:
            with _not_ours():
                state = await walk.graph.aget_state(walk.config)
                await walk.graph.aupdate_state(walk.config, said, as_node=await came_from(walk.graph, state))
        return await self._run(walk, None, (approval,))

    async def _end(self, walk: _Walk) -> None:
        """Ends the thread where it stands. `Command(goto=END)` would run the node that is held back."""
        with _not_ours():
            await walk.graph.aupdate_state(walk.config, None, as_node=END)

    async def _go_on(
        self, walk: _Walk, pending: Pending, state: StateSnapshot, approvals: Sequence[Approval]
    ) -> Driven | None:
        """Continues a step that broke off, unless continuing changes nothing."""
        found = (pending.checkpoint_id, pending.ids, state.next)
        if walk.before == found:
            why = f"The graph does not get beyond {', '.join(state.next) or 'this step'}."
            return await self._journal.stumbled(walk.lease, walk.thread, why)
        walk.before = found
        await self._run(walk, None, [approval for approval in approvals if approval.status is Status.RESUMING])
        return None

    async def _run(self, walk: _Walk, what: object, batch: Sequence[Approval] = ()) -> None:
        running = Running(walk.thread.id, walk.thread.graph, [approval.id for approval in batch])
        with self._meter.around(running) as said:
            try:
                await self._invoke(walk, what, _with_decisions(walk.config, batch))
            except _GraphFailed:
                said.word = RAISED
                raise
        reached(Point.RAN, walk.thread.id)

    async def _invoke(self, walk: _Walk, what: object, config: RunnableConfig) -> None:
        extra: dict[str, Any] = {} if walk.thread.context is None else {"context": walk.thread.context}
        the_fence().begin()
        # `sync`: a pause is in Redis before it is announced, and a dying Redis stops the graph.
        with _not_ours():
            limit = asyncio.timeout(self._limit)
            try:
                async with limit:
                    await cast("Any", walk.graph).ainvoke(what, config, durability="sync", **extra)
            except TimeoutError as late:
                if limit.expired():
                    raise TimeoutError(f"The graph did not come to rest within {self._limit:g} s.") from late
                raise
            finally:
                self._journal.ran(walk.lease)


def _config(thread: Thread) -> RunnableConfig:
    """What the thread was registered with (LangGraph keeps none of it), its id, and the strict resume."""
    kept = cast("RunnableConfig", dict(thread.config))
    configurable = {**kept.get("configurable", {}), "thread_id": thread.id, STRICT_RESUME: True}
    for key in ("checkpoint_id", "checkpoint_ns"):  # with one, LangGraph would go back in time or into a subgraph
        configurable.pop(key, None)
    return {**kept, "configurable": configurable}


def _with_decisions(config: RunnableConfig, batch: Sequence[Approval]) -> RunnableConfig:
    """Tells the nodes, in `config["metadata"]`, which approval they act on; comma-separated if there are several."""
    if not batch:
        return config
    last = [approval.decisions[-1] if approval.decisions else None for approval in batch]
    told = {
        "signoff_approval": ",".join(approval.id for approval in batch),
        "signoff_actor": ",".join(decision.actor.id if decision else "" for decision in last),
        "signoff_decided_at": ",".join(decision.at.isoformat() if decision else "" for decision in last),
    }
    return {**config, "metadata": {**config.get("metadata", {}), **told}}
