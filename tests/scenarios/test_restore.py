"""A backup is put back, as docs/operations.md tells: what was decided since waits again, and nothing is stuck."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from approvals.model import Status
from approvals.store.embedded import EmbeddedServer
from approvals.store.redis import connect, facts
from bot.manifest import manifest
from localslack import LocalSlack, Seed
from tests.scenarios.conftest import ANA, BEN, CHANNEL, House


async def test_a_backup_is_restored(tmp_path: Path) -> None:
    """Copied between the question and the decision: the same approval waits again, and its old card decides it."""
    async with contextlib.AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(Seed.default().with_manifest(manifest())))
        backup = tmp_path / "restored" / "dump.rdb"
        with EmbeddedServer(tmp_path / "lost", persist=True) as server:
            async with contextlib.AsyncExitStack() as before:
                desk = await House(slack, server.url, tmp_path, before).desk(stack=before)
                card = await desk.ask()
                await desk.core.records.effects.drain()
                redis = connect(server.url)
                await redis.execute_command("SAVE")
                backup.parent.mkdir()
                shutil.copy(tmp_path / "lost" / "dump.rdb", backup)
                await redis.aclose()
                await redis.connection_pool.aclose()
                await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
                decided = await desk.resumed(card.ts)
                await desk.core.records.effects.drain()
        with EmbeddedServer(backup.parent, persist=False) as server:  # with appendonly it would not read the copy
            redis = connect(server.url)
            await redis.config_set("appendonly", "yes")
            assert (await facts(redis)).durable
            await redis.aclose()
            await redis.connection_pool.aclose()
            async with contextlib.AsyncExitStack() as after:
                desk = await House(slack, server.url, tmp_path, after).desk(stack=after)
                again = await desk.only()
                assert (again.id, again.status, again.decisions) == (decided.id, Status.PENDING, ())
                await desk.slack.click(BEN, CHANNEL, card.ts, "approve", seen=card)
                await desk.core.records.effects.drain()
                now = await desk.only()
                assert (now.status, [decision.actor.id for decision in now.decisions]) == (Status.RESUMED, [BEN])
