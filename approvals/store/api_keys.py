"""API keys on Redis: each written with its audit event in one step. Of the token only a hash is ever here."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import WatchError

from approvals.api_keys import ApiKey
from approvals.events import Event, EventType
from approvals.model import ActorRef, JsonValue
from approvals.ports import Clock
from approvals.refusals import Reason, Refusal
from approvals.store.codec import EVENTS, Codec
from approvals.store.keys import Keys

API_KEYS = Codec(ApiKey)
TRIES = 20


class ApiKeyStore:
    """A hash of keys by id, and one of when each was last used, to the minute."""

    def __init__(self, redis: Redis, *, clock: Clock, keys: Keys | None = None) -> None:
        self._redis = redis
        self._clock = clock
        self._keys = keys or Keys()

    async def get(self, key_id: str) -> ApiKey | None:
        """The key, a revoked one too."""
        doc = await cast("Awaitable[str | None]", self._redis.hget(self._keys.api_keys, key_id))
        return None if doc is None else API_KEYS.load(doc)

    async def all(self) -> Sequence[ApiKey]:
        """All keys, revoked ones too, oldest first."""
        docs = await cast("Awaitable[list[str]]", self._redis.hvals(self._keys.api_keys))
        return sorted(map(API_KEYS.load, docs), key=lambda key: (key.created_at, key.id))

    async def named(self, name: str) -> ApiKey | None:
        """The key of that name (or id) that is not revoked."""
        live = [key for key in await self.all() if key.revoked_at is None]
        return next((key for key in live if name in (key.name, key.id)), None)

    async def create(self, key: ApiKey) -> Refusal | None:
        """Writes a new key. A name is had by one key at a time: policies go by it."""
        scopes: list[JsonValue] = [scope.value for scope in key.scopes]
        event = self._event(EventType.KEY_CREATED, key, key.created_by, scopes=scopes)
        return await self._write(key, event, new=True)

    async def replace(self, key: ApiKey, kind: EventType, by: ActorRef) -> Refusal | None:
        """Writes a key anew: one that was rotated, or revoked."""
        return await self._write(key, self._event(kind, key, by), new=False)

    async def used(self, key_id: str, at: datetime) -> None:
        """Notes when a key was used last, to the minute."""
        minute = str(int(at.timestamp()) // 60 * 60)
        await self._redis.hset(self._keys.api_keys_used, key_id, minute)

    async def last_used(self) -> dict[str, datetime]:
        """When each key was used last, as far as it ever was."""
        found = await cast("Awaitable[dict[str, str]]", self._redis.hgetall(self._keys.api_keys_used))
        return {key_id: datetime.fromtimestamp(int(at), UTC) for key_id, at in found.items()}

    def _event(self, kind: EventType, key: ApiKey, by: ActorRef, **data: JsonValue) -> Event:
        return Event(
            type=kind, at=self._clock(), actor=by, thread_id="", data={"key": key.id, "name": key.name, **data}
        )

    async def _write(self, key: ApiKey, event: Event, *, new: bool) -> Refusal | None:
        for _ in range(TRIES):
            async with self._redis.pipeline(transaction=True) as pipe:
                await pipe.watch(self._keys.api_keys)  # pyright: ignore[reportUnknownMemberType]
                known = await self.named(key.name) if new else None
                if known is not None:
                    return Refusal(
                        Reason.NOT_POSSIBLE, f"there is a key {key.name} already; rotate or revoke it", "name"
                    )
                pipe.multi()
                pipe.hset(self._keys.api_keys, key.id, API_KEYS.dump(key))
                pipe.xadd(self._keys.audit, {"e": EVENTS.dump(event)})
                try:
                    await pipe.execute()
                except WatchError:
                    continue
                return None
        return Refusal(Reason.BUSY, "others change keys at the same moment; try again")
