"""What a workspace looks like before anything happens in it: the team, the app, people, channels and user groups."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml

from .wire import Json, as_list, as_object

T = TypeVar("T")

DEFAULT_SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "dnd:read",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
)
DEFAULT_EVENTS = (
    "app_home_opened",
    "app_mention",
    "member_joined_channel",
    "message.im",
    "tokens_revoked",
    "app_uninstalled",
)


@dataclass(frozen=True)
class TeamSeed:
    """The workspace the app is installed in."""

    id: str = "T0LOCAL"
    name: str = "Local"
    domain: str = "local"
    enterprise_id: str | None = None


@dataclass(frozen=True)
class ShortcutSeed:
    """An entry the app adds to Slack's menus: one for everywhere, or with `on_message` one of the menu of a message."""

    callback_id: str
    name: str
    on_message: bool = False


@dataclass(frozen=True)
class AppSeed:
    """The app under test: ids, tokens (stable, so that a restarted app reconnects) and what its manifest grants.

    `commands=None` lets every slash command through; a tuple makes Slack refuse the others, as it does for a command no
    app registered.
    """

    id: str = "A0LOCAL"
    name: str = "App"
    bot_id: str = "B0LOCAL"
    bot_user: str = "U0BOT"
    bot_token: str = "xoxb-local-bot-token"  # noqa: S105 - a constant of the local Slack, no secret
    app_token: str = "xapp-1-A0LOCAL-local-app-token"  # noqa: S105 - a constant of the local Slack, no secret
    signing_secret: str = "local-signing-secret"  # noqa: S105 - a constant of the local Slack, no secret
    verification_token: str = "local-verification-token"  # noqa: S105 - a constant of the local Slack, no secret
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    events: tuple[str, ...] = DEFAULT_EVENTS
    commands: tuple[str, ...] | None = None
    hints: dict[str, str] = field(default_factory=dict[str, str])
    """What the composer shows beside a command: `{"/todo": "[list | add text]"}`."""
    shortcuts: tuple[ShortcutSeed, ...] = ()
    home_tab: bool = True


@dataclass(frozen=True)
class UserSeed:
    """A person or a bot. `team` is set for someone of another workspace (Slack Connect)."""

    id: str
    name: str
    real_name: str = ""
    email: str | None = None
    tz: str | None = "Etc/UTC"
    title: str = ""
    team: str | None = None
    admin: bool = False
    owner: bool = False
    guest: bool = False
    single_channel_guest: bool = False
    deactivated: bool = False
    bot: bool = False
    away: bool = False
    dnd: bool = False
    status_text: str = ""
    status_emoji: str = ""
    status_expiration: int = 0
    """Epoch seconds at which the status is gone; 0: it stays."""
    dnd_until: int = 0
    """Epoch seconds until which notifications are paused; `dnd` pauses them for good."""


@dataclass(frozen=True)
class ChannelSeed:
    id: str
    name: str
    members: tuple[str, ...] = ()
    private: bool = False
    archived: bool = False
    topic: str = ""


@dataclass(frozen=True)
class GroupSeed:
    """A user group, a paid feature in Slack."""

    id: str
    handle: str
    members: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Seed:
    """A workspace at rest. Build it in code, or from a YAML or JSON file with the same field names."""

    team: TeamSeed = field(default_factory=TeamSeed)
    app: AppSeed = field(default_factory=AppSeed)
    users: tuple[UserSeed, ...] = ()
    channels: tuple[ChannelSeed, ...] = ()
    usergroups: tuple[GroupSeed, ...] = ()
    user_groups_available: bool = True

    @classmethod
    def default(cls, **app: Any) -> Seed:
        """The small workspace the tests and the demo use. Keyword arguments override fields of the app."""
        return replace(_DEFAULT, app=replace(_DEFAULT.app, **app))

    @classmethod
    def from_file(cls, path: Path) -> Seed:
        """Read a seed from YAML or JSON. A field that is left out keeps its default; an unknown field is an error."""
        data = _read(path)
        if data is None:
            raise ValueError(f"{path}: a seed is a mapping with team, app, users, channels and usergroups")
        return cls.from_dict(data)

    @classmethod
    def from_dict(cls, data: Json) -> Seed:
        return cls(
            team=_build(TeamSeed, as_object(data.get("team")) or {}),
            app=_app(as_object(data.get("app")) or {}),
            users=_build_all(UserSeed, data.get("users")),
            channels=_build_all(ChannelSeed, data.get("channels")),
            usergroups=_build_all(GroupSeed, data.get("usergroups")),
            user_groups_available=bool(data.get("user_groups_available", True)),
        )

    def with_manifest_file(self, path: Path) -> Seed:
        """`with_manifest` for a manifest in YAML or JSON."""
        manifest = _read(path)
        if manifest is None:
            raise ValueError(f"{path} is not a manifest")
        return self.with_manifest(manifest)

    def with_manifest(self, manifest: Json) -> Seed:
        """The same workspace with the app that this manifest describes: name, scopes, commands, events and the Home
        tab.
        """
        features = as_object(manifest.get("features")) or {}
        settings = as_object(manifest.get("settings")) or {}
        scopes = as_object((as_object(manifest.get("oauth_config")) or {}).get("scopes")) or {}
        events = as_object(settings.get("event_subscriptions")) or {}
        bot_user = as_object(features.get("bot_user")) or {}
        name = bot_user.get("display_name") or (as_object(manifest.get("display_information")) or {}).get("name")
        commands = [as_object(command) or {} for command in as_list(features.get("slash_commands")) or []]
        app = replace(
            self.app,
            name=str(name or self.app.name),
            scopes=tuple(str(scope) for scope in as_list(scopes.get("bot")) or []),
            events=tuple(str(event) for event in as_list(events.get("bot_events")) or []),
            commands=tuple(str(command.get("command")) for command in commands),
            hints={str(item["command"]): _hint(item) for item in commands if _hint(item)},
            shortcuts=tuple(
                ShortcutSeed(str(item["callback_id"]), str(item["name"]), item.get("type") == "message")
                for item in map(as_object, as_list(features.get("shortcuts")) or [])
                if item is not None
            ),
            home_tab=bool((as_object(features.get("app_home")) or {}).get("home_tab_enabled")),
        )
        return replace(self, app=app)


def _hint(command: Json) -> str:
    return " ".join(str(command[name]) for name in ("usage_hint", "description") if command.get(name))


def _app(data: Json) -> AppSeed:
    app = _build(AppSeed, {key: value for key, value in data.items() if key != "shortcuts"})
    return replace(app, shortcuts=_build_all(ShortcutSeed, data.get("shortcuts")))


def _read(path: Path) -> Json | None:
    raw: object = json.loads(path.read_text()) if path.suffix == ".json" else yaml.safe_load(path.read_text())
    return as_object(raw)


def _build(kind: type[T], data: Json) -> T:
    known = {item.name for item in fields(cast(Any, kind))}
    if unknown := set(data) - known:
        raise ValueError(f"unknown field {sorted(unknown)} in {kind.__name__}; known: {sorted(known)}")
    return kind(
        **{key: tuple(cast("list[str]", value)) if isinstance(value, list) else value for key, value in data.items()}
    )


def _build_all(kind: type[T], data: object) -> tuple[T, ...]:
    return tuple(_build(kind, as_object(item) or {}) for item in as_list(data) or [])


_DEFAULT = Seed(
    users=(
        UserSeed("U0ANA", "ana", "Ana Moreno", "ana@example.com", "Europe/Madrid", "Finance"),
        UserSeed(
            "U0BEN",
            "ben",
            "Ben Okafor",
            "ben@example.com",
            "America/New_York",
            "Operations",
            status_text="Working from home",
            status_emoji=":house:",
        ),
        UserSeed("U0CLEO", "cleo", "Cleo Laurent", "cleo@example.com", "Europe/Paris", "Head of Finance", admin=True),
        UserSeed("U0GUS", "gus", "Gus Gast", "gus@guest.example", "Europe/Berlin", "Contractor", guest=True),
        UserSeed("U0DEE", "dee", "Dee Former", "dee@example.com", None, deactivated=True),
        UserSeed("U0XIA", "xia", "Xia Chen", "xia@partner.example", "Asia/Shanghai", "Partner Ltd", team="T0PARTNER"),
        UserSeed("U0BOT", "app", "App", None, None, bot=True),
    ),
    channels=(
        ChannelSeed("C0GENERAL", "general", ("U0ANA", "U0BEN", "U0CLEO"), topic="Everyone, without the bot"),
        ChannelSeed(
            "C0APPROVALS",
            "approvals",
            ("U0ANA", "U0BEN", "U0CLEO", "U0GUS", "U0XIA", "U0BOT"),
            topic="What the agents are about to do",
        ),
        ChannelSeed("C0LEADS", "finance-leads", ("U0CLEO", "U0BEN", "U0BOT"), private=True, topic="Escalations"),
    ),
    usergroups=(GroupSeed("S0FINANCE", "finance", ("U0ANA", "U0BEN"), "Finance"),),
)
