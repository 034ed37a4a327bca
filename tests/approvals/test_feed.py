"""The feed: one read for all who wait, nothing missed, and going on after the connection broke."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from approvals.events import Event
from approvals.store.feed import Feed
from approvals.store.redis import RedisStore
from tests.approvals.build import opening, thread, until


@pytest.fixture
async def feed(redis: Redis) -> AsyncIterator[Feed]:
    made = Feed(redis)
    await made.start()
    yield made
    await made.stop()


async def test_who_waits_for_a_thread_is_woken_by_its_news_alone(feed: Feed, store: RedisStore) -> None:
    """All of those, none of the others; and whoever left is not kept."""
    with feed.waiter("t1") as one, feed.waiter("t1") as two, feed.waiter("t2") as other:
        assert (feed.waiting, feed.waiting_for("t1")) == (3, 2)
        await store.commit(opening())
        async with asyncio.timeout(30):
            await asyncio.gather(one.wait(), two.wait())
        assert not other.is_set()
    assert (feed.waiting, feed.waiting_for("t1")) == (0, 0)


async def test_listeners_hear_before_anybody_is_woken(feed: Feed, store: RedisStore) -> None:
    """What they keep is gone by the time that somebody looks."""
    heard: list[Event | None] = []
    feed.listen(heard.append)
    with feed.waiter("t1") as news:
        await store.commit(opening())
        async with asyncio.timeout(30):
            await news.wait()
    assert [event and event.type.value for event in heard] == ["opened"]


async def test_reading_goes_on_after_the_connection_broke(feed: Feed, store: RedisStore, redis: Redis) -> None:
    """What happened meanwhile is heard, and everybody is told that something may have come late."""
    heard: list[Event | None] = []
    feed.listen(heard.append)

    async def closed() -> bool:
        reply = await redis.client_list(_type="normal")  # pyright: ignore[reportUnknownMemberType]
        blocked = [one for one in reply if one["cmd"] == "xread"]
        for one in blocked:
            await redis.client_kill_filter(_id=one["id"])  # pyright: ignore[reportUnknownMemberType]
        return bool(blocked)

    await until(closed)
    await store.commit(opening(of=thread("t9")))

    async def told() -> bool:
        return any(event is not None and event.thread_id == "t9" for event in heard)

    await until(told)


async def test_what_cannot_be_read_wakes_everybody(feed: Feed, redis: Redis) -> None:
    """An event of a newer version may be about anybody."""
    with feed.waiter("t1") as news:
        await redis.xadd("{signoff}:audit", {"e": '{"_":99}'})
        async with asyncio.timeout(30):
            await news.wait()


async def test_when_it_stops_nobody_waits_on(redis: Redis) -> None:
    """Everybody is woken, and can see that there is no more news."""
    made = Feed(redis)
    await made.start()
    with made.waiter("t1") as news:
        await made.stop()
        assert news.is_set()
        assert not made.running
