"""Who may see an approval: a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from approvals.model import MessageRef, Standing
from approvals.policy import EscalationStep, Policy
from approvals.visibility import Viewer, questions, visible
from tests.approvals.build import opening, thread

RULE = Policy(
    name="r",
    channel="#ops",
    who=("@finance",),
    escalate=(EscalationStep(after=1.0, to=("@leads",), channel="#leads"),),
    break_glass=("UCEO",),
)
ONE = replace(
    opening(policy=RULE, of=thread(requester="UREQ")).approval, messages=(MessageRef("COPS", "1.1", place="#ops"),)
)
GUEST = Standing.GUEST


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [
        (Viewer("U1"), False),
        (Viewer("U1", belongs=frozenset({"@finance"})), True),
        (Viewer("U1", belongs=frozenset({"@leads"})), False),
        (Viewer("U1", belongs=frozenset({"UCEO"})), True),
        (Viewer("U1", belongs=frozenset({"COPS"})), True),
        (Viewer("U1", belongs=frozenset({"#ops"})), True),
        (Viewer("U1", belongs=frozenset({"#leads"})), False),
        (Viewer("UREQ"), True),
        (Viewer("U1", admin=True), True),
        (Viewer("U1", GUEST, frozenset({"@finance"})), False),
        (Viewer("U1", GUEST, frozenset({"COPS"})), True),
        (Viewer("UREQ", Standing.DEACTIVATED), False),
        (Viewer("U1", Standing.EXTERNAL, admin=True), False),
    ],
)
def test_who_sees_it(viewer: Viewer, sees: bool) -> None:
    """At its level; whoever is where the card stands sees it, guests too; everything else is for full members."""
    assert visible(ONE, viewer) is sees


def test_each_level_adds_to_who_sees_it() -> None:
    """Once it was escalated, those of the step, and those in its channel; the policy's own people still do."""
    above = replace(ONE, level=1)
    assert [visible(above, Viewer("U1", belongs=frozenset({name}))) for name in ("@leads", "#leads", "@finance")] == [
        True,
        True,
        True,
    ]
    assert questions(above) >= {"@finance", "@leads", "#ops", "#leads", "COPS", "UCEO"}
