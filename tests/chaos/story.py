"""One story: some agents ask, people answer all but one of them, and processes die."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from approvals.store.embedded import EmbeddedServer
from tests.chaos.books import Found, close
from tests.chaos.house import LEASE, Agent, House, house
from tests.chaos.people import People, Way


async def at_a_point(redis_url: str, folder: Path, point: str, nth: int = 1) -> Found:
    """Both replicas die when they come by `point` for the `nth` time; whoever is started in their place does not."""
    async with house(redis_url, folder) as made:
        people = People(made, random.Random(f"{point} {nth}"))
        for one in made.replicas:
            made.start(one, point, nth)
        # Three of each: one of the two replicas comes by every point twice.
        agents = [await made.ask(str(number)) for number in range(3)]
        waiting = [await made.ask("left alone", "waiting")]
        # Answered one after the other: a kill at this point must not fall into the window of another one's node.
        for agent, way in zip(agents, (Way.CLICK, Way.EDIT, Way.CLICK), strict=True):
            await people.see_to(agent, way)
        return await _closed(made, people, agents, waiting)


async def in_the_window(redis_url: str, folder: Path) -> Found:
    """The process dies after the side effect and before LangGraph stores what the node returned."""
    async with house(redis_url, folder) as made:
        people = People(made, random.Random(1))
        for one in made.replicas:
            made.start(one)
        agent = await made.ask("window")
        await people.see_to(agent, Way.CLICK)
        return await _closed(made, people, [agent], [])


async def at_random(
    redis_url: str,
    folder: Path,
    seed: int,
    kills: int,
    orders: int = 2,
    stops: int = 0,
    redis: EmbeddedServer | None = None,
) -> Found:
    """`kills` kills at moments and in places that the seed chooses, while `orders` agents ask one question each and one
    asks four, and they are answered, some of them by two people at once who do not agree; and while time runs out for
    two more, for one of them as somebody clicks. As often as `stops` says, a replica stands still beyond its lease;
    `redis`: that server is killed as well, and started again."""
    chance = random.Random(seed)
    async with house(redis_url, folder, redis) as made:
        people = People(made, chance)
        for one in made.replicas:
            made.start(one)
        killing = asyncio.create_task(_blows(made, chance, kills, stops))
        waiting = [await made.ask("left alone", "waiting")]
        late = [(await made.ask("late", chance.choice(("clocked", "lenient"))), Way.LATE)]
        late.append((await made.ask("unanswered", chance.choice(("clocked", "lenient"))), Way.NOBODY))
        asked = [*late, (await made.ask("many", "several"), Way.CHANCE)]
        for number in range(orders):
            asked.append((await made.ask(str(number)), Way.CHANCE))
            await asyncio.sleep(chance.uniform(0.0, 0.3))
        await asyncio.gather(*(people.see_to(agent, way) for agent, way in asked))
        await killing
        await asyncio.sleep(0.05)
        return await _closed(made, people, [agent for agent, _ in asked], waiting)


async def _blows(made: House, chance: random.Random, kills: int, stops: int) -> None:
    await made.up()
    blows = ["kill"] * kills + ["stop"] * stops + ["redis"] * (made.server is not None)
    async with asyncio.TaskGroup() as long:
        for blow in chance.sample(blows, len(blows)):
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            if blow == "kill":
                made.kill(chance.choice(made.replicas))
            elif blow == "redis":
                long.create_task(made.kill_redis(chance.uniform(0.0, 0.5)))
            else:
                long.create_task(made.stop(chance.choice(made.replicas), chance.uniform(1.1, 1.6) * LEASE))


async def _closed(made: House, people: People, agents: list[Agent], waiting: list[Agent]) -> Found:
    await made.quiet([*agents, *waiting])
    return await close(made, people, agents, waiting)
