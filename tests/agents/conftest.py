"""A desk for driving graphs: the real store, journal and checkpointer, and graphs handed in by the test."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import StateGraph

from agents.checkpointer import open_checkpointer
from agents.dialects import Dialects
from agents.dialects.replies import Replies
from agents.driver import GraphDriver
from agents.fence import Peek
from approvals.effects import Effects
from approvals.errors import ConfigError
from approvals.journal import ThreadJournal
from approvals.lifecycle import Attempt
from approvals.model import Actor, ActorRef, Approval, DecisionType, JsonValue, Source, Status, Thread
from approvals.opening import Opening
from approvals.policy import Policy
from approvals.ports import Driven, Query
from approvals.refusals import Refusal
from approvals.service import Approvals, Done
from approvals.store.redis import RedisStore
from approvals.threads import Threads
from tests.approvals.build import always
from tests.conftest import VirtualClock

OPERATOR = Actor(ActorRef("pat", Source.CLI))
Saver = BaseCheckpointSaver[Any]
POLICY = Policy(name="default", channel="#approvals")


class GraphsByHand:
    """Graphs as the registry would give them: with the saver."""

    def __init__(self, saver: Saver) -> None:
        self.saver = saver
        self.found: dict[str, Any] = {}

    async def graph(self, name: str) -> Any:
        if name not in self.found:
            raise ConfigError(f"langgraph.json: graphs: there is no “{name}”")
        return self.found[name].copy(update={"checkpointer": self.saver})

    def peek(self, thread_id: str) -> Peek | None:
        return self.saver.peek(thread_id)


class Rereading(Dialects):
    """Dialects whose configuration a test may change."""

    def use(self, replies: Replies) -> None:
        self._replies = replies
        self._known.clear()


class Desk:
    """Registers, drives and decides."""

    def __init__(self, store: RedisStore, saver: Saver, clock: VirtualClock, *, attempts: int = 3) -> None:
        numbers = itertools.count(1)
        dialects = Rereading()
        self.dialects = dialects
        self.store = store
        self.saver = saver
        effects = Effects(store, clock=clock, rng=random.Random(1))
        self.effects = effects
        self.graphs = GraphsByHand(saver)
        opening = Opening(always(POLICY), dialects, clock=clock)
        self.journal = ThreadJournal(store, effects, opening, clock=clock, attempts=attempts)
        self.approvals = Approvals(store, dialects, effects, clock=clock)
        self.threads = Threads(store, effects, clock=clock, new_id=lambda: f"thread-{next(numbers)}")
        self.driver = GraphDriver(self.graphs, dialects, self.journal)

    async def register(self, graph: Any, input: JsonValue = None, **more: Any) -> Thread:
        compiled = graph.compile() if isinstance(graph, StateGraph) else graph
        self.graphs.found["g"] = compiled
        thread = await self.threads.register("g", {} if input is None else input, **more)
        assert isinstance(thread, Thread)
        return thread

    async def start(self, graph: Any, input: JsonValue = None, **more: Any) -> Thread:
        thread = await self.register(graph, input, **more)
        assert await self.driver.drive(thread.id) is Driven.SETTLED
        return await self.thread(thread.id)

    async def thread(self, thread_id: str) -> Thread:
        thread = await self.store.thread(thread_id)
        assert thread is not None
        return thread

    async def all(self, thread: Thread, status: Status | None = None) -> list[Approval]:
        page = await self.store.page(Query(status=status, thread_id=thread.id, limit=100))
        return list(page.approvals)

    async def pending(self, thread: Thread) -> list[Approval]:
        return await self.all(thread, Status.PENDING)

    async def the_one(self, thread: Thread) -> Approval:
        (approval,) = await self.pending(thread)
        return approval

    async def decide(self, approval: Approval, kind: DecisionType, **more: Any) -> Approval:
        done = await self.approvals.decide(approval.id, Attempt(type=kind, actor=OPERATOR.ref, **more), OPERATOR)
        assert isinstance(done, Done), done
        return done.approval

    async def refused(self, approval: Approval, kind: DecisionType, **more: Any) -> Refusal:
        done = await self.approvals.decide(approval.id, Attempt(type=kind, actor=OPERATOR.ref, **more), OPERATOR)
        assert isinstance(done, Refusal)
        return done

    async def answer(self, thread: Thread, kind: DecisionType = DecisionType.APPROVE, **more: Any) -> Thread:
        await self.decide(await self.the_one(thread), kind, **more)
        assert await self.driver.drive(thread.id) is Driven.SETTLED
        return await self.thread(thread.id)

    async def get(self, approval: Approval) -> Approval:
        found = await self.store.get(approval.id)
        assert found is not None
        return found

    async def values(self, thread: Thread) -> Any:
        return await self.driver.values(thread)


@pytest.fixture
async def saver(redis_url: str) -> AsyncIterator[Saver]:
    """The one that the server leads to: `AsyncValkeySaver` on one without modules (`both_servers`)."""
    async with open_checkpointer(redis_url, leases=True) as opened:
        yield opened


@pytest.fixture
async def desk(store: RedisStore, saver: Saver, clock: VirtualClock) -> Desk:
    return Desk(store, saver, clock)
