"""conversations.*: channels, direct messages and what was said in them."""

from __future__ import annotations

from ..entities import Channel, Message
from ..wire import Json, SlackError, truthy
from .method import Call, method, ok

READ = ("channels:read", "groups:read", "im:read", "mpim:read")
HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")


@method("conversations.open", scopes=("im:write", "mpim:write"))
def conversations_open(call: Call) -> Json:
    """The direct message with one person. Group messages are not part of this workspace."""
    world = call.core.world
    if call.text("channel") is not None:
        channel, fresh = call.channel(), False
        if not channel.is_im:
            raise SlackError("method_not_supported_for_channel_type")
    else:
        users = call.need("users", "users_list_not_supplied").split(",")
        if len(users) != 1:
            raise SlackError("mpim_not_supported_here")
        user = world.users.get(users[0].strip())
        if user is None:
            raise SlackError("user_not_found")
        if user.deactivated:
            raise SlackError("user_disabled")
        if user.bot:
            raise SlackError("cannot_dm_bot")
        if user.stranger and not any(
            user.id in item.members and world.bot_in(item) for item in world.channels.values()
        ):
            raise SlackError("user_not_visible")
        fresh = f"D{user.id[1:]}" not in world.channels
        channel = world.dm(user.id)
        call.core.changes.touch()
    shown: Json = {"id": channel.id}
    if truthy(call.args.get("return_im")):
        shown = world.channel_json(channel)
    return ok(channel=shown, **({} if fresh else {"no_op": True, "already_open": True}))


@method("conversations.info", scopes=READ)
def conversations_info(call: Call) -> Json:
    found = call.channel()
    call.need_scope("read", found)
    channel = call.core.world.channel_json(found)
    if not truthy(call.args.get("include_num_members")):
        channel.pop("num_members", None)
    return ok(channel=channel)


@method("conversations.members", scopes=READ)
def conversations_members(call: Call) -> Json:
    channel = call.channel()
    call.need_scope("read", channel)
    members, more = call.page(channel.members)
    return ok(members=members, **more)


@method("conversations.list", scopes=READ)
def conversations_list(call: Call) -> Json:
    channels, more = call.page(_of_types(call, list(call.core.world.channels.values())))
    return ok(channels=[call.core.world.channel_json(channel) for channel in channels], **more)


@method("users.conversations", scopes=READ)
def users_conversations(call: Call) -> Json:
    """The channels of one person (of the bot, without `user`) that the app may know of."""
    user = call.user() if call.text("user") else call.core.world.users[call.core.world.app.bot_user]
    mine = [channel for channel in call.core.world.channels.values() if user.id in channel.members]
    channels, more = call.page(_of_types(call, mine))
    return ok(channels=[call.core.world.channel_json(channel) for channel in channels], **more)


def _of_types(call: Call, channels: list[Channel]) -> list[Channel]:
    types = set((call.text("types") or "public_channel").replace(" ", "").split(","))
    if types - {"public_channel", "private_channel", "im", "mpim"}:
        raise SlackError("invalid_types")
    scopes = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read"}
    granted = call.core.world.app.scopes
    for kind in sorted(types):
        if scopes[kind] not in granted:
            raise SlackError("missing_scope", needed=scopes[kind], provided=",".join(granted))
    kinds = {
        channel.id: "im" if channel.is_im else "private_channel" if channel.private else "public_channel"
        for channel in channels
    }
    keep = [channel for channel in channels if kinds[channel.id] in types and call.core.world.bot_sees(channel)]
    if truthy(call.args.get("exclude_archived")):
        keep = [channel for channel in keep if not channel.archived]
    return keep


@method("conversations.history", scopes=HISTORY)
def conversations_history(call: Call) -> Json:
    """Newest first, without replies. Metadata only with `include_all_metadata`."""
    channel = call.joined()
    call.need_scope("history", channel)
    shown = [
        item for item in call.core.world.history(channel.id) if item.thread_ts in (None, item.ts) or item.broadcast
    ]
    return _messages(call, list(reversed(_within(call, shown))))


@method("conversations.replies", scopes=HISTORY)
def conversations_replies(call: Call) -> Json:
    """The message and its replies, oldest first."""
    channel = call.joined()
    call.need_scope("history", channel)
    parent = call.core.world.find(channel.id, call.need("ts", "thread_not_found"))
    if parent is None or parent.ephemeral_to is not None:
        raise SlackError("thread_not_found")
    replies = _within(call, call.core.world.replies(channel.id, parent.ts))
    return _messages(call, [parent, *replies])


def _within(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest = call.text("oldest"), call.text("latest")
    inclusive = truthy(call.args.get("inclusive"))
    try:
        low, high = float(oldest or 0), float(latest) if latest else float("inf")
    except ValueError:
        raise SlackError("invalid_ts_oldest") from None
    return [m for m in messages if low < float(m.ts) < high or (inclusive and float(m.ts) in (low, high))]


def _messages(call: Call, messages: list[Message]) -> Json:
    shown, more = call.page(messages, most=999)
    metadata = truthy(call.args.get("include_all_metadata"))
    out = ok(
        messages=[call.core.world.message_json(message, metadata=metadata) for message in shown],
        has_more=bool(more["response_metadata"]["next_cursor"]),
        pin_count=0,
    )
    return out | (more if out["has_more"] else {})
