"""Which policy a question falls under, with conditions in real CEL: a denial goes first, a doubt never approves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.choosing import Chosen, choose
from approvals.conditions import Undecided, compile_condition
from approvals.model import Action, DecisionType, Draft, Status
from approvals.opening import Opening
from approvals.policy import Automatic, Match, Policy, PolicySet, Urgency
from tests.approvals.build import ASK, PlainTranslator, draft, thread
from tests.conftest import VirtualClock

DEFAULT = Policy(name="default", channel="#ops")
SMALL, LARGE, ABSENT = "action.args.amount <= 50", "action.args.amount > 50", "action.args.gone > 1"
DOUBTS = [ABSENT, "1 < action.args.gone", "1 / (action.args.amount - action.args.amount) > 0"]


def rule(name: str, decision: str = "", when: str = "", **fields: Any) -> Policy:
    decide = Automatic(decision=decision, text="No." if decision == "respond" else "") if decision else None
    return Policy(name=name, channel="#a", when=when, decide=decide, **fields)


def refund(amount: Any) -> Action:
    return Action("issue_refund", {"amount": amount}, "", tuple(DecisionType))


def of(*rules: Policy, ask: Draft | None = None) -> Chosen:
    return choose(PolicySet(rules, DEFAULT), ask or draft(refund(20)), thread(requester="UANA"))


def test_the_first_rule_whose_condition_holds() -> None:
    """In the order of the file; the default where none holds."""
    rules = (rule("large", when=LARGE), rule("small", when=SMALL), rule("all"))
    assert [of(*rules, ask=draft(refund(amount))).policy.name for amount in (20, 50, 51, 50.5)] == [
        "small",
        "small",
        "large",
        "large",
    ]
    assert of(rules[0]).policy is DEFAULT


@pytest.mark.parametrize(
    "when",
    [
        "requester.id == 'UANA'",
        "graph == 'refund' && node == 'ask' && thread.id == 't1' && title.startsWith('Ref')",
        "urgency == 'normal' && size(actions) == 1 && actions[0].name == 'issue_refund'",
        "has(action.args.amount) && !has(action.args.gone)",
    ],
)
def test_what_a_condition_can_speak_of(when: str) -> None:
    """The requester, the graph, its node, the thread, the title, how it presses, and the actions."""
    assert of(rule("mine", when=when)).policy.name == "mine"
    assert of(rule("other", when=f"!({when})")).policy is DEFAULT


def test_a_denial_wins_from_any_place() -> None:
    """Though an approval stands before it; and one action of several is enough for it."""
    rules = (rule("yes", "approve"), rule("no", "deny", LARGE))
    assert of(*rules, ask=draft(refund(20))).policy.name == "yes"
    assert of(*rules, ask=draft(refund(99))).policy.name == "no"
    assert of(*rules, ask=draft(refund(20), refund(99))).policy.name == "no"


def test_an_approval_needs_every_action() -> None:
    """One that is too large among small ones: people are asked."""
    rules = (rule("yes", "approve", SMALL), rule("people"))
    assert of(*rules, ask=draft(refund(20), refund(30))).policy.name == "yes"
    assert of(*rules, ask=draft(refund(20), refund(99))).policy.name == "people"


@pytest.mark.parametrize("doubt", [*DOUBTS, "action.args.amount < 'ten'"])
def test_a_doubt_never_approves(doubt: str) -> None:
    """What cannot be told passes over its own rule and every later one that decides by itself; it is said why."""
    assert isinstance(compile_condition(doubt).holds({"action": {"args": {"amount": 20}}}), Undecided)
    found = of(rule("first", "approve", doubt), rule("second", "approve"), rule("people"))
    assert found.policy.name == "people"
    assert [told.split(":")[0] for told in found.doubts] == ["first"]
    assert of(rule("no", "deny", doubt), rule("yes", "approve")).policy is DEFAULT


def test_a_rule_that_asks_is_taken_in_doubt() -> None:
    """Better to ask in vain than to pass on to a wider rule."""
    assert of(rule("people", when=ABSENT), rule("yes", "approve")).policy.name == "people"


def test_what_is_switched_off_is_passed_over() -> None:
    """Also a denial."""
    assert of(rule("no", "deny", enabled=False), rule("people")).policy.name == "people"


def test_the_urgency_of_the_question_can_be_matched() -> None:
    """As the graph stated it."""
    pressing = rule("now", match=Match(urgency=(Urgency.CRITICAL,)))
    assert of(pressing).policy is DEFAULT
    assert of(pressing, ask=replace(draft(), urgency=Urgency.CRITICAL)).policy.name == "now"


def test_those_asked_instead_are_the_next_that_ask() -> None:
    """Where a rule would decide but the question cannot be answered so."""
    assert of(rule("yes", "approve"), rule("people"), rule("later")).asking.name == "people"
    assert of(rule("yes", "approve")).asking is DEFAULT


async def test_people_are_asked_where_the_policy_cannot_answer(clock: VirtualClock) -> None:
    """A question that takes no approval: it is opened for people, and the audit says what was in doubt."""

    async def current() -> PolicySet:
        return PolicySet((rule("yes", "approve"), rule("people")), DEFAULT)

    change = await Opening(current, PlainTranslator(), clock=clock).open("A1", draft(ASK), thread())
    assert (change.approval.status, change.approval.policy.name) == (Status.PENDING, "people")
    assert "yes" in str(change.events[0].data["doubts"])


CONDITIONS = st.sampled_from(["", SMALL, LARGE, "true", "false", *DOUBTS])
RULES = st.lists(
    st.builds(
        rule,
        st.uuids().map(str),
        st.sampled_from(["", "approve", "deny", "respond"]),
        CONDITIONS,
        enabled=st.booleans(),
        match=st.sampled_from([Match(), Match(action="issue_*"), Match(action="other")]),
    ),
    max_size=6,
)
ACTIONS = st.lists(
    st.sampled_from([refund(20), refund(99), refund("many"), Action("other", {"amount": 20})]), min_size=1, max_size=3
)


def told(one: Policy, action: Action) -> bool | None:
    """What a rule's condition says of an action: yes, no, or nothing."""
    amount = action.args["amount"]
    number = isinstance(amount, int)
    plain = {"": True, "true": True, "false": False}
    if one.when in plain:
        return plain[one.when]
    if one.when in DOUBTS or not number:
        return None
    return (amount <= 50) is (one.when == SMALL)


@given(rules=RULES, actions=ACTIONS)
def test_no_doubt_on_the_way_ever_approves(rules: list[Policy], actions: list[Action]) -> None:
    """Whatever the rules are: a denial that holds wins; past a doubt nothing is approved or answered by itself."""
    found = of(*rules, ask=draft(*actions))
    denying = [
        one
        for one in rules
        if one.enabled
        and one.decide is not None
        and one.decide.decision == "deny"
        and any(one.match.names(action.name) and told(one, action) is True for action in actions)
    ]
    if denying:
        assert found.policy is denying[0]
        return
    decide = found.policy.decide
    assert decide is None or decide.decision != "deny"
    assert found.asking.decide is None
    if decide is None:
        return
    assert all(found.policy.match.names(action.name) and told(found.policy, action) is True for action in actions)
    for one in rules[: rules.index(found.policy)]:
        about = all(one.match.names(action.name) for action in actions)
        says = [told(one, action) for action in actions]
        assert not (one.enabled and about and None in says and False not in says), "approved past a doubt"
    for one in rules:
        denies = one.enabled and one.decide is not None and one.decide.decision == "deny"
        doubted = any(one.match.names(action.name) and told(one, action) is None for action in actions)
        assert not (denies and doubted), "approved though a denial could not be told"
