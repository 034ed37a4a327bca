"""How often the server is asked: what makes a drive fast. Times are for `make bench`; a count is the same anywhere."""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from redis.asyncio import Redis

from approvals.model import DecisionType, ThreadState
from bench.resuming import Counted
from tests.agents.conftest import Desk
from tests.agents.graphs import Log


def asking() -> Any:
    """One question, then the end."""

    def ask(state: Log) -> Log:
        return {"log": [str(interrupt("go?"))]}

    return StateGraph(Log).add_node("ask", ask).add_edge(START, "ask").add_edge("ask", END)


async def test_an_approval_costs_few_commands(desk: Desk, redis_url: str) -> None:
    """At most fifteen until it pauses and fifteen from there: a bare graph on the library's saver sends 26."""
    redis: Any = Redis.from_url(redis_url, decode_responses=True)
    await desk.answer(await desk.start(asking()))  # connections are open, scripts are known
    async with Counted(redis) as start:
        thread = await desk.start(asking())
    async with Counted(redis) as end:
        after = await desk.answer(thread)
    await redis.aclose()
    assert after.state is ThreadState.DONE
    assert 5 <= start.number <= 15
    assert 8 <= end.number <= 15


async def test_a_drive_that_finds_nothing_to_do_costs_little(desk: Desk, redis_url: str) -> None:
    """The lease with the thread and its approvals, the state, and the lease handed back: four at most."""
    redis: Any = Redis.from_url(redis_url, decode_responses=True)
    thread = await desk.start(asking())
    async with Counted(redis):
        await desk.driver.drive(thread.id)
    async with Counted(redis) as idle:
        await desk.driver.drive(thread.id)
    await redis.aclose()
    assert idle.number <= 4
    assert (await desk.the_one(thread)).allowed[0] is DecisionType.APPROVE
