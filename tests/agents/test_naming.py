"""Titles by template: what is filled in, what is not, where it came from, and after an edit."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Interrupt
from pydantic import JsonValue

from agents.dialects import Dialects
from agents.dialects.replies import RuleError, read_replies
from agents.helper import ask
from agents.naming import TemplateError, Unfilled, anew, check, fill
from approvals.model import ActorRef, Approval, Decision, DecisionType, Draft, Source
from approvals.policy import Policy
from approvals.store.codec import APPROVALS

CALL: JsonValue = {"action": "issue_refund", "args": {"customer": "8821", "amount": 4200.5, "due": "2026-11-05"}}
RULES = {"titles": {"g": {"issue_refund": "Refund ${amount:money} to customer {customer}"}}}
T0 = datetime(2026, 11, 2, 9, tzinfo=UTC)


def asked(value: JsonValue, rules: object = None) -> Draft:
    """What such a value of the graph `g` becomes."""
    replies = read_replies(rules, ("g",), "langgraph.json: signoff")
    return Dialects(replies=replies).read(Interrupt(value=value, id="0" * 32), graph="g", node="gate")


def opened(draft: Draft, *decisions: Decision) -> Approval:
    """The draft as a record."""
    return Approval(
        id="A0", thread_id="t", graph="g", interrupt=draft.interrupt, dialect=draft.dialect, title=draft.title,
        description=draft.description, actions=draft.actions, policy=Policy(name="p", channel="#c"), opened_at=T0,
        payload=draft.payload, titling=draft.titling, decisions=decisions,
    )  # fmt: skip


def edited(**args: JsonValue) -> Decision:
    return Decision(type=DecisionType.EDIT, actor=ActorRef("U1", Source.SLACK), at=T0, args=args)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Refund ${amount:money} to {customer}", "Refund $4,200.50 to 8821"),
        ("{amount}", "4200.50"),
        ("{{not}} {customer}", "{not} 8821"),
        ("Pay on {due:date}", "Pay on 5 Nov 2026"),
        ("{at:date}", "5 Nov 2026, 14:30 UTC"),
        ("{orders:count} orders", "2 orders"),
        ("{big:money}", "1,000,000"),
        ("{flag}", "yes"),
        ("{hostile}", "{customer}"),
    ],
)
def test_what_is_filled_in(template: str, text: str) -> None:
    """Values, formats, braces; a value is never read again."""
    values: dict[str, JsonValue] = {
        "amount": 4200.5, "customer": "8821", "due": "2026-11-05", "at": "2026-11-05T14:30:00Z", "orders": [1, 2],
        "big": "1000000.00", "flag": True, "hostile": "{customer}",
    }  # fmt: skip
    assert fill(check(template), values) == text


@pytest.mark.parametrize(
    "template", ["{gone}", "{orders}", "{word:money}", "{word:date}", "{word:count}", "{inf:money}", "{blank}"]
)
def test_what_cannot_be_filled_in(template: str) -> None:
    """An argument that is not there, or is not of that kind."""
    values: dict[str, JsonValue] = {"orders": [1], "word": "soon", "inf": "1e99", "blank": "  "}
    with pytest.raises(Unfilled):
        fill(check(template), values)


@pytest.mark.parametrize("template", ["", "  ", "{", "a } b", "{a:nope}", "x" * 600, 7, "{}"])
def test_what_is_no_template(template: object) -> None:
    """Stray braces, unknown formats, nothing, too much."""
    with pytest.raises(TemplateError):
        check(template)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80), st.dictionaries(st.text(max_size=9), st.text(max_size=200) | st.integers() | st.floats()))
def test_whatever_stands_there_nothing_breaks(template: str, values: dict[str, JsonValue]) -> None:
    """Filled in within its bounds on one line, or refused by name; a whole question never raises."""
    try:
        text = fill(check(template), values)
        assert len(text) <= 120
        assert "\n" not in text
    except (TemplateError, Unfilled):
        pass
    assert asked({"action": "a", "args": values, "signoff": {"title": template}}).title


def test_a_template_of_the_configuration() -> None:
    """By action before node before `*`; the title says where it came from, and the record keeps that."""
    draft = asked(CALL, RULES)
    assert draft.title == "Refund $4,200.50 to customer 8821"
    assert draft.titling is not None
    assert draft.titling.why == "langgraph.json: signoff.titles.g.issue_refund says so"
    assert APPROVALS.load(APPROVALS.dump(opened(draft))).titling == draft.titling
    whole = {"titles": {"g": {"title": "T {customer}", "summary": "Due {due:date}."}}}
    assert (asked(CALL, whole).title, asked(CALL, whole).description) == ("T 8821", "Due 5 Nov 2026.")


def test_a_template_of_the_interrupt() -> None:
    """Under the key `signoff`, whatever the format; it is no argument, and stands before the configuration."""
    value = {**CALL, "signoff": {"title": "Give {customer} back ${amount:money}"}}  # type: ignore[dict-item]
    assert asked(value, RULES).title == "Give 8821 back $4,200.50"
    plain = asked({"amount": 3, "signoff": {"title": "Pay {amount}"}})
    assert plain.title == "Pay 3"
    assert dict(plain.actions[0].args) == {"amount": 3}
    calls: JsonValue = {"action_requests": [{"name": "pay", "args": {"to": "Ada"}}], "review_configs": [],
                        "signoff": {"title": "Pay {to}"}}  # fmt: skip
    assert asked(calls).title == "Pay Ada"
    kept = asked({"amount": 3, "signoff": {"title": "x", "by": "Ana"}})
    assert "signoff" in kept.actions[0].args, "an argument of that name that is not ours stays one"


def test_what_is_missing_leaves_the_title_as_it_was() -> None:
    """And says so; nothing raises."""
    draft = asked({"action": "issue_refund", "args": {"amount": 1}}, RULES)
    assert draft.title == asked({"action": "issue_refund", "args": {"amount": 1}}).title
    assert draft.titling is not None
    assert "there is no “customer”" in draft.titling.why


def test_several_actions_are_each_called_by_their_template() -> None:
    """Those without one keep their name."""
    calls: JsonValue = {"action_requests": [
        {"name": "issue_refund", "args": {"amount": 5, "customer": "Ada"}}, {"name": "delete_file", "args": {}}],
        "review_configs": []}  # fmt: skip
    assert asked(calls, RULES).title == "2 actions: Refund $5 to customer Ada, Delete file"


def test_an_edit_makes_the_title_anew() -> None:
    """By template, or of the name and arguments; what was stated in words stays, and an old record too."""
    change = edited(customer="8821", amount=120, due="2026-11-05")
    by_template = opened(asked(CALL, RULES), change)
    assert anew(by_template).title == "Refund $120 to customer 8821"
    made = opened(asked(CALL), change)
    assert "120" in anew(made).title
    assert anew(made).title != made.title
    stated = opened(asked({**CALL, "title": "A refund"}), change)  # type: ignore[dict-item]
    assert anew(stated).title == "A refund"
    assert anew(replace(made, titling=None)) == replace(made, titling=None)
    assert anew(opened(asked(CALL, RULES))).title == "Refund $4,200.50 to customer 8821"


@pytest.mark.parametrize(
    ("rules", "keys"),
    [
        ({"titles": {"nobody": "x"}}, ("titles", "nobody")),
        ({"titles": {"g": "{x"}}, ("titles", "g")),
        ({"titles": {"g": {"pay": {"title": "{x:nope}"}}}}, ("titles", "g", "pay", "title")),
        ({"titles": {"g": {"pay": {"titel": "x"}}}}, ("titles", "g", "pay", "titel")),
        ({"titles": {"g": {"pay": 3}}}, ("titles", "g", "pay")),
        ({"titles": {"g": {}}}, ("titles", "g")),
    ],
)
def test_mistakes_name_their_place(rules: object, keys: tuple[str, ...]) -> None:
    """Unknown graphs, formats and keys, stray braces."""
    with pytest.raises(RuleError) as wrong:
        asked(CALL, rules)
    assert wrong.value.keys == keys
    assert json.dumps(str(wrong.value))


def test_the_helper_states_a_title_and_a_summary() -> None:
    """`ask` hands its templates on, and the card is called by them; without them nothing is stated."""

    def node(state: dict[str, Any]) -> dict[str, Any]:
        more = {"title": "Refund ${amount:money} to {customer}", "summary": "Of {customer}."} if state["named"] else {}
        ask("Refund?", action="refund", args={"amount": 4200, "customer": "ACME"}, **more)
        return state

    graph: Any = StateGraph(dict)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    compiled = graph.compile(checkpointer=InMemorySaver())
    told: list[tuple[str, str]] = []
    for thread, by_template in (("1", True), ("2", False)):
        given = {"named": by_template}
        (asked,) = compiled.invoke(given, {"configurable": {"thread_id": thread}})["__interrupt__"]
        assert ("signoff" in asked.value) is by_template
        draft = Dialects().read(asked, graph="g", node="node")
        told.append((draft.title, draft.description))
    assert told[0][0] == "Refund $4,200 to ACME"
    assert told[0][1] == "Of ACME.\n\nRefund?"
    assert told[1][0] == "Refund: amount 4200, customer ACME"
