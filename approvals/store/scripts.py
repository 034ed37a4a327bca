"""The Lua scripts, read from their files once. Redis runs each as one step that nothing interleaves with."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from importlib.resources import files
from typing import Any, cast

from redis.asyncio import Redis
from redis.commands.core import AsyncScript


class Scripts:
    """The scripts, registered with a client: sent by hash, loaded again where a server restarted without them."""

    def __init__(self, redis: Redis) -> None:
        self._commit = self._load(redis, "commit")
        self._claim = self._load(redis, "claim")
        self._settle = self._load(redis, "settle")
        self._lease = self._load(redis, "lease")
        self._away = self._load(redis, "away")
        self._publish = self._load(redis, "publish")

    @staticmethod
    def _load(redis: Redis, name: str) -> AsyncScript:
        text = (files("approvals.store") / "lua" / f"{name}.lua").read_text()
        return redis.register_script(text)

    async def _call(self, script: AsyncScript, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        return await cast("Awaitable[Any]", script(keys=list(keys), args=list(args)))

    async def commit(self, keys: Sequence[str], args: Sequence[str | int]) -> str:
        """`done`, `conflict` or `fenced`."""
        return cast("str", await self._call(self._commit, keys, args))

    async def claim(self, keys: Sequence[str], args: Sequence[str | int]) -> list[str]:
        """Member, token, attempts, member, ..."""
        return cast("list[str]", await self._call(self._claim, keys, args))

    async def settle(self, keys: Sequence[str], args: Sequence[str | int]) -> bool:
        """Whether the claim still stood."""
        return bool(await self._call(self._settle, keys, args))

    async def lease(self, keys: Sequence[str], args: Sequence[str | int]) -> int:
        """A token, or 0 / 1."""
        return int(await self._call(self._lease, keys, args))

    async def away(self, keys: Sequence[str], args: Sequence[str | int]) -> bool:
        """Whether anything was written."""
        return bool(await self._call(self._away, keys, args))

    async def publish(self, keys: Sequence[str], args: Sequence[str | int]) -> bool:
        """Whether the number before still stood."""
        return bool(await self._call(self._publish, keys, args))
