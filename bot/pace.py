"""Slack's rate limits, kept to by ourselves: whoever must wait gets a turn, and comes back for it as due work.

Limits: one post a second and channel, with short bursts; `chat.update` is Tier 3, at least 50 a minute and workspace
(docs.slack.dev, Rate limits). Both are kept by all replicas together.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from approvals.errors import Later
from approvals.store.pacing import Bucket, PaceStore

POST_INTERVAL, POST_BURST = 1.0, 4
UPDATES = Bucket("chat.update", 1.5, 10)
"""Ten at once and one every 1.5 s: at most 50 in any minute."""


def posts(channel: str) -> Bucket:
    """The turns to post in a channel."""
    return Bucket(f"chat.postMessage:{channel}", POST_INTERVAL, POST_BURST)


def looks(method: str) -> Bucket:
    """The calls of a method that only reads: as many as are wanted, until Slack asks to wait."""
    return Bucket(method, 0.0, 1)


class Pace:
    """Asks for a turn before a call. What Slack limits all the same holds everybody back for as long as it says.

    Not `steady`: for a Slack without limits, posts and updates wait for no turn.
    """

    def __init__(self, store: PaceStore | None, *, steady: bool = True) -> None:
        self._looks = store
        self._store = store if steady else None

    @asynccontextmanager
    async def turn(self, bucket: Bucket, ticket: str) -> AsyncGenerator[None]:
        """The call, when it is its turn. Raises `Later` with the seconds to wait: the turn is kept for `ticket`."""
        if self._store is not None and (wait := await self._store.turn(bucket, ticket)):
            raise Later(wait, f"{bucket.name}: its turn comes in {wait:g} s")
        try:
            yield
        except Later as later:
            if self._store is not None:
                await self._store.hold(bucket, later.seconds)
            raise

    @asynccontextmanager
    async def look(self, method: str) -> AsyncGenerator[None]:
        """A call that only reads. Raises `Later`, and nobody calls, while Slack's `Retry-After` for this method runs,
        whichever replica was told of it."""
        if self._looks is not None and (wait := await self._looks.held(looks(method))):
            raise Later(wait, f"{method}: Slack asks to wait {wait:.0f} s more")
        try:
            yield
        except Later as later:
            if self._looks is not None:
                await self._looks.hold(looks(method), later.seconds)
            raise


FREE = Pace(None)
"""Waits for nothing: for a Slack without limits."""
