"""Absences on the real server: written with their event, gone by themselves, and who covers for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from approvals.away import Away
from approvals.events import EventType
from approvals.store.away import AwayStore
from approvals.store.keys import Keys
from approvals.store.redis import RedisStore
from tests.approvals.build import ANA, BEN, T0
from tests.conftest import VirtualClock

WEEK = Away(user_id=ANA.id, since=T0, until=T0 + timedelta(days=7), cover=BEN.id, set_by=ANA)


@pytest.fixture
def absences(redis: Any, clock: VirtualClock) -> AwayStore:
    return AwayStore(redis, clock=clock)


async def test_what_was_set_is_read_and_stands_in_the_audit(absences: AwayStore, store: RedisStore) -> None:
    """By the one who is away, by the one who covers; one event, of the one who said so, about no thread."""
    await absences.set(WEEK)
    assert await absences.get(ANA.id, BEN.id) == {ANA.id: WEEK}
    assert await absences.covering(BEN.id) == (WEEK,)
    assert await absences.covering(ANA.id) == ()
    (event,) = await store.audit()
    assert (event.type, event.actor, event.thread_id, event.approval_id) == (EventType.AWAY_SET, ANA, "", None)
    assert event.data == {"user": ANA.id, "until": WEEK.until.isoformat(), "cover": BEN.id}


async def test_coming_back_ends_it_once(absences: AwayStore, store: RedisStore) -> None:
    """Nobody covers any more; who was not away writes nothing."""
    assert not await absences.clear(ANA.id, ANA)
    await absences.set(WEEK)
    assert await absences.clear(ANA.id, BEN)
    assert not await absences.clear(ANA.id, ANA)
    assert await absences.get(ANA.id) == {}
    assert await absences.covering(BEN.id) == ()
    events = await store.audit()
    assert [(e.type, e.actor) for e in events] == [(EventType.AWAY_SET, ANA), (EventType.AWAY_ENDED, BEN)]


async def test_what_has_ended_counts_no_more(absences: AwayStore, clock: VirtualClock) -> None:
    """To the microsecond, without a job; nor does it for who comes back after it."""
    await absences.set(WEEK)
    clock.now = WEEK.until - timedelta(microseconds=1)
    assert await absences.covering(BEN.id) == (WEEK,)
    clock.now = WEEK.until
    assert await absences.get(ANA.id) == {}
    assert await absences.covering(BEN.id) == ()
    assert not await absences.clear(ANA.id, ANA)


async def test_another_cover_takes_the_place_of_the_first(absences: AwayStore) -> None:
    """And without a cover nobody stands in."""
    await absences.set(WEEK)
    other = replace(WEEK, cover="UCLEO", until=T0 + timedelta(days=2))
    await absences.set(other)
    assert await absences.covering(BEN.id) == ()
    assert await absences.covering("UCLEO") == (other,)
    await absences.set(replace(other, cover=None))
    assert await absences.covering("UCLEO") == ()


async def test_the_absence_that_ends_first_stands_in_front(absences: AwayStore) -> None:
    """Of several for whom one person covers."""
    await absences.set(WEEK)
    sooner = replace(WEEK, user_id="UDAN", until=T0 + timedelta(days=1))
    await absences.set(sooner)
    assert await absences.covering(BEN.id) == (sooner, WEEK)


async def test_the_server_forgets_by_itself(absences: AwayStore, redis: Any, clock: VirtualClock) -> None:
    """Every key but the audit has a time to live, and none of them ends too early."""
    await absences.set(replace(WEEK, user_id="UDAN", until=T0 + timedelta(days=1)))
    await absences.set(WEEK)
    await absences.set(replace(WEEK, user_id="UEVE", until=T0 + timedelta(days=2)))
    keys = Keys()
    week = 7 * 86_400_000
    assert week - 60_000 < await redis.pttl(keys.away(ANA.id)) <= week
    assert week - 60_000 < await redis.pttl(keys.covers(BEN.id)) <= week
    left = {key for key in await redis.keys("*") if await redis.ttl(key) < 0}
    assert left == {keys.audit}
    clock.turn(days=3)
    await absences.set(replace(WEEK, until=T0 + timedelta(days=4)))
    assert set(await redis.zrange(keys.covers(BEN.id), 0, -1)) == {ANA.id}, "what has ended was dropped"


async def test_an_absence_that_is_over_already_is_not_written(absences: AwayStore, store: RedisStore) -> None:
    """Neither the record nor an event."""
    await absences.set(replace(WEEK, until=T0))
    assert await store.audit() == []


async def test_reading_many_is_one_round_trip(absences: AwayStore, redis: Any) -> None:
    """However many are asked about; about nobody, none."""
    await absences.set(WEEK)
    before = (await redis.info("commandstats")).get("cmdstat_mget", {"calls": 0})["calls"]
    assert set(await absences.get(*(f"U{number}" for number in range(50)), ANA.id)) == {ANA.id}
    assert await absences.get() == {}
    assert (await redis.info("commandstats"))["cmdstat_mget"]["calls"] == before + 1
