"""`make chaos`: story after story with kills at random. SEED= replays from one seed, RUNS= says how many stories.

Every other one kills both replicas at a named point instead, one point after another, at its first or its second
passing. Ends with a line of figures; the first broken promise ends it with the seed that shows it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, fields
from pathlib import Path

from redis.asyncio import Redis

from approvals.points import Point
from approvals.store.embedded import EmbeddedServer
from bot import logs
from tests.chaos import story
from tests.chaos.books import Found

KILLS, STOPS = 5, 1
"""Random kills in one story, and how often a replica stands still until its leases are another's."""
REDIS = 6
"""One story of so many is about a Redis that is killed."""
POINTS = [(point, nth) for nth in (1, 2) for point in Point]


async def _one(url: str, seed: int, killed: Counter[str]) -> Found:
    redis = Redis.from_url(url)
    await redis.flushall()
    await redis.aclose()
    with tempfile.TemporaryDirectory() as folder:
        if seed % 2:
            point, nth = POINTS[seed // 2 % len(POINTS)]
            found = await story.at_a_point(url, Path(folder) / "story", point, nth)
            killed[point.value] += found.kills
            return found
        if seed % REDIS:
            return await story.at_random(url, Path(folder) / "story", seed, KILLS, stops=STOPS)
        with _server(Path(folder) / "redis", persist=True) as own:
            return await story.at_random(own.url, Path(folder) / "story", seed, KILLS - 1, redis=own)


async def _all(url: str, first: int, runs: int) -> int:
    totals: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    began = time.monotonic()
    for seed in range(first, first + runs):
        try:
            found = await _one(url, seed, killed)
        except (AssertionError, TimeoutError) as broken:
            print(f"\nBROKEN at SEED={seed}: {broken or type(broken).__name__}\nagain: make chaos SEED={seed} RUNS=1")
            if os.environ.get("CHAOS_TRACE"):
                raise
            return 1
        totals.update(asdict(found))
        print(f"\r{seed - first + 1}/{runs} {_figures(totals)}", end="", flush=True)
    print(
        f"\n{runs} stories from SEED={first} in {time.monotonic() - began:.0f} s: {_figures(totals)}. "
        "Each was carried out as it was decided, and each payment keyed by its approval made once."
    )
    print("kills at", ", ".join(f"{point.value} {killed[point.value]}" for point in Point))
    return 0


def _figures(totals: Counter[str]) -> str:
    """What was counted, in the order in which `Found` has it."""
    return ", ".join(f"{field.name.replace('_', ' ')} {totals[field.name]}" for field in fields(Found))


def _server(folder: Path, *, persist: bool = False) -> EmbeddedServer:
    modules, config = not os.environ.get("PLAIN"), {"appendfsync": "always"}
    return EmbeddedServer(folder, persist=persist, modules=modules, config=config)


def main() -> None:
    """Runs them on a server of their own; with PLAIN=1 on one without modules."""
    logs.configure("console", level=logging.ERROR)
    first = int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))
    runs = int(os.environ.get("RUNS") or 200)
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as server:
        sys.exit(asyncio.run(_all(server.url, first, runs)))


if __name__ == "__main__":
    main()
