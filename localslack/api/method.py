"""How a Web API method is declared, and the table all of them are in."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from ..core import Core
from ..entities import Channel, User
from ..wire import Json, SlackError, text_arg

T = TypeVar("T")
Caller = Literal["bot", "app", "any", "none"]


@dataclass(frozen=True)
class Call:
    """One call: who asks and with which arguments (query, form and JSON body merged)."""

    core: Core
    method: str
    args: Json
    token: str | None = None

    def need(self, name: str, error: str = "invalid_arguments") -> str:
        """A required text argument."""
        value = text_arg(self.args, name)
        if value is None:
            raise SlackError(error, response_metadata={"messages": [f"[ERROR] missing required field: {name}"]})
        return value

    def text(self, name: str) -> str | None:
        return text_arg(self.args, name)

    def channel(self, name: str = "channel") -> Channel:
        """The channel named by id, or `channel_not_found`; a private one is found only from the inside."""
        channel = self.core.world.channels.get(self.text(name) or "")
        if channel is None or not self.core.world.bot_sees(channel):
            raise SlackError("channel_not_found")
        return channel

    def joined(self, name: str = "channel") -> Channel:
        channel = self.channel(name)
        if not self.core.world.bot_in(channel):
            raise SlackError("not_in_channel")
        return channel

    def need_scope(self, what: str, channel: Channel) -> None:
        """Conversation scopes come per kind of channel: `channels:`, `groups:` and `im:`, each `read` or `history`."""
        kind = "im" if channel.is_im else "groups" if channel.private else "channels"
        scopes = self.core.world.app.scopes
        if f"{kind}:{what}" not in scopes:
            raise SlackError("missing_scope", needed=f"{kind}:{what}", provided=",".join(scopes))

    def user(self, name: str = "user", error: str = "user_not_found") -> User:
        user = self.core.world.users.get(self.text(name) or "")
        if user is None:
            raise SlackError(error)
        return user

    def whole(self, name: str, default: int) -> int:
        value = self.text(name)
        try:
            return default if value is None else int(value)
        except ValueError:
            raise SlackError(
                "invalid_arguments", response_metadata={"messages": [f"[ERROR] {name} must be an integer"]}
            ) from None

    def page(self, items: list[T], *, default: int = 100, most: int = 1000) -> tuple[list[T], Json]:
        """One page of `items` and its `response_metadata`; the cursor is opaque text."""
        start = 0
        if cursor := self.text("cursor"):
            try:
                start = int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
            except ValueError:
                raise SlackError("invalid_cursor") from None
        limit = self.whole("limit", default)
        if limit < 1 or limit > most:
            raise SlackError("invalid_limit")
        end = start + limit
        following = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
        return items[start:end], {"response_metadata": {"next_cursor": following}}


Handler = Callable[[Call], Json]


@dataclass(frozen=True)
class Method:
    """A method of the table. `scopes`: any one of them is enough; none means no scope is needed."""

    name: str
    handler: Handler
    caller: Caller = "bot"
    scopes: tuple[str, ...] = ()


METHODS: dict[str, Method] = {}


def method(name: str, *, caller: Caller = "bot", scopes: tuple[str, ...] = ()) -> Callable[[Handler], Handler]:
    """Put a function into the table under Slack's name for it."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(name, handler, caller, scopes)
        return handler

    return register


def ok(**fields: Any) -> Json:
    return {"ok": True, **fields}
