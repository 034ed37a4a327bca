"""Who may decide: a table over standing, door, membership and whose request it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from approvals import lifecycle
from approvals.eligibility import refusal
from approvals.model import Actor, ActorRef, Source, Standing, Status
from approvals.refusals import Reason
from tests.approvals.build import POLICY, at, moved, standing

OUTSIDE = {
    Standing.GUEST: Reason.GUEST,
    Standing.EXTERNAL: Reason.EXTERNAL,
    Standing.DEACTIVATED: Reason.DEACTIVATED,
    Standing.BOT: Reason.BOT,
    Standing.UNKNOWN: Reason.UNKNOWN_PERSON,
}


def expected(kind: Standing, source: Source, named: bool, own: bool, self_approval: bool) -> Reason | None:
    """The rule, said once more in other words."""
    if own and not self_approval:
        return Reason.OWN_REQUEST
    if source is Source.CLI:
        return None
    return OUTSIDE.get(kind) or (None if named else Reason.NOT_APPROVER)


@pytest.mark.parametrize("self_approval", [False, True])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("source", [Source.SLACK, Source.API, Source.CLI])
@pytest.mark.parametrize("kind", list(Standing))
def test_the_table(kind: Standing, source: Source, named: bool, own: bool, self_approval: bool) -> None:
    """Every combination gives the reason that the rule gives."""
    approval = replace(
        standing(Status.PENDING, policy=replace(POLICY, self_approval=self_approval)),
        requester="UANA" if own else "UREQ",
    )
    actor = Actor(ActorRef("UANA", source), kind, frozenset({"@finance"}) if named else frozenset())
    outcome = refusal(approval, actor)
    assert (outcome and outcome.reason) == expected(kind, source, named, own, self_approval)


def test_without_a_requester_nobody_is_the_requester() -> None:
    """An approval that nobody asked for has no own request to refuse."""
    approval = standing(Status.PENDING)
    assert approval.requester is None
    assert refusal(approval, Actor(ActorRef("UANA", Source.SLACK), audiences=frozenset({"@finance"}))) is None


def test_escalation_lets_more_people_decide() -> None:
    """The people of a step may decide from that step on, and not before."""
    lead = Actor(ActorRef("ULEAD", Source.SLACK), audiences=frozenset({"@leads"}))
    pending = standing(Status.PENDING)
    before = refusal(pending, lead)
    assert before is not None
    assert before.reason is Reason.NOT_APPROVER
    assert refusal(moved(lifecycle.escalate(pending, at(3600))), lead) is None
