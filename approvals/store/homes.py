"""Whose Home tab is kept up to date, on Redis: those who opened it lately, and when each was drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from redis.asyncio import Redis

from approvals.due import Due, DueKind
from approvals.ports import Clock
from approvals.store.keys import Keys
from approvals.store.packed import score

KEPT = timedelta(days=3)
"""For how long a Home is drawn anew after it was opened."""

MOST = 500
"""People whose Homes are drawn anew: those who opened theirs last."""

APART = timedelta(seconds=5)
"""Between two drawings of one Home. Slack takes 100 a minute for all of them together."""


class HomeStore:
    """Any replica may ask and note at any time; drawing twice does no harm."""

    def __init__(self, redis: Redis, *, clock: Clock, keys: Keys | None = None) -> None:
        self._redis = redis
        self._clock = clock
        self._keys = keys or Keys()

    async def opened(self, user: str) -> None:
        """Somebody looks at their Home now. Those who have not for long are forgotten."""
        now, homes = self._clock(), self._keys.homes
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(homes, {user: int(score(now))})
            pipe.zremrangebyscore(homes, "-inf", score(now - KEPT))
            pipe.zremrangebyrank(homes, 0, -MOST - 1)
            pipe.expire(homes, KEPT)
            await pipe.execute()

    async def readers(self) -> Sequence[str]:
        """Whose Homes are kept up to date, `MOST` at most."""
        since = score(self._clock() - KEPT)
        found = await self._redis.zrange(self._keys.homes, since, "+inf", byscore=True)  # pyright: ignore[reportUnknownMemberType]
        return cast("list[str]", found)

    async def drawn(self, user: str) -> None:
        """Their Home is drawn now: the next time is a little later at the earliest. (Longer kept than that: when it is
        due goes by our clock, not by the server's.)"""
        await self._redis.set(self._keys.home(user), score(self._clock()), px=12 * APART)

    async def soon(self, users: Sequence[str]) -> None:
        """Puts their Homes on the list of what is due, each once, and no sooner than `APART` after the last time. One
        that is being drawn right now is drawn again."""
        if not users:
            return
        now, apart = int(score(self._clock())), int(APART.total_seconds() * 1e6)
        last = await self._redis.mget([self._keys.home(user) for user in users])
        async with self._redis.pipeline(transaction=True) as pipe:
            for user, at in zip(users, cast("list[str | None]", last), strict=True):
                member = Due(user, DueKind.HOME, None).member
                # By the clock, which may have been set back since.
                due = now if at is None else min(max(now, int(at) + apart), now + apart)
                pipe.zadd(self._keys.due, {member: due})
                pipe.hdel(self._keys.claims, member)
            await pipe.execute()

    async def late(self, now: datetime) -> tuple[int, float]:
        """How much is due and was not begun, and for how many seconds the oldest of it has been."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for line in (self._keys.due, self._keys.drives):
                pipe.zcount(line, "-inf", score(now))
                pipe.zrange(line, 0, 0, withscores=True)  # pyright: ignore[reportUnknownMemberType]
            one, first, other, second = await pipe.execute()
        oldest = [int(at) for _, at in (*first, *second)]
        seconds = (int(score(now)) - min(oldest)) / 1e6 if oldest and one + other else 0.0
        return int(one) + int(other), max(0.0, seconds)
