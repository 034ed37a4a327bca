"""One story: some agents ask, people answer all but one of them, and processes die."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from approvals.model import Thread
from tests.chaos.books import Found, close
from tests.chaos.house import ANA, BEN, LEASE, House, house


async def at_a_point(redis_url: str, folder: Path, point: str, nth: int = 1) -> Found:
    """Both replicas die when they come by `point` for the `nth` time; whoever is started in their place does not."""
    chance = random.Random(f"{point} {nth}")
    async with house(redis_url, folder) as made:
        for one in made.replicas:
            made.start(one, point, nth)
        # Three of each: one of the two replicas comes by every point twice.
        threads = [await made.ask(str(number)) for number in range(3)]
        # Answered one after the other: a kill at this point must not fall into the window of another one's node.
        return await _to_the_end(made, threads, [await made.ask("left alone")], chance, one_by_one=True)


async def in_the_window(redis_url: str, folder: Path) -> Found:
    """The process dies after the side effect and before LangGraph stores what the node returned."""
    async with house(redis_url, folder) as made:
        for one in made.replicas:
            made.start(one)
        return await _to_the_end(made, [await made.ask("window")], [], random.Random(1))


async def at_random(redis_url: str, folder: Path, seed: int, kills: int, orders: int = 4, stops: int = 0) -> Found:
    """`kills` kills at moments and in places that the seed chooses, while `orders` agents ask and are answered, some of
    them by two people at once who do not agree. As often as `stops` says, a replica stands still beyond its lease."""
    chance = random.Random(seed)
    async with house(redis_url, folder) as made:
        for one in made.replicas:
            made.start(one)

        async def reaper() -> None:
            for blow in chance.sample(["kill"] * kills + ["stop"] * stops, kills + stops):
                await asyncio.sleep(chance.uniform(0.0, 0.6))
                if blow == "kill":
                    made.kill(chance.choice(made.replicas))
                else:
                    await made.stop(chance.choice(made.replicas), chance.uniform(1.2, 2.0) * LEASE)

        killing = asyncio.create_task(reaper())
        threads: list[Thread] = []
        left = await made.ask("left alone")
        for number in range(orders):
            threads.append(await made.ask(str(number)))
            await asyncio.sleep(chance.uniform(0.0, 0.3))
        return await _to_the_end(made, threads, [left], chance, killing, opposed=True)


async def _to_the_end(
    made: House,
    threads: list[Thread],
    waiting: list[Thread],
    chance: random.Random,
    killing: asyncio.Task[None] | None = None,
    *,
    one_by_one: bool = False,
    opposed: bool = False,
) -> Found:
    people = [
        made.carried_out(thread, chance.choice((ANA, BEN)), chance, opposed=opposed and chance.random() < 0.5)
        for thread in threads
    ]
    if one_by_one:
        for person in people:
            await person
    else:
        await asyncio.gather(*people)
    if killing is not None:
        await killing
        await asyncio.sleep(0.05)
    await made.quiet([*threads, *waiting])
    return await close(made, threads, waiting)
