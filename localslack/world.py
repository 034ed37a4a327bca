"""The workspace as it is now: people, channels, user groups, messages and Homes, and the JSON Slack shows of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .entities import Channel, Message, User, Usergroup
from .seed import ChannelSeed, GroupSeed, Seed, UserSeed
from .wire import Json, clone


class World:
    """Everything that is true in the workspace. Nothing here knows of tokens, transports or the page."""

    def __init__(self, seed: Seed, clock: Callable[[], float]) -> None:
        self.seed = seed
        self.team = seed.team
        self.app = seed.app
        self.clock = clock
        self.users = {item.id: User.of(item, seed.team.id) for item in seed.users}
        self.channels = {item.id: _channel(item) for item in seed.channels}
        self.usergroups = {item.id: _usergroup(item) for item in seed.usergroups}
        self.messages: dict[str, list[Message]] = {}
        self._by_ts: dict[tuple[str, str], Message] = {}
        self._threads: dict[tuple[str, str], list[Message]] = {}
        self._last_ts = 0
        bot = self.users.get(seed.app.bot_user)
        if bot is None:
            bot = User.of(UserSeed(seed.app.bot_user, "app", seed.app.name, tz=None, bot=True), seed.team.id)
            self.users[bot.id] = bot
        if seed.app.name != "App":
            bot.real_name = seed.app.name
            bot.name = seed.app.name.lower().replace(" ", "_")

    @property
    def last_ts(self) -> int:
        """The newest timestamp given out, in microseconds; kept in the state file so that none is used twice."""
        return self._last_ts

    @last_ts.setter
    def last_ts(self, value: int) -> None:
        self._last_ts = max(value, self._last_ts)

    def next_ts(self) -> str:
        """A new, strictly increasing `ts`."""
        self._last_ts = max(int(self.clock() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    # -- places -----------------------------------------------------------------------------------------------

    def dm(self, user_id: str) -> Channel:
        """The direct message between this person and the bot, opened if it was not."""
        channel_id = f"D{user_id[1:]}"
        channel = self.channels.get(channel_id)
        if channel is None:
            channel = Channel(channel_id, "", [user_id, self.app.bot_user], private=True, user=user_id)
            self.channels[channel_id] = channel
        return channel

    def channel_named(self, name: str) -> Channel | None:
        return next((channel for channel in self.channels.values() if channel.name and channel.name == name), None)

    def bot_in(self, channel: Channel) -> bool:
        return self.app.bot_user in channel.members

    def bot_sees(self, channel: Channel) -> bool:
        """Whether the app may know that the channel exists: private ones only from the inside."""
        return self.bot_in(channel) or not channel.private

    def sees(self, user: User, channel: Channel) -> bool:
        """Whether this person can read the channel. Guests and strangers see only what they were invited to."""
        if user.id in channel.members:
            return True
        return not (channel.private or user.guest or user.stranger)

    def is_ext_shared(self, channel: Channel) -> bool:
        return any(self.users[member].stranger for member in channel.members if member in self.users)

    # -- messages ---------------------------------------------------------------------------------------------

    def add(self, message: Message) -> Message:
        self.messages.setdefault(message.channel, []).append(message)
        self._by_ts[message.channel, message.ts] = message
        if message.thread_ts not in (None, message.ts):
            self._threads.setdefault((message.channel, str(message.thread_ts)), []).append(message)
        return message

    def find(self, channel: str, ts: str) -> Message | None:
        """The message, ephemeral ones included, unless it was deleted."""
        message = self._by_ts.get((channel, ts))
        return None if message is None or message.deleted else message

    def history(self, channel: str) -> Iterator[Message]:
        """What everybody in the channel sees, oldest first, replies included."""
        return (item for item in self.messages.get(channel, []) if item.ephemeral_to is None and not item.deleted)

    def replies(self, channel: str, thread_ts: str) -> list[Message]:
        """What everybody sees in the thread, without the message it hangs on."""
        thread = self._threads.get((channel, thread_ts), [])
        return [item for item in thread if item.ephemeral_to is None and not item.deleted]

    # -- as Slack shows it ------------------------------------------------------------------------------------

    def message_json(self, message: Message, *, metadata: bool = False) -> Json:
        """The message object of chat.*, conversations.history and interaction payloads."""
        out: Json = {"user": message.user, "type": "message", "ts": message.ts}
        if message.bot_id:
            out |= {"bot_id": message.bot_id, "app_id": self.app.id}
        out |= {"text": message.text, "team": self.users[message.user].team_id}
        if message.bot_id:
            out["bot_profile"] = self.bot_json() | {"team_id": self.team.id}
        if message.edited:
            out["edited"] = clone(message.edited)
        if message.blocks:
            out["blocks"] = clone(message.blocks)
        if message.attachments:
            out["attachments"] = clone(message.attachments)
        if metadata and message.metadata is not None:
            out["metadata"] = clone(message.metadata)
        if message.reactions:
            out["reactions"] = [
                {"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions.items()
            ]
        if message.thread_ts:
            out["thread_ts"] = message.thread_ts
            if message.thread_ts != message.ts:
                parent = self.find(message.channel, message.thread_ts)
                out["parent_user_id"] = parent.user if parent else self.app.bot_user
        if replies := self.replies(message.channel, message.ts):
            out |= {
                "thread_ts": message.ts,
                "reply_count": len(replies),
                "reply_users": list(dict.fromkeys(reply.user for reply in replies)),
                "reply_users_count": len({reply.user for reply in replies}),
                "latest_reply": replies[-1].ts,
                "subscribed": False,
            }
        return out

    def bot_json(self) -> Json:
        return {
            "id": self.app.bot_id,
            "app_id": self.app.id,
            "user_id": self.app.bot_user,
            "name": self.users[self.app.bot_user].real_name,
            "deleted": False,
            "updated": 1_700_000_000,
            "icons": {},
        }

    def user_json(self, user: User) -> Json:
        """The user object of users.info. Emails need `users:read.email`; the caller takes them out."""
        offset, label = _zone(user.tz, self.clock())
        out: Json = {
            "id": user.id,
            "team_id": user.team_id,
            "name": user.name,
            "deleted": user.deactivated,
            "real_name": user.real_name,
            "profile": _profile(user, self.clock()),
            "is_bot": user.bot,
            "is_app_user": False,
            "updated": 1_700_000_000,
        }
        if user.tz is not None:
            out |= {"tz": user.tz, "tz_label": label, "tz_offset": offset}
        if not user.deactivated:
            out |= {
                "is_admin": user.admin,
                "is_owner": user.owner,
                "is_primary_owner": user.owner,
                "is_restricted": user.guest,
                "is_ultra_restricted": user.single_channel_guest,
            }
        if user.stranger:
            out["is_stranger"] = True
        return out

    def channel_json(self, channel: Channel) -> Json:
        out: Json = {
            "id": channel.id,
            "created": channel.created,
            "is_archived": channel.archived,
            "is_im": channel.is_im,
            "is_org_shared": False,
            "context_team_id": self.team.id,
            "updated": channel.created * 1000,
        }
        if channel.is_im:
            return out | {"user": channel.user, "is_open": True, "priority": 0}
        return out | {
            "name": channel.name,
            "name_normalized": channel.name,
            "is_channel": not channel.private,
            "is_group": channel.private,
            "is_mpim": False,
            "is_private": channel.private,
            "is_general": channel.name == "general",
            "is_shared": self.is_ext_shared(channel),
            "is_ext_shared": self.is_ext_shared(channel),
            "is_pending_ext_shared": False,
            "is_member": self.bot_in(channel),
            "creator": channel.members[0] if channel.members else self.app.bot_user,
            "shared_team_ids": sorted({self.users[member].team_id for member in channel.members} | {self.team.id}),
            "topic": {"value": channel.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "num_members": len(channel.members),
        }

    def usergroup_json(self, group: Usergroup) -> Json:
        return {
            "id": group.id,
            "team_id": self.team.id,
            "is_usergroup": True,
            "is_subteam": True,
            "name": group.name,
            "description": "",
            "handle": group.handle,
            "is_external": False,
            "date_create": 1_700_000_000,
            "date_update": 1_700_000_000,
            "date_delete": 0,
            "auto_provision": False,
            "prefs": {"channels": [], "groups": []},
            "user_count": len(group.members),
        }


def _channel(seed: ChannelSeed) -> Channel:
    return Channel(seed.id, seed.name, list(seed.members), seed.private, seed.archived, seed.topic)


def _usergroup(seed: GroupSeed) -> Usergroup:
    return Usergroup(seed.id, seed.handle, seed.name or seed.handle, list(seed.members))


def _profile(user: User, now: float) -> Json:
    text, emoji, expiration = user.status(now)
    profile: Json = {
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "first_name": user.real_name.split(" ")[0],
        "last_name": " ".join(user.real_name.split(" ")[1:]),
        "title": user.title,
        "status_text": text,
        "status_emoji": emoji,
        "status_expiration": expiration,
        "team": user.team_id,
    }
    if user.email:
        profile["email"] = user.email
    return profile


def _zone(name: str | None, now: float) -> tuple[int, str]:
    """(offset from UTC in seconds now, short name) of an IANA zone; (0, "UTC") for none or an unknown one."""
    if name is None:
        return 0, "UTC"
    try:
        moment = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError):
        return 0, "UTC"
    offset = moment.utcoffset()
    return int(offset.total_seconds()) if offset else 0, moment.tzname() or name
