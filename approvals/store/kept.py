"""Which saver wrote the checkpoints of our threads: another one cannot read them, and would find every thread lost."""

from __future__ import annotations

from typing import cast

from redis.asyncio import Redis

from approvals.store.keys import Keys

FIRST = "redis"
"""The one that all threads were kept by before there was a choice."""


class KeptBy:
    """A name under the namespace, beside the threads that it holds for."""

    def __init__(self, redis: Redis, *, keys: Keys | None = None) -> None:
        self._redis = redis
        self._keys = keys or Keys()

    @property
    def namespace(self) -> str:
        """Of the threads."""
        return self._keys.namespace

    async def read(self) -> tuple[str | None, int]:
        """The saver's name, `None` before the first start; and how many threads are open.

        Where no name was written, but questions were: `FIRST`. A thread alone does not tell, since it is registered
        before anything runs it.
        """
        name = cast("str | None", await self._redis.get(self._keys.checkpointer))
        threads = int(await self._redis.zcard(self._keys.index("threads")))
        if name is None and await self._redis.zcard(self._keys.index("all")):
            name = FIRST
        return name, threads

    async def write(self, name: str) -> None:
        """From now on it is this one."""
        await self._redis.set(self._keys.checkpointer, name)
