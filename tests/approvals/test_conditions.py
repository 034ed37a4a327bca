"""Conditions of policies: what an admin expects of numbers, and never a yes out of an error."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from approvals.conditions import (
    DEEPEST,
    LONGEST,
    TEXT_FOR_MACROS,
    VALUES,
    BadCondition,
    Undecided,
    compile_condition,
)


def facts(amount: JsonValue = 340, **more: JsonValue) -> dict[str, JsonValue]:
    """What a condition is asked about: one action with an amount."""
    action: dict[str, JsonValue] = {"name": "issue_refund", "args": {"amount": amount}, "description": "Refund"}
    base: dict[str, JsonValue] = {
        "action": action,
        "actions": [action],
        "requester": {"id": "U1"},
        "graph": "refund",
        "node": "tools",
        "urgency": "normal",
        "thread": {"id": "t-1"},
        "title": "A refund",
    }
    return {**base, **more}


@pytest.mark.parametrize(
    ("text", "amount", "holds"),
    [
        ("action.args.amount <= 500", 340, True),
        ("action.args.amount <= 500", 340.5, True),
        ("action.args.amount <= 500", 500.5, False),
        ("action.args.amount <= 500.0", 340, True),
        ("action.args.amount == 340", 340.0, True),
        ("action.args.amount in [340.0, 341.0]", 340, True),
        ("action.args.amount > 500", 2**70, True),
        ("action.args.amount > 500", -(10**400), False),
        ("action.args.amount > 9007199254740992", 2**53 + 1, True),
        ("action.args.amount + 1 == 341", 340, True),
        ("has(action.args.amount) && !has(action.args.note)", 340, True),
        ("has(action.args.note) && action.args.note < 3", 340, False),
        ("actions.all(a, a.args.amount <= 500)", 340.5, True),
        ("actions.exists(a, a.name.startsWith('delete_'))", 340, False),
        ("requester.id in ['U1', 'U2'] && graph == 'refund' && thread.id.matches('^t-[0-9]+$')", 340, True),
        ("urgency == 'high' || action.args.nope == 1", 340, None),
        ("urgency == 'normal' || action.args.nope == 1", 340, True),
        ("action.args['amount'] < 500 // the small ones\n&& size(actions) == 1", 340, True),
        ("double(action.args.amount) < 341.0", "340.5", True),
    ],
)
def test_what_holds(text: str, amount: JsonValue, holds: bool | None) -> None:
    """Numbers compare with literals of either kind, exactly; the rest of CEL is as its definition has it."""
    found = compile_condition(text).holds(facts(amount))
    assert found is holds if holds is not None else isinstance(found, Undecided)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("action.args.amount <= 500", "340"),
        ("action.args.amount <= 500", None),
        ("action.args.amount <= 500", True),
        ("action.args.amount <= 500", [1]),
        ("action.args.amount <= 500", float("nan")),
        ("action.args.amount * 2 <= 500", 340.5),
        ("action.args.nope == 1", 1),
        ("action.args[action.args.amount] == 1", "hunter2"),
        ("int(action.args.amount) == 1", "hunter2"),
        ("100 / action.args.amount > 1", 0),
        ("9223372036854775807 + action.args.amount > 1", 1),
        ("action.args.amount", 1),
        ("action.args.amount", "hunter2"),
        ("graph.matches(action.args.amount)", "(hunter2"),
        ("action.args.amount == 'x'", "\ud800"),
    ],
)
def test_what_cannot_be_said_is_undecided(text: str, amount: JsonValue) -> None:
    """Wrong kinds, missing keys, no result, no boolean: never a yes, and the reason does not quote the facts."""
    found = compile_condition(text).holds(facts(amount))
    assert isinstance(found, Undecided)
    assert not found, "a careless `if` does not take it for a yes"
    assert 0 < len(found.why) < 100
    assert "hunter2" not in found.why
    assert "nope" not in found.why


@pytest.mark.parametrize(
    ("text", "position", "names"),
    [
        ("requestr.id == 'U1'", (1, 9), "requestr"),
        ("true ||\n grph == 'x'", (2, 2), "grph"),
        ("actions.all(a, b.name == 'x')", (1, 17), "b.name"),
        ("nosuch(graph)", (1, 7), "nosuch"),
        ("graph.lowerAsci() == 'x'", (1, 16), "lowerAsci"),
        ("graph == 3", (1, 7), "string, int"),
        ("requester.id ==", (1, 16), "Syntax error"),
        ("", (1, 1), "Syntax error"),
        ("graph", None, "string"),
        ("1 + 1", None, "int"),
        ("(" * 990 + "true" + ")" * 990, None, "deep"),
        ("action" + ".a" * 900 + " == 1", None, "deep"),
        ("graph == '\ud800'", None, "Unicode"),
        (" " * (LONGEST - 4) + "true ", None, "2000"),
        ("&&".join(["actions.all(a, true)"] * 5), None, "at most 4"),
    ],
)
def test_what_is_no_condition(text: str, position: tuple[int, int] | None, names: str) -> None:
    """Syntax, names, kinds and bounds are found when the rule is read, with the place where it is known."""
    with pytest.raises(BadCondition) as found:
        compile_condition(text)
    assert found.value.text == text
    assert found.value.position == position
    assert names in found.value.why
    assert len(str(found.value)) < 400
    assert "<input>" not in str(found.value)


def _deep(levels: int) -> JsonValue:
    value: JsonValue = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("graph == 'refund'", facts(_deep(DEEPEST))),
        ("action.args == action.args", facts(_deep(100_000))),
        ("graph == 'refund'", facts(list(range(VALUES)))),
        ("graph == 'refund'", facts("x" * 1_000_000)),
        ("actions.all(a, true)", facts("x" * TEXT_FOR_MACROS)),
        ("actions.all(a, actions.all(b, actions.all(c, a == a)))", facts(actions=[{"name": "x"}] * 200)),
        (
            "[1,2,3,4,5,6,7,8,9,0].all(a,".replace("[", "actions.all(a,[") * 2 + "true" + ")" * 4,
            facts(actions=[{}] * 500),
        ),
    ],
)
def test_hostile_facts_cost_little(text: str, given: dict[str, JsonValue]) -> None:
    """Too deep, too many, too long, or looked at too often: undecided, instead of a crash or a wait."""
    assert isinstance(compile_condition(text).holds(given), Undecided)


def test_large_facts_are_fine_within_the_bounds() -> None:
    """A long mail as an argument does not keep a condition from its answer."""
    assert (
        compile_condition("graph == 'refund' && action.args.amount.contains('x')").holds(facts("x" * 900_000)) is True
    )
    many: list[JsonValue] = [{"name": f"a{number}", "args": {"amount": number}} for number in range(800)]
    assert compile_condition("actions.all(a, a.args.amount < 800)").holds(facts(actions=many)) is True


def test_missing_or_foreign_facts_are_undecided() -> None:
    """Whatever the caller hands over, it is an answer and no exception."""
    assert isinstance(compile_condition("thread.id == 't'").holds({}), Undecided)
    assert isinstance(compile_condition("title == 't'").holds(facts(title=None)), Undecided)
    strange: Any = {"action": {"name": object()}, "graph": "refund"}
    assert isinstance(compile_condition("graph == 'refund'").holds(strange), Undecided)


def test_a_condition_is_compiled_once() -> None:
    """The same text is the same condition; it compares by its text."""
    assert compile_condition("graph == 'a'") is compile_condition("graph == 'a'")
    assert compile_condition("graph == 'a'") != compile_condition("graph == 'b'")


def test_threads_share_a_condition() -> None:
    """One compiled condition, many threads, no mixed up facts."""
    small = compile_condition("action.args.amount <= 500")

    def ask(number: int) -> bool:
        return small.holds(facts(number)) is (number <= 500)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(2000)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
atoms = st.sampled_from(
    [
        "action.args.amount",
        "action.args.nope",
        "500",
        "500.0",
        "'x'",
        "true",
        "null",
        "graph",
        "[1]",
        "size(actions)",
        "b",
    ]
)
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(
            lambda a, op, b: f"({a} {op} {b})", inner, st.sampled_from(["<=", "==", "&&", "||", "+", "in"]), inner
        ),
        st.builds(lambda a: f"!({a})", inner),
        st.builds(lambda a: f"actions.exists(b, {a})", inner),
    ),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None)
@given(expressions | st.text(st.characters(), max_size=30), json_values)
def test_it_never_raises(text: str, amount: JsonValue) -> None:
    """Any text is a condition or a `BadCondition`; any facts give yes, no or undecided."""
    try:
        condition = compile_condition(text)
    except BadCondition:
        return
    found = condition.holds(facts(amount))
    assert found is True or found is False or isinstance(found, Undecided)


@settings(max_examples=100, deadline=None)
@given(json_values)
def test_only_a_number_that_is_small_is_small(amount: JsonValue) -> None:
    """Of everything that JSON can hold, exactly the numbers up to 500 pass; whatever is no number is undecided."""
    found = compile_condition("action.args.amount <= 500").holds(facts(amount))
    if isinstance(amount, int | float) and not isinstance(amount, bool) and amount == amount:
        assert found is (amount <= 500)
    else:
        assert isinstance(found, Undecided)
