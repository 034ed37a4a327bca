"""From the click to the acknowledgement, under a steady stream of clicks over Socket Mode."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from bench.house import empty, settings
from bot.app import serving
from bot.core import open_core
from bot.manifest import manifest
from localslack import LocalSlack, Seed

RATE, CLICKS = 50, 200


async def measure(url: str, folder: Path) -> list[str]:
    """Lines for the report."""
    await empty(url)
    async with LocalSlack(Seed.default().with_manifest(manifest())) as slack:
        given = settings(
            url,
            folder,
            slack_bot_token=slack.bot_token,
            slack_app_token=slack.app_token,
            slack_api_url=slack.api_url,
            signoff_tick_seconds=0.2,
        )
        began = time.perf_counter()
        async with open_core(given) as core, serving(core):
            ready = time.perf_counter() - began
            for at in range(CLICKS):
                await core.threads.register("payer", {"order": str(at)})
            await slack.wait_for(lambda: len(slack.messages("C0APPROVALS")) == CLICKS or None, timeout=60)
            await core.records.effects.drain()
            clicks: list[asyncio.Task[float]] = []

            async def click(ts: str) -> float:
                delivery = await slack.click("U0ANA", "C0APPROVALS", ts, "approve")
                assert delivery.ok, delivery.error
                return delivery.ms

            for card in slack.messages("C0APPROVALS"):
                clicks.append(asyncio.create_task(click(card.ts)))
                await asyncio.sleep(1 / RATE)
            took = sorted(await asyncio.gather(*clicks))
            await core.records.effects.drain()
    return [
        f"click to acknowledgement at {RATE} clicks a second ({CLICKS} clicks, each resumes its graph, Slack and "
        f"Signoff in one process): p50 {took[len(took) // 2]:.0f} ms, p99 {took[int(len(took) * 0.99)]:.0f} ms "
        f"(wanted: p99 under 100)",
        f"open to serving, libraries loaded: {ready:.2f} s",
    ]
