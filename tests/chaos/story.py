"""One story: some agents ask, people answer all but one of them, and processes die."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from approvals.points import Point
from approvals.store.embedded import EmbeddedServer
from tests.chaos.books import Found, close
from tests.chaos.house import LEASE, Agent, House, house
from tests.chaos.people import People, Way

Part = tuple[str, Way]
"""A graph, and how what it asks is answered."""
ORDERS: tuple[Part, ...] = (("payer", Way.CLICK), ("payer", Way.EDIT), ("payer", Way.CLICK))
EXPIRES: tuple[Part, ...] = (("clocked", Way.NOBODY), ("lenient", Way.NOBODY), ("clocked", Way.NOBODY))
CALLED: tuple[Part, ...] = (("called", Way.CLICK),) * 3
UNDONE: tuple[Part, ...] = (("undoable", Way.UNDO),) * 3
# Three of each: one of the two replicas comes by every point twice. (So do those who are left alone.)
CAST: Mapping[Point, Sequence[Part]] = {
    Point.REMINDED: ORDERS[:1],
    Point.ESCALATED: ORDERS[:1],
    Point.EXPIRED: EXPIRES,
    Point.UNDONE: UNDONE,
    Point.RELEASED: UNDONE,
    Point.CALLED_BACK: CALLED,
}
"""Who comes by a point that not every order comes by."""


async def at_a_point(redis_url: str, folder: Path, point: Point, nth: int = 1, cast: Sequence[Part] = ()) -> Found:
    """Both replicas die when they come by `point` for the `nth` time, if they do; whoever is started in their place
    does not. One of them did."""
    async with house(redis_url, folder) as made:
        people = People(made, random.Random(f"{point} {nth}"))
        for one in made.replicas:
            made.start(one, point, nth)
        parts = [(await made.ask(str(n), graph), way) for n, (graph, way) in enumerate(cast or CAST.get(point, ORDERS))]
        waiting = [await made.ask(f"left alone {n}", "waiting") for n in range(3 if point in CAST else 1)]
        together = [people.see_to(*part) for part in parts if part[1] is not Way.CLICK and point in CAST]
        await asyncio.gather(*together)
        # Answered one after the other: a kill at this point must not fall into the window of another one's node.
        for part in parts:
            await people.see_to(*part)
        found = await _closed(made, people, [agent for agent, _ in parts], waiting)
        assert made.died_at(point), f"nobody came by {point} {nth} times"
        return found


async def at_random(
    redis_url: str,
    folder: Path,
    seed: int,
    kills: int,
    orders: int = 1,
    stops: int = 0,
    redis: EmbeddedServer | None = None,
) -> Found:
    """`kills` kills at moments and in places that the seed chooses.

    Meanwhile agents ask (`orders` of them are plain, one asks four questions, of another the answer is taken back,
    another is told of the end over HTTP) and are answered, by one or by two at once who do not agree; and time runs out
    for two more, for one of them as somebody clicks. As often as `stops` says, a replica stands still beyond its lease;
    `redis`: that server is killed as well.
    """
    chance = random.Random(seed)
    async with house(redis_url, folder, redis) as made:
        people = People(made, chance)
        for one in made.replicas:
            made.start(one)
        killing = asyncio.create_task(_blows(made, chance, kills, stops))
        waiting = [await made.ask("left alone", "waiting")]
        late = [(await made.ask("late", chance.choice(("clocked", "lenient"))), Way.LATE)]
        late.append((await made.ask("taken back", "undoable"), Way.UNDO))
        late.append((await made.ask("unanswered", chance.choice(("clocked", "lenient"))), Way.NOBODY))
        asked = [*late, (await made.ask("many", "several"), Way.CHANCE)]
        asked.append((await made.ask("over HTTP", "called"), Way.CHANCE))
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
