"""The payloads Slack sends to an app, field by field."""

from __future__ import annotations

from typing import Any

from .core import Core
from .entities import Channel, Message, User
from .views import View
from .wire import Json


def _common(core: Core, kind: str, user: User) -> Json:
    team: Json = {"id": core.world.team.id, "domain": core.world.team.domain}
    if core.world.team.enterprise_id:
        team |= {"enterprise_id": core.world.team.enterprise_id, "enterprise_name": core.world.team.name}
    return {
        "type": kind,
        "team": team,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
        "api_app_id": core.world.app.id,
        "token": core.world.app.verification_token,
    }


def _enterprise(core: Core) -> Json:
    enterprise = core.world.team.enterprise_id
    return {
        "enterprise": {"id": enterprise, "name": core.world.team.name} if enterprise else None,
        "is_enterprise_install": False,
    }


def channel_ref(channel: Channel) -> Json:
    name = "directmessage" if channel.is_im else "privategroup" if channel.private else channel.name
    return {"id": channel.id, "name": name}


def message_actions(core: Core, user: User, channel: Channel, message: Message, action: Json, values: Json) -> Json:
    """block_actions from a message. An ephemeral one has no `message` object, only its ts in the container."""
    ephemeral = message.ephemeral_to is not None
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    url = core.response_urls.issue(channel.id, user.id, message_ts=message.ts, thread_ts=message.thread_ts)
    payload = _common(core, "block_actions", user) | {
        "container": container,
        "trigger_id": core.triggers.issue(user.id, channel=channel.id),
        **_enterprise(core),
        "channel": channel_ref(channel),
    }
    if not ephemeral:
        payload["message"] = core.world.message_json(message)
    return payload | {
        "state": {"values": values},
        "response_url": core.response_url(url.key),
        "actions": [action],
    }


def shortcut(core: Core, user: User, callback_id: str) -> Json:
    """A global shortcut: a trigger and nothing else. It names the app by its token only, and the person by username."""
    common = _common(core, "shortcut", user)
    return {
        "type": "shortcut",
        "token": common["token"],
        "action_ts": f"{core.clock():.6f}",
        "team": common["team"],
        "user": {"id": user.id, "username": user.name, "team_id": user.team_id},
        **_enterprise(core),
        "callback_id": callback_id,
        "trigger_id": core.triggers.issue(user.id),
    }


def message_shortcut(core: Core, user: User, callback_id: str, channel: Channel, message: Message) -> Json:
    url = core.response_urls.issue(channel.id, user.id, message_ts=message.ts, thread_ts=message.thread_ts)
    payload = shortcut(core, user, callback_id)
    payload["user"]["name"] = user.name
    return payload | {
        "type": "message_action",
        "trigger_id": core.triggers.issue(user.id, channel=channel.id),
        "channel": channel_ref(channel),
        "message_ts": message.ts,
        "message": core.world.message_json(message),
        "response_url": core.response_url(url.key, "app"),
    }


def view_actions(core: Core, user: User, view: View, action: Json) -> Json:
    """block_actions from a modal or a Home. There is no response_url."""
    return _common(core, "block_actions", user) | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": core.triggers.issue(user.id, view.id),
        **_enterprise(core),
        "view": core.views.as_json(view),
        "actions": [action],
    }


def view_submission(core: Core, user: User, view: View, response_urls: list[Json]) -> Json:
    return _common(core, "view_submission", user) | {
        "trigger_id": core.triggers.issue(user.id, view.id),
        "view": core.views.as_json(view),
        "response_urls": response_urls,
        **_enterprise(core),
    }


def view_closed(core: Core, user: User, view: View, *, cleared: bool) -> Json:
    return _common(core, "view_closed", user) | {
        "view": core.views.as_json(view),
        "is_cleared": cleared,
        "response_urls": [],
        **_enterprise(core),
    }


def suggestion(core: Core, user: User, block_id: str, action_id: str, query: str, place: Json) -> Json:
    """block_suggestion: the options of an external select for what was typed.

    `place` is the container with its view or message.
    """
    return (
        _common(core, "block_suggestion", user) | {"block_id": block_id, "action_id": action_id, "value": query} | place
    )


def slash_command(core: Core, user: User, channel: Channel, command: str, text: str) -> Json:
    """The form of a slash command, flat, all values strings. It does not say which team the person belongs to."""
    url = core.response_urls.issue(channel.id, user.id)
    enterprise = core.world.team.enterprise_id
    return {
        "token": core.world.app.verification_token,
        "team_id": core.world.team.id,
        "team_domain": core.world.team.domain,
        **({"enterprise_id": enterprise, "enterprise_name": core.world.team.name} if enterprise else {}),
        "channel_id": channel.id,
        "channel_name": channel_ref(channel)["name"],
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": core.world.app.id,
        "is_enterprise_install": "false",
        "response_url": core.response_url(url.key, "commands"),
        "trigger_id": core.triggers.issue(user.id, channel=channel.id),
    }


def event_callback(core: Core, event: Json, channel: Channel | None = None) -> Json:
    """The envelope around an event. Deduplicate on `event_id`: a retry carries the same one."""
    now = core.clock()
    return {
        "token": core.world.app.verification_token,
        "team_id": core.world.team.id,
        "context_team_id": core.world.team.id,
        "context_enterprise_id": core.world.team.enterprise_id,
        "api_app_id": core.world.app.id,
        "event": {**event, "event_ts": event.get("event_ts") or event.get("ts") or f"{now:.6f}"},
        "type": "event_callback",
        "event_id": f"Ev0{core.name_ids.next_id(9)}",
        "event_time": int(now),
        "authorizations": [
            {
                "enterprise_id": core.world.team.enterprise_id,
                "team_id": core.world.team.id,
                "user_id": core.world.app.bot_user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": core.world.is_ext_shared(channel) if channel else False,
        "event_context": f"4-{core.name_ids.next_id(12)}",
    }


def app_rate_limited(core: Core, minute: int) -> Json:
    """Sent in place of the events that were dropped, once a minute."""
    return {
        "token": core.world.app.verification_token,
        "type": "app_rate_limited",
        "team_id": core.world.team.id,
        "minute_rate_limited": minute,
        "api_app_id": core.world.app.id,
    }


def action(core: Core, block: Json, element: Json, chosen: Json) -> Json:
    """One entry of `actions`: what was pressed and what is now selected."""
    out: Json = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"]}
    for name in ("text", "value", "style", "confirm", "url", "placeholder", "icon"):
        if name in element and not (name == "text" and element["type"] == "feedback_buttons"):
            out[name] = element[name]
    now: Any = core.clock()
    return out | chosen | {"action_ts": f"{now:.6f}"}
