"""The things a workspace is made of: people, channels, user groups, messages. Plain, mutable data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .seed import UserSeed
from .wire import Json, clone


@dataclass
class User:
    """A member, guest, stranger or bot. Plain and mutable: a test deactivates someone by `user.deactivated = True`."""

    id: str
    name: str
    real_name: str
    email: str | None
    tz: str | None
    title: str
    team_id: str
    admin: bool
    owner: bool
    guest: bool
    single_channel_guest: bool
    deactivated: bool
    bot: bool
    away: bool
    dnd: bool
    status_text: str
    status_emoji: str
    status_expiration: int
    dnd_until: int
    stranger: bool

    def status(self, now: float) -> tuple[str, str, int]:
        """(text, emoji, expiration) of the status that holds now; empty once it ran out."""
        if self.status_expiration and now >= self.status_expiration:
            return "", "", 0
        return self.status_text, self.status_emoji, self.status_expiration

    def quiet_until(self, now: float) -> int:
        """Epoch seconds until which this person is not to be disturbed; 0 if they may be."""
        if self.dnd:
            return max(self.dnd_until, int(now) + 3600)
        return self.dnd_until if now < self.dnd_until else 0

    @classmethod
    def of(cls, seed: UserSeed, team_id: str) -> User:
        return cls(
            id=seed.id,
            name=seed.name,
            real_name=seed.real_name or seed.name,
            email=seed.email,
            tz=seed.tz,
            title=seed.title,
            team_id=seed.team or team_id,
            admin=seed.admin or seed.owner,
            owner=seed.owner,
            guest=seed.guest or seed.single_channel_guest,
            single_channel_guest=seed.single_channel_guest,
            deactivated=seed.deactivated,
            bot=seed.bot,
            away=seed.away,
            dnd=seed.dnd,
            status_text=seed.status_text,
            status_emoji=seed.status_emoji,
            status_expiration=seed.status_expiration,
            dnd_until=seed.dnd_until,
            stranger=seed.team not in (None, team_id),
        )


@dataclass
class Channel:
    """A channel or a direct message (`user` is set, the other member is the bot)."""

    id: str
    name: str
    members: list[str]
    private: bool = False
    archived: bool = False
    topic: str = ""
    user: str | None = None
    created: int = 1_700_000_000

    @property
    def is_im(self) -> bool:
        return self.user is not None


@dataclass
class Usergroup:
    id: str
    handle: str
    name: str
    members: list[str]


@dataclass
class Message:
    """A message. Times are Slack's `ts`: seconds since 1970 with six decimals, as text, unique in the workspace.

    `ephemeral_to` is the one person who sees it; such a message is not in the history.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list[Json])
    attachments: list[Json] = field(default_factory=list[Json])
    metadata: Json | None = None
    thread_ts: str | None = None
    edited: Json | None = None
    deleted: bool = False
    bot_id: str | None = None
    ephemeral_to: str | None = None
    broadcast: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    revision: int = 0

    def copy(self) -> Message:
        return replace(
            self,
            blocks=clone(self.blocks),
            attachments=clone(self.attachments),
            metadata=clone(self.metadata),
            edited=clone(self.edited),
            reactions=clone(self.reactions),
        )
