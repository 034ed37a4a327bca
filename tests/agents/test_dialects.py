"""Every interrupt format, both directions: what is read, and exactly what the graph is given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.types import Interrupt

from agents.dialects import Dialects
from agents.payload import MAX_TEXT
from approvals.lifecycle import Attempt, decide
from approvals.model import ActorRef, Approval, Decision, DecisionType, Draft, Reply, Source
from approvals.policy import Policy
from approvals.refusals import Reason, Refusal

NOW = datetime(2026, 11, 2, tzinfo=UTC)
WHO = ActorRef("U1", Source.SLACK)
GOLDEN = Path(__file__).parent / "golden"
DIALECTS = Dialects()


def read(value: object, schema: Any = None) -> Draft:
    return DIALECTS.read(Interrupt(value=value, id="i" * 32, response_schema=schema), graph="g", node="ask")


def opened(draft: Draft) -> Approval:
    return Approval(
        id="A1",
        thread_id="t",
        graph="g",
        interrupt=draft.interrupt,
        dialect=draft.dialect,
        title=draft.title,
        actions=draft.actions,
        payload=draft.payload,
        schema=draft.schema,
        reply_shape=draft.reply,
        template=draft.template,
        policy=Policy(name="p", channel="#c"),
        opened_at=NOW,
    )


def answered(approval: Approval, decisions: list[dict[str, Any]]) -> Reply | Refusal:
    """Each decision is checked before it counts, as at a click; then the answer is composed."""
    for stated in decisions:
        decision = Decision(actor=WHO, at=NOW, **{**stated, "type": DecisionType(stated["type"])})
        if no := DIALECTS.check(approval, decision):
            return no
        approval = replace(approval, decisions=(*approval.decisions, decision))
    return DIALECTS.compose(approval)


def untold(value: Any) -> Any:
    """The answer without what every `decision` answer tells beside it: for which approval, who, when."""
    told = {"approval": "A1", "actor": "U1", "decided_at": NOW.isoformat()}
    if isinstance(value, dict) and told.items() <= value.items() and value.get("type") in list(DecisionType):
        return {name: entry for name, entry in value.items() if name not in told}
    assert not isinstance(value, dict) or "type" not in value or "approved" not in value
    return value


def cases() -> Iterator[Any]:
    for file in sorted(GOLDEN.glob("*.json")):
        for case in json.loads(file.read_text()):
            yield pytest.param(case, id=f"{file.stem}: {case['case']}")


@pytest.mark.parametrize("case", list(cases()))
def test_golden(case: dict[str, Any]) -> None:
    """What is read of the interrupt, and what each answer becomes."""
    draft = read(case["value"], case.get("schema"))
    assert (draft.dialect, draft.title) == (case["dialect"], case["title"])
    assert draft.reply == case.get("reply", draft.reply)
    assert draft.why
    actions = [{"name": a.name, "args": dict(a.args), "allowed": [str(k) for k in a.allowed]} for a in draft.actions]
    expected = [{**a, "allowed": sorted(a["allowed"])} for a in case["actions"]]
    assert [{**a, "allowed": sorted(a["allowed"])} for a in actions] == expected
    for answer in case["answers"]:
        result = answered(opened(draft), answer["decisions"])
        if "refused" in answer:
            assert isinstance(result, Refusal), answer
            assert str(result.reason) == answer["refused"]
        else:
            assert isinstance(result, Reply), (answer, result)
            assert json.dumps(untold(result.value)) == json.dumps(answer["resume"])


def test_the_decision_may_stand_in_the_record_already() -> None:
    """The service checks a decision after adding it to the record: the same refusals come out."""
    draft = read({"action": "pay", "args": {"amount": 1}})
    attempt = Attempt(type=DecisionType.EDIT, actor=WHO, args={"amount": "1"})
    change = decide(opened(draft), attempt, NOW)
    assert not isinstance(change, Refusal)
    refusal = DIALECTS.check(change.approval, change.approval.decisions[-1])
    assert refusal is not None
    assert (refusal.reason, refusal.field) == (Reason.INVALID_ANSWER, "amount")


def test_an_unknown_dialect_is_refused() -> None:
    """A record written by a later version is not guessed at."""
    approval = replace(opened(read("?")), dialect="telepathy")
    decision = Decision(type=DecisionType.APPROVE, actor=WHO, at=NOW)
    refusal = DIALECTS.check(approval, decision)
    assert refusal is not None
    assert refusal.reason is Reason.NOT_POSSIBLE
    assert isinstance(DIALECTS.compose(replace(approval, decisions=(decision,))), Refusal)


def test_what_was_not_shown_whole_is_not_handed_back() -> None:
    """Too long to be shown: it can be approved or denied, not edited, and the copy is not passed off as the rest."""
    draft = read({"action": "send", "args": {"body": "x" * (MAX_TEXT + 1)}})
    assert DecisionType.EDIT not in draft.actions[0].allowed
    reply = answered(opened(draft), [{"type": "approve"}])
    assert isinstance(reply, Reply)
    assert untold(reply.value) == {"type": "approve", "approved": True, "args": {}}


def test_the_hash_tells_questions_apart() -> None:
    """The same question has the same hash, in whatever order its keys stand; another value or schema has another."""
    one = read({"a": 1, "b": Decimal("2.0")}).interrupt.payload_hash
    assert one == read({"b": Decimal("2.0"), "a": 1}).interrupt.payload_hash
    assert one != read({"a": 1, "b": Decimal("2.1")}).interrupt.payload_hash
    assert one != read({"a": 1, "b": Decimal("2.0")}, {"type": "boolean"}).interrupt.payload_hash


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
WORDS = """action args arguments action_request action_requests review_configs config type name options choices
question description reply draft editable title tool text_to_revise allow_accept allow_edit tool_approval"""
KEYS = st.sampled_from(WORDS.split())


@given(ANYTHING | st.dictionaries(KEYS, ANYTHING | st.dictionaries(KEYS, ANYTHING, max_size=3), max_size=5))
def test_any_value_is_read_and_every_offered_answer_composes(value: object) -> None:
    """No interrupt value breaks the reading, and whatever is offered can be composed (typed answers may be refused)."""
    draft = read(value)
    assert draft.actions
    assert 0 < len(draft.title) <= 120
    json.dumps([draft.payload, [dict(a.args) for a in draft.actions]], allow_nan=False).encode()
    approval = opened(draft)
    for kind in approval.allowed:
        args = dict(draft.actions[0].args) if kind is DecisionType.EDIT else None
        result = answered(approval, [{"type": kind, "args": args, "text": "some text"}])
        if isinstance(result, Refusal):
            assert kind is DecisionType.RESPOND
        else:
            json.dumps(result.value)


def test_the_same_question_is_read_once_and_any_other_anew() -> None:
    """By the text of what was asked, under the same id: `True` is not `1`, and another schema is another question."""
    first = read({"action": "pay", "args": {"all": True}})
    assert read({"action": "pay", "args": {"all": True}}) is first
    other = read({"action": "pay", "args": {"all": 1}})
    assert other.actions[0].args["all"] is not True
    assert other.interrupt.payload_hash != first.interrupt.payload_hash
    assert read({"action": "pay", "args": {"all": 1}}, {"type": "string"}).schema == {"type": "string"}
