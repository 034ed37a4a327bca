"""Slack bodies into typed input. Pure. What comes from outside is checked here and trusted after.

Field shapes: docs.slack.dev on block_actions, view_submission and slash commands. The home workspace of a person is
`user.team_id`; Bolt's `context.actor_team_id` is the app's team in these payloads, so it is not used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from approvals.errors import InputError
from approvals.model import JsonValue
from bot import strict_json

Body = Mapping[str, Any]

_VERBS = "approve|deny|edit|respond|review|retry|repair|undo"
_ACTION = re.compile(rf"(?:(row:)(?=approve$|deny$))?({_VERBS})(?::([0-9]{{1,4}}))?")
_VALUE = re.compile(r"(A[A-Z2-7]{15}):([0-9]{1,9})")
_OPTION = re.compile(r"(A[A-Z2-7]{15}):([0-9]{1,9}):(look|ask|why|glass|snooze([0-9]{1,8}))")
MAX_OFFSET = 10**9
ID = re.compile(r"A[A-Z2-7]{15}")
"""An approval's id: the whole of a text is one if it matches fully."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who clicked, and their home workspace if Slack named it."""

    id: str
    team_id: str | None


@dataclass(frozen=True, slots=True)
class Click:
    """A button of a card, or in a row of a list. `action` is the index of one action of a batch, `None` for the whole
    card. `aside`: of a copy that only its reader sees, which has less room than a card."""

    verb: str
    approval_id: str
    revision: int
    action: int | None
    person: Person
    trigger_id: str
    channel: str | None
    view_id: str | None
    row: bool = False
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a card's menu. `seconds` for those that hold it for so long."""

    verb: str
    approval_id: str
    revision: int
    seconds: float | None
    person: Person
    trigger_id: str


@dataclass(frozen=True, slots=True)
class Pointed:
    """A message whose menu somebody used. `thread_ts` names the message whose thread it stands in; `by_bot`: no person
    wrote it."""

    channel: str
    ts: str
    thread_ts: str | None
    by_bot: bool
    person: Person
    trigger_id: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """Which page of a list: where it begins, and what is looked for, as it would be typed."""

    offset: int
    skip: int
    find: str


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""


def _mapping(found: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def person(body: Body) -> Person:
    """Who acted. Raises `InputError` for a body that names nobody."""
    user = _mapping(body.get("user"))
    found = _text(user.get("id")) or _text(body.get("user_id"))
    if not found:
        raise InputError("a Slack payload names no user")
    return Person(found, _text(user.get("team_id")) or None)


def home_opened(body: Body) -> str | None:
    """Who opened the Home tab; `None` where it was another tab."""
    event = _mapping(body.get("event"))
    return _text(event.get("user")) or None if event.get("tab") == "home" else None


def _action(body: Body) -> Mapping[str, Any]:
    actions = body.get("actions")
    if not isinstance(actions, list) or not actions:
        raise InputError("a Slack payload names no action")
    return _mapping(cast("list[object]", actions)[0])


def click(body: Body) -> Click:
    """A click on a card's button. Raises `InputError` for one that is not of our making."""
    action = _action(body)
    verb = _ACTION.fullmatch(_text(action.get("action_id")))
    value = _VALUE.fullmatch(_text(action.get("value")))
    if verb is None or value is None:
        raise InputError("a button is not of our making: its action or value cannot be read")
    return Click(
        verb=verb[2],
        approval_id=value[1],
        revision=int(value[2]),
        action=int(verb[3]) if verb[3] else None,
        person=person(body),
        trigger_id=_text(body.get("trigger_id")),
        channel=_text(_mapping(body.get("channel")).get("id")) or None,
        view_id=_text(_mapping(body.get("view")).get("id")) or None,
        row=verb[1] is not None,
        aside=_mapping(body.get("container")).get("is_ephemeral") is True,
    )


def choice(body: Body) -> Choice:
    """What was chosen in a card's menu. Raises `InputError` for what is not of our making."""
    found = _OPTION.fullmatch(_text(_mapping(_action(body).get("selected_option")).get("value")))
    if found is None:
        raise InputError("an option is not of our making: its value cannot be read")
    return Choice(
        verb="snooze" if found[4] else found[3],
        approval_id=found[1],
        revision=int(found[2]),
        seconds=float(found[4]) if found[4] else None,
        person=person(body),
        trigger_id=trigger_id(body),
    )


def question(body: Body) -> tuple[str, int]:
    """Which approval, and the number of the question in it. Raises `InputError` for what is not of our making."""
    value = _VALUE.fullmatch(button_value(body))
    if value is None:
        raise InputError("a button is not of our making: it names no question")
    return value[1], int(value[2])


def pointed(body: Body) -> Pointed:
    """The message that a shortcut is about. Raises `InputError` for a body that names none."""
    message, channel = _mapping(body.get("message")), _text(_mapping(body.get("channel")).get("id"))
    ts = _text(body.get("message_ts")) or _text(message.get("ts"))
    if not channel or not ts:
        raise InputError("a Slack payload names no message")
    thread = _text(message.get("thread_ts")) or None
    by_bot = bool(message.get("bot_id"))
    return Pointed(channel, ts, thread, by_bot, person(body), trigger_id(body))


def button_value(body: Body) -> str:
    """The value of the button that was clicked."""
    return _text(_action(body).get("value"))


def option_value(body: Body) -> str:
    """The value of what was chosen in a menu; empty for a button."""
    return _text(_mapping(_action(body).get("selected_option")).get("value"))


def channel(body: Body) -> str:
    """Where it happened: of a click, a menu or a command; empty for a form and the Home tab."""
    return _text(_mapping(body.get("channel")).get("id")) or _text(body.get("channel_id"))


def root_view_id(view: Mapping[str, Any]) -> str:
    """The view at the bottom of the stack that a form stood on."""
    return _text(view.get("root_view_id"))


def previous_view_id(view: Mapping[str, Any]) -> str:
    """The view right below a form."""
    return _text(view.get("previous_view_id"))


def view(body: Body) -> Mapping[str, Any]:
    """The view that a click or a submission came from; empty where it came from none."""
    return _mapping(body.get("view"))


def view_id(body: Body) -> str | None:
    """The view that a click came from, if it came from one."""
    return _text(_mapping(body.get("view")).get("id")) or None


def trigger_id(body: Body) -> str:
    """For opening a modal within 3 s."""
    return _text(body.get("trigger_id"))


def json_value(body: Body) -> Mapping[str, JsonValue]:
    """A button's value that is a JSON object. Raises `InputError` where it is not."""
    try:
        found = strict_json.parse(button_value(body))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InputError("a button is not of our making: its value is not a JSON object")
    return found


def list_page(body: Body) -> ListPage:
    """Where the list goes on."""
    found = json_value(body)
    find = found.get("find")
    if not isinstance(find, str):
        raise InputError("a list button is not of our making: it does not say what is looked for")
    return ListPage(_count(found.get("offset")), _count(found.get("skip")), find)


def _count(found: object) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= MAX_OFFSET:
        raise InputError("a list button is not of our making: it does not say where the page begins")
    return found


def state_values(body: Body) -> Mapping[str, Any]:
    """What was typed: `view.state.values`, by block id and action id."""
    return _mapping(_mapping(_mapping(body.get("view")).get("state")).get("values"))


def typed(body: Body) -> list[str]:
    """Every text that stands in the inputs of a form, in their order."""
    found: list[str] = []
    for inputs in state_values(body).values():
        values = (_text(_mapping(one).get("value")) for one in _mapping(inputs).values())
        found += [value for value in values if value]
    return found
