"""The Slack app manifest: exactly the scopes, events and features that are used. Paste it when creating the app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCOPES: Mapping[str, str] = {
    "chat:write": "post and redraw cards",
    "commands": "the slash command",
    "im:write": "open direct messages for escalations to people",
    "users:read": "see whether somebody is a full member",
    "users:read.email": "find approvers that a policy names by e-mail",
    "channels:read": "find public channels and their members",
    "groups:read": "find private channels and their members",
    "channels:history": "after a failure, find a card that was posted instead of posting it twice (its own messages)",
    "groups:history": "the same in private channels",
    "im:history": "the same in direct messages",
    "usergroups:read": "find the members of user groups",
}
"""Bot scopes and what each is for. (views.* need none.)"""

COPY_LINK, AUDIT_TRAIL = "copy_link", "audit_trail"
"""The callback ids of the entries in the menu of a message."""

SHORTCUTS: Mapping[str, tuple[str, str]] = {
    COPY_LINK: ("Copy approval link", "The link and the id of the approval that this message is about"),
    AUDIT_TRAIL: ("Show audit trail", "Who did what, and when, about the approval of this message"),
}
"""Names (24 characters at the most) and descriptions."""


def manifest(*, request_url: str | None = None, name: str = "Signoff") -> dict[str, Any]:
    """Socket Mode by default; with `request_url`, signed HTTP to that URL (`https://…/slack/events`).

    The form is Slack's manifest schema, version 2, which refuses unknown keys.
    """
    command: dict[str, Any] = {
        "command": "/approvals",
        "description": "Decisions that wait for people",
        "usage_hint": "[all | mine | find WORDS | history | show ID | away until DAY cover @NAME | help]",
        "should_escape": False,
    }
    interactivity: dict[str, Any] = {"is_enabled": True}
    events: dict[str, Any] = {"bot_events": ["app_home_opened"]}
    if request_url is not None:
        command["url"] = interactivity["request_url"] = events["request_url"] = request_url
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": name,
            "description": "People approve what AI agents are about to do",
            "background_color": "#1f3a34",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": name, "always_online": True},
            "slash_commands": [command],
            "shortcuts": [
                {"name": label, "type": "message", "callback_id": callback, "description": about}
                for callback, (label, about) in SHORTCUTS.items()
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": request_url is None,
            "token_rotation_enabled": False,
        },
    }
