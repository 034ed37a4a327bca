"""What every dialect is, and what all of them check alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

from pydantic import JsonValue

from agents.dialects.replies import Replies
from approvals.model import Action, Approval, Decision, DecisionType, Reply
from approvals.refusals import Reason, Refusal
from approvals.tally import verdicts


@dataclass(frozen=True, slots=True)
class Context:
    """Where the interrupt came from."""

    graph: str = ""
    node: str = ""
    replies: Replies = field(default_factory=Replies)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a dialect understood of an interrupt: the part of a `Draft` that is its own.

    `schema` is that of the answer where it is not the interrupt's own.
    """

    actions: tuple[Action, ...]
    title: str
    description: str = ""
    reply: str = ""
    why: str = ""
    schema: JsonValue = None
    template: JsonValue = None


class Dialect(Protocol):
    """One wire format of interrupts, both directions. Pure; holds nothing."""

    @property
    def name(self) -> str:
        """Stored with the approval: the answer goes back in the dialect that read the question."""
        ...

    def read(self, value: object, schema: JsonValue, ctx: Context) -> Reading | None:
        """The interrupt value understood, or `None`: not this dialect's."""
        ...

    def check(self, approval: Approval, decision: Decision) -> Refusal | None:
        """What this format cannot take, beyond what `check_decision` already refused."""
        ...

    def compose(self, approval: Approval) -> Reply | Refusal:
        """The resume value. Every action has a verdict that its `allowed` names."""
        ...


def as_mapping(value: object) -> Mapping[str, object] | None:
    """The value if it is a dict with string keys throughout."""
    if not isinstance(value, dict):
        return None
    entries = cast("dict[object, object]", value)
    named = all(isinstance(key, str) for key in entries)
    return cast("dict[str, object]", entries) if named else None


def as_list(value: object) -> list[object] | None:
    """The value if it is a list or a tuple."""
    return list(cast("Sequence[object]", value)) if isinstance(value, list | tuple) else None


def text_of(value: object) -> str:
    """The value if it is text, else nothing."""
    return value if isinstance(value, str) else ""


def verdicts_of(approval: Approval) -> tuple[Decision, ...] | Refusal:
    """One decision per action, each of a kind that the action allows."""
    found: list[Decision] = []
    for index, (action, verdict) in enumerate(zip(approval.actions, verdicts(approval), strict=True)):
        if verdict is None:
            return Refusal(Reason.NOT_POSSIBLE, f"Action {index + 1} ({action.name}) has no decision yet.")
        if verdict.type not in action.allowed:
            return Refusal(Reason.NOT_OFFERED, f"The graph does not take “{verdict.type}” for {action.name}.")
        found.append(verdict)
    return tuple(found)


def check_decision(approval: Approval, decision: Decision) -> Refusal | None:
    """What no format takes: an action that is not there, a decision not offered, wrong arguments, an empty answer."""
    if decision.action is not None and not 0 <= decision.action < len(approval.actions):
        return Refusal(Reason.NO_SUCH_ACTION, f"There are {len(approval.actions)} actions.")
    if decision.action is None:
        # `approval` may hold the decision already: then it is about the actions for which it stands.
        pairs = zip(approval.actions, verdicts(approval), strict=True)
        actions = tuple(action for action, verdict in pairs if verdict is None or verdict == decision)
    else:
        actions = (approval.actions[decision.action],)
    for action in actions:
        if decision.type not in action.allowed:
            return Refusal(Reason.NOT_OFFERED, f"“{decision.type}” is not offered for {action.name}.")
    if decision.type is DecisionType.RESPOND and not (decision.text or "").strip():
        return Refusal(Reason.INVALID_ANSWER, "The answer is empty.", field="text")
    if decision.type is DecisionType.EDIT:
        if len(actions) != 1:
            return Refusal(Reason.INVALID_ANSWER, "Say which action the edit is about.")
        return check_args(actions[0], decision.args)
    return None


def check_args(action: Action, given: Mapping[str, JsonValue] | None) -> Refusal | None:
    """Edited arguments have exactly the names that were shown, and values of the type that was shown.

    A shown `null` says nothing about the type. Integers and decimals count as one type.
    """
    if given is None:
        return Refusal(Reason.INVALID_ANSWER, f"An edit of {action.name} needs all its arguments.")
    for name in given:
        if name not in action.args:
            return Refusal(Reason.INVALID_ANSWER, f"{action.name} has no argument “{name}”.", field=name)
    for name, shown in action.args.items():
        if name not in given:
            return Refusal(Reason.INVALID_ANSWER, f"The argument “{name}” is missing.", field=name)
        if shown is not None and json_type(shown) != json_type(given[name]):
            return Refusal(Reason.INVALID_ANSWER, f"“{name}” must be {json_type(shown)}.", field=name)
    return None


def json_same(one: JsonValue, other: JsonValue) -> bool:
    """Equal in type and in the order of keys too: `1`, `1.0` and `True` differ."""
    return json.dumps(one) == json.dumps(other)


def json_type(value: JsonValue) -> str:
    """JSON's name of the value's type, with an article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return {str: "a text", list: "a list", dict: "an object"}[type(value)]
