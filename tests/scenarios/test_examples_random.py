"""Interrupts and schemas nobody thought of: always a card and a form that Slack takes, always an answer that fits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from langgraph.types import Interrupt

from agents.dialects import Dialects
from approvals.model import ActorRef, Approval, Decision, DecisionType, Reply, Source
from approvals.policy import Policy
from bot import modals, schema_form
from bot.card import card
from bot.schema_branches import BRANCH, branches
from bot.schema_plan import NOTHING, Field, Kind, path_of, plan
from localslack.elements import client_errors, filled, initial_values
from tests.bot.checks import sound, sound_view

NOW = datetime(2026, 11, 2, tzinfo=UTC)
WHO = ActorRef("U1", Source.SLACK)
DIALECTS = Dialects()
QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))


def opened(value: object, schema: Any = None) -> Approval:
    draft = DIALECTS.read(Interrupt(value=value, id="i" * 32, response_schema=schema), graph="g", node="ask")
    return Approval(
        id="A1",
        thread_id="t",
        graph="g",
        interrupt=draft.interrupt,
        dialect=draft.dialect,
        title=draft.title,
        description=draft.description,
        actions=draft.actions,
        payload=draft.payload,
        schema=draft.schema,
        reply_shape=draft.reply,
        template=draft.template,
        why=draft.why,
        policy=Policy(name="p", channel="#c"),
        opened_at=NOW,
    )


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60) | st.binary(max_size=20)
MORE = st.decimals() | st.datetimes() | st.uuids() | st.sampled_from(["<!channel>", "*b*", "\u202egpj.exe", "\x00"])
ANYTHING = st.recursive(
    LEAF | MORE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=10,
)
WORDS = [
    "action",
    "args",
    "action_request",
    "action_requests",
    "review_configs",
    "config",
    "name",
    "options",
    "question",
    "description",
    "reply",
    "draft",
    "editable",
    "title",
    "tool",
    "text_to_revise",
    "allow_accept",
    "allow_edit",
    "allow",
    "type",
    "message",
    "context",
]
KEYED = st.dictionaries(
    st.sampled_from(WORDS), ANYTHING | st.dictionaries(st.sampled_from(WORDS), ANYTHING, max_size=3)
)


@settings(QUIET, max_examples=300)
@given(ANYTHING | KEYED)
def test_any_interrupt_becomes_a_card_and_forms_that_slack_takes(value: object) -> None:
    """Whatever a graph says: the card and each form that its buttons open are valid, and nothing in them is parsed."""
    approval = opened(value)
    sound(card(approval, NOW), approval)
    sound_view(modals.review(approval, 0), approval)
    sound_view(modals.deny(approval, None), approval)
    for index, action in enumerate(approval.actions):
        if DecisionType.EDIT in action.allowed:
            sound_view(modals.edit(approval, index), inputs=True)
        if DecisionType.RESPOND in action.allowed:
            sound_view(modals.respond(approval, index), inputs=True)


PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
DAYS = st.dates().map(lambda day: day.isoformat())
MOMENTS = st.integers(1_000_000_000, 4_000_000_000).map(lambda s: datetime.fromtimestamp(s, UTC).isoformat())


@st.composite
def numbers(draw: st.DrawFn, *, whole: bool) -> tuple[dict[str, Any], Any]:
    value = draw(st.integers(-(10**9), 10**9)) if whole else draw(st.integers(-(10**6), 10**6)) / 8
    stated: dict[str, Any] = {"type": "integer" if whole else "number"}
    if draw(st.booleans()):
        stated["minimum"] = value - draw(st.integers(0, 5))
    if draw(st.booleans()):
        stated["maximum"] = value + draw(st.integers(0, 5))
    return stated, value


@st.composite
def texts(draw: st.DrawFn) -> tuple[dict[str, Any], Any]:
    value = draw(PLAIN)
    stated: dict[str, Any] = {"type": "string"}
    if draw(st.booleans()):
        stated["minLength"] = draw(st.integers(0, len(value)))
    if draw(st.booleans()):
        stated["maxLength"] = len(value.encode("utf-16-le")) // 2 + draw(st.integers(0, 4000))
    return stated, value


@st.composite
def enums(draw: st.DrawFn, *, several: bool) -> tuple[dict[str, Any], Any]:
    values = draw(st.lists(PLAIN, min_size=1, max_size=6, unique_by=str.lower))
    if not several:
        return {"type": "string", "enum": values}, draw(st.sampled_from(values))
    chosen = draw(st.lists(st.sampled_from(values), max_size=3, unique=True))
    return {"type": "array", "items": {"enum": values}}, list(chosen)


def leaves() -> st.SearchStrategy[tuple[dict[str, Any], Any]]:
    return st.one_of(
        texts(),
        numbers(whole=True),
        numbers(whole=False),
        st.booleans().map(lambda value: ({"type": "boolean"}, value)),
        enums(several=False),
        enums(several=True),
        DAYS.map(lambda value: ({"type": "string", "format": "date"}, value)),
        MOMENTS.map(lambda value: ({"type": "string", "format": "date-time"}, value)),
        st.lists(PLAIN, min_size=1, max_size=3).map(lambda v: ({"type": "array", "items": {"type": "string"}}, v)),
        st.lists(st.integers(0, 9), max_size=3).map(lambda v: ({"type": "array", "items": {"type": "integer"}}, v)),
    )


@st.composite
def nullable(draw: st.DrawFn, inner: Any) -> tuple[dict[str, Any], Any]:
    stated, value = draw(inner)
    return {"anyOf": [stated, {"type": "null"}]}, value


@st.composite
def objects(draw: st.DrawFn, inner: Any) -> tuple[dict[str, Any], Any]:
    members = draw(st.dictionaries(PLAIN, inner, min_size=1, max_size=4))
    stated: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    value: dict[str, Any] = {}
    for name, (schema, member) in members.items():
        extra = {"description": draw(st.text(max_size=30))} if draw(st.booleans()) else {}
        stated["properties"][name] = {**schema, **extra}
        needed = draw(st.booleans())
        if needed:
            stated["required"].append(name)
        if needed or draw(st.booleans()):
            value[name] = member
    if draw(st.booleans()):
        stated["additionalProperties"] = False
    return stated, value


@st.composite
def unions(draw: st.DrawFn, inner: Any) -> tuple[dict[str, Any], Any]:
    one, value = draw(objects(inner))
    other, _ = draw(objects(inner))
    for word, branch in (("one", one), ("two", other)):
        branch["properties"] = {"kind": {"const": word}, **branch["properties"]}
        branch["required"] = ["kind", *(name for name in branch["required"] if name != "kind")]
    told = {"discriminator": {"propertyName": "kind"}} if draw(st.booleans()) else {}
    return {draw(st.sampled_from(["oneOf", "anyOf"])): [one, other], **told}, {**value, "kind": "one"}


FIELDS = st.one_of(leaves(), nullable(leaves()), objects(leaves()), objects(objects(leaves())))
SCHEMAS = st.one_of(leaves(), objects(FIELDS), objects(FIELDS), unions(leaves()))


def typed(field: Field, value: Any) -> Any:
    """What a person does in the input of this field to say the value."""
    match field.kind:
        case Kind.CHOICE:
            return str(next(i for i, choice in enumerate(field.choices) if choice == value))
        case Kind.CHOICES:
            return [str(i) for i, choice in enumerate(field.choices) if choice in value]
        case Kind.BOOLEAN:
            return "true" if value else "false"
        case Kind.LINES:
            return "\n".join(value)
        case Kind.MOMENT:
            return int(datetime.fromisoformat(value).timestamp())
        case Kind.JSON:
            return json.dumps(value)
        case Kind.INTEGER | Kind.NUMBER:
            return format(value, "f") if isinstance(value, float) else str(value)
        case _:
            return value


@settings(QUIET, max_examples=1500)
@given(SCHEMAS)
def test_a_valid_submission_round_trips(case: tuple[dict[str, Any], Any]) -> None:
    """Any schema has a form that Slack takes; a valid answer typed into it is the very answer that the graph gets."""
    schema, value = case
    assume(Draft202012Validator(schema).is_valid(value))
    approval = opened("How?", schema)
    view = modals.respond(approval, 0)
    sound_view(view, approval, inputs=True)
    sound(card(approval, NOW), approval)
    if not schema_form.has_form(approval):
        return
    fields, first = plan(approval.schema), initial_values(view["blocks"])
    if every := branches(approval.schema):
        at = next(index for index, branch in enumerate(every) if branch.value == value[branch.by])
        fields, first[BRANCH] = every[at].fields, {BRANCH: {"selected_option": {"value": str(at)}}}
        assert schema_form.branch_of(approval, first) == at
        view = modals.respond(approval, 0, at)
        sound_view(view, approval, inputs=True)
    blocks, state = view["blocks"], initial_values(view["blocks"])
    elements = {block["block_id"]: block["element"] for block in blocks if block["type"] == "input"}
    for field, block in zip(fields, (block for block in elements if block != BRANCH), strict=True):
        said = path_of(value, field.path)
        if said is not NOTHING:
            state[block]["value"] = filled(elements[block], typed(field, said))
    assert client_errors(blocks, state) == {}
    text = schema_form.read(approval, state)
    assert isinstance(text, str), text
    decision = Decision(type=DecisionType.RESPOND, actor=WHO, at=NOW, text=text)
    refusal = DIALECTS.check(approval, decision)
    assert refusal is None, (refusal, text)
    reply = DIALECTS.compose(replace(approval, decisions=(decision,)))
    assert isinstance(reply, Reply)
    assert Draft202012Validator(schema).is_valid(reply.value)
    assert unordered(reply.value) == unordered(value)


def unordered(value: Any) -> Any:
    """The value without what a form cannot tell apart: the order of choices, and a member left out or empty."""
    if isinstance(value, dict):
        return {k: kept for k, v in value.items() if (kept := unordered(v)) not in ({}, [], None)}
    return sorted(map(str, value)) if isinstance(value, list) else value


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
RULES = (
    "type properties required items enum anyOf oneOf allOf $ref const minimum maxLength pattern format default title"
)
NONSENSE = st.dictionaries(st.sampled_from(RULES.split()), JSONISH | st.dictionaries(st.text(max_size=5), JSONISH))


@settings(QUIET, max_examples=300)
@given(NONSENSE, st.text(max_size=30))
def test_a_schema_that_makes_no_sense_breaks_nothing(schema: dict[str, Any], text: str) -> None:
    """It still has a card and a form, and an answer is taken or refused with a reason; LangGraph checks again."""
    approval = opened("How?", schema)
    sound(card(approval, NOW), approval)
    sound_view(modals.respond(approval, 0), inputs=True)
    kind = approval.allowed[0]
    decision = Decision(type=kind, actor=WHO, at=NOW, text=text, args=dict(approval.actions[0].args))
    DIALECTS.check(approval, decision)
    DIALECTS.compose(replace(approval, decisions=(decision,)))
