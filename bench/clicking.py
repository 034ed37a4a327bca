"""From the click to the acknowledgement, under a steady stream of clicks over Socket Mode; from a click to the end of
its graph; and a process at rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from approvals.events import Event, EventType
from approvals.model import Thread
from approvals.ports import Query
from approvals.store.keys import Keys
from approvals.threads import Threads
from bench.house import empty, middle, settings
from bench.resuming import ONE_BY_ONE, Counted, bare_graph, resume_bare
from bench.serving import served
from bot.core import new_thread_id, open_core, open_records
from bot.manifest import manifest
from localslack import LocalSlack, Seed

RATE, CLICKS, REST, ROUNDS = 50, 200, 10, 3
PLACE = "C0APPROVALS"


async def _click(slack: LocalSlack, ts: str) -> float:
    delivery = await slack.click("U0ANA", PLACE, ts, "approve")
    assert delivery.ok, delivery.error
    return delivery.ms


async def _steadily(slack: LocalSlack, cards: Sequence[str]) -> tuple[float, float, float]:
    """Milliseconds to the acknowledgement, for half of the clicks and for all but one in a hundred; and the clicks a
    second that came about."""
    clicks: list[asyncio.Task[float]] = []
    began = time.perf_counter()
    for number, ts in enumerate(cards):
        await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
        clicks.append(asyncio.create_task(_click(slack, ts)))
    rate = len(clicks) / (time.perf_counter() - began)
    took = sorted(await asyncio.gather(*clicks))
    return took[len(took) // 2], took[int(len(took) * 0.99)], rate


async def _at_rest(redis: Any) -> float:
    """Commands a second."""
    async with Counted(redis) as counted:
        await asyncio.sleep(REST)
    return counted.number / REST


async def _until_resumed(redis: Any) -> None:
    while await redis.zcard(Keys().index("open")):  # noqa: ASYNC110 - the other side is a process, which sets no event
        await asyncio.sleep(0.05)


class Ended:
    """Tells when an approval was carried out, by the audit, which every process can read."""

    def __init__(self) -> None:
        self._over: dict[str, asyncio.Event] = {}

    def heard(self, event: Event | None) -> None:
        if event is not None and event.type is EventType.RESUMED:
            self.of(event.approval_id or "").set()

    def of(self, approval_id: str) -> asyncio.Event:
        """Set when it was."""
        return self._over.setdefault(approval_id, asyncio.Event())


async def whole(url: str, folder: Path) -> list[str]:
    """Lines for the report: all that lies between a click and the end of its graph, Slack's connection included."""
    await empty(url)
    ended, took, bare_took = Ended(), list[float](), list[float]()
    async with LocalSlack(Seed.default().with_manifest(manifest())) as slack:
        tokens = {"slack_bot_token": slack.bot_token, "slack_app_token": slack.app_token}
        given = settings(url, folder, slack_api_url=slack.api_url, **tokens)
        async with served(given), open_core(given) as core, bare_graph(core, url) as bare:
            await slack.wait_for(lambda: slack.connections or None, timeout=60)
            core.records.feed.listen(ended.heard)
            await core.records.feed.start()
            for at in range(2 * ONE_BY_ONE):
                thread = await core.threads.register("payer", {"order": str(at)}, here=False)
                assert isinstance(thread, Thread)
                card = await slack.wait_for(lambda n=at: dict(enumerate(slack.messages(PLACE))).get(n), timeout=60)
                page = await core.records.approvals.page(Query(status=None, thread_id=thread.id))
                (approval,) = page.approvals
                began = time.perf_counter()
                if at % 2:
                    await resume_bare(bare, approval)
                    bare_took.append(time.perf_counter() - began)
                else:
                    await _click(slack, card.ts)
                    await ended.of(approval.id).wait()
                    took.append(time.perf_counter() - began)
            await core.records.feed.stop()
    ours, alone = middle(took) * 1000, middle(bare_took) * 1000
    return [
        f"click in Slack to graph finished, over Socket Mode and in another process: {ours:.1f} ms, "
        f"bare resume {alone:.1f} ms: {ours / alone:.2f} times"
    ]


async def measure(url: str, folder: Path) -> list[str]:
    """Lines for the report."""
    await empty(url)
    redis: Any = Redis.from_url(url, decode_responses=True)
    async with LocalSlack(Seed.default().with_manifest(manifest())) as slack:
        given = settings(
            url,
            folder,
            slack_bot_token=slack.bot_token,
            slack_app_token=slack.app_token,
            slack_api_url=slack.api_url,
        )
        began = time.perf_counter()
        async with served(given) as process, open_records(given) as records:
            await slack.wait_for(lambda: slack.connections or None, timeout=60)
            ready = time.perf_counter() - began
            resting, memory = await _at_rest(redis), process.memory()
            threads = Threads(records.store, records.effects, clock=records.clock, new_id=new_thread_id)
            rounds: list[tuple[float, float, float]] = []
            known = set[str]()
            for _ in range(ROUNDS):
                for at in range(CLICKS):
                    await threads.register("payer", {"order": str(at)}, here=False)
                await slack.wait_for(lambda: len(slack.messages(PLACE)) - len(known) == CLICKS or None, timeout=120)
                await asyncio.sleep(1)  # what the cards left to be done is not part of the clicks
                new = [card.ts for card in slack.messages(PLACE) if card.ts not in known]
                rounds.append(await _steadily(slack, new))
                await asyncio.wait_for(_until_resumed(redis), 120)
                known.update(new)
            after = process.memory()
    await redis.aclose()
    half, late, rate = (middle([one[at] for one in rounds]) for at in range(3))
    return [
        f"click to acknowledgement at {RATE} clicks a second ({ROUNDS} times {CLICKS}, {rate:.0f}/s came about; each "
        f"resumes its graph, Slack in another process): p50 {half:.0f} ms, p99 {late:.0f} ms "
        "(wanted: p99 under 100)",
        f"from starting `signoff serve` to its connection to Slack: {ready:.1f} s",
        f"a serving process at rest: {resting:.1f} commands a second to Redis",
        f"memory of a serving process: {memory:.0f} MB at rest, {after:.0f} MB after {ROUNDS * CLICKS} approvals",
    ]
