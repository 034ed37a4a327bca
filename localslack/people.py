"""What people do: press, type, submit, close, run commands, open Home, speak.

The page and the tests both act through this.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import payloads
from .anatomy import options_of
from .answers import Answers
from .core import Core
from .deliver import Deliverer
from .elements import STATE_KEYS, filled, find_element, initial_values, is_stateful
from .entities import Channel, Message, User
from .forms import Forms
from .journal import Delivery, never_sent
from .sight import Sight
from .wire import Json, NotPossible, as_object, clone

UNSET: Any = object()
MAX_STATUS = 100


class People:
    """Acts as a person and carries out what the app answers."""

    def __init__(self, core: Core, deliverer: Deliverer) -> None:
        self._core = core
        self._deliverer = deliverer
        self._answers = Answers(core)
        self._sight = Sight(core)
        self.forms = Forms(core, deliverer, self._sight)

    # -- messages ---------------------------------------------------------------------------------------------

    async def click(
        self,
        user_id: str,
        channel_id: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: Any = UNSET,
        confirm: bool = True,
        seen: Message | None = None,
    ) -> Delivery:
        """Press or choose something in a message.

        `seen` is an older copy of it that this person's client still shows.
        """
        user = self._sight.user(user_id)
        channel = self._sight.channel(user, channel_id)
        message = seen if seen is not None else self._sight.visible(user, channel_id, ts)
        block, element = find_element(message.blocks, action_id, block_id)
        if element.get("confirm") and not confirm:
            return never_sent("block_actions", user_id, "not_confirmed")
        values = self._message_values(user, message)
        chosen = self._choose(block, element, value, values)
        action = payloads.action(self._core, block, element, chosen)
        payload = payloads.message_actions(self._core, user, channel, message, action, clone(values))
        return await self._deliverer.deliver("block_actions", payload, user_id)

    def drawn(self, user_id: str, channel_id: str, ts: str, blocks: list[Any] | None) -> Message:
        """A message as a window still shows it: a dialog over it stays open while it is redrawn below."""
        message = self._sight.visible(self._sight.user(user_id), channel_id, ts)
        shown = [block for block in map(as_object, blocks or []) if block is not None]
        return replace(message, blocks=shown) if shown else message

    def _message_values(self, user: User, message: Message) -> dict[str, dict[str, Json]]:
        key = (user.id, message.channel, message.ts)
        fresh = initial_values(message.blocks)
        for block_id, entries in self._core.states.get(key, {}).items():
            for action_id, entry in entries.items():
                if fresh.get(block_id, {}).get(action_id, {}).get("type") == entry["type"]:
                    fresh[block_id][action_id] = entry
        self._core.states[key] = fresh
        return fresh

    def _choose(self, block: Json, element: Json, value: Any, values: dict[str, dict[str, Json]]) -> Json:
        """Put the value into the state (if the element keeps one) and return what the action says of it."""
        kind = str(element["type"])
        if kind == "overflow":
            return {"selected_option": _pick(options_of(element), value)}
        if kind == "feedback_buttons":
            buttons = [as_object(element[name]) or {} for name in ("positive_button", "negative_button")]
            return _pick(buttons, value) | {"type": kind}
        if not is_stateful(element):
            return {}
        if value is UNSET:
            raise NotPossible(f"{kind} {element['action_id']!r} needs a value to choose")
        entry = filled(element, value)
        values.setdefault(block["block_id"], {})[element["action_id"]] = entry
        return {STATE_KEYS[kind]: entry[STATE_KEYS[kind]]}

    # -- views ------------------------------------------------------------------------------------------------

    async def click_view(
        self,
        user_id: str,
        view_id: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: Any = UNSET,
        confirm: bool = True,
    ) -> Delivery:
        """Press or choose something in a modal or Home.

        An input that does not dispatch its action only keeps the value.
        """
        user = self._sight.user(user_id)
        view = self._sight.view(user, view_id)
        block, element = find_element(view.blocks, action_id, block_id)
        if element.get("confirm") and not confirm:
            return never_sent("block_actions", user_id, "not_confirmed")
        chosen = self._choose(block, element, value, view.values)
        if block["type"] == "input" and not block.get("dispatch_action"):
            self._core.changes.touch()
            return never_sent("block_actions", user_id, None)
        payload = payloads.view_actions(self._core, user, view, payloads.action(self._core, block, element, chosen))
        return await self._deliverer.deliver("block_actions", payload, user_id)

    # -- the rest ---------------------------------------------------------------------------------------------

    async def slash(self, user_id: str, channel_id: str, line: str) -> Delivery:
        """Type a slash command into a channel's composer."""
        user = self._sight.user(user_id)
        channel = self._sight.channel(user, channel_id)
        command, _, text = line.strip().partition(" ")
        known = self._core.world.app.commands
        if not command.startswith("/") or (known is not None and command not in known):
            return never_sent("slash_commands", user_id, "unknown_command")
        payload = payloads.slash_command(self._core, user, channel, command, text.strip())
        delivery = await self._deliverer.deliver("slash_commands", payload, user_id)
        if delivery.ok:
            self._answers.to_command(user, channel, delivery)
        return delivery

    async def shortcut(self, user_id: str, callback_id: str, channel_id: str | None, ts: str | None) -> Delivery:
        """Use a global shortcut, or with a channel and ts the shortcut of a message."""
        user = self._sight.user(user_id)
        if channel_id is None or ts is None:
            return await self._deliverer.deliver("shortcut", payloads.shortcut(self._core, user, callback_id), user_id)
        channel, message = self._sight.channel(user, channel_id), self._sight.visible(user, channel_id, ts)
        payload = payloads.message_shortcut(self._core, user, callback_id, channel, message)
        return await self._deliverer.deliver("message_action", payload, user_id)

    async def open_home(self, user_id: str, tab: str = "home") -> Delivery | None:
        """Open the app's Home (or its `messages` tab). None if the app did not subscribe to app_home_opened."""
        user = self._sight.user(user_id)
        dm = self._core.world.dm(user_id)
        event: Json = {"type": "app_home_opened", "user": user.id, "channel": dm.id, "tab": tab}
        home = self._core.views.homes.get(user_id)
        if tab == "home" and home is not None:
            event["view"] = self._core.views.as_json(home)
        self._core.changes.touch()
        return await self.event("app_home_opened", event, user_id, None)

    async def say(self, user_id: str, channel_id: str, text: str, thread_ts: str | None = None) -> Delivery | None:
        """Post a message as a person.

        Returns the delivery of the message or mention event, if the app subscribed to one.
        """
        user = self._sight.user(user_id)
        channel = self._sight.channel(user, channel_id)
        if user.id not in channel.members:
            raise NotPossible(f"{user.name} is not in {channel.name}")
        message = self._core.post_as_person(channel_id, user_id, text, thread_ts)
        if not self._core.world.bot_in(channel):
            return None
        event: Json = {
            "type": "message",
            "user": user_id,
            "ts": message.ts,
            "text": text,
            "team": user.team_id,
            "channel": channel_id,
            "channel_type": "im" if channel.is_im else "group" if channel.private else "channel",
        }
        if thread_ts:
            event["thread_ts"] = thread_ts
        mention = f"<@{self._core.world.app.bot_user}>" in text
        delivery = await self.event(f"message.{event['channel_type']}s".replace("ims", "im"), event, user_id, channel)
        if mention and not channel.is_im:
            told = await self.event("app_mention", {**event, "type": "app_mention"}, user_id, channel)
            delivery = delivery or told
        return delivery

    async def join(self, user_id: str, channel_id: str) -> Delivery | None:
        """Add a person to a channel. An app sees it only where it is a member."""
        user = self._core.world.users[user_id]
        channel = self._core.world.channels[channel_id]
        if user_id in channel.members:
            return None
        channel.members.append(user_id)
        self._core.changes.touch()
        if not self._core.world.bot_in(channel):
            return None
        event: Json = {
            "type": "member_joined_channel",
            "user": user_id,
            "channel": channel_id,
            "channel_type": "G" if channel.private else "C",
            "team": user.team_id,
        }
        return await self.event("member_joined_channel", event, user_id, channel)

    def set_status(self, user_id: str, text: str, emoji: str, until: int) -> None:
        """Set or clear a person's status. Slack cuts nothing: a text is up to 100 characters."""
        if len(text) > MAX_STATUS:
            raise NotPossible(f"a status has up to {MAX_STATUS} characters, not {len(text)}")
        user = self._core.world.users[user_id]
        user.status_text, user.status_emoji, user.status_expiration = text, emoji, until
        self._core.changes.touch()

    async def uninstall(self) -> None:
        """Revoke the bot token and tell the app, which can no longer call anything."""
        app = self._core.world.app
        self._core.dead_tokens[app.bot_token] = "token_revoked"
        revoked: Json = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [app.bot_user]}}
        await self.event("tokens_revoked", revoked, None, None)
        await self.event("app_uninstalled", {"type": "app_uninstalled"}, None, None)

    async def event(self, subscription: str, event: Json, user: str | None, channel: Channel | None) -> Delivery | None:
        """Deliver an event if the app subscribed to it, again on failure as Slack does.

        Beyond 30,000 an hour (with rate limits on) it is dropped and the app gets app_rate_limited, once a minute.
        """
        if subscription not in self._core.world.app.events:
            return None
        if (minute := self._core.limits.event()) is not None:
            if self._core.limits.first_of(minute):
                await self._deliverer.deliver("events_api", payloads.app_rate_limited(self._core, minute), None)
            return None
        payload = payloads.event_callback(self._core, event, channel)
        return await self._deliverer.deliver_event(payload, user)


def _pick(options: list[Json], value: Any) -> Json:
    for option in options:
        if option.get("value") == value:
            return option
    raise NotPossible(f"no option {value!r}; there are {[option.get('value') for option in options]}")
