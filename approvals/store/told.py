"""What admins have been told of the policies, on Redis: each finding once to each of them, until it is gone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from redis.asyncio import Redis

from approvals.store.keys import Keys


class ToldStore:
    """A set of names. Any replica may ask at any time: of several at once, one gets to tell."""

    def __init__(self, redis: Redis, *, keys: Keys | None = None) -> None:
        self._redis = redis
        self._key = (keys or Keys()).told

    async def claim(self, name: str) -> bool:
        """Whether it has not been told yet. From now on it counts as told; `forget` it if telling failed."""
        return await self._redis.sadd(self._key, name) == 1

    async def forget(self, name: str) -> None:
        """It can be told again."""
        await cast("int", self._redis.srem(self._key, name))  # pyright: ignore[reportGeneralTypeIssues]

    async def keep(self, names: Iterable[str]) -> None:
        """Forgets all but these."""
        told = cast("set[str]", await self._redis.smembers(self._key))  # pyright: ignore[reportGeneralTypeIssues]
        if gone := told - set(names):
            await cast("int", self._redis.srem(self._key, *gone))  # pyright: ignore[reportGeneralTypeIssues]
