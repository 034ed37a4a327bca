"""From the decision to the end of the graph, against a bare `graph.ainvoke(Command(resume=…))` on the same server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from langgraph.checkpoint.redis.aio import AsyncRedisSaver
from langgraph.types import Command
from langgraph_checkpoint_aws.checkpoint.valkey import AsyncValkeySaver
from redis.asyncio import Redis

from agents.checkpointer import Kind
from agents.fence import fenced
from approvals import points
from approvals.lifecycle import Attempt
from approvals.model import Actor, ActorRef, Approval, DecisionType, Source
from approvals.service import Done
from approvals.store.embedded import EmbeddedServer
from bench.house import middle, opened, paused
from bot.core import Core

ONE_BY_ONE, AT_ONCE, IN_FLIGHT, TIMES = 40, 160, 16, 3
ROUND = 32
"""So many at a time, then it is the other's turn: a machine that is busy is busy for all of them."""
Work = Callable[[Approval], Awaitable[None]]
OPERATOR = Actor(ActorRef("bench", Source.CLI))


async def _stands() -> None:
    """A fence that is never lost, so that the bare run writes as it would by itself."""


async def resume_bare(graph: Any, approval: Approval) -> None:
    """A resume as it would be without Signoff."""
    config = {"configurable": {"thread_id": approval.thread_id}}
    answer = {approval.interrupt.id: {"approved": True}}
    with fenced(_stands):
        await graph.ainvoke(Command(resume=answer), config, durability="sync")


class Resumed:
    """Tells when an approval was carried out, without asking the server for it."""

    def __init__(self) -> None:
        self._events: dict[str, asyncio.Event] = {}
        points.watch(self._reached)

    def _reached(self, point: points.Point, subject: str) -> None:
        if point is points.Point.RESUMED and subject in self._events:
            self._events[subject].set()

    def of(self, approval_id: str) -> asyncio.Event:
        """Set when it was."""
        return self._events.setdefault(approval_id, asyncio.Event())


async def _ours(core: Core, approval: Approval, resumed: Resumed) -> None:
    done = resumed.of(approval.id)
    attempt = Attempt(type=DecisionType.APPROVE, actor=OPERATOR.ref)
    decided = await core.records.approvals.decide(approval.id, attempt, OPERATOR)
    assert isinstance(decided, Done), decided
    await done.wait()


async def _each(works: Sequence[Work], approvals: Sequence[Approval]) -> list[float]:
    """The median of each, in milliseconds. In turn, so that a machine that is busy is busy for all of them."""
    took: list[list[float]] = [[] for _ in works]
    for at, approval in enumerate(approvals):
        began = time.perf_counter()
        await works[at % len(works)](approval)
        took[at % len(works)].append(time.perf_counter() - began)
    return [middle(times) * 1000 for times in took]


async def _all(work: Work, approvals: Sequence[Approval]) -> float:
    room = asyncio.Semaphore(IN_FLIGHT)

    async def one(approval: Approval) -> None:
        async with room:
            await work(approval)

    began = time.perf_counter()
    await asyncio.gather(*(one(approval) for approval in approvals))
    return len(approvals) / (time.perf_counter() - began)


@asynccontextmanager
async def bare_graph(core: Core, url: str) -> AsyncIterator[Any]:
    """The same graph as it would be without Signoff: on the library's own saver, with the library's own client."""
    name, _ = await core.records.kept.read()
    opening: Any = AsyncRedisSaver.from_conn_string(url)
    if name == Kind.VALKEY:
        opening = AsyncValkeySaver.from_conn_string(url, pool_size=4 * IN_FLIGHT)
    async with opening as saver:
        yield (await core.registry.graph("payer")).copy(update={"checkpointer": saver})


async def measure(url: str, folder: Path) -> list[str]:
    """Lines for the report."""
    latency: list[list[float]] = []
    rate: list[list[float]] = []
    resumed = Resumed()
    for _ in range(TIMES):
        async with opened(url, folder) as core, bare_graph(core, url) as bare:
            fenced_graph = await core.registry.graph("payer")
            works: tuple[Work, ...] = (
                lambda a, g=bare: resume_bare(g, a),
                lambda a, g=fenced_graph: resume_bare(g, a),
                lambda a, c=core: _ours(c, a, resumed),
            )
            waiting = await paused(core, 3 * (ONE_BY_ONE + AT_ONCE) + 3)
            await _each(works, waiting[-3:])
            latency.append(await _each(works, waiting[: 3 * ONE_BY_ONE]))
            rest = waiting[3 * ONE_BY_ONE :]
            for start in range(0, 3 * AT_ONCE, 3 * ROUND):
                rows = [rest[start + at * ROUND : start + (at + 1) * ROUND] for at in range(3)]
                rate.append([await _all(work, row) for work, row in zip(works, rows, strict=True)])
            await core.records.effects.drain()
    points.watch(None)
    bare_ms, own_ms, ours_ms = (middle([one[at] for one in latency]) for at in range(3))
    bare_rate, own_rate, ours_rate = (middle([one[at] for one in rate]) for at in range(3))
    times, share = middle([o / b for b, _, o in latency]), middle([o / b for b, _, o in rate])
    return [
        f"decision to graph finished: {ours_ms:.1f} ms, bare resume {bare_ms:.1f} ms: {times:.2f} times "
        f"(wanted: 1.5 at most); bare on our saver {own_ms:.1f} ms",
        f"at {IN_FLIGHT} in flight: {ours_rate:.0f}/s, bare {bare_rate:.0f}/s: {share:.2f} of it "
        f"(wanted: 0.7 at least); bare on our saver {own_rate:.0f}/s",
    ]


async def plain(_: str, folder: Path) -> list[str]:
    """The same on a server without modules, where the saver is another one, against that one."""
    with EmbeddedServer(folder / "plain", persist=False, modules=False) as server:
        return [f"without modules: {line}" for line in await measure(server.url, folder)]


async def commands(url: str, folder: Path) -> list[str]:
    """Commands from pause to resumed, and bytes at rest; the saver's own apart."""
    number = 50
    redis: Any = Redis.from_url(url, decode_responses=True)
    async with opened(url, folder) as core, bare_graph(core, url) as graph:
        await paused(core, 1)
        async with Counted(redis) as start:
            waiting = await paused_more(core, number)
        keys = [key async for key in redis.scan_iter("{signoff}*", count=1000)]
        size = sum([await redis.memory_usage(key, samples=0) or 0 for key in keys]) / (number + 1)
        apart = [key async for key in redis.scan_iter("*", count=1000) if not key.startswith("{signoff}")]
        saved = sum([await redis.memory_usage(key, samples=0) or 0 for key in apart]) / (number + 1)
        async with Counted(redis) as end:
            for approval in waiting:
                await _ours_quiet(core, approval)
        async with Counted(redis) as bare:
            for at in range(number):
                config = {"configurable": {"thread_id": f"bare-{at}"}}
                result = await graph.ainvoke({"order": "1"}, config, durability="sync")
                (asked,) = result["__interrupt__"]
                await graph.ainvoke(Command(resume={asked.id: {"approved": True}}), config, durability="sync")
    await redis.aclose()
    whole, own = (start.number + end.number) / number, bare.number / number
    return [
        f"commands from start to resumed: {whole:.0f} ({start.number / number:.0f} until paused), "
        f"bare graph {own:.0f}: ours {whole - own:.0f} more (wanted: 25 at most); within our scripts "
        f"{(start.inside + end.inside) / number:.0f}",
        f"memory of a pending approval with its thread, audit, indexes and due work: {size:.0f} bytes (wanted: 2560); "
        f"apart from that the checkpoints of its thread, which are LangGraph's own: {saved:.0f} bytes",
    ]


async def paused_more(core: Core, number: int) -> list[Approval]:
    """So many more."""
    found: list[Approval] = []
    for at in range(number):
        result = await core.runner.run("payer", {"order": str(at)})
        found += getattr(result, "approvals", ())
    return found


async def _ours_quiet(core: Core, approval: Approval) -> None:
    attempt = Attempt(type=DecisionType.APPROVE, actor=OPERATOR.ref)
    assert isinstance(await core.records.approvals.decide(approval.id, attempt, OPERATOR), Done)
    await core.records.effects.drain()


class Counted:
    """How many commands the server was sent meanwhile; those that scripts run `inside` it are not sent."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self.number = self.inside = 0

    async def __aenter__(self) -> Counted:
        self._monitor = self._redis.monitor()
        await self._monitor.__aenter__()
        self._task = asyncio.create_task(self._count())
        return self

    async def _count(self) -> None:
        async for command in self._monitor.listen():
            if command["command"].startswith("ECHO end"):
                return
            self.number += command["client_type"] != "lua"
            self.inside += command["client_type"] == "lua"

    async def __aexit__(self, *_: object) -> None:
        await self._redis.echo("end")
        await self._task
        await self._monitor.__aexit__(None, None, None)
