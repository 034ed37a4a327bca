"""Checkpoints behind a connection that breaks at any request of a resume: no thread is started anew, no answer lost."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import urlsplit

import pytest
from langgraph.types import interrupt

from agents.checkpointer import CheckpointerDown, open_checkpointer
from approvals.lifecycle import Attempt
from approvals.model import DecisionType, Status, ThreadState
from approvals.ports import Driven
from approvals.service import Done
from approvals.store.redis import RedisStore
from tests.agents.conftest import OPERATOR, Desk
from tests.agents.graphs import Log, line
from tests.conftest import VirtualClock
from tests.door import Door

pytestmark = pytest.mark.both_servers
TIMES = 50
REQUESTS = 3
"""A resume has about so many at the checkpoints; what is sent along with the journal comes over another connection."""


class Shop:
    """A graph that charges a card, asks, and pays; it counts what it did."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.graph = line(("charge", self._charge), ("pay", self._pay), ("thank", self._thank)).compile()

    def _charge(self, _: Log) -> Log:
        self.done.append("charged")
        return {"log": ["charged"]}

    def _pay(self, _: Log) -> Log:
        answer = interrupt({"action": "pay", "args": {}})
        self.done.append(f"paid {answer['approved']}")
        return {"log": [f"paid {answer['approved']}"]}

    def _thank(self, _: Log) -> Log:
        return {"log": ["thanked"]}


async def through(desk: Desk, thread_id: str) -> int:
    """Drives until nothing is left to do, as the due list does; how often that was put off."""
    for times in range(10):
        driven = await desk.driver.drive(thread_id)
        if driven is Driven.SETTLED:
            return times
        assert driven is Driven.RETRY
    raise AssertionError("it never came to its end")


async def test_a_connection_that_breaks_in_a_resume(redis_url: str, store: RedisStore, clock: VirtualClock) -> None:
    """Fifty times, at a request that chance picks, heard by the server or not: what came before the question is never
    done again, the answer that was given arrives, and no failure is counted against the graph."""
    chance, put_off = random.Random(20261121), 0
    async with Door(urlsplit(redis_url).port or 0) as door, open_checkpointer(door.url, leases=True) as saver:
        desk = Desk(store, saver, clock)
        for number in range(TIMES):
            door.open()
            shop = Shop()
            thread = await desk.start(shop.graph)
            approval = await desk.the_one(thread)
            kind = chance.choice([DecisionType.APPROVE, DecisionType.DENY])
            done = await desk.approvals.decide(approval.id, Attempt(type=kind, actor=OPERATOR.ref), OPERATOR)
            assert isinstance(done, Done)
            door.slam(after=chance.randrange(REQUESTS), answered=chance.random() < 0.5, shut=chance.randrange(3))
            put_off += await through(desk, thread.id)
            door.open()
            said = f"paid {kind is DecisionType.APPROVE}"
            assert shop.done[0] == "charged", number
            assert set(shop.done[1:]) == {said}, (number, shop.done)
            assert (await desk.values(thread))["log"] == ["charged", said, "thanked"], number
            assert (await desk.get(approval)).status is Status.RESUMED, number
            thread = await desk.thread(thread.id)
            assert (thread.state, thread.attempts) == (ThreadState.DONE, 0)
        assert door.slams >= TIMES // 2, "what is tested here hardly happened"
        assert put_off >= TIMES // 2


async def test_a_read_that_fails_is_not_an_empty_thread(redis_url: str, store: RedisStore, clock: VirtualClock) -> None:
    """Asked of the saver itself: the library's own read would answer `None` here, and LangGraph start the thread."""
    async with Door(urlsplit(redis_url).port or 0) as door, open_checkpointer(door.url, leases=True) as saver:
        desk = Desk(store, saver, clock)
        thread = await desk.start(Shop().graph)
        config: Any = {"configurable": {"thread_id": thread.id}}
        for answered in (False, True):
            door.slam(after=0, answered=answered, shut=0)
            with pytest.raises(CheckpointerDown):
                await saver.aget_tuple(config)
            assert await saver.aget_tuple(config) is not None
