"""Who is away, on Redis: written with its audit event in one step. What has ended vanishes without anybody's doing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import cast

from redis.asyncio import Redis

from approvals.away import Away
from approvals.events import Event, EventType
from approvals.model import ActorRef, JsonValue
from approvals.ports import Clock
from approvals.store.batch import Batch
from approvals.store.codec import ABSENCES, EVENTS
from approvals.store.keys import Keys
from approvals.store.packed import score
from approvals.store.scripts import Scripts


class AwayStore:
    """Keeps at most one absence a person. Reading compares with the clock; the server forgets them by itself later."""

    def __init__(self, redis: Redis, *, clock: Clock, keys: Keys | None = None) -> None:
        self._redis = redis
        self._clock = clock
        self._keys = keys or Keys()
        self._scripts = Scripts(Batch(redis))

    async def set(self, away: Away) -> None:
        """Writes it in place of the one before. One that has already ended changes nothing."""
        now = self._clock()
        left = (away.until - now) // timedelta(milliseconds=1)
        if left <= 0:
            return
        data: dict[str, JsonValue] = {"user": away.user_id, "until": away.until.isoformat()}
        if away.cover is not None:
            data["cover"] = away.cover
        event = Event(type=EventType.AWAY_SET, at=now, actor=away.set_by, thread_id="", data=data)
        keys = [self._keys.away(away.user_id), self._keys.audit]
        keys += [self._keys.covers(away.cover or away.user_id), self._keys.absences]
        until = "" if away.cover is None else score(away.until)
        await self._scripts.away(keys, [EVENTS.dump(event), ABSENCES.dump(away), left, away.user_id, score(now), until])

    async def clear(self, user_id: str, by: ActorRef) -> bool:
        """They are back. False, and nothing is written, where they were not away."""
        now = self._clock()
        if user_id not in await self.get(user_id):
            return False
        event = Event(type=EventType.AWAY_ENDED, at=now, actor=by, thread_id="", data={"user": user_id})
        keys = [self._keys.away(user_id), self._keys.audit]
        return await self._scripts.away(keys, [EVENTS.dump(event), "", 0, user_id, score(now), ""])

    async def get(self, *user_ids: str) -> dict[str, Away]:
        """Those of them who are away now, by id. One round trip, whoever many."""
        if not user_ids:
            return {}
        found = cast("list[str | None]", await self._redis.mget([self._keys.away(one) for one in user_ids]))
        return self._held(found)

    async def covering(self, user_id: str) -> tuple[Away, ...]:
        """The absences in which this person stands in, the one that ends first in front."""
        return tuple(away for away in await self._ahead(self._keys.covers(user_id)) if away.cover == user_id)

    async def covered(self) -> tuple[Away, ...]:
        """Everybody who is away and has a cover, the one who is back first in front. One round trip where nobody is."""
        return tuple(away for away in await self._ahead(self._keys.absences) if away.cover is not None)

    async def _ahead(self, names: str) -> list[Away]:
        now = int(score(self._clock()))
        ids = cast("list[str]", await self._redis.zrange(names, now, "inf", byscore=True))  # pyright: ignore[reportUnknownMemberType, reportArgumentType]
        return sorted((await self.get(*ids)).values(), key=lambda away: away.until)

    def _held(self, docs: Iterable[str | None]) -> dict[str, Away]:
        now = self._clock()
        found = [ABSENCES.load(doc) for doc in docs if doc is not None]
        return {away.user_id: away for away in found if away.holds(now)}
