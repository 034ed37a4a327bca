"""The Lua scripts, read from their files once. Redis runs each as one step that nothing interleaves with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any, cast

from redis.exceptions import NoScriptError

from approvals.ports import Behind
from approvals.store.batch import Batch, Command


class Script:
    """A script, sent by its hash, and whole where the server does not know it: the first time, or after a restart."""

    def __init__(self, batch: Batch, package: str, name: str) -> None:
        self._batch = batch
        self._text = (files(package) / "lua" / f"{name}.lua").read_text()
        self._hash = hashlib.sha1(self._text.encode()).hexdigest()  # noqa: S324 - it is the server that wants SHA-1

    def command(self, keys: Sequence[str], args: Sequence[str | int]) -> Command:
        """As it is sent to a server that knows it."""
        return ("EVALSHA", self._hash, len(keys), *keys, *args)

    async def __call__(self, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """What the script returns."""
        try:
            return await self._batch.command(*self.command(keys, args))
        except NoScriptError:
            return await self._batch.command("EVAL", self._text, len(keys), *keys, *args)

    async def followed(
        self, keys: Sequence[str], args: Sequence[str | int], behind: Behind | None
    ) -> tuple[Any, Callable[[], None]]:
        """What the script returns, and how to tell whoever sent something along what came of that."""
        if behind is None:
            return await self(keys, args), _nothing
        try:
            said, more = await self._batch.both(self.command(keys, args), behind.command)
        except NoScriptError:
            said, more = await self._batch.both(("EVAL", self._text, len(keys), *keys, *args), behind.command)
        return said, _nothing if more is None else lambda: behind.told(more)


def _nothing() -> None:
    """Nobody is told."""


class Scripts:
    """The scripts of the store."""

    def __init__(self, batch: Batch) -> None:
        named = ("commit", "claim", "settle", "lease", "take", "away", "publish")
        self._commit, self._claim, self._settle, self._lease, self._take, self._away, self._publish = (
            Script(batch, "approvals.store", name) for name in named
        )
        self._pace, self._burst, self._soon = (
            Script(batch, "approvals.store", name) for name in ("pace", "burst", "soon")
        )

    async def commit(
        self, keys: Sequence[str], args: Sequence[str | int], behind: Behind | None
    ) -> tuple[str, Callable[[], None]]:
        """`done`, `conflict` or `fenced`. See `Script.followed`."""
        return await self._commit.followed(keys, args, behind)

    async def claim(self, keys: Sequence[str], args: Sequence[str | int]) -> list[str]:
        """Member, token, attempts, member, ..."""
        return cast("list[str]", await self._claim(keys, args))

    async def settle(self, keys: Sequence[str], args: Sequence[str | int]) -> bool:
        """Whether the claim still stood."""
        return bool(await self._settle(keys, args))

    async def lease(self, keys: Sequence[str], args: Sequence[str | int]) -> int:
        """1, or 0 where it is not ours."""
        return int(await self._lease(keys, args))

    async def take(
        self, keys: Sequence[str], args: Sequence[str | int], behind: Behind | None = None
    ) -> tuple[list[Any], Callable[[], None]]:
        """A token or 0, then the thread's doc and a list of docs. See `Script.followed`."""
        return await self._take.followed(keys, args, behind)

    async def away(self, keys: Sequence[str], args: Sequence[str | int]) -> bool:
        """Whether anything was written."""
        return bool(await self._away(keys, args))

    async def publish(self, keys: Sequence[str], args: Sequence[str | int]) -> bool:
        """Whether the number before still stood."""
        return bool(await self._publish(keys, args))

    async def pace(self, keys: Sequence[str], args: Sequence[str | int]) -> int:
        """Milliseconds to wait."""
        return int(await self._pace(keys, args))

    async def burst(self, keys: Sequence[str], args: Sequence[str | int]) -> tuple[int, str]:
        """A number and a ts."""
        number, ts = await self._burst(keys, args)
        return int(number), str(ts)

    async def soon(self, keys: Sequence[str], args: Sequence[str | int]) -> None:
        """Nothing."""
        await self._soon(keys, args)
