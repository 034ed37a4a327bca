"""`AuditStore` on Redis: the stream of events, and beside it the seals that answer for them."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, cast

from redis.asyncio import Redis

from approvals.audit.entries import BEGINNING, At, Entry, at_of, seq_of
from approvals.audit.keeping import Head
from approvals.audit.seal import Seal, dumped
from approvals.errors import StoreError
from approvals.events import Event
from approvals.store.batch import Batch
from approvals.store.codec import EVENTS
from approvals.store.keys import Keys
from approvals.store.scripts import Script

_RAW = {"NEVER_DECODE": True}
"""Bytes as they are kept: what somebody put there by hand need not be text."""


class RedisAudit:
    """See `approvals.audit.keeping.AuditStore`."""

    def __init__(self, redis: Redis, *, keys: Keys | None = None) -> None:
        self._redis = redis
        self._keys = keys or Keys()
        batch = Batch(redis)
        self._sealing, self._archiving, self._trimming = (
            Script(batch, "approvals.store", name) for name in ("seal", "archived", "trim")
        )

    @property
    def name(self) -> str:
        """The namespace."""
        return self._keys.namespace

    async def _ask(self, *command: str | int) -> Any:
        return cast("Any", await self._redis.execute_command(*command, **_RAW))  # pyright: ignore[reportUnknownMemberType]

    async def head(self) -> Head:
        """How far it is sealed, archived and trimmed."""
        names = ["n", "hash", "to", "archived", "trimmed"]
        number, digest, to, archived, trimmed = await cast(
            "Awaitable[list[str | None]]", self._redis.hmget(self._keys.sealed, names)
        )
        try:
            return Head(int(number or 0), digest or "", to or "", int(archived or 0), int(trimmed or 0))
        except ValueError as broken:
            raise StoreError(f"the head of the audit's seals cannot be read ({broken})") from broken

    async def entries(self, after: At, limit: int) -> Sequence[Entry]:
        """Those after an id, in order."""
        start = "-" if after == BEGINNING else f"({seq_of(after)}"
        found = await self._ask("XRANGE", self._keys.audit, start, "+", "COUNT", limit)
        rows = cast("list[tuple[bytes, object]]", found)
        return [Entry(seq.decode(), _text(fields)) for seq, fields in rows]

    async def last(self) -> str:
        """The id of the newest event; empty where there is none."""
        rows = await self._ask("XREVRANGE", self._keys.audit, "+", "-", "COUNT", 1)
        return cast("bytes", rows[0][0]).decode() if rows else ""

    async def deleted(self) -> str:
        """The newest id that was ever deleted by itself from the stream (Redis remembers it); empty where none was."""
        if not await self._redis.exists(self._keys.audit):
            return ""
        told = cast("Any", await self._redis.xinfo_stream(self._keys.audit))
        found = str(told.get("max-deleted-entry-id") or "0-0")
        return "" if found == "0-0" else found

    async def how_many(self) -> int:
        """How many seals there are, whatever the head says."""
        return await self._redis.hlen(self._keys.seals)

    async def trail(self, approval_id: str) -> Sequence[str]:
        """The ids of an approval's events, in order, dropped ones too."""
        return await cast("Awaitable[list[str]]", self._redis.lrange(self._keys.trail(approval_id), 0, -1))

    async def missing(self, approval_id: str) -> int:
        """How many of an approval's events were trimmed."""
        if not (await self.head()).trimmed:
            return 0
        first = await self.entries(BEGINNING, 1)
        return sum(1 for seq in await self.trail(approval_id) if not first or at_of(seq) < first[0].at)

    async def entry(self, seq: str) -> Entry | None:
        """One event, as it is kept."""
        rows = await self._ask("XRANGE", self._keys.audit, seq, seq)
        return Entry(rows[0][0].decode(), _text(rows[0][1])) if rows else None

    async def seals(self, first: int, count: int) -> Sequence[bytes | None]:
        """By number, from `first` on; `None` for one that is gone."""
        if count <= 0:
            return []
        found = await self._ask("HMGET", self._keys.seals, *range(first, first + count))
        return cast("list[bytes | None]", found)

    async def append(self, seal: Seal, before: Head) -> bool:
        """Adds a seal, if `before` is still the newest."""
        args = [before.number, before.hash, seal.number, seal.hash, seal.to, dumped(seal)]
        said = int(await self._sealing([self._keys.sealed, self._keys.seals], args))
        if said < 0:
            raise StoreError(f"seal {seal.number} of the audit stands already, though the head says {before.number}")
        return bool(said)

    async def archived(self, before: Head, number: int, event: Event) -> bool:
        """Notes that all up to a seal is in a file."""
        args = [before.archived, number, EVENTS.dump(event)]
        return bool(await self._archiving([self._keys.sealed, self._keys.audit], args))

    async def trim(self, number: int, to: At, event: Event) -> int | None:
        """Drops the events up to a seal."""
        args = [number, seq_of((to[0], to[1] + 1)), EVENTS.dump(event)]
        dropped = int(await self._trimming([self._keys.sealed, self._keys.audit], args))
        return None if dropped < 0 else dropped


def _text(fields: object) -> bytes:
    """The event's text. Where the entry has not exactly the one field that we write, something that no event is."""
    if isinstance(fields, dict):
        named = cast("dict[bytes, bytes]", fields)
        if set(named) == {b"e"}:
            return named[b"e"]
    return b"\0" + repr(cast("object", fields)).encode()
