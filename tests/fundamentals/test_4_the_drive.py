"""Lesson 4: the graph goes on with the answer, once, under the thread's lease. No Slack yet.

On either kind of server: one with RedisJSON and RediSearch, and any other.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from approvals.lifecycle import Attempt
from approvals.model import Actor, ActorRef, DecisionType, Source, Status
from approvals.ports import Driven
from approvals.settings import Settings
from bot.core import Core, open_core

pytestmark = pytest.mark.both_servers
OPERATOR = Actor(ActorRef("ops", Source.CLI))


def settings(redis_url: str, folder: Path) -> Settings:
    """What `signoff run` would read: a `langgraph.json` that names the graph of the lessons."""
    graphs = folder / "langgraph.json"
    graphs.write_text(json.dumps({"dependencies": ["."], "graphs": {"refund": "tests.fundamentals.parts:builder"}}))
    return Settings.model_validate({"redis_url": redis_url, "signoff_config": graphs, "signoff_channel": "C0APPROVALS"})


async def paused(core: Core) -> str:
    """Runs the graph until it waits, and returns the id of its approval."""
    result = await core.runner.run("refund", {"amount": 340.0})
    assert not hasattr(result, "reason"), result
    (approval,) = result.approvals  # type: ignore[union-attr]
    return approval.id


async def test_a_run_ends_in_a_pending_approval_and_a_decision_carries_it_on(redis_url: str, tmp_path: Path) -> None:
    """The graph that pauses here could be resumed by any process that shares the Redis."""
    async with open_core(settings(redis_url, tmp_path)) as core:
        approval_id = await paused(core)
        await core.records.approvals.decide(
            approval_id, Attempt(type=DecisionType.EDIT, actor=OPERATOR.ref, args={"amount": 120.0}), OPERATOR
        )
        await core.records.effects.drain()
        approval = await core.records.approvals.get(approval_id)
        assert approval is not None
        assert approval.status is Status.RESUMED
        result = await core.runner.look(approval.thread_id)
        assert result.values == {"amount": 340.0, "result": "refunded 120.0"}


async def test_only_the_holder_of_the_lease_runs_a_thread(redis_url: str, tmp_path: Path) -> None:
    """LangGraph would run the node twice. Here one of many drives gets the lease, and the others look again later."""
    async with open_core(settings(redis_url, tmp_path)) as core:
        approval_id = await paused(core)
        await core.records.approvals.decide(
            approval_id, Attempt(type=DecisionType.APPROVE, actor=OPERATOR.ref), OPERATOR
        )
        approval = await core.records.approvals.get(approval_id)
        assert approval is not None
        drives = await asyncio.gather(*(core.driver.drive(approval.thread_id) for _ in range(8)))
        assert set(drives) <= {Driven.SETTLED, Driven.BUSY}
        await core.records.effects.drain()
        events = [event.type.value for event in await core.records.approvals.audit(approval_id)]
        assert events.count("resuming") == events.count("resumed") == 1
