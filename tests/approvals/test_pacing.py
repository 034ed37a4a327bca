"""Turns at a steady pace, and what is collected because too much comes at once; on the real server."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest

from approvals.store.keys import Keys
from approvals.store.pacing import Bucket, BurstStore, PaceStore
from tests.conftest import VirtualClock

POSTS = Bucket("posts", 1.0, 3)


async def test_a_burst_then_one_by_one(redis: Any, clock: VirtualClock) -> None:
    """Three at once; the others are told their turn, and keep it however often they ask."""
    pace = PaceStore(redis, clock=clock)
    assert [await pace.turn(POSTS, str(number)) for number in range(6)] == [0, 0, 0, 1, 2, 3]
    assert [await pace.turn(POSTS, str(number)) for number in (5, 4, 3)] == [3, 2, 1]
    clock.turn(seconds=2)
    assert [await pace.turn(POSTS, str(number)) for number in (3, 4, 5, 6)] == [0, 0, 1, 2]


async def test_a_turn_is_spent_once(redis: Any, clock: VirtualClock) -> None:
    """Whoever comes again after a turn was given asks for another one."""
    pace = PaceStore(redis, clock=clock)
    assert [await pace.turn(POSTS, "same") for _ in range(4)] == [0, 0, 0, 1]


async def test_who_is_asked_to_wait_holds_all_back(redis: Any, clock: VirtualClock) -> None:
    """After a refusal nobody has a turn before the time is over, and then there is no burst."""
    pace = PaceStore(redis, clock=clock)
    await pace.hold(POSTS, 30)
    assert [await pace.turn(POSTS, str(number)) for number in range(2)] == [30, 31]
    clock.turn(seconds=31)
    assert [await pace.turn(POSTS, str(number)) for number in range(2)] == [0, 0]


async def test_buckets_do_not_know_each_other(redis: Any, clock: VirtualClock) -> None:
    """One channel's turns are not another's."""
    pace = PaceStore(redis, clock=clock)
    await pace.hold(POSTS, 30)
    assert await pace.turn(Bucket("others", 1.0, 1), "a") == 0


@pytest.mark.parametrize("seed", range(8))
async def test_never_more_than_the_limit(redis: Any, clock: VirtualClock, seed: int) -> None:
    """However they arrive, and each back when it was told: in any span of T seconds no more than burst + T / interval
    turns are given, and everybody gets one."""
    chance = random.Random(seed)
    bucket = Bucket("any", chance.choice([0.5, 1.0, 1.5]), chance.randint(1, 5))
    pace, start = PaceStore(redis, clock=clock), clock.now
    coming = [(round(chance.uniform(0, 20), 3), str(number)) for number in range(30)]
    given: list[float] = []
    while coming:
        coming.sort()
        at, ticket = coming.pop(0)
        clock.now = start + timedelta(seconds=at)
        if wait := await pace.turn(bucket, ticket):
            coming.append((round(at + wait, 3), ticket))
        else:
            given.append(at)
    assert len(given) == 30
    for first, last in itertools.combinations(range(30), 2):
        allowed = bucket.burst + (given[last] - given[first]) / bucket.interval
        assert last - first + 1 <= allowed + 0.01, (given[first], given[last])


async def test_the_first_few_have_cards_of_their_own(redis: Any, clock: VirtualClock) -> None:
    """The rest of a minute is collected, under one number; asked again, each gets the same answer."""
    bursts = BurstStore(redis, clock=clock)
    entered = [await bursts.enter("C1", f"A{number}", limit=2) for number in range(4)]
    assert entered == [(0, ""), (0, ""), (1, ""), (1, "")]
    await bursts.posted("C1", 1, "12.5")
    assert [await bursts.enter("C1", f"A{number}", limit=2) for number in range(4)] == [
        (0, ""),
        (0, ""),
        *[(1, "12.5")] * 2,
    ]
    assert await bursts.enter("C2", "A3", limit=2) == (0, "")
    assert await bursts.number("C1", "12.5") == 1


async def test_a_collection_ends_with_the_burst(redis: Any, clock: VirtualClock) -> None:
    """It grows as long as one joins within a minute of the last; after that there are cards again, then another."""
    bursts = BurstStore(redis, clock=clock)
    for number in range(3):
        await bursts.enter("C1", f"A{number}", limit=1)
    clock.turn(seconds=59)
    assert await bursts.enter("C1", "B", limit=1) == (1, "")
    clock.turn(seconds=61)
    assert await bursts.enter("C1", "C", limit=1) == (0, "")
    assert await bursts.enter("C1", "D", limit=1) == (2, "")


async def test_a_message_that_stands_late_shows_its_own_collection(redis: Any, clock: VirtualClock) -> None:
    """The next burst began while it was being posted: who joins that is shown in another message, not in none."""
    bursts = BurstStore(redis, clock=clock)
    assert [await bursts.enter("C1", one, limit=1) for one in ("A", "B")] == [(0, ""), (1, "")]
    clock.turn(seconds=61)
    assert [await bursts.enter("C1", one, limit=1) for one in ("C", "D")] == [(0, ""), (2, "")]
    await bursts.posted("C1", 1, "12.5")
    assert await bursts.enter("C1", "D", limit=1) == (2, "")


async def test_what_is_critical_is_never_collected(redis: Any, clock: VirtualClock) -> None:
    """It has a card of its own in the middle of a burst."""
    bursts = BurstStore(redis, clock=clock)
    for number in range(3):
        await bursts.enter("C1", f"A{number}", limit=1)
    assert await bursts.enter("C1", "critical", limit=1, alone=True) == (0, "")


async def test_one_posts_the_message_at_a_time(redis: Any, clock: VirtualClock) -> None:
    """The right is given once; if its holder dies, to the next one, who learns that it was tried before."""
    bursts = BurstStore(redis, clock=clock)
    assert [await bursts.posting("C1", 1), await bursts.posting("C1", 1)] == [(1, ""), (0, "")]
    await redis.delete(Keys().burst("C1", "posting-1"))  # as the server does after `HOLD`
    assert await bursts.posting("C1", 1) == (2, "")


async def test_what_was_posted_meanwhile_is_not_posted_again(redis: Any, clock: VirtualClock) -> None:
    """Somebody entered before the message stood, and asks for the right after that: they get the message instead."""
    bursts = BurstStore(redis, clock=clock)
    assert [await bursts.enter("C1", one, limit=0) for one in ("A", "B")] == [(1, ""), (1, "")]
    assert await bursts.posting("C1", 1) == (1, "")
    await bursts.posted("C1", 1, "12.5")
    assert [await bursts.posting("C1", 1) for _ in range(2)] == [(0, "12.5")] * 2


@pytest.mark.parametrize("kept", [True, False])
async def test_only_those_that_wait_are_counted(redis: Any, clock: VirtualClock, kept: bool) -> None:
    """What was decided leaves the count, and stays in the total."""
    bursts = BurstStore(redis, clock=clock)
    for number in range(3):
        await bursts.enter("C1", f"A{number}", limit=0)
    await redis.zadd(Keys().index("pending"), {"A1": 5, "A2": 4, "elsewhere": 1} if kept else {"elsewhere": 1})
    ids, total = await bursts.waiting("C1", 1)
    assert (sorted(ids), total) == (["A1", "A2"] if kept else [], 3)
