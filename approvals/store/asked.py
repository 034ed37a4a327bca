"""Which approvals an API key asked for, newest first: a page at a time, from where the page before ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from redis.asyncio import Redis

from approvals.model import Approval
from approvals.store.codec import APPROVALS
from approvals.store.keys import Keys

MORE = 50


class AskedStore:
    """Reads the indexes that `commit` writes. A position is an id with its score: it stays good as others come."""

    def __init__(self, redis: Redis, *, keys: Keys | None = None) -> None:
        self._redis = redis
        self._keys = keys or Keys()

    async def page(
        self, *, key_id: str | None, graph: str, after: tuple[int, str] | None, limit: int
    ) -> Sequence[tuple[int, str]]:
        """`(score, id)` of what that key asked for, or of all of the graph, after a position; `limit` at the most."""
        index = self._keys.index("all", graph) if key_id is None else self._keys.index("key", key_id)
        first = "+inf" if after is None else str(after[0])
        found: list[tuple[int, str]] = []
        offset = 0
        while len(found) < limit:
            reply = await self._redis.zrange(  # pyright: ignore[reportUnknownMemberType]
                index,
                first,  # pyright: ignore[reportArgumentType] - redis-py types only ranks
                "-inf",  # pyright: ignore[reportArgumentType] - the same
                byscore=True,
                desc=True,
                offset=offset,
                num=limit + MORE,
                withscores=True,
            )
            rows = [(int(float(score)), name) for name, score in cast("list[tuple[str, float]]", reply)]
            # Of equal scores the server tells the greater id first.
            found += [row for row in rows if after is None or row < after]
            if len(rows) < limit + MORE:
                break
            offset += len(rows)
        return found[:limit]

    async def load(self, ids: Sequence[str]) -> Sequence[Approval]:
        """The approvals, in one round trip."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for approval_id in ids:
                pipe.hget(self._keys.approval(approval_id), "doc")
            return [APPROVALS.load(doc) for doc in await pipe.execute() if doc is not None]
