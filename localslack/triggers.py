"""Things that run out: trigger ids (3 s, once, for one user) and response URLs (30 min, 5 times)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from .wire import SlackError

TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60.0
RESPONSE_URL_USES = 5


def token(rng: random.Random, length: int = 24) -> str:
    """Random letters and digits: hard to guess in the default, repeatable under a seeded generator."""
    return "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k=length))


@dataclass
class Trigger:
    id: str
    user: str
    issued: float
    view_id: str | None = None
    channel: str | None = None
    used: bool = False


class Triggers:
    """Permissions to open a modal for the person who just did something. Ages on the workspace's clock."""

    def __init__(self, clock: Callable[[], float], rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._known: dict[str, Trigger] = {}

    def issue(self, user: str, view_id: str | None = None, channel: str | None = None) -> str:
        now = self._clock()
        trigger = Trigger(
            f"{int(now * 1000)}.{self._rng.randrange(10**12)}.{token(self._rng, 32).lower()}",
            user,
            now,
            view_id,
            channel,
        )
        self._known[trigger.id] = trigger
        return trigger.id

    def check(self, trigger_id: object) -> Trigger:
        """The trigger, if it may be spent now. A view that is refused afterwards does not spend it."""
        trigger = self._known.get(trigger_id) if isinstance(trigger_id, str) else None
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self._clock() - trigger.issued > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        return trigger

    def spend(self, trigger: Trigger) -> None:
        trigger.used = True


@dataclass
class ResponseUrl:
    """A door back to one place.

    `message_ts` is the message it may replace or delete; none after a slash command or a form.
    """

    key: str
    channel: str
    user: str
    issued: float
    message_ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


class ResponseUrls:
    def __init__(self, clock: Callable[[], float], rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._known: dict[str, ResponseUrl] = {}

    def issue(
        self, channel: str, user: str, *, message_ts: str | None = None, thread_ts: str | None = None
    ) -> ResponseUrl:
        url = ResponseUrl(token(self._rng), channel, user, self._clock(), message_ts, thread_ts)
        self._known[url.key] = url
        return url

    def use(self, key: str) -> ResponseUrl:
        """Count one use, or refuse: `invalid_url`, `expired_url` after 30 minutes, `used_url` after five uses."""
        url = self._known.get(key)
        if url is None:
            raise SlackError("invalid_url")
        if self._clock() - url.issued > RESPONSE_URL_SECONDS:
            raise SlackError("expired_url")
        if url.uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        url.uses += 1
        return url
