"""The API as a whole, held against what its OpenAPI page promises, and two thousand who wait at once."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from agents.decisions import DECISIONS
from approvals.api_keys import Minted, Scope, mint
from approvals.lifecycle import Attempt
from approvals.model import SYSTEM, Actor, ActorRef, DecisionType, Source
from approvals.ports import Query
from approvals.store.redis import connect
from bot.core import Core
from tests.scenarios.conftest import BEN, Desk, House

WAITERS, DECIDED = 2000, 20


@dataclass
class Door:
    """The app itself, without a port."""

    desk: Desk
    web: FastAPI
    headers: dict[str, str]

    @property
    def core(self) -> Core:
        return self.desk.core


@pytest.fixture
async def door(house: House) -> Door:
    (house.folder / "policies.yaml").write_text('version: 1\ndefault:\n  channel: "#approvals"\n')
    desk = await house.desk(signoff_http=True, signoff_tick_seconds=60)
    records = desk.core.records
    made = mint("many", tuple(Scope), SYSTEM, records.clock(), id="a" * 10, secret="0" * 64, rate=10_000_000)
    assert isinstance(made, Minted)
    assert await records.api_keys.create(made.key) is None
    assert desk.runtime.http is not None
    return Door(desk, desk.runtime.http.web, {"Authorization": f"Bearer {made.token}"})


async def test_two_thousand_wait_at_one_replica_and_all_are_answered(door: Door) -> None:
    """They cost futures, not commands: the server is asked once for each decision and each piece of news of it, and
    what each waiter holds is bounded."""
    transport = httpx.ASGITransport(door.web)
    async with httpx.AsyncClient(base_url="http://api", transport=transport, headers=door.headers) as client:
        made = await asyncio.gather(
            *(client.post("/decisions", json={"action": f"Deploy {n}"}) for n in range(DECIDED))
        )
        paths = [one.headers["location"] for one in made]
        await door.core.records.effects.drain()
        before = await commands(door)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        waiting = [asyncio.create_task(wait(client, f"{paths[n % DECIDED]}?wait=50")) for n in range(WAITERS)]
        feed = door.core.records.feed
        await door.desk.until(lambda: feed.waiting == WAITERS, timeout=30)
        held = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * 1024
        while_waiting = await commands(door) - before
        assert while_waiting < 10 * DECIDED, while_waiting
        assert held / WAITERS < 100_000, held
        print(while_waiting, held / WAITERS)
        page = await door.core.records.approvals.page(Query(graph=DECISIONS, limit=100))
        ben = Actor(ActorRef(BEN, Source.SLACK), audiences=frozenset({"#approvals"}))
        attempt = Attempt(type=DecisionType.APPROVE, actor=ben.ref)
        done = [await door.core.records.approvals.decide(one.id, attempt, ben) for one in page.approvals]
        assert len(done) == DECIDED
        assert set(await asyncio.gather(*waiting)) == {"approved"}
    assert feed.waiting == 0


async def commands(door: Door) -> int:
    """How many commands the server has carried out."""
    redis = connect(door.desk.settings.redis_url.get_secret_value())
    try:
        return int((await redis.info("stats"))["total_commands_processed"])  # pyright: ignore[reportUnknownMemberType]
    finally:
        await redis.aclose()
        await redis.connection_pool.aclose()


async def wait(client: httpx.AsyncClient, path: str) -> str:
    """The status in the end."""
    return str((await client.get(path)).json()["status"])
