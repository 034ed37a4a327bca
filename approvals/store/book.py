"""`BookStore` on Redis: a hash that says which version counts, and a hash of all versions."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import cast

from redis.asyncio import Redis

from approvals.book import Head, PolicyVersion
from approvals.events import Event
from approvals.store.batch import Batch
from approvals.store.codec import EVENTS, VERSIONS
from approvals.store.keys import Keys
from approvals.store.scripts import Scripts


class RedisBook:
    """See `approvals.book.BookStore`."""

    def __init__(self, redis: Redis, *, keys: Keys | None = None) -> None:
        self._redis = redis
        self._keys = keys or Keys()
        self._scripts = Scripts(Batch(redis))

    async def head(self) -> Head:
        """Which version counts."""
        number, digest, file = await self._fields(self._keys.policies, ["n", "hash", "file"])
        return Head(int(number or 0), digest or "", file or "")

    async def versions(self, numbers: Sequence[int]) -> Sequence[PolicyVersion]:
        """Those that exist, in the order of `numbers`."""
        if not numbers:
            return []
        docs = await self._fields(self._keys.policy_versions, [str(number) for number in numbers])
        return [VERSIONS.load(doc) for doc in docs if doc is not None]

    async def _fields(self, key: str, names: list[str]) -> list[str | None]:
        return await cast("Awaitable[list[str | None]]", self._redis.hmget(key, names))

    async def publish(self, version: PolicyVersion, event: Event, *, file: str | None = None) -> bool:
        """Writes version and event if the number before it stands."""
        return await self._publish(version.number - 1, version, event, file)

    async def applied(self, number: int, file: str) -> bool:
        """Notes the file's hash alone."""
        return await self._publish(number, None, None, file)

    async def _publish(self, before: int, version: PolicyVersion | None, event: Event | None, file: str | None) -> bool:
        keys = [self._keys.policies, self._keys.policy_versions, self._keys.audit]
        args: list[str | int] = [before, file or ""]
        if version is not None and event is not None:
            args += [version.number, version.hash, VERSIONS.dump(version), EVENTS.dump(event)]
        return await self._scripts.publish(keys, args)
