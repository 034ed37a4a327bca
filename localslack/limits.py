"""Slack's rate limits, when switched on: calls per minute by method tier, and one post per second and channel."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

TIERS = {2: 20, 3: 50, 4: 100}
TIER_OF = {
    "chat.update": 3,
    "chat.delete": 3,
    "conversations.open": 3,
    "conversations.info": 3,
    "conversations.history": 3,
    "conversations.replies": 3,
    "users.lookupByEmail": 3,
    "users.getPresence": 3,
    "users.conversations": 3,
    "dnd.info": 3,
    "apps.connections.open": 3,
    "reactions.add": 3,
    "team.info": 3,
    "bots.info": 3,
    "chat.postEphemeral": 4,
    "views.open": 4,
    "views.update": 4,
    "views.push": 4,
    "views.publish": 4,
    "conversations.members": 4,
    "users.info": 4,
    "usergroups.list": 2,
    "usergroups.users.list": 2,
    "dnd.teamInfo": 2,
    "users.list": 2,
    "conversations.list": 2,
}
POST_BURST = 5
"""Posts that may come at once in a channel before one per second holds.

Slack says "short bursts"; the figure is ours.
"""


EVENTS_PER_HOUR = 30_000


class Limits:
    """Counts calls on the workspace's clock. Off, it allows everything."""

    def __init__(self, clock: Callable[[], float], *, on: bool) -> None:
        self.on = on
        self._clock = clock
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self.events_per_hour = EVENTS_PER_HOUR
        self._events: deque[float] = deque()
        self._told_minute = -1
        self._tokens: dict[str, tuple[float, float]] = {}

    def wait_for(self, method: str, channel: str | None) -> int | None:
        """`Retry-After` in seconds, or None if the call may go ahead (and is counted)."""
        if not self.on:
            return None
        if method == "chat.postMessage":
            return self._post(channel or "")
        tier = TIER_OF.get(method)
        if tier is None:
            return None
        now = self._clock()
        calls = self._calls[method]
        while calls and now - calls[0] >= 60:
            calls.popleft()
        if len(calls) >= TIERS[tier]:
            return max(1, int(60 - (now - calls[0])) + 1)
        calls.append(now)
        return None

    def event(self) -> int | None:
        """None if one more event may be delivered (it is counted), else the minute (epoch seconds) it falls into."""
        if not self.on:
            return None
        now = self._clock()
        while self._events and now - self._events[0] >= 3600:
            self._events.popleft()
        if len(self._events) >= self.events_per_hour:
            return int(now) // 60 * 60
        self._events.append(now)
        return None

    def first_of(self, minute: int) -> bool:
        """Whether the app has not been told yet that events of this minute were dropped."""
        first, self._told_minute = minute != self._told_minute, minute
        return first

    def _post(self, channel: str) -> int | None:
        now = self._clock()
        tokens, last = self._tokens.get(channel, (float(POST_BURST), now))
        tokens = min(float(POST_BURST), tokens + max(0.0, now - last))
        if tokens < 1:
            self._tokens[channel] = (tokens, now)
            return 1
        self._tokens[channel] = (tokens - 1, now)
        return None
