"""Drives threads that live on a LangGraph Server: reads what they ask there, and resumes them there.

The server runs the graph and lets one run of a thread pass at a time; ours is the journal. Who else resumes the thread
is not ours to keep away: each run of ours carries the ids of its approvals, so that afterwards it can be told whether
the answer that the thread took was the one that was decided here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from agents.care import COPY
from agents.dialects import Dialects
from agents.dialects.breakpoint import breakpoint_draft
from agents.dialects.replies import Replies
from agents.elsewhere import WHY
from agents.graphs import END
from agents.pending import Rest
from agents.remote.client import Command, Error, RunRefused, Server, ServerAway, ThreadBusy, ThreadGone
from agents.remote.handed import STALE, ids, mine, taken, told
from agents.remote.names import home_of
from agents.remote.state import Look, look
from agents.strict import STRICT_RESUME
from approvals.errors import InputError, Later, LeaseLost
from approvals.model import Approval, Draft, JsonValue, Lease, Outcome, Reply, Status, Thread
from approvals.points import Point, reached
from approvals.ports import Driven, ServerJournal
from approvals.refusals import Refusal

WAIT = 5.0
"""Seconds for which a run is waited for; then it is looked at again later, and goes on meanwhile."""
LOOKS, LOOK_AGAIN = 4, 0.25
"""How often, and after how many seconds, a thread is tried again that somebody else looks at."""
MAX_STALE = 3
MAX_HANDED = 3
MAX_RUNS = 10
"""Runs in one drive, before a thread that does not get on counts as a failure."""

INVALID: Final = "ValidationError"
FIRST: Final = "Somebody else resumed the thread first."


@dataclass(slots=True)
class _Walk:
    """One drive: what it holds, and what it has seen so far."""

    lease: Lease
    thread: Thread
    server: Server
    id: str
    dialects: Dialects
    known: str
    assistant: str = ""
    runs: int = 0
    stale: int = 0
    one_by_one: bool = False
    given: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    taken: set[str] = field(default_factory=set[str])
    retried: set[str] = field(default_factory=set[str])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    handed: Counter[str] = field(default_factory=Counter[str])


class RemoteDriver:
    """Implements `approvals.ports.Driver` for threads of these servers."""

    def __init__(
        self, servers: Mapping[str, Server], journal: ServerJournal, replies: Replies, *, wait: float | None = None
    ) -> None:
        """`replies`: what is stated of graphs by their name; a server's own come first."""
        self._servers = servers
        self._journal = journal
        self._wait = WAIT if wait is None else wait
        self._dialects = {
            name: Dialects(replies=Replies({**replies.rules, **server.config.replies.rules}))
            for name, server in servers.items()
        }

    async def drive(self, thread_id: str) -> Driven:
        """Gets the thread as far as it goes. Raises `Later` while its server does not answer."""
        for _ in range(LOOKS):
            driven = await self._held(thread_id)
            if driven is not None:
                return driven
            await asyncio.sleep(LOOK_AGAIN)  # a look holds the lease for no longer
        return Driven.BUSY

    async def _held(self, thread_id: str) -> Driven | None:
        """The same; `None` if somebody holds the thread's lease."""
        try:
            async with self._journal.hold(thread_id) as lease:
                if lease is None:
                    return None
                reached(Point.LEASED, thread_id)
                thread = await self._journal.thread(lease)
                if thread is None:
                    return Driven.SETTLED
                if not thread.state.open:
                    await self._journal.closed(lease, thread)
                    return Driven.SETTLED
                return await self._under(lease, thread)
        except LeaseLost:
            return Driven.BUSY

    async def values(self, thread: Thread) -> JsonValue:
        """The thread's state as JSON, for people."""
        name, remote = home_of(thread.id)
        server = self._servers[name]
        try:
            return look({}, await server.state(remote)).values
        except (ServerAway, ThreadGone, ThreadBusy, RunRefused) as away:
            raise InputError(f"{thread.id}: {away}") from None

    async def _under(self, lease: Lease, thread: Thread) -> Driven:
        name, remote = home_of(thread.id)
        server, graph = self._servers[name], thread.graph.removeprefix(f"{name}/")
        walk = _Walk(lease, thread, server, remote, self._dialects[name], graph)
        try:
            while True:
                driven = await self._turn(walk)
                if driven is not None:
                    return driven
        except ServerAway as away:
            raise await self._away(walk, str(away)) from None
        except ThreadGone:
            return await self._gone(walk)
        except ThreadBusy:
            return Driven.BUSY
        except RunRefused as refused:
            return await self._journal.stumbled(lease, walk.thread, str(refused))

    async def _away(self, walk: _Walk, why: str) -> Later:
        await self._journal.unreached(walk.lease, why)
        return Later(max(2.0, walk.server.pause), why)

    async def _gone(self, walk: _Walk) -> Driven:
        """The thread is not there. A gateway in front of a server that is down says so of everything."""
        try:
            await walk.server.info()
        except (ServerAway, ThreadGone, ThreadBusy, RunRefused) as away:
            raise await self._away(walk, f"{walk.server.name}: {away}") from None
        why = f"The server {walk.server.name} no longer knows this thread, so it cannot go on."
        await self._journal.lost(walk.lease, walk.thread, why)
        return Driven.SETTLED

    async def _turn(self, walk: _Walk) -> Driven | None:
        """One step; `None` means look again."""
        thread = await walk.server.thread(walk.id)
        now = look(thread, await walk.server.state(walk.id))
        await self._journal.reached(walk.lease)
        if now.busy:
            return Driven.BUSY
        if now.pending.rest is Rest.BREAKPOINT and not await walk.server.paused(walk.id):
            now = now.broken_off()
        walk.assistant = now.assistant
        if walk.thread.repair:
            return await self._repair(walk, now)
        drafts = self._drafts(walk, now)
        asked = frozenset(draft.interrupt.id for draft in drafts)
        await self._reckon(walk, now, asked)
        approvals = await self._journal.record(walk.lease, walk.thread, drafts)
        walk.thread = await self._journal.started(walk.lease, walk.thread)
        ready = [a for a in approvals if a.interrupt.id in asked and a.ready]
        if ready:
            return await self._hand_over(walk, now, ready)
        carried = [a for a in approvals if a.status is Status.RESUMING]
        if now.pending.rest is Rest.MIDSTEP and now.status == "error" and carried:
            return await self._go_on(walk, carried)
        # A thread that asks nothing is nothing to us until it asks again.
        outcome = now.outcome if drafts or now.outcome.finished else Outcome(finished=True, text=now.outcome.text)
        await self._journal.settled(walk.lease, walk.thread, asked, outcome, last=True)
        return Driven.SETTLED

    # -- reading

    def _drafts(self, walk: _Walk, now: Look) -> list[Draft]:
        pending = now.pending
        if pending.rest is Rest.BREAKPOINT:
            values = now.values
            return [
                breakpoint_draft(nodes=pending.before, after=(), checkpoint_id=pending.checkpoint_id, values=values)
            ]
        return [
            walk.dialects.read(
                asked.interrupt,
                graph=walk.known,
                node=asked.node,
                task_id=asked.task_id,
                checkpoint_id=pending.checkpoint_id,
            )
            for asked in pending.asked
        ]

    async def _reckon(self, walk: _Walk, now: Look, asked: frozenset[str]) -> None:
        """What was decided and is no longer asked: whether it was our answer that the thread took."""
        decided = (Status.RESOLVED, Status.RESUMING)
        gone = [
            approval
            for approval in await self._journal.live(walk.lease)
            if approval.status in decided and approval.interrupt.id not in asked and approval.id not in walk.taken
        ]
        if not gone:
            return
        runs = await walk.server.runs(walk.id)
        for approval in gone:
            ours = taken(approval, now, runs)
            if ours and approval.ready:
                await self._journal.resuming(walk.lease, (approval,))
            elif not ours:
                await self._journal.withheld(walk.lease, (approval,), FIRST)

    # -- handing over

    async def _hand_over(self, walk: _Walk, now: Look, ready: Sequence[Approval]) -> Driven | None:
        """Resumes with what was decided, having written that it will."""
        runs = await walk.server.runs(walk.id)
        if any(run.active for run in runs):
            return Driven.BUSY
        walk.given = runs[0].given if runs else {}
        errored = {asked.interrupt.id for asked in now.pending.asked if asked.errored}
        ours = frozenset[str]().union(*(run.ours for run in runs))
        if stuck := {a.interrupt.id for a in ready if a.interrupt.id in errored and not mine(a, ours)}:
            await self._journal.settled(walk.lease, walk.thread, now.pending.ids, now.outcome)
            await self._journal.stuck(walk.lease, walk.thread, frozenset(stuck), WHY)
            return Driven.SETTLED
        resuming = [a for a in ready if a.status is Status.RESUMING]
        if again := [a for a in resuming if a.interrupt.id in errored - walk.retried]:
            # The task took this answer and raised: LangGraph keeps the answer, or refused it and keeps the question.
            walk.retried |= errored
            return await self._settle(walk, again, await self._run(walk, None, again))
        if refused := [a for a in resuming if a.interrupt.id in walk.retried - errored]:
            for approval in refused:
                why = walk.refused.get(approval.interrupt.id) or approval.error or "The agent did not take the answer."
                await self._journal.reask(walk.lease, approval, why)
                walk.retried.discard(approval.interrupt.id)
            return None
        return await self._give(walk, now, ready)

    async def _give(self, walk: _Walk, now: Look, ready: Sequence[Approval]) -> Driven | None:
        batch = _batch(walk, ready)
        replies: dict[str, Reply] = {}
        for approval in batch:
            reply = approval.reply or walk.dialects.compose(approval)
            if isinstance(reply, Refusal):
                return await self._journal.stumbled(walk.lease, walk.thread, f"{approval.id}: {reply.detail}")
            replies[approval.interrupt.id] = reply
        batch = [a for a in batch if replies[a.interrupt.id].ends][:1] or batch
        walk.handed.update(a.interrupt.id for a in batch)
        if max(walk.handed.values()) > MAX_HANDED:
            return await self._journal.stumbled(walk.lease, walk.thread, "The graph does not take the answer.")
        batch = await self._journal.resuming(walk.lease, batch)
        if any(approval.status is not Status.RESUMING for approval in batch):
            return None
        first = replies[batch[0].interrupt.id]
        at_breakpoint = now.pending.rest is Rest.BREAKPOINT
        try:
            if first.ends or (at_breakpoint and first.value is False):
                await walk.server.write(walk.id, END)
                walk.taken.add(batch[0].id)
                return None
            command = None if at_breakpoint else {"resume": {i: replies[i].value for i in ids(batch)}}
            run = await self._start(walk, command, batch)
        except ThreadBusy:
            await self._journal.withheld(walk.lease, batch, FIRST)
            return Driven.BUSY
        return await self._settle(walk, batch, await self._ended(walk, run, batch))

    async def _settle(self, walk: _Walk, batch: Sequence[Approval], error: Error | None) -> Driven | None:
        """What a run of ours ended with; `None` means look again."""
        if error is None:
            return None
        if error.kind == STALE:
            walk.stale += 1
            await self._journal.withheld(walk.lease, batch, FIRST)
            if walk.stale < MAX_STALE:
                return None
        if error.kind == INVALID and len(batch) == 1 and batch[0].interrupt.id not in walk.retried:
            # Of an answer that the graph's own schema refuses, nothing is kept. Running again tells.
            walk.refused[batch[0].interrupt.id] = str(error)
            return None
        return await self._journal.stumbled(walk.lease, walk.thread, str(error))

    async def _go_on(self, walk: _Walk, carried: Sequence[Approval]) -> Driven | None:
        """The thread took our answer, and failed after it: it goes on from there."""
        runs = await walk.server.runs(walk.id)
        if any(run.active for run in runs):
            return Driven.BUSY
        walk.given = runs[0].given if runs else {}
        return await self._settle(walk, (), await self._run(walk, None, carried))

    async def _repair(self, walk: _Walk, now: Look) -> Driven | None:
        """Asks every open question anew, under new ids: an answer that sticks to the thread is left behind."""
        if now.pending.rest is Rest.FINISHED:
            why = "The thread stands at no node of the graph: there is nothing to ask anew."
            await self._journal.lost(walk.lease, walk.thread, why, final=False)
            return Driven.SETTLED
        runs = await walk.server.runs(walk.id)
        walk.given = runs[0].given if runs else {}
        await walk.server.write(walk.id, COPY)
        error = await self._run(walk, None, ())
        walk.thread = await self._journal.repaired(walk.lease, walk.thread)
        return await self._settle(walk, (), error)

    # -- running

    async def _run(self, walk: _Walk, command: Command | None, batch: Sequence[Approval]) -> Error | None:
        return await self._ended(walk, await self._start(walk, command, batch), batch)

    async def _start(self, walk: _Walk, command: Command | None, batch: Sequence[Approval]) -> str:
        walk.runs += 1
        if walk.runs > MAX_RUNS:
            raise RunRefused("The thread does not come to rest.")
        # The server keeps nothing of what a run was configured with; and only the raw key makes it strict.
        configurable = {**walk.given, STRICT_RESUME: True}
        metadata = told(batch)
        return await walk.server.start(
            walk.id, walk.assistant, command=command, configurable=configurable, metadata=metadata
        )

    async def _ended(self, walk: _Walk, run: str, batch: Sequence[Approval]) -> Error | None:
        try:
            error = await walk.server.wait(walk.id, run, self._wait)
        finally:
            self._journal.ran(walk.lease)
        reached(Point.RAN, walk.thread.id)
        if error is None or error.kind not in (STALE, INVALID):
            walk.taken.update(approval.id for approval in batch)
        return error


def _batch(walk: _Walk, ready: Sequence[Approval]) -> Sequence[Approval]:
    """All at once, except answers that the graph validates: a bad one among several cannot be told apart."""
    if walk.one_by_one:
        return ready[:1]
    return [approval for approval in ready if approval.schema is None] or ready[:1]
