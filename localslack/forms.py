"""Filling in, submitting and closing modals, and searching in their external selects."""

from __future__ import annotations

from typing import cast

from . import payloads
from .answers import Answers
from .core import Core
from .deliver import Deliverer
from .elements import STATE_KEYS, Values, client_errors, filled, find_element
from .entities import User
from .journal import Delivery, never_sent
from .sight import Sight
from .views import View
from .wire import Json, NotPossible, as_object


class Forms:
    """What a person does in a modal, and what the app's answer does to it."""

    def __init__(self, core: Core, deliverer: Deliverer, sight: Sight) -> None:
        self._core = core
        self._deliverer = deliverer
        self._sight = sight
        self._answers = Answers(core)

    def fill(self, user_id: str, view_id: str, values: Values) -> None:
        """Type into the inputs of a modal without sending anything."""
        view = self._sight.view(self._sight.user(user_id), view_id)
        for key, value in values.items():
            named: tuple[str, str | None] = cast("tuple[str, str]", key) if isinstance(key, tuple) else (str(key), None)
            block, element = _input(view, *named)
            view.values[block["block_id"]][element["action_id"]] = filled(element, value)
        self._core.changes.touch()

    async def submit(self, user_id: str, view_id: str, values: Values) -> Delivery:
        """Fill the inputs and press Submit.

        What Slack's client refuses itself is not sent: `error` is `client_validation`.
        """
        user = self._sight.user(user_id)
        view = self._sight.view(user, view_id)
        if view.type != "modal" or (view.submit is None and not any(block["type"] == "input" for block in view.blocks)):
            raise NotPossible("there is nothing to submit: the view has no submit button")
        self.fill(user_id, view_id, values)
        view.errors = client_errors(view.blocks, view.values)
        if view.errors:
            self._core.changes.touch()
            delivery = never_sent("view_submission", user_id, "client_validation")
            delivery.errors = dict(view.errors)
            return delivery
        payload = payloads.view_submission(self._core, user, view, self._form_urls(user, view))
        delivery = await self._deliverer.deliver("view_submission", payload, user_id)
        if delivery.ok:
            self._answers.to_submission(view, delivery)
        return delivery

    def _form_urls(self, user: User, view: View) -> list[Json]:
        urls: list[Json] = []
        for block in view.blocks:
            element = as_object(block.get("element")) or {}
            if not element.get("response_url_enabled"):
                continue
            entry = view.values[block["block_id"]][element["action_id"]]
            target = entry.get(STATE_KEYS[entry["type"]])
            if target:
                url = self._core.response_urls.issue(str(target), user.id)
                urls.append(
                    {
                        "block_id": block["block_id"],
                        "action_id": element["action_id"],
                        "channel_id": target,
                        "response_url": self._core.response_url(url.key, "app"),
                    }
                )
        return urls

    async def close_view(self, user_id: str, view_id: str, *, whole_stack: bool = False) -> Delivery | None:
        """Press Cancel, or with `whole_stack` close everything.

        Returns the view_closed delivery, if the view asked for one.
        """
        user = self._sight.user(user_id)
        view = self._sight.view(user, view_id)
        gone = self._core.views.close(view, whole_stack=whole_stack or view.clear_on_close)
        self._core.changes.touch()
        delivery: Delivery | None = None
        for item in gone:
            if item.notify_on_close:
                payload = payloads.view_closed(self._core, user, item, cleared=len(gone) > 1)
                sent = await self._deliverer.deliver("view_closed", payload, user_id)
                delivery = delivery or sent
        return delivery

    async def suggest(
        self, user_id: str, view_id: str, action_id: str, query: str, *, block_id: str | None = None
    ) -> list[Json]:
        """Type into an external select of a modal or Home; returns the options the app offers (groups flattened)."""
        user = self._sight.user(user_id)
        view = self._sight.view(user, view_id)
        block, element = find_element(view.blocks, action_id, block_id)
        place: Json = {"container": {"type": "view", "view_id": view.id}, "view": self._core.views.as_json(view)}
        return await self._suggest(user, block, element, query, place)

    async def suggest_in_message(
        self, user_id: str, channel_id: str, ts: str, action_id: str, query: str
    ) -> list[Json]:
        """The same for an external select in a message."""
        user = self._sight.user(user_id)
        channel, message = self._sight.channel(user, channel_id), self._sight.visible(user, channel_id, ts)
        block, element = find_element(message.blocks, action_id)
        place: Json = {
            "container": {
                "type": "message",
                "message_ts": ts,
                "channel_id": channel_id,
                "is_ephemeral": bool(message.ephemeral_to),
            },
            "channel": payloads.channel_ref(channel),
            "message": self._core.world.message_json(message),
        }
        return await self._suggest(user, block, element, query, place)

    async def _suggest(self, user: User, block: Json, element: Json, query: str, place: Json) -> list[Json]:
        if len(query) < int(element.get("min_query_length", 3)):
            return []
        payload = payloads.suggestion(self._core, user, block["block_id"], element["action_id"], query, place)
        delivery = await self._deliverer.deliver("block_suggestion", payload, user.id)
        return self._answers.to_suggestion(delivery)


def _input(view: View, block_id: str, action_id: str | None) -> tuple[Json, Json]:
    for block in view.blocks:
        element = as_object(block.get("element"))
        if block["block_id"] == block_id and element is not None and action_id in (None, element.get("action_id")):
            return block, element
    if action_id is not None:
        return find_element(view.blocks, action_id, block_id)
    inputs = [block["block_id"] for block in view.blocks if block["type"] == "input"]
    raise NotPossible(f"no input {block_id!r} in the view; there are {inputs}")
