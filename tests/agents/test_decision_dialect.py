"""Decisions that are asked for over HTTP: how a request is shown, what may be said, what comes of the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from langgraph.types import Interrupt

from agents.decisions import DECISIONS
from agents.dialects import Dialects
from agents.registry import Registry
from approvals.errors import ConfigError
from approvals.model import ActorRef, Approval, Decision, DecisionType, Draft, Reply, Source
from approvals.policy import Policy
from approvals.refusals import Reason, Refusal
from approvals.terms import Terms

NOW = datetime(2026, 11, 2, tzinfo=UTC)
DIALECTS = Dialects()
APPROVE, EDIT, DENY, RESPOND = DecisionType.APPROVE, DecisionType.EDIT, DecisionType.DENY, DecisionType.RESPOND


def read(request: Any, graph: str = DECISIONS) -> Draft:
    return DIALECTS.read(Interrupt(value=request, id="i" * 32), graph=graph, node="ask")


def approval(request: Any, terms: Terms | None = None) -> Approval:
    draft = read(request)
    return Approval(
        id="A1",
        thread_id="t",
        graph=DECISIONS,
        interrupt=draft.interrupt,
        dialect=draft.dialect,
        title=draft.title,
        actions=draft.actions,
        payload=draft.payload,
        schema=draft.schema,
        reply_shape=draft.reply,
        policy=Policy(name="p", channel="#c"),
        opened_at=NOW,
        terms=terms,
    )


def answered(found: Approval, kind: DecisionType, **said: Any) -> Reply | Refusal:
    decision = Decision(type=kind, actor=ActorRef("U1", Source.SLACK), at=NOW, **said)
    if no := DIALECTS.check(found, decision):
        return no
    return DIALECTS.compose(replace(found, decisions=(decision,)))


def test_the_action_is_what_policies_and_people_read() -> None:
    """It is the title and the action's name; a long one is whole in the description; no other graph speaks so."""
    draft = read({"action": "Delete 500 rows", "context": "Old ones.", "images": ["https://example.com/a.png"]})
    assert (draft.dialect, draft.title, draft.actions[0].name) == ("decision", "Delete 500 rows", "Delete 500 rows")
    assert draft.description == "Old ones.\n\nPicture: https://example.com/a.png"
    long = "Delete " + "very " * 60 + "old rows"
    assert read({"action": long}).description == long
    assert read({"action": "Delete 500 rows"}, graph="mine").dialect == "plain"


@pytest.mark.parametrize(
    ("request_", "allowed"),
    [
        ({}, (APPROVE, DENY)),
        ({"args": {"n": 1}}, (APPROVE, EDIT, DENY)),
        ({"args": {"n": 1}, "response_type": {"type": "choose", "choices": ["a"]}}, (RESPOND, DENY)),
        ({"response_type": {"type": "schedule"}}, (APPROVE, RESPOND, DENY)),
        ({"response_type": {"type": "schedule", "allow_immediate": False}}, (RESPOND, DENY)),
    ],
)
def test_what_may_be_said(request_: dict[str, Any], allowed: tuple[DecisionType, ...]) -> None:
    """Values can be changed; a typed answer is typed, or denied; a time may be now."""
    assert read({"action": "Go", **request_}).actions[0].allowed == allowed


CHOOSE = {"type": "choose", "choices": ["staging", "production"], "label": "Where?"}
TEXTS = {"type": "text_input", "fields": [{"name": "subject", "required": True}, {"name": "note"}]}
NUMBER = {"type": "number_input", "min": 1, "max": 10.5}
SCHEDULE = {"type": "schedule"}


@pytest.mark.parametrize(
    ("kind", "text", "data"),
    [
        (CHOOSE, '{"chosen": "production"}', {"chosen": "production"}),
        (CHOOSE, '{"chosen": "moon"}', None),
        (CHOOSE, "production", None),
        (TEXTS, '{"subject": "Hi"}', {"subject": "Hi"}),
        (TEXTS, '{"subject": ""}', None),
        (TEXTS, '{"note": "x"}', None),
        (TEXTS, '{"subject": "Hi", "other": "x"}', None),
        (NUMBER, '{"value": 10.5}', {"value": 10.5}),
        (NUMBER, '{"value": 11}', None),
        (SCHEDULE, '{"execute_at": "2026-12-01T09:00:00+01:00"}', {"execute_at": "2026-12-01T09:00:00+01:00"}),
        (SCHEDULE, '{"execute_at": "2026-12-01T09:00:00"}', None),
        (SCHEDULE, '{"execute_at": "tomorrow"}', None),
        (SCHEDULE, "{}", None),
    ],
)
def test_a_typed_answer_fits_what_was_asked(kind: dict[str, Any], text: str, data: Any) -> None:
    """It is refused, or comes back as data under the published names."""
    found = answered(approval({"action": "Go", "response_type": kind}), RESPOND, text=text)
    if data is None:
        assert isinstance(found, Refusal)
        assert found.reason is Reason.INVALID_ANSWER
    else:
        assert found == Reply({"decision": "respond", "notes": None, "data": data})


def test_what_was_decided_is_told_in_words_of_the_contract() -> None:
    """`modify` with the values as they are now, `deny` with the reason, a confirmation that was asked for."""
    found = approval({"action": "Go", "args": {"n": 1}})
    assert answered(found, EDIT, args={"n": 2}) == Reply({"decision": "modify", "notes": None, "data": {"n": 2}})
    assert answered(found, DENY, reason="No.") == Reply({"decision": "deny", "notes": "No.", "data": None})
    assert answered(found, APPROVE) == Reply({"decision": "approve", "notes": None, "data": None})
    twice = approval({"action": "Go"}, Terms(confirm=True))
    assert answered(twice, APPROVE) == Reply({"decision": "approve", "notes": None, "data": {"confirmed": True}})


async def test_the_graph_is_always_there_and_never_offered(tmp_path: Path) -> None:
    """It can be driven whatever the file names; a graph of that name in the file is a mistake that says so."""
    file = tmp_path / "langgraph.json"
    (tmp_path / "own.py").write_text("from agents.decisions import graph\n")
    file.write_text('{"dependencies": ["."], "graphs": {"mine": "./own.py:graph"}}')
    registry = Registry.load(file)
    assert registry.names() == ("mine",)
    assert await registry.graph(DECISIONS) is not None
    file.write_text('{"dependencies": ["."], "graphs": {"decisions": "./own.py:graph"}}')
    with pytest.raises(ConfigError, match="Signoff's own; choose another"):
        Registry.load(file)
