"""People, user groups and channels, as Slack knows them now. Cached for a minute: a click is checked against that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

import structlog

from approvals.errors import ConfigError
from approvals.model import Actor, ActorRef, Source, Standing
from approvals.ports import Clock
from bot.slack import Slack

T = TypeVar("T")

TTL = timedelta(seconds=60)
"""How old a fact may be. Shorter costs calls (user groups: 20 a minute), longer lets somebody who left still decide."""

log = structlog.get_logger()


class Directory:
    """Answers who somebody is and who belongs to an audience entry."""

    def __init__(self, slack: Slack, *, clock: Clock, ttl: timedelta = TTL) -> None:
        self._slack = slack
        self._clock = clock
        self._ttl = ttl
        self._cache: dict[tuple[str, str], tuple[datetime, Any]] = {}

    async def _cached(self, what: str, of: str, load: Callable[[], Awaitable[T]]) -> T:
        at, known = self._cache.get((what, of), (None, None))
        if at is not None and self._clock() - at < self._ttl:
            return cast("T", known)
        found = await load()
        self._cache[what, of] = (self._clock(), found)
        return found

    async def team_id(self) -> str:
        """The workspace that the bot is installed in."""
        identity, _ = await self._cached("identity", "", self._slack.whoami)
        return str(identity["team_id"])

    async def standing(self, user_id: str, team_id: str | None) -> Standing:
        """What Slack says of them. `team_id` is the home workspace that the payload named, if it named one."""
        ours = await self.team_id()
        if team_id is not None and team_id != ours:
            return Standing.EXTERNAL
        user = await self._cached("user", user_id, lambda: self._slack.user(user_id))
        if user is None:
            return Standing.UNKNOWN
        if user.get("deleted"):
            return Standing.DEACTIVATED
        if user.get("is_bot"):
            return Standing.BOT
        if user.get("is_stranger") or user.get("team_id", ours) != ours:
            return Standing.EXTERNAL
        if user.get("is_restricted") or user.get("is_ultra_restricted"):
            return Standing.GUEST
        return Standing.MEMBER

    async def actor(self, user_id: str, team_id: str | None, audience: Iterable[str]) -> Actor:
        """Somebody who acts in Slack, with what is true of them now. An entry that Slack refuses names nobody."""
        standing = await self.standing(user_id, team_id)
        found = await self.belongs(user_id, audience if standing is Standing.MEMBER else ())
        return Actor(ActorRef(user_id, Source.SLACK, team_id), standing, found)

    async def belongs(self, user_id: str, entries: Iterable[str]) -> frozenset[str]:
        """Those of the entries that name the person, or that they belong to."""
        found: set[str] = set()
        for entry in entries:
            if _is_direct(entry):
                continue
            try:
                if user_id in await self.members(entry):
                    found.add(entry)
            except ConfigError as wrong:
                log.warning("audience entry not resolved", action="directory.unresolved", entry=entry, why=str(wrong))
        return frozenset(found)

    async def members(self, entry: str) -> tuple[str, ...]:
        """The user ids that an audience entry stands for. Raises `ConfigError` for one that names nothing."""
        if is_user(entry):
            return (entry,)
        if is_channel(entry):
            channel = await self.channel(entry)
            return await self._cached("members", channel, lambda: self._slack.channel_members(channel))
        if "@" in entry[1:]:
            return await self._cached("email", entry, lambda: self._by_email(entry))
        group = await self._group(entry)
        return await self._cached("group", group, lambda: self._slack.group_members(group))

    async def _by_email(self, email: str) -> tuple[str, ...]:
        return (await self._slack.user_by_email(email),)

    async def _group(self, entry: str) -> str:
        if not entry.startswith("@"):
            return entry
        groups = await self._cached("groups", "", self._slack.groups)
        if entry[1:] not in groups:
            raise ConfigError(f"there is no user group {entry}: correct it in the policy")
        return groups[entry[1:]]

    async def channel(self, entry: str) -> str:
        """The id of a channel, written as an id or as `#name`. Raises `ConfigError` for a name the bot cannot see."""
        if not entry.startswith("#"):
            return entry
        channels = await self._cached("channels", "", self._slack.channels)
        if entry[1:] not in channels:
            raise ConfigError(f"the bot is in no channel {entry}: invite it there, or correct the name in the policy")
        return channels[entry[1:]]

    async def direct(self, user_id: str) -> str:
        """The id of the direct-message channel with a person."""
        return await self._cached("direct", user_id, lambda: self._slack.direct(user_id))


def is_channel(entry: str) -> bool:
    """Whether an entry is written as a channel: `#name`, or an id as Slack makes them."""
    return entry.startswith("#") or (entry[:1] in "CG" and entry.isalnum() and entry.isupper())


def _is_direct(entry: str) -> bool:
    """Whether an entry is the id of a direct message, whose members are not asked for: its place names the person."""
    return entry[:1] == "D" and entry.isalnum() and entry.isupper()


def is_user(entry: str) -> bool:
    """Whether an entry is a user id as Slack makes them."""
    return entry[:1] in "UW" and entry.isalnum() and entry.isupper()
