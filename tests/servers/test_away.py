"""The server goes away and comes back: decisions wait, cards say so, and nothing counts as a failure of the graph."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import cycle

from approvals.model import Approval, DecisionType, Status
from bot.card import card
from bot.core import utc_now
from tests.scenarios.conftest import all_text
from tests.servers.conftest import TENANT, Yard
from tests.servers.server import LangGraphServer


async def _unreachable(yard: Yard, question: Approval) -> Approval:
    async def told() -> Approval | None:
        found = await yard.core.records.approvals.get(question.id)
        return found if found is not None and found.unreachable else None

    return await yard.until(told)


@asynccontextmanager
async def gateway(port: int) -> AsyncIterator[None]:
    """What stands before many servers: while they are down, it answers for them, and means nothing by it."""
    answers = cycle([b"HTTP/1.1 404 Not Found\r\n\r\nnothing here", b"HTTP/1.1 200 OK\r\n\r\n{}"])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(next(answers))
            await writer.drain()
        writer.close()

    async with asyncio.timeout(60):
        while True:  # until then the port may be the other end of somebody's connection
            with suppress(OSError):
                server = await asyncio.start_server(answer, "127.0.0.1", port)
                break
            await asyncio.sleep(0.1)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


async def test_a_decision_waits_for_the_server(yard: Yard, deployed: LangGraphServer) -> None:
    """Stopped between question and answer, and in the middle of a run: once the server is back, each thread has taken
    its answer once; meanwhile the card tells, and nothing was counted as a try."""
    first, second = await asyncio.gather(
        yard.start("refund", {"customer": "1", "amount": 2.0}), yard.start("gate", {"mode": "slow"}, context=TENANT)
    )
    question, running = await asyncio.gather(yard.the_one(first), yard.the_one(second))
    await yard.decide(running, DecisionType.APPROVE)

    async def in_the_middle() -> bool | None:
        runs = await yard.client.runs.list(second, limit=1)
        return runs[0]["status"] == "running" or None

    await yard.until(in_the_middle)
    deployed.stop()
    try:
        async with gateway(deployed.port):
            await yard.decide(question, DecisionType.APPROVE)
            waiting = await _unreachable(yard, question)
        assert waiting.status is Status.RESOLVED
        assert "server does not answer; the decision waits" in all_text(card(waiting, utc_now()).blocks)
    finally:
        deployed.start()
    done, over = await asyncio.gather(yard.ended(question, Status.RESUMED), yard.ended(running, Status.RESUMED))
    assert await yard.result(first) == f"Refunded $2.00 to customer 1 (approval {done.id})"
    assert await yard.result(second) == f"True for acme by {over.id}"
    assert not done.unreachable
    assert not over.unreachable
    assert done.attempts == 0
    thread = await yard.thread(first)
    assert thread is not None
    assert (thread.attempts, thread.error) == (0, None)
    trail = await yard.trail(done)
    assert trail.index("server_away") < trail.index("server_back") < trail.index("resuming") < trail.index("resumed")
