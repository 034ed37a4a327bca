"""Who asks: the key of a request, whether it works, what it may do, and how often."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from fastapi import Request

from approvals.api_keys import ApiKey, Scope, id_of, opens
from approvals.events import Event, EventType
from approvals.ports import Clock
from approvals.store.api_keys import ApiKeyStore
from approvals.store.feed import Feed
from bot.http.api.problems import ProblemError, limited

TTL = timedelta(seconds=30)
"""How long a key is believed without looking; one that is rotated or revoked is looked up at once, by the feed."""
NOTED = timedelta(seconds=60)
"""How coarse the time of the last use is."""
_CHANGED = (EventType.KEY_CREATED, EventType.KEY_ROTATED, EventType.KEY_REVOKED)


class Bucket:
    """A minute's requests, filled evenly. One per key and process: a replica more lets as many through once more."""

    def __init__(self, rate: int, now: float) -> None:
        self._rate = rate
        self._left = float(rate)
        self._at = now

    def take(self, now: float) -> float:
        """0 where a request may pass, else the seconds until one may."""
        self._left = min(float(self._rate), self._left + (now - self._at) * self._rate / 60)
        self._at = max(self._at, now)
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) * 60 / self._rate


class Gate:
    """Lets keys in. Remembers keys for a while, so that a request costs no command."""

    def __init__(self, store: ApiKeyStore, feed: Feed, clock: Clock) -> None:
        self._store = store
        self._feed = feed
        self._clock = clock
        self._known: dict[str, tuple[ApiKey, float]] = {}
        self._buckets: dict[str, Bucket] = {}
        self._noted: dict[str, float] = {}
        feed.listen(self._heard)

    def _heard(self, event: Event | None) -> None:
        if event is None:
            self._known.clear()
        elif event.type in _CHANGED:
            self._known.pop(str(event.data.get("key")), None)

    def needs(self, *scopes: Scope) -> Callable[[Request], Awaitable[None]]:
        """A dependency of a route: the key of the request, which has one of the scopes, is in `request.state.key`."""

        async def admitted(request: Request) -> None:
            request.state.key = await self.admit(request, *scopes)

        return admitted

    async def admit(self, request: Request, *scopes: Scope) -> ApiKey:
        """The key, which may do that. Raises `ProblemError`: 401, 403, 429."""
        found = await self._key(request)
        now = self._clock().timestamp()
        wait = self._buckets.setdefault(found.id, Bucket(found.rate, now)).take(now)
        if wait:
            raise limited(wait)
        if not any(map(found.may, scopes)):
            raise ProblemError(403, "no_scope", f"The key {found.name} has no scope {scopes[0].value}.")
        if now - self._noted.get(found.id, 0.0) >= NOTED.total_seconds():
            self._noted[found.id] = now
            await self._store.used(found.id, self._clock())
        return found

    async def _key(self, request: Request) -> ApiKey:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        key_id = id_of(token) if kind.lower() == "bearer" else None
        found = None if key_id is None else await self._look(key_id)
        if found is None or not opens(token, found, self._clock()):
            detail = "Send a key that works: Authorization: Bearer so_…"
            raise ProblemError(401, "no_key", detail, headers={"WWW-Authenticate": 'Bearer realm="signoff"'})
        return found

    async def _look(self, key_id: str) -> ApiKey | None:
        now = self._clock().timestamp()
        known = self._known.get(key_id)
        if known is not None and now - known[1] < TTL.total_seconds() and self._feed.running:
            return known[0]
        found = await self._store.get(key_id)
        if found is None:
            self._known.pop(key_id, None)
            return None
        if known is not None and known[0].rate != found.rate:
            self._buckets.pop(key_id, None)
        self._known[key_id] = (found, now)
        return found
