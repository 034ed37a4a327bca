"""The manifest: the keys that Slack's schema knows, and exactly the scopes that are used."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot.listeners.commands import COMMAND
from bot.manifest import AUDIT_TRAIL, COPY_LINK, SCOPES, manifest

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT, FLAG, URL = {"type": "string"}, {"type": "boolean"}, {"type": "string", "pattern": "^https://"}


def _object(required: tuple[str, ...], **known: Any) -> dict[str, Any]:
    return {"type": "object", "properties": known, "required": list(required), "additionalProperties": False}


SCHEMA = _object(
    ("display_information", "features", "oauth_config", "settings"),
    _metadata=_object(("major_version",), major_version={"const": 2}, minor_version={"type": "integer"}),
    display_information=_object(
        ("name",),
        name=TEXT | {"maxLength": 35},
        description=TEXT | {"maxLength": 140},
        long_description=TEXT | {"minLength": 174, "maxLength": 4000},
        background_color=TEXT | {"pattern": "^#([0-9a-f]{3}|[0-9a-f]{6})$"},
    ),
    features=_object(
        (),
        app_home=_object((), home_tab_enabled=FLAG, messages_tab_enabled=FLAG, messages_tab_read_only_enabled=FLAG),
        bot_user=_object(("display_name",), display_name=TEXT | {"maxLength": 80}, always_online=FLAG),
        slash_commands={
            "type": "array",
            "maxItems": 50,
            "items": _object(
                ("command", "description"),
                command=TEXT | {"pattern": "^/", "minLength": 2, "maxLength": 32},
                description=TEXT | {"maxLength": 2000},
                usage_hint=TEXT | {"maxLength": 1000},
                should_escape=FLAG,
                url=URL,
            ),
        },
        shortcuts={
            "type": "array",
            "minItems": 1,
            "maxItems": 10,
            "items": _object(
                ("name", "type", "callback_id", "description"),
                name=TEXT | {"minLength": 1, "maxLength": 24},
                type={"enum": ["message", "global"]},
                callback_id=TEXT | {"minLength": 1, "maxLength": 255},
                description=TEXT | {"minLength": 1, "maxLength": 150},
            ),
        },
    ),
    oauth_config=_object(("scopes",), scopes=_object((), bot={"type": "array", "items": TEXT, "uniqueItems": True})),
    settings=_object(
        (),
        event_subscriptions=_object((), request_url=URL, bot_events={"type": "array", "items": TEXT}),
        interactivity=_object(("is_enabled",), is_enabled=FLAG, request_url=URL, message_menu_options_url=URL),
        socket_mode_enabled=FLAG,
        org_deploy_enabled=FLAG,
        token_rotation_enabled=FLAG,
    ),
)
"""The part of Slack's manifest schema, version 2, that a bot needs: unknown keys are refused."""

NEEDS: dict[str, frozenset[str]] = {
    "auth_test": frozenset(),
    "apps_connections_open": frozenset(),
    "views_open": frozenset(),
    "views_push": frozenset(),
    "views_update": frozenset(),
    "views_publish": frozenset(),
    "chat_postMessage": frozenset({"chat:write"}),
    "chat_postEphemeral": frozenset({"chat:write"}),
    "chat_update": frozenset({"chat:write"}),
    "chat_getPermalink": frozenset(),
    "users_info": frozenset({"users:read"}),
    "users_list": frozenset({"users:read"}),
    "users_lookupByEmail": frozenset({"users:read.email"}),
    "usergroups_list": frozenset({"usergroups:read"}),
    "usergroups_users_list": frozenset({"usergroups:read"}),
    "users_conversations": frozenset({"channels:read", "groups:read"}),
    "conversations_members": frozenset({"channels:read", "groups:read"}),
    "conversations_open": frozenset({"im:write"}),
    "conversations_history": frozenset({"channels:history", "groups:history", "im:history"}),
    "conversations_replies": frozenset({"channels:history", "groups:history", "im:history"}),
}
"""Bot scopes by method, from the method pages of docs.slack.dev, for public and private channels."""


def used() -> set[str]:
    """The methods of slack-sdk's client that `bot/slack.py` uses, as slack-sdk spells them."""
    tree = ast.parse((ROOT / "bot" / "slack.py").read_text())
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "client"
    }


@pytest.mark.parametrize("url", [None, "https://signoff.example.com/slack/events"])
def test_slack_would_take_it(url: str | None) -> None:
    """Known keys only, within their limits, in either mode."""
    jsonschema.validate(manifest(request_url=url), SCHEMA)


def test_the_schema_of_this_test_refuses_unknown_keys() -> None:
    """Else the test above would say nothing."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest() | {"feature": {}}, SCHEMA)


def test_the_scopes_are_exactly_those_that_the_methods_need() -> None:
    """Read from what `bot/slack.py` uses; `commands` is for the slash command."""
    called = used()
    assert called == set(NEEDS)
    assert {scope for name in called for scope in NEEDS[name]} | {"commands"} == set(SCOPES)
    assert manifest()["oauth_config"]["scopes"]["bot"] == list(SCOPES)


def test_nobody_else_calls_slack() -> None:
    """So that the test above sees every call."""
    others = [
        file.name
        for file in (ROOT / "bot").rglob("*.py")
        if file.name != "slack.py" and any(f".{method}(" in file.read_text() for method in NEEDS)
    ]
    assert others == []


def test_socket_mode_names_no_url_and_http_names_one_everywhere() -> None:
    """Slack refuses the one, and would never reach us without the other."""
    assert "https://" not in str(manifest())
    url = "https://signoff.example.com/slack/events"
    http = manifest(request_url=url)
    assert str(http).count(url) == 3
    assert (manifest()["settings"]["socket_mode_enabled"], http["settings"]["socket_mode_enabled"]) == (True, False)


def test_it_registers_the_command_the_event_and_the_menu_that_are_listened_to() -> None:
    """By the same names."""
    assert [command["command"] for command in manifest()["features"]["slash_commands"]] == [COMMAND]
    assert manifest()["settings"]["event_subscriptions"]["bot_events"] == ["app_home_opened"]
    registered = [(one["type"], one["callback_id"]) for one in manifest()["features"]["shortcuts"]]
    assert registered == [("message", COPY_LINK), ("message", AUDIT_TRAIL)]
