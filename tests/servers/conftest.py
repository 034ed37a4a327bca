"""A desk whose graphs run on a real server: nothing of them in this process."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from agents.remote.names import thread_name
from approvals.lifecycle import Attempt
from approvals.model import Actor, ActorRef, Approval, DecisionType, JsonValue, Source, Status, Thread
from approvals.ports import Query
from approvals.service import Done
from approvals.settings import Settings
from bot.core import Core, open_core
from scheduler.reconcile import Reconcile
from scheduler.sweep import Sweep
from scheduler.ticker import Ticker, Turn
from tests.servers.server import ROOT, LangGraphServer

T = TypeVar("T")
OPERATOR = Actor(ActorRef("pat", Source.CLI))
TENANT: dict[str, Any] = {"tenant": "acme"}
PATIENCE = 90.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A server takes long to start on a busy machine, and is started by whichever test comes first."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LangGraphServer]:
    """One server for all tests here."""
    server = LangGraphServer(tmp_path_factory.mktemp("deployed"))
    try:
        yield server.start()
    finally:
        server.stop()


class Yard:
    """Starts threads on the server as any client would, and decides what they ask."""

    def __init__(self, core: Core, client: LangGraphClient) -> None:
        self.core = core
        self.client = client

    async def start(self, graph: str, given: JsonValue, **more: Any) -> str:
        """A thread that has come to rest there; its id there."""
        thread = await self.client.threads.create(metadata={"team": "test", **more.pop("metadata", {})})
        await self.client.runs.wait(thread["thread_id"], graph, input=given, raise_error=False, **more)  # type: ignore[arg-type]
        return thread["thread_id"]

    async def until(self, look: Callable[[], Awaitable[T | None]]) -> T:
        """What becomes true by itself."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if (found := await look()) is not None:
                    return found
                await asyncio.sleep(0.02)

    async def all(self, there: str) -> list[Approval]:
        query = Query(status=None, thread_id=thread_name("dev", there), limit=100)
        return list((await self.core.records.approvals.page(query)).approvals)

    async def asked(self, there: str, count: int = 1) -> list[Approval]:
        """The questions that are open, once there are so many."""

        async def look() -> list[Approval] | None:
            found = [a for a in await self.all(there) if a.status is Status.PENDING]
            return found if len(found) == count else None

        return await self.until(look)

    async def the_one(self, there: str) -> Approval:
        return (await self.asked(there))[0]

    async def decide(self, approval: Approval, kind: DecisionType, **more: Any) -> Approval:
        attempt = Attempt(type=kind, actor=OPERATOR.ref, **more)
        done = await self.core.records.approvals.decide(approval.id, attempt, OPERATOR)
        assert isinstance(done, Done), done
        return done.approval

    async def ended(self, approval: Approval, *wanted: Status) -> Approval:
        """The record, once its status is one of these."""

        async def look() -> Approval | None:
            found = await self.core.records.approvals.get(approval.id)
            return found if found is not None and found.status in wanted else None

        return await self.until(look)

    async def answer(self, there: str, kind: DecisionType = DecisionType.APPROVE, **more: Any) -> Approval:
        """Answers its one question, and waits until the graph took it."""
        decided = await self.decide(await self.the_one(there), kind, **more)
        return await self.ended(decided, Status.RESUMED)

    async def result(self, there: str) -> Any:
        values: Any = (await self.client.threads.get_state(there))["values"]
        return values.get("result") if isinstance(values, dict) else values

    async def thread(self, there: str) -> Thread | None:
        return await self.core.records.store.thread(thread_name("dev", there))

    async def trail(self, approval: Approval) -> list[str]:
        return [event.type.value for event in await self.core.records.approvals.audit(approval.id)]


SERVERS = """
servers:
  - name: dev
    url: {url}
    metadata: {{team: test}}
    poll_seconds: 0.2
"""


def settings(url: str, redis_url: str, folder: Path, **over: Any) -> Settings:
    """Of a process that watches the server."""
    servers = folder / "servers.yaml"
    servers.write_text(SERVERS.format(url=url))
    given = {
        "redis_url": redis_url,
        "signoff_channel": "#approvals",
        "signoff_config": ROOT / "langgraph.json",
        "signoff_langgraph_servers": servers,
        "signoff_lease_seconds": 5,
        "signoff_attempts": 2,
        "signoff_shutdown_seconds": 5,
    }
    return Settings.model_validate(given | over)


@asynccontextmanager
async def watching(found: Settings) -> AsyncIterator[Core]:
    """A core whose crank is turned, without Slack."""
    async with open_core(found, rng=random.Random(1)) as core:
        records = core.records
        turns = [
            Turn(watch.name, watch.once, watch.every, first=0)
            for watch in core.deployments.watches(records.store, core.threads, clock=records.clock)
        ]
        sweep = Sweep(records.store, records.effects, clock=records.clock)
        ticker = Ticker(sweep, Reconcile(records.store, clock=records.clock), tick=0.05, seldom=turns)
        await ticker.start()
        try:
            yield core
        finally:
            await ticker.stop()


@pytest.fixture
async def yard(deployed: LangGraphServer, redis_url: str, tmp_path: Path) -> AsyncIterator[Yard]:
    """One process, watching."""
    client = get_client(url=deployed.url, api_key=None)
    async with watching(settings(deployed.url, redis_url, tmp_path)) as core:
        yield Yard(core, client)
        for thread in await client.threads.search(metadata={"team": "test"}, limit=1000, select=["thread_id"]):
            await client.threads.delete(thread["thread_id"])
    await client.aclose()
