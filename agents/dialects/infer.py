"""What a graph with an interrupt of its own making says, and which answer it most likely expects.

The order: the configuration, the value's own `reply`, the response schema, the value's keys, the words of the question,
the default. The first that speaks decides; `why` names it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

from agents.dialects.base import Context
from agents.dialects.replies import Rule, spelled_rule
from agents.dialects.shapes import APPROVE, DENY, EDIT, HINTS, RESPOND, SHAPES, by_options, by_schema, stated_options
from agents.naming import KEY, is_ours
from agents.schema import as_schema, fault, kind_of
from agents.titles import bounded, pretty
from approvals.model import SYSTEM, Action, Decision, DecisionType

PROSE = ("description", "message", "question", "prompt", "instructions", "instruction")
NOT_ARGS = frozenset({*PROSE, "title", "action", "options", "choices", "type", "reply", "editable", "context", "tool"})
NESTED = ("args", "arguments", "tool_input", "tool_args", "parameters")
ASKS = ("question", "prompt")
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_START = r"(?:^|[.!?:\n]\s*)"
_WORDS = re.compile(
    _START + r"(?:(?:and|so|for|at|in|on|to|from|by|with|about)\s+)?"
    r"(?:what|which|who|whom|whose|when|where|why|how|enter|provide|"
    r"please (?:provide|enter|give|tell|specify|describe))\b"
    r"[^.!]*\Z",
    re.IGNORECASE,
)
_VERDICT = re.compile(
    r"true\s*/\s*false|yes\s*/\s*no|\by\s*/\s*n\b|\b(?:approve|approved|proceed|confirm|allow|authori[sz]e)\b[^?]*\?"
    rf"|{_START}(?:do you|should i|shall i|shall we|may i|can i|ok to|okay to|is (?:this|that|it)|are you sure)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A payload taken apart. `question` is set where it asks something; `asked` is the question in words."""

    name: str
    args: Mapping[str, JsonValue]
    title: str
    description: str
    question: bool
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The shape of the answer, what is offered, and why."""

    reply: str
    allowed: tuple[DecisionType, ...]
    why: str
    template: JsonValue = None


def take_apart(payload: JsonValue, ctx: Context) -> Found:
    """The action's name, its arguments and the words around them."""
    name = ctx.node or ctx.graph or "question"
    if not isinstance(payload, dict):
        text = payload if isinstance(payload, str) else ""
        title = bounded(text) if text else ""
        rest = text if text.strip() != title else ""
        return Found(name, {}, title or f"{pretty(name)} asks", rest, question=True, asked=text)
    description = next((text for key in PROSE if isinstance(text := payload.get(key), str) and text), "")
    stated = payload.get("title")
    inner = payload.get("action")
    name = next((text for key in ("action", "tool") if isinstance(text := payload.get(key), str) and text), name)
    if isinstance(inner, dict):
        named = inner.get("name", inner.get("action"))
        name = named if isinstance(named, str) and named else name
        args = _args({key: entry for key, entry in inner.items() if key not in ("name", "action")})
    else:
        args = _args(payload)
    asks = next((text for key in ASKS if isinstance(text := payload.get(key), str) and text), "")
    named = isinstance(inner, str | dict) or isinstance(payload.get("tool"), str)
    title = stated if isinstance(stated, str) and stated else "" if named else asks or ("" if args else description)
    question = bool(asks or (description and not named))
    return Found(name, args, bounded(title), description, question=question, asked=asks or description)


def _args(payload: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    nested = next((entry for key in NESTED if isinstance(entry := payload.get(key), dict)), None)
    if nested is not None:
        return nested
    skip = NOT_ARGS | {"allow"} if "reply" in payload else NOT_ARGS
    return {key: entry for key, entry in payload.items() if key not in skip and not (key == KEY and is_ours(entry))}


def by_rule(rule: Rule, payload: JsonValue, schema: JsonValue, found: Found) -> Choice:
    """What the configuration says."""
    why = f"{rule.where} says so"
    if rule.reply:
        return Choice(rule.reply, _fitting(HINTS[rule.reply], found), why)
    if rule.spelled:
        kinds = tuple(kind for kind in DecisionType if kind.value in rule.spelled)
        return Choice("template", kinds, why, dict(rule.spelled))
    chosen = choose(payload, schema, found)
    return Choice(chosen.reply, chosen.allowed, f"{rule.where} states the schema: {chosen.why}", chosen.template)


def choose(payload: JsonValue, schema: JsonValue, found: Found) -> Choice:
    """What the interrupt itself lets one conclude."""
    hint = payload.get("reply") if isinstance(payload, dict) else None
    if isinstance(payload, dict) and isinstance(hint, str) and hint in HINTS:
        kinds = _stated_kinds(payload, _fitting(HINTS[hint], found))
        return Choice(hint, kinds, f"the interrupt says `reply: {hint}`")
    if isinstance(hint, dict) and (rule := spelled_rule(hint, "")) is not None and rule.spelled:
        kinds = tuple(kind for kind in DecisionType if kind.value in rule.spelled)
        return Choice("template", kinds, "the interrupt spells its answers in `reply`", dict(rule.spelled))
    if plain := by_schema(schema):
        return Choice(*plain, "the response schema states the type of the answer")
    if (stated := as_schema(schema)) is not None and kind_of(stated) == "object":
        return _by_object(stated, found)
    if not isinstance(payload, dict):
        return _by_words(payload)
    return _by_keys(payload, found)


def _by_words(payload: JsonValue) -> Choice:
    text = payload if isinstance(payload, str) else ""
    if _VERDICT.search(text):
        return Choice("bool", (APPROVE, DENY), "text that asks for a yes or a no: True or False")
    if _WORDS.search(text):
        return Choice("text", (RESPOND,), "text that asks for words: the text of the answer")
    return Choice("bool", (APPROVE, DENY, RESPOND), "not a dict: True, False or the text of an answer")


def _by_keys(payload: Mapping[str, JsonValue], found: Found) -> Choice:
    for key, given in (("draft", payload.get("editable") is True), ("text_to_revise", True)):
        if given and isinstance(payload.get(key), str) and set(found.args) == {key}:
            return Choice("value", (APPROVE, EDIT), f"`{key}` to be revised: the text itself")
    if not found.args and (options := stated_options(payload)):
        return Choice("choice", by_options(options), "the payload states the choices")
    if found.question and not found.args and _WORDS.search(found.asked) and not _VERDICT.search(found.asked):
        return Choice("text", (RESPOND,), "a question in words and nothing to act on: the text of the answer")
    offered = (APPROVE, EDIT, DENY) if found.args else (APPROVE, DENY, RESPOND) if found.question else (APPROVE, DENY)
    return Choice("decision", offered, "a dict: an object with `type`, `approved`, and `args`, `reason` or `text`")


def _fitting(allowed: tuple[DecisionType, ...], found: Found) -> tuple[DecisionType, ...]:
    """Respond is an answer to a question, edit a change of arguments."""
    if len(allowed) == 1:
        return allowed
    return tuple(kind for kind in allowed if kind is not RESPOND or (found.question and not found.args))


def _stated_kinds(payload: Mapping[str, JsonValue], kinds: tuple[DecisionType, ...]) -> tuple[DecisionType, ...]:
    """`allow` beside `reply` names the decisions, Respond among them also where there are arguments."""
    stated = payload.get("allow")
    if not isinstance(stated, list):
        return kinds
    return tuple(kind for kind in DecisionType if kind.value in stated) or kinds


def _by_object(stated: Mapping[str, JsonValue], found: Found) -> Choice:
    """The first shape of which both a yes and a no fit the schema; else the answer is composed of typed values."""
    action = Action(name=found.name, args=found.args)
    for shape in ("decision", "approved", "args"):
        kinds = tuple(kind for kind in HINTS[shape] if fault(_trial(shape, action, kind), dict(stated)) is None)
        if APPROVE in kinds and (DENY in kinds or shape == "args"):
            kinds = _fitting(kinds, found)
            return Choice(shape, kinds, f"the response schema takes the shape `{shape}`")
    return Choice("text", (RESPOND,), "the response schema states an object: a form, typed")


def _trial(shape: str, action: Action, kind: DecisionType) -> JsonValue:
    args = action.args if kind is EDIT else None
    return SHAPES[shape](action, Decision(type=kind, actor=SYSTEM, at=_ANY_TIME, args=args, text="-", reason="-"), None)
