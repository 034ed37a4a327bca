"""Which policy counts, whom it asks, and where."""

from __future__ import annotations

from dataclasses import replace

import pytest

from approvals.policy import EscalationStep, Match, Policy, PolicySet
from tests.approvals.build import POLICY, chosen

DEFAULT = Policy(name="default", channel="#ops")


@pytest.mark.parametrize(
    ("match", "graph", "actions", "covers"),
    [
        (Match(), "any", ["any"], True),
        (Match(graph="refund"), "refund", ["x"], True),
        (Match(graph="refund"), "Refund", ["x"], False),
        (Match(graph="re*"), "refund", [], True),
        (Match(action="*refund*"), "g", ["issue_refund"], True),
        (Match(action="*refund*"), "g", ["issue_refund", "send_mail"], False),
        (Match(graph="refund", action="delete_?"), "refund", ["delete_1", "delete_2"], True),
    ],
)
def test_what_a_rule_covers(match: Match, graph: str, actions: list[str], covers: bool) -> None:
    """Globs with case; every action must match."""
    assert match.covers(graph, actions) is covers


def test_the_first_rule_that_covers_counts() -> None:
    """Order decides; where none covers, the default does."""
    broad = replace(POLICY, name="broad", match=Match(graph="re*"))
    narrow = replace(POLICY, name="narrow", match=Match(graph="refund"))
    rules = PolicySet((broad, narrow), DEFAULT)
    assert chosen(rules, "refund", ["a", "b"]).policy.name == "broad"
    assert chosen(rules, "mail", ["a"]).policy is DEFAULT


def test_audience_and_places_grow_with_the_level() -> None:
    """Each step adds people to those before; a step without a channel is told person by person. Nobody twice."""
    policy = replace(POLICY, escalate=(*POLICY.escalate, EscalationStep(after=9000.0, to=("@finance", "UNEW"))))
    assert [policy.audience(level) for level in range(4)] == [
        ("@finance",),
        ("@finance", "@leads"),
        ("@finance", "@leads", "UBOSS"),
        ("@finance", "@leads", "UBOSS", "UNEW"),
    ]
    assert policy.places(2) == ("#approvals", "#leads", "UBOSS")


def test_everybody_is_at_home_where_they_were_asked_last() -> None:
    """In the order of the audience, which it is at every level; people told one by one are at home in no channel."""
    again = EscalationStep(after=9000.0, to=("@finance", "UNEW"), channel="#board")
    policy = replace(POLICY, escalate=(*POLICY.escalate, again))
    assert policy.homes(1) == {"@finance": "#approvals", "@leads": "#leads"}
    assert policy.homes(3) == {"@finance": "#board", "@leads": "#leads", "UBOSS": "", "UNEW": "#board"}
    assert DEFAULT.homes(0) == {"#ops": "#ops"}
    only = replace(policy, escalate=(*POLICY.escalate, replace(again, replace=True)))
    assert only.homes(3) == {"@finance": "#board", "UNEW": "#board"}
    for one in (policy, only):
        assert [tuple(one.homes(level)) for level in range(4)] == [one.audience(level) for level in range(4)]


def test_without_names_the_channel_is_asked() -> None:
    """`who` empty means the members of the channel."""
    assert DEFAULT.audience(0) == ("#ops",)
