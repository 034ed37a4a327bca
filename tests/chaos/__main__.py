"""`make chaos`: story after story with kills at random. SEED= replays from one seed, RUNS= says how many stories.

Each run also kills at one of the named points, at its first or a later passing. Ends with a line of figures; the first
broken promise ends it with the seed that shows it.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from redis.asyncio import Redis

from approvals.points import Point
from approvals.store.embedded import EmbeddedServer
from tests.chaos import story
from tests.chaos.books import Found

KILLS = 5
"""Random kills in one story."""


async def _one(url: str, seed: int) -> Found:
    redis = Redis.from_url(url)
    await redis.flushall()
    await redis.aclose()
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        if seed % 2:
            point = chance.choice(list(Point))
            return await story.at_a_point(url, Path(folder) / "story", point, chance.randint(1, 4))
        return await story.at_random(url, Path(folder) / "story", seed, KILLS)


async def _all(url: str, first: int, runs: int) -> int:
    totals: Counter[str] = Counter()
    began = time.monotonic()
    for seed in range(first, first + runs):
        try:
            found = await _one(url, seed)
        except (AssertionError, TimeoutError) as broken:
            print(f"\nBROKEN at SEED={seed}: {broken or type(broken).__name__}\nagain: make chaos SEED={seed} RUNS=1")
            if os.environ.get("CHAOS_TRACE"):
                raise
            return 1
        totals += Counter(
            kills=found.kills, node_again=found.node_again, extra=found.extra_messages, decisions=found.decisions
        )
        print(f"\r{seed - first + 1}/{runs} {dict(totals)}", end="", flush=True)
    print(
        f"\n{runs} stories from SEED={first}, {totals['kills']} kills, {totals['decisions']} decisions: "
        f"each carried out, each payment keyed by its approval made once. Nodes run again (the documented window): "
        f"{totals['node_again']}. Extra messages: {totals['extra']}. {time.monotonic() - began:.0f} s."
    )
    return 0


def _server(folder: Path) -> EmbeddedServer:
    return EmbeddedServer(folder, persist=False, modules=not os.environ.get("PLAIN"))


def main() -> None:
    """Runs them on a server of their own; with PLAIN=1 on one without modules."""
    first = int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))
    runs = int(os.environ.get("RUNS") or 100)
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as server:
        sys.exit(asyncio.run(_all(server.url, first, runs)))


if __name__ == "__main__":
    main()
