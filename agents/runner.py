"""The door for agent code: start a graph under Signoff, in this process or any other that shares the Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import JsonValue

from approvals.errors import InputError
from approvals.model import Approval, Status, Thread, ThreadState
from approvals.ports import Driven, Page, Query
from approvals.refusals import Refusal

LOOK_AGAIN = 0.2
"""Seconds between looks at a thread that another process drives."""


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
    ) -> Thread | Refusal: ...

    async def turn(self, thread_id: str, input: JsonValue, *, replacing: bool = False) -> Thread | Refusal: ...

    async def driven(self, thread_id: str) -> None: ...


class Records(Protocol):
    """Reads them: any `approvals.ports.ApprovalStore`."""

    async def thread(self, thread_id: str) -> Thread | None: ...

    async def look(self, thread_id: str) -> tuple[Thread | None, Sequence[Approval] | None]: ...

    async def page(self, query: Query) -> Page: ...


class GraphRunner(Protocol):
    """`agents.driver.GraphDriver`."""

    async def check(self, graph: str) -> None: ...

    async def drive(self, thread_id: str) -> Driven: ...

    async def values(self, thread: Thread) -> JsonValue: ...


class RunStatus(StrEnum):
    """Where a run came to rest."""

    WAITING = "waiting"
    """For people; it goes on wherever somebody decides."""
    FINISHED = "finished"
    FAILED = "failed"
    RETRYING = "retrying"
    """The graph raised; it will be tried again."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """`approvals` are those still open; `values` is the graph's state as JSON."""

    thread: Thread
    status: RunStatus
    approvals: tuple[Approval, ...]
    values: JsonValue


class Runner:
    """Starts threads and reports where they came to rest."""

    def __init__(self, registrar: Registrar, driver: GraphRunner, records: Records) -> None:
        self._registrar = registrar
        self._driver = driver
        self._records = records

    async def run(
        self,
        graph: str,
        input: JsonValue,
        thread: str | None = None,
        *,
        requester: str | None = None,
        config: Mapping[str, JsonValue] | None = None,
        context: JsonValue = None,
        replacing: bool = False,
    ) -> RunResult | Refusal:
        """Runs the graph until it waits for people or ends. `input`, `config` and `context` are JSON: they are kept.

        A thread of that name that has finished takes the input as its next turn; one that still waits only where
        `replacing`, and what it asks is then superseded; else a refusal. `ConfigError` for a graph that does not exist.
        The thread belongs to Signoff from here on: it is resumed by decisions, never by the caller.
        """
        await self._driver.check(graph)
        known = await self._records.thread(thread) if thread else None
        if known is not None and known.graph == graph and (replacing or known.state is ThreadState.DONE):
            registered = await self._registrar.turn(known.id, input, replacing=replacing)
        else:
            registered = await self._registrar.register(
                graph, input, thread_id=thread, requester=requester, config=config, context=context
            )
        if isinstance(registered, Refusal):
            return registered
        # What registering it began is not raced against: that would leave a drive behind which finds nothing to do.
        await self._registrar.driven(registered.id)
        found = await self.look(registered.id)
        if found.thread.state is not ThreadState.NEW or found.thread.error is not None:
            return found
        while await self._driver.drive(registered.id) is Driven.BUSY:  # noqa: ASYNC110  another process may hold it
            await asyncio.sleep(LOOK_AGAIN)
        return await self.look(registered.id)

    async def look(self, thread_id: str) -> RunResult:
        """Where the thread stands now. Raises `InputError` for one that is not known."""
        thread, live = await self._records.look(thread_id)
        if thread is None:
            raise InputError(f"there is no thread {thread_id}")
        if live is None:  # of a version that kept no list of them
            live = (await self._records.page(Query(status=Status.PENDING, thread_id=thread_id, limit=100))).approvals
        pending = tuple(approval for approval in live if approval.status is Status.PENDING)
        values = None if thread.state is ThreadState.LOST else await self._driver.values(thread)
        return RunResult(thread, _status(thread), pending, values)


def _status(thread: Thread) -> RunStatus:
    if thread.state is ThreadState.DONE:
        return RunStatus.FINISHED
    if thread.state in (ThreadState.FAILED, ThreadState.LOST):
        return RunStatus.FAILED
    return RunStatus.RETRYING if thread.error else RunStatus.WAITING
