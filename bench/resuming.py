"""From the decision to the end of the graph, against a bare `graph.ainvoke(Command(resume=…))` on the same server."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from langgraph.types import Command
from redis.asyncio import Redis

from agents.fence import fenced
from approvals import points
from approvals.lifecycle import Attempt
from approvals.model import Actor, ActorRef, Approval, DecisionType, Source
from approvals.service import Done
from bench.house import middle, opened, paused
from bot.core import Core

ONE_BY_ONE, AT_ONCE, IN_FLIGHT, TIMES = 40, 96, 16, 3
OPERATOR = Actor(ActorRef("bench", Source.CLI))


async def _stands() -> None:
    """A fence that is never lost, so that the bare run writes as it would by itself."""


async def _bare(graph: Any, approval: Approval) -> None:
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


async def _each(work: Any, approvals: list[Approval]) -> float:
    took: list[float] = []
    for approval in approvals:
        began = time.perf_counter()
        await work(approval)
        took.append(time.perf_counter() - began)
    return middle(took) * 1000


async def _all(work: Any, approvals: list[Approval]) -> float:
    room = asyncio.Semaphore(IN_FLIGHT)

    async def one(approval: Approval) -> None:
        async with room:
            await work(approval)

    began = time.perf_counter()
    await asyncio.gather(*(one(approval) for approval in approvals))
    return len(approvals) / (time.perf_counter() - began)


async def measure(url: str, folder: Path) -> list[str]:
    """Lines for the report."""
    latency: list[tuple[float, float]] = []
    rate: list[tuple[float, float]] = []
    resumed = Resumed()
    for _ in range(TIMES):
        async with opened(url, folder) as core:
            graph = await core.registry.graph("payer")
            waiting = await paused(core, 2 * ONE_BY_ONE + 2 * AT_ONCE)
            first, second = waiting[:ONE_BY_ONE], waiting[ONE_BY_ONE : 2 * ONE_BY_ONE]
            rest = waiting[2 * ONE_BY_ONE :]
            bare = await _each(lambda a, g=graph: _bare(g, a), first)
            latency.append((bare, await _each(lambda a, c=core: _ours(c, a, resumed), second)))
            plain = await _all(lambda a, g=graph: _bare(g, a), rest[:AT_ONCE])
            rate.append((plain, await _all(lambda a, c=core: _ours(c, a, resumed), rest[AT_ONCE:])))
            await core.records.effects.drain()
    bare, ours = middle([b for b, _ in latency]), middle([o for _, o in latency])
    plain, with_us = middle([b for b, _ in rate]), middle([o for _, o in rate])
    points.watch(None)
    ratio, share = middle([o / b for b, o in latency]), middle([o / b for b, o in rate])
    return [
        f"decision to graph finished: {ours:.1f} ms, bare resume {bare:.1f} ms: {ratio:.2f} times "
        "(wanted: 1.5 at most)",
        f"at {IN_FLIGHT} in flight: {with_us:.0f}/s, bare {plain:.0f}/s: {share:.2f} of it (wanted: 0.7 at least)",
    ]


async def commands(url: str, folder: Path) -> list[str]:
    """Commands from pause to resumed, and bytes at rest; the saver's own apart."""
    number = 50
    redis: Any = Redis.from_url(url, decode_responses=True)
    async with opened(url, folder) as core:
        await paused(core, 1)
        graph = await core.registry.graph("payer")
        async with Counted(redis) as start:
            waiting = await paused_more(core, number)
        keys = [key async for key in redis.scan_iter("{signoff}*", count=1000)]
        size = sum([await redis.memory_usage(key, samples=0) or 0 for key in keys]) / (number + 1)
        async with Counted(redis) as end:
            for approval in waiting:
                await _ours_quiet(core, approval)
        with fenced(_stands):
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
        f"bare graph {own:.0f}: ours {whole - own:.0f} (wanted: 25 at most)",
        f"memory of a pending approval with its thread, audit, indexes and due work: {size:.0f} bytes (wanted: 2560)",
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
    """How many commands the server was sent meanwhile; those that scripts run inside it are not sent."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self.number = 0

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

    async def __aexit__(self, *_: object) -> None:
        await self._redis.echo("end")
        await self._task
        await self._monitor.__aexit__(None, None, None)
