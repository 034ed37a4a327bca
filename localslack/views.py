"""Modals and Homes: one stack of at most three modals per person, one Home per person."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from .elements import carried_over, initial_values
from .naming import NameIds, flag_texts
from .rules import VIEW_BYTES
from .triggers import token
from .validate import Problem, check_view, view_bytes
from .wire import Json, SlackError, as_list, as_object, clone
from .world import World

STACK = 3


@dataclass(eq=False)
class View:
    """A modal or a Home as one person sees it.

    `values` is what was typed; `errors` stands beside the inputs, by block_id.
    """

    id: str
    type: str
    user: str
    blocks: list[Json]
    hash: str
    title: Json | None = None
    submit: Json | None = None
    close: Json | None = None
    callback_id: str = ""
    private_metadata: str = ""
    external_id: str = ""
    notify_on_close: bool = False
    clear_on_close: bool = False
    submit_disabled: bool = False
    root_view_id: str = ""
    previous_view_id: str | None = None
    values: dict[str, dict[str, Json]] = field(default_factory=dict[str, dict[str, Json]])
    errors: dict[str, str] = field(default_factory=dict[str, str])
    revision: int = 0
    channel: str | None = None

    def copy(self) -> View:
        fresh = copy.copy(self)
        fresh.blocks, fresh.values, fresh.errors = clone(self.blocks), clone(self.values), dict(self.errors)
        return fresh


def refuse_bad_view(view: object, *, kind: str | None = None) -> Json:
    """The view, or `view_too_large` / `invalid_arguments` with JSON pointers."""
    data = as_object(view)
    problems = check_view(view)
    if data is not None and kind is not None and data.get("type") != kind:
        problems = [Problem(f"must be a {kind} view", "/view/type", "type"), *problems]
    if data is not None and view_bytes(data) > VIEW_BYTES:
        raise SlackError("view_too_large")
    if problems or data is None:
        raise SlackError("invalid_arguments", response_metadata={"messages": [str(problem) for problem in problems]})
    return data


class Views:
    """All open modals and published Homes. The callers have validated what they hand in."""

    def __init__(self, world: World, name_ids: NameIds) -> None:
        self._world = world
        self._name_ids = name_ids
        self._stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self._number = 0

    def stack(self, user: str) -> list[View]:
        """The person's open modals, the visible one last."""
        return self._stacks.setdefault(user, [])

    def top(self, user: str) -> View | None:
        stack = self.stack(user)
        return stack[-1] if stack else None

    def by_id(self, view_id: str) -> View | None:
        return next((view for view in self._all() if view.id == view_id), None)

    def by_external_id(self, external_id: str) -> View | None:
        return next((view for view in self._all() if view.external_id == external_id), None)

    def open_modals(self) -> list[View]:
        return [view for stack in self._stacks.values() for view in stack]

    def _all(self) -> list[View]:
        return [*self.open_modals(), *self.homes.values()]

    # -- changes ----------------------------------------------------------------------------------------------

    def open(self, user: str, data: Json, channel: str | None = None) -> View:
        """A new stack with this modal, in place of whatever was open. `channel`: where the person was."""
        self._refuse_duplicate(data, None)
        view = self._make(user, data, channel)
        view.root_view_id = view.id
        self._stacks[user] = [view]
        return view

    def push(self, user: str, data: Json) -> View:
        stack = self.stack(user)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= STACK:
            raise SlackError("push_limit_reached")
        self._refuse_duplicate(data, None)
        view = self._make(user, data, stack[0].channel)
        view.root_view_id, view.previous_view_id = stack[0].id, stack[-1].id
        stack.append(view)
        return view

    def publish(self, user: str, data: Json, expected_hash: str | None) -> View:
        old = self.homes.get(user)
        if old is not None:
            return self.update(old, data, expected_hash)
        if expected_hash is not None:
            raise SlackError("hash_conflict")
        self._refuse_duplicate(data, None)
        view = self._make(user, data)
        view.root_view_id = view.id
        self.homes[user] = view
        return view

    def update(self, view: View, data: Json, expected_hash: str | None) -> View:
        """New content under the same id. `hash_conflict` if somebody else was faster."""
        if expected_hash is not None and expected_hash != view.hash:
            raise SlackError("hash_conflict")
        self._refuse_duplicate(data, view)
        typed = view.values
        self._fill(view, data)
        view.values = carried_over(typed, view.blocks, view.channel)
        view.errors = {}
        return view

    def close(self, view: View, *, whole_stack: bool = False) -> list[View]:
        """Take the modal away (with `whole_stack` everything). Returns what was closed, top first; maybe nothing."""
        stack = self.stack(view.user)
        gone = [item for item in reversed(stack) if whole_stack or item is view]
        stack[:] = [item for item in stack if item not in gone]
        return gone

    def _refuse_duplicate(self, data: Json, view: View | None) -> None:
        external_id = data.get("external_id")
        if external_id and any(item.external_id == external_id and item is not view for item in self._all()):
            raise SlackError("duplicate_external_id")

    def _make(self, user: str, data: Json, channel: str | None = None) -> View:
        view = View(f"V0{self._name_ids.next_id(8)}", str(data["type"]), user, [], "")
        self._fill(view, data)
        view.channel = channel
        view.values = initial_values(view.blocks, channel)
        return view

    def _fill(self, view: View, data: Json) -> None:
        view.blocks = self._name_ids.named(as_list(data.get("blocks")) or [])
        view.title, view.submit, view.close = (clone(data.get(name)) for name in ("title", "submit", "close"))
        flag_texts([view.title, view.submit, view.close])
        view.callback_id = data.get("callback_id") or ""
        view.private_metadata = data.get("private_metadata") or ""
        view.external_id = data.get("external_id") or ""
        view.notify_on_close = bool(data.get("notify_on_close"))
        view.clear_on_close = bool(data.get("clear_on_close"))
        view.submit_disabled = bool(data.get("submit_disabled"))
        view.revision += 1
        self._number += 1
        view.hash = f"{int(self._world.clock())}.{self._number:04d}{token(self._name_ids.rng, 4)}"

    # -- as Slack shows it ------------------------------------------------------------------------------------

    def as_json(self, view: View, *, values: bool = True) -> Json:
        """The view object of views.* answers and of payloads; `values=False` leaves out what was typed."""
        app = self._world.app
        return {
            "id": view.id,
            "team_id": self._world.team.id,
            "type": view.type,
            "blocks": clone(view.blocks),
            "private_metadata": view.private_metadata,
            "callback_id": view.callback_id,
            "state": {"values": clone(view.values) if values else {}},
            "hash": view.hash,
            "title": view.title or {"type": "plain_text", "text": "View Title", "emoji": True},
            "clear_on_close": view.clear_on_close,
            "notify_on_close": view.notify_on_close,
            "close": view.close,
            "submit": view.submit,
            "submit_disabled": view.submit_disabled,
            "previous_view_id": view.previous_view_id,
            "root_view_id": view.root_view_id,
            "app_id": app.id,
            "external_id": view.external_id,
            "app_installed_team_id": self._world.team.id,
            "bot_id": app.bot_id,
        }
