"""People, user groups and channels, as Slack knows them now. Cached for a minute: a click is checked against that."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

import structlog

from approvals.away import Away
from approvals.entries import API, parts
from approvals.errors import ConfigError, SignoffError
from approvals.managers import Managers
from approvals.model import Actor, ActorRef, Source, Standing
from approvals.policy import MANAGER
from approvals.ports import Clock
from bot import facts
from bot.slack import Slack

T = TypeVar("T")

TTL = timedelta(seconds=60)
"""How old a fact may be. Shorter costs calls (user groups: 20 a minute), longer lets somebody who left still decide."""

FEW = 10
"""So many unknown people are asked for one by one; for more, the list of everybody is read."""

OWN_MANAGER = f"{MANAGER}:"
"""How an entry begins that stands for the managers of the person whose id follows."""

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>|([UW][A-Z0-9]{2,})")
_ADDRESS = re.compile(r"(?:<mailto:)?([^@\s|<>]+@[^@\s|<>]+)(?:\|[^>]*>)?")

log = structlog.get_logger()


class Directory:
    """Answers who somebody is and who belongs to an audience entry."""

    def __init__(self, slack: Slack, *, clock: Clock, managers: Managers | None = None, ttl: timedelta = TTL) -> None:
        self._slack = slack
        self._clock = clock
        self._ttl = ttl
        self._managers = managers
        self._cache: dict[tuple[str, str], tuple[datetime, Any]] = {}

    async def _cached(self, what: str, of: str, load: Callable[[], Awaitable[T]]) -> T:
        if self._known(what, of):
            return cast("T", self._cache[what, of][1])
        found = await load()
        self._cache[what, of] = (self._clock(), found)
        return found

    def _known(self, what: str, of: str) -> bool:
        at, _ = self._cache.get((what, of), (None, None))
        return at is not None and self._clock() - at < self._ttl

    async def team_id(self) -> str:
        """The workspace that the bot is installed in."""
        identity, _ = await self._cached("identity", "", self._slack.whoami)
        return str(identity["team_id"])

    async def standing(self, user_id: str, team_id: str | None) -> Standing:
        """What Slack says of them. `team_id` is the home workspace that the payload named, if it named one."""
        ours = await self.team_id()
        if team_id is not None and team_id != ours:
            return Standing.EXTERNAL
        return facts.standing(await self._user(user_id), ours)

    async def present(self, actor: ActorRef) -> Standing:
        """What Slack says by now of somebody who acted before: `approvals.service.Look`."""
        return await self.standing(actor.id, actor.team_id)

    async def _user(self, user_id: str) -> facts.User | None:
        return await self._cached("user", user_id, lambda: self._slack.user(user_id))

    async def _everybody(self) -> list[facts.User]:
        """The workspace's people, each of them remembered."""

        async def read() -> list[facts.User]:
            found: list[facts.User] = [*await self._slack.users()]
            for user in found:
                self._cache["user", str(user.get("id"))] = (self._clock(), user)
            return found

        return await self._cached("everybody", "", read)

    async def zone(self, user_id: str, otherwise: tzinfo = UTC) -> tzinfo:
        """A person's own time zone; `otherwise` where Slack does not say."""
        return facts.zone(await self._user(user_id), otherwise)

    async def name(self, user_id: str) -> str:
        """What they are called in Slack, for where a mention would tell them once more; empty where nobody knows."""
        user = await self._user(user_id)
        return facts.called(user) if user is not None else ""

    async def zones(self, entries: Iterable[str]) -> tuple[str, ...]:
        """The names of the time zones of all who can decide: `approvals.opening.Zones`. An entry that names nobody has
        none, and nor has anybody whose zone has no name that is known here."""
        found: list[str] = []
        for entry in entries:
            try:
                for user in await self.people(entry):
                    its = await self.zone(user)
                    found += [its.key] if isinstance(its, ZoneInfo) else []
            except SignoffError as wrong:
                log.warning("time zones not known", action="directory.unresolved", entry=entry, why=str(wrong))
        return tuple(dict.fromkeys(found))

    async def absence(self, user_id: str) -> Away | None:
        """Away by their Slack status."""
        return facts.absence(await self._user(user_id), self._clock())

    async def called(self, typed: str) -> tuple[str, ...]:
        """Whom somebody means who typed a mention, a user id, an e-mail address or `@name`: none, one or several.

        Deactivated people and bots are found only where nobody else is called so.
        """
        typed = typed.strip()
        if found := _MENTION.fullmatch(typed):
            return (found[1] or found[2],)
        if found := _ADDRESS.fullmatch(typed):
            return await self._at(found[1])
        name, ours = typed.removeprefix("@").strip().casefold(), await self.team_id()
        users = [user for user in await self._everybody() if name and name in facts.names(user)]
        members = [user for user in users if facts.standing(user, ours) is Standing.MEMBER]
        return tuple(str(user["id"]) for user in members or users)

    async def _at(self, email: str) -> tuple[str, ...]:
        try:
            return await self.members(email)
        except ConfigError:
            return ()

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
        """The user ids that an audience entry names, whoever they are. `ConfigError` for one that names nothing."""
        if (made := parts(entry)) is not None:
            return await self._both(*made)
        if entry.startswith(API):
            return ()
        if entry.startswith(OWN_MANAGER):
            return await self._managers_of(entry)
        if is_user(entry):
            return (entry,)
        if is_channel(entry):
            channel = await self.channel(entry)
            return await self._cached("members", channel, lambda: self._slack.channel_members(channel))
        if "@" in entry[1:]:
            return await self._cached("email", entry, lambda: self._by_email(entry))
        group = await self.group(entry)
        return await self._cached("group", group, lambda: self._slack.group_members(group))

    async def _both(self, asked: str, entries: Iterable[str]) -> tuple[str, ...]:
        """Those of `asked` who belong to one of the entries; an entry that names nobody has nobody in it."""
        found = await self.members(asked)
        belong = [await self.belongs(user, entries) for user in found]
        return tuple(user for user, inside in zip(found, belong, strict=True) if inside)

    async def people(self, entry: str) -> tuple[str, ...]:
        """Those of `members` who can decide at all: full members, of this workspace. The others count nowhere.

        Raises `ConfigError` where nobody is left.
        """
        found = await self.members(entry)
        if sum(not self._known("user", user) for user in found) > FEW:
            await self._everybody()
        standings = [await self.standing(user, None) for user in found]
        able = tuple(user for user, is_ in zip(found, standings, strict=True) if is_ is Standing.MEMBER)
        if not able:
            why = f" ({', '.join(sorted(set(standings)))})" if standings else ""
            raise ConfigError(f"{entry} names nobody who can decide{why}: name full members of the workspace")
        return able

    @property
    def knows_managers(self) -> bool:
        """Whether there is a file that says who is whose manager."""
        return self._managers is not None

    async def _managers_of(self, entry: str) -> tuple[str, ...]:
        requester = entry.removeprefix(OWN_MANAGER)
        if not requester:
            raise ConfigError(f"{MANAGER} names nobody: nobody is known to have requested this; name the requester")
        if self._managers is None:
            raise ConfigError(f"{entry} names nobody: set SIGNOFF_MANAGERS to a file that says who is whose manager")
        address = facts.email(await self._user(requester))
        names = (requester, address) if address else (requester,)
        found = self._managers.of(*names)
        if not found:
            raise ConfigError(
                f"{entry} names nobody: {self._managers.path} has no manager for {' or '.join(names)}; add a line there"
            )
        ids: list[str] = []
        unknown: ConfigError | None = None
        for name in found:
            try:
                ids += await self.members(name)
            except ConfigError as wrong:
                unknown = wrong
                log.warning("manager not found", action="directory.unresolved", entry=entry, why=str(wrong))
        if unknown is not None and not ids:
            raise unknown
        return tuple(dict.fromkeys(ids))

    async def _by_email(self, email: str) -> tuple[str, ...]:
        return (await self._slack.user_by_email(email),)

    async def group(self, entry: str) -> str:
        """The id of a user group, written as an id or as `@handle`. Raises `ConfigError` for a handle that is none."""
        if not entry.startswith("@"):
            return entry
        groups = await self._cached("groups", "", self._slack.groups)
        if entry[1:] not in groups:
            raise ConfigError(f"there is no user group {entry}: correct it in the policy")
        return groups[entry[1:]]

    async def handle(self, group: str) -> str:
        """What a user group is called, by its id. Raises `ConfigError` for one that there is not."""
        groups = await self._cached("groups", "", self._slack.groups)
        for name, its in groups.items():
            if its == group:
                return name
        raise ConfigError(f"there is no user group {group}: correct it in the policy")

    async def channel(self, entry: str) -> str:
        """The id of a channel, written as an id or as `#name`. Raises `ConfigError` for a name the bot cannot see."""
        if not entry.startswith("#"):
            return entry
        channels = await self._cached("channels", "", self._slack.channels)
        if entry[1:] not in channels:
            raise ConfigError(f"the bot is in no channel {entry}: invite it there, or correct the name in the policy")
        return channels[entry[1:]]

    async def joined(self, entry: str) -> None:
        """Raises `ConfigError` unless the bot is in the channel, by id or as `#name`: it can post nowhere else."""
        channels = await self._cached("channels", "", self._slack.channels)
        if await self.channel(entry) not in channels.values():
            raise ConfigError(f"the bot is in no channel {entry}: invite it there, or correct the id in the policy")

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
