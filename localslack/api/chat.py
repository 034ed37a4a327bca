"""chat.*, reactions.* and blocks.validate: messages of the app."""

from __future__ import annotations

import json

from ..answers import checked_blocks
from ..entities import Channel, Message
from ..schema import HOME, MESSAGE, MODAL
from ..validate import check_blocks, check_view
from ..wire import Json, SlackError, as_list, as_object, parsed, truthy
from .method import Call, method, ok

TEXT_TRUNCATED_AT = 40_000
UPDATE_TEXT_LIMIT = 4_000
METADATA_BYTES = 16_000  # ours: Slack refuses large metadata but does not say from where on


def _content(call: Call) -> Json:
    """The arguments with blocks, attachments and metadata checked; `no_text` if there is nothing to show."""
    args = checked_blocks(call.args)
    if args.get("metadata") is not None:
        args["metadata"] = _metadata(args["metadata"])
    if args.get("markdown_text") and (args.get("text") or args.get("blocks")):
        raise SlackError("markdown_text_conflict")
    if len(str(args.get("markdown_text") or "")) > 12_000:
        raise SlackError("msg_too_long")
    args["text"] = str(args.get("text") or args.get("markdown_text") or "")
    return args


def _metadata(value: object) -> Json:
    data = as_object(parsed(value))
    if data is None:
        raise SlackError("invalid_metadata_format")
    if data == {}:
        return {}
    event_type, payload = data.get("event_type"), as_object(data.get("event_payload"))
    if (
        not isinstance(event_type, str)
        or not event_type
        or payload is None
        or set(data) - {"event_type", "event_payload"}
    ):
        raise SlackError("invalid_metadata_schema")
    if len(json.dumps(data)) > METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return data


def _has_content(args: Json) -> bool:
    return bool(args["text"].strip() or args.get("blocks") or args.get("attachments"))


def _target(call: Call) -> Channel:
    """Where to post: a channel id, `#name`, or a person's id for the direct message with them."""
    wanted = call.need("channel", "channel_not_found")
    world = call.core.world
    if wanted[:1] in {"U", "W"}:
        user = world.users.get(wanted)
        if user is None or user.deactivated:
            raise SlackError("channel_not_found")
        if user.bot:
            raise SlackError("cannot_dm_bot")
        return world.dm(wanted)
    named = world.channel_named(wanted[1:]) if wanted.startswith("#") else None
    channel = named or world.channels.get(wanted)
    if channel is None or not world.bot_sees(channel):
        raise SlackError("channel_not_found")
    if channel.archived:
        raise SlackError("is_archived")
    if not world.bot_in(channel) and "chat:write.public" not in world.app.scopes:
        raise SlackError("not_in_channel")
    return channel


def _thread(call: Call, channel: Channel) -> str | None:
    thread_ts = call.args.get("thread_ts")
    if thread_ts is None:
        return None
    if not isinstance(thread_ts, str) or call.core.world.find(channel.id, thread_ts) is None:
        raise SlackError("thread_not_found")
    return thread_ts


@method("chat.postMessage", scopes=("chat:write",))
def post_message(call: Call) -> Json:
    channel = _target(call)
    args = _content(call)
    if not _has_content(args):
        raise SlackError("no_text")
    args["thread_ts"] = _thread(call, channel)
    args["reply_broadcast"] = truthy(args.get("reply_broadcast"))
    text = args["text"][:TEXT_TRUNCATED_AT]
    message = call.core.post_as_bot(channel.id, text, args)
    out = ok(channel=channel.id, ts=message.ts, message=call.core.world.message_json(message, metadata=True))
    if len(args["text"]) > TEXT_TRUNCATED_AT:
        out["response_metadata"] = {"messages": ["[WARN] message was truncated"], "warnings": ["message_truncated"]}
    return out


@method("chat.postEphemeral", scopes=("chat:write",))
def post_ephemeral(call: Call) -> Json:
    """A message for one person. Its `message_ts` cannot be updated or deleted through chat.*"""
    channel = call.channel()
    if channel.archived:
        raise SlackError("is_archived")
    if not call.core.world.bot_in(channel):
        raise SlackError("not_in_channel")
    user = call.user()
    if user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    args = _content(call)
    if not _has_content(args):
        raise SlackError("no_text")
    args["thread_ts"] = _thread(call, channel)
    message = call.core.post_as_bot(channel.id, args["text"], args, ephemeral_to=user.id)
    return ok(message_ts=message.ts)


def _own(call: Call, refusal: str) -> tuple[Channel, Message]:
    channel = call.channel()
    message = call.core.world.find(channel.id, call.need("ts", "message_not_found"))
    if message is None or message.ephemeral_to is not None:
        raise SlackError("message_not_found")
    if message.user != call.core.world.app.bot_user:
        raise SlackError(refusal)
    return channel, message


@method("chat.update", scopes=("chat:write",))
def update(call: Call) -> Json:
    """New content for a message of the app.

    `text` without `blocks` removes the old blocks; metadata stays unless given.
    """
    channel, message = _own(call, "cant_update_message")
    if channel.archived:
        raise SlackError("is_archived")
    args = _content(call)
    given = [name for name in ("text", "blocks", "attachments", "markdown_text") if call.args.get(name) is not None]
    if not given and args.get("metadata") is None:
        raise SlackError("no_text")
    if len(args["text"]) > UPDATE_TEXT_LIMIT:
        raise SlackError("msg_too_long")
    blocks = as_list(args.get("blocks"))
    if given and not _has_content(args) and not (blocks is None and message.blocks):
        raise SlackError("no_text")
    if "text" in given or "markdown_text" in given:
        message.text = args["text"]
    if blocks is not None or "text" in given:
        message.blocks = call.core.name_ids.named(blocks or [])
    if args.get("attachments") is not None or "text" in given:
        message.attachments = as_list(args.get("attachments")) or []
    if args.get("metadata") is not None:
        message.metadata = args["metadata"] or None
    if given and not blocks:
        message.edited = {"user": message.user, "ts": call.core.world.next_ts()}
    message.revision += 1
    call.core.changes.touch()
    return ok(
        channel=channel.id,
        ts=message.ts,
        text=message.text,
        message=call.core.world.message_json(message, metadata=True),
    )


@method("chat.delete", scopes=("chat:write",))
def delete(call: Call) -> Json:
    channel, message = _own(call, "cant_delete_message")
    call.core.remove(message)
    return ok(channel=channel.id, ts=message.ts)


@method("chat.getPermalink")
def get_permalink(call: Call) -> Json:
    channel = call.channel()
    message = call.core.world.find(channel.id, call.need("message_ts", "message_not_found"))
    if message is None:
        raise SlackError("message_not_found")
    link = f"{call.core.base_url}archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != message.ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return ok(channel=channel.id, permalink=link)


@method("reactions.add", scopes=("reactions:write",))
def reactions_add(call: Call) -> Json:
    channel = call.joined()
    message = call.core.world.find(channel.id, call.need("timestamp", "no_item_specified"))
    if message is None:
        raise SlackError("message_not_found")
    name = call.need("name", "invalid_name").strip(":")
    users = message.reactions.setdefault(name, [])
    if call.core.world.app.bot_user in users:
        raise SlackError("already_reacted")
    users.append(call.core.world.app.bot_user)
    message.revision += 1
    call.core.changes.touch()
    return ok()


@method("blocks.validate", caller="any")
def blocks_validate(call: Call) -> Json:
    """Checks blocks (or a view) without posting them."""
    value = parsed(call.args.get("blocks"))
    view = as_object(value)
    surface = call.text("surface") or MESSAGE
    if view is not None and view.get("type") in (MODAL, HOME):
        problems = check_view(view)
    elif surface in {MESSAGE, MODAL, HOME}:
        problems = check_blocks(value if as_list(value) is not None else (view or {}).get("blocks"), surface)
    else:
        raise SlackError("invalid_arguments")
    errors = [
        {"code": problem.code, "message": problem.message, "pointer": problem.pointer, "constraint": problem.code}
        for problem in problems
    ]
    return {"ok": not errors, **({"error": "invalid_blocks", "errors": errors} if errors else {})}
