"""What the figures are taken on: a server of their own, a Signoff without Slack or with the local one, and a graph."""

from __future__ import annotations

import os
import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

from redis.asyncio import Redis

from approvals.model import Approval, Status, Thread
from approvals.ports import Query
from approvals.settings import Settings
from bot.core import Core, open_core

PAYER = """
from typing import NotRequired, TypedDict
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

class Order(TypedDict):
    order: str
    paid: NotRequired[bool]

async def pay(state):
    answer = interrupt({"action": "pay", "args": {"order": state["order"]}})
    return {"paid": answer["approved"]}

graph = StateGraph(Order).add_node("pay", pay).add_edge(START, "pay").add_edge("pay", END).compile()
"""


async def machine(url: str) -> str:
    """On what the figures were taken."""
    redis = Redis.from_url(url, decode_responses=True)
    found: Any = await redis.info("server")
    await redis.aclose()
    server = f"{found.get('server_name', 'redis')} {found.get('valkey_version', found['redis_version'])}"
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {server}, load {load}"


def settings(url: str, folder: Path, **over: Any) -> Settings:
    """Of a core that asks in a channel."""
    (folder / "payer.py").write_text(PAYER)
    (folder / "langgraph.json").write_text('{"dependencies": ["."], "graphs": {"payer": "./payer.py:graph"}}')
    given = {"redis_url": url, "signoff_channel": "C0APPROVALS", "signoff_config": folder / "langgraph.json"}
    given |= {"signoff_slack_limits": False, "signoff_digest_after": 0}  # what is measured is ours
    return Settings.model_validate(given | over)


@asynccontextmanager
async def opened(url: str, folder: Path) -> AsyncIterator[Core]:
    """A core on an empty server."""
    await empty(url)
    async with open_core(settings(url, folder)) as core:
        yield core


async def empty(url: str) -> None:
    """Deletes everything, search indexes too."""
    redis = Redis.from_url(url)
    await redis.flushall()
    await redis.aclose()


async def paused(core: Core, number: int) -> list[Approval]:
    """So many threads that wait for people."""
    for at in range(number):
        result = await core.runner.run("payer", {"order": str(at)})
        assert hasattr(result, "thread")
    page = await core.records.approvals.page(Query(status=Status.PENDING, limit=number))
    assert len(page.approvals) == number
    return list(page.approvals)


async def thread(core: Core, approval: Approval) -> Thread:
    """The thread of an approval."""
    found = await core.records.store.thread(approval.thread_id)
    assert found is not None
    return found


def middle(values: list[float]) -> float:
    """The median."""
    return median(values)
