"""How a decision's status is told: in the published words, and never an end before nothing can change any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.decisions import DECISIONS
from approvals.model import (
    POLICY,
    ActorRef,
    Approval,
    Cancelled,
    Decision,
    DecisionType,
    InterruptRef,
    Reply,
    Resolution,
    Source,
    Status,
    Thread,
    ThreadState,
)
from approvals.policy import Policy
from bot.http.api.view import Seen, decision, status

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
BEN = ActorRef("U0BEN", Source.SLACK)
THREAD = Thread(
    id="d-1", graph=DECISIONS, input={"request": {"action": "Go"}}, created_at=NOW, state=ThreadState.STARTED
)
PENDING = Approval(
    id="A1",
    thread_id="d-1",
    graph=DECISIONS,
    interrupt=InterruptRef(id="i", payload_hash="h"),
    dialect="decision",
    title="Go",
    actions=(),
    payload={"action": "Go", "urgency": "normal", "enforce": True, "response_type": {"type": "schedule"}},
    policy=Policy(name="p", channel="#c"),
    opened_at=NOW,
)


def ended(said: str, how: Resolution = Resolution.APPROVED, data: Any = None, **fields: Any) -> Approval:
    kinds = {"approve": DecisionType.APPROVE, "deny": DecisionType.DENY, "modify": DecisionType.EDIT}
    by = POLICY if how is Resolution.EXPIRED else BEN
    verdict = Decision(type=kinds.get(said, DecisionType.RESPOND), actor=by, at=NOW)
    reply = Reply({"decision": said, "notes": None, "data": data})
    base: dict[str, Any] = {"status": Status.RESUMED, "resolution": how, "resolved_at": NOW, "reply": reply}
    return replace(PENDING, **{**base, "decisions": (verdict,), **fields})


LATER, PAST = {"execute_at": "2026-12-01T09:00:00+01:00"}, {"execute_at": "2020-01-01T00:00:00Z"}
CASES: dict[str, tuple[Approval | None, str]] = {
    "not asked yet": (None, "pending"),
    "asked": (PENDING, "pending"),
    "escalated": (replace(PENDING, level=2), "pending"),
    "can be taken back": (ended("approve", status=Status.RESOLVED, held_until=NOW + timedelta(minutes=1)), "pending"),
    "approved": (ended("approve", status=Status.RESOLVED), "approved"),
    "approved, and the thread failed after it": (ended("approve", status=Status.FAILED), "approved"),
    "modified": (ended("modify", Resolution.EDITED), "modified"),
    "denied": (ended("deny", Resolution.DENIED), "denied"),
    "denied by silence": (ended("deny", Resolution.EXPIRED), "expired"),
    "approved by silence": (ended("approve", Resolution.EXPIRED), "approved"),
    "answered": (ended("respond", Resolution.RESPONDED, {"chosen": "a"}), "approved"),
    "for later": (ended("respond", Resolution.RESPONDED, LATER), "scheduled"),
    "for a time that has passed": (
        ended("respond", Resolution.RESPONDED, PAST),
        "approved",
    ),
    "no answer at all": (ended("deny", Resolution.EXPIRED, reply=None, status=Status.FAILED), "expired"),
    "cancelled": (
        ended("deny", Resolution.CANCELLED, reply=Reply(None, ends=True), cancelled=Cancelled(BEN), decisions=()),
        "expired",
    ),
    "to be asked anew": (replace(PENDING, status=Status.SUPERSEDED), "pending"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_status_in_published_words(case: str) -> None:
    """`action_permitted` goes with it; there is an end only with `resolved_by` and `resolved_at`, or none of both."""
    approval, expected = CASES[case]
    seen = Seen(THREAD, approval)
    assert status(seen) == expected
    told = decision(seen, "d-1")
    assert told.action == "Go"
    if approval is not None:
        assert told.action_permitted is (expected in ("approved", "modified", "scheduled"))
    assert (told.resolved_at is None) == (expected == "pending")
    assert (told.execute_at is not None) == (expected == "scheduled" or "passed" in case)


def test_a_thread_that_was_lost_ends_the_wait() -> None:
    """What can no longer be asked is not pending for ever."""
    lost = replace(THREAD, state=ThreadState.LOST)
    assert status(Seen(lost, None)) == "expired"
    assert status(Seen(lost, replace(PENDING, status=Status.SUPERSEDED))) == "expired"
    assert decision(Seen(lost, None), "d-1").resolved_by is None
