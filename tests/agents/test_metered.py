"""How drives and runs end is told as it was: what the graph did is told apart from what happened to it."""

from __future__ import annotations

from langgraph.types import interrupt
from redis.asyncio import Redis

from agents.driver import GraphDriver
from approvals.metering import Driving, End, Metering, Running, Step
from approvals.model import DecisionType
from approvals.ports import Driven
from tests.agents.conftest import Desk
from tests.agents.graphs import Log, line
from tests.approvals.build import lease_of


class Book:
    """Writes down how drives and runs end, and with whose answers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, ...]] = []

    def begin(self, step: Step) -> End | None:
        def end(word: str, _: BaseException | None) -> None:
            if isinstance(step, Running):
                self.lines.append(("run", word, step.graph, *step.approvals))
            elif isinstance(step, Driving):
                self.lines.append(("drive", word))

        return end


def watched(desk: Desk) -> Book:
    """The desk's driver, from here on watched."""
    book, meter = Book(), Metering()
    meter.add(book)
    desk.driver = GraphDriver(desk.graphs, desk.dialects, desk.journal, meter=meter)
    return book


async def test_a_walk(desk: Desk) -> None:
    """A run that pauses, and one with the answer; then a drive that finds nothing to do."""
    book = watched(desk)

    def ask(state: Log) -> Log:
        return {"log": [str(interrupt("go?"))]}

    thread = await desk.start(line(("ask", ask)))
    approval = await desk.the_one(thread)
    await desk.answer(thread, DecisionType.APPROVE)
    await desk.driver.drive(thread.id)
    assert book.lines == [
        ("run", "done", "g"),
        ("drive", "settled"),
        ("run", "done", "g", approval.id),
        ("drive", "settled"),
        ("drive", "settled"),
    ]


async def test_a_graph_that_raises(desk: Desk) -> None:
    """Its own doing, tried again."""
    book = watched(desk)

    def node(state: Log) -> Log:
        raise OSError("no")

    thread = await desk.register(line(("n", node)))
    assert await desk.driver.drive(thread.id) is Driven.RETRY
    assert book.lines == [("run", "raised", "g"), ("drive", "retry")]


async def test_a_lease_that_is_lost(desk: Desk, redis: Redis) -> None:
    """Not the graph's doing."""
    book = watched(desk)

    async def node(state: Log) -> Log:
        await desk.store.release(await lease_of(redis, thread.id))
        return {"log": ["written"]}

    thread = await desk.register(line(("n", node)))
    assert await desk.driver.drive(thread.id) is Driven.BUSY
    assert book.lines == [("run", "failed", "g"), ("drive", "lost")]


async def test_somebody_else_holds_it(desk: Desk) -> None:
    """Nothing is run."""
    book = watched(desk)
    thread = await desk.register(line(("n", lambda state: {})))
    await desk.store.acquire(thread.id, 30)
    assert await desk.driver.drive(thread.id) is Driven.BUSY
    assert book.lines == [("drive", "busy")]
