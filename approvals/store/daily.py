"""What was told of the day, on Redis: whom on which day, and until when somebody has looked whose turn it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import cast

from redis.asyncio import Redis

from approvals.store.keys import Keys
from approvals.store.packed import score

KEPT = timedelta(days=3)
"""How long it is remembered who was told: a day lasts 50 hours, counted over all time zones."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _at(microseconds: str) -> datetime:
    return _EPOCH + timedelta(microseconds=int(microseconds))


class DailyStore:
    """Any replica may ask at any time: of several at once, one gets to tell."""

    def __init__(self, redis: Redis, *, keys: Keys | None = None) -> None:
        self._redis = redis
        self._keys = keys or Keys()

    async def claim(self, person: str, day: date) -> bool:
        """Whether they have not been told on that day. From now on they count as told."""
        key = self._keys.daily(day.isoformat(), person)
        return bool(await self._redis.set(key, "1", nx=True, ex=KEPT))

    async def forget(self, person: str, day: date) -> None:
        """They can be told again."""
        await self._redis.delete(self._keys.daily(day.isoformat(), person))

    async def put_off(self, person: str, since: datetime) -> None:
        """They could not be told now of what came after `since`: somebody should try again."""
        await cast("int", self._redis.hset(self._keys.daily("late"), person, score(since)))  # pyright: ignore[reportGeneralTypeIssues]

    async def late(self) -> dict[str, datetime]:
        """Those who were put off, and since when their turn may have come."""
        found = cast("dict[str, str]", await self._redis.hgetall(self._keys.daily("late")))  # pyright: ignore[reportGeneralTypeIssues]
        return {person: _at(since) for person, since in found.items()}

    async def done(self, person: str) -> None:
        """They are put off no more."""
        await cast("int", self._redis.hdel(self._keys.daily("late"), person))  # pyright: ignore[reportGeneralTypeIssues]

    async def looked(self) -> datetime | None:
        """Until when everybody whose turn came was told or put off; `None` where nobody ever looked."""
        found = await self._redis.get(self._keys.daily())
        return None if found is None else _at(str(found))

    async def look(self, until: datetime) -> None:
        """Everybody whose turn came by then was told, or put off. (Of two at once either may stay: claims hold.)"""
        await self._redis.set(self._keys.daily(), score(until))
