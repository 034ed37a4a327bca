"""Sentences."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from approvals.model import Approval
from approvals.policy import Expiry, OnExpiry
from approvals.refusals import Reason, Refusal
from bot import texts
from tests.bot import samples
from tests.bot.checks import OURS, UNSEEN
from tests.bot.samples import HOSTILE, SAMPLES


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize(
    "approval", [None, *(SAMPLES[name] for name in ("pending", "approved", "expired", "superseded", "batch"))]
)
def test_every_refusal_has_a_sentence(reason: Reason, approval: Approval | None) -> None:
    """It says that nothing was changed, speaks no LangGraph, and holds nothing of the detail's markup."""
    said = texts.refusal(Refusal(reason, HOSTILE, "amount"), approval, "U0ANN")
    assert "nothing" in said.lower()
    assert not re.search(r"interrupt|thread.?id", said, re.IGNORECASE)
    assert "<" not in OURS.sub("", said)
    assert not UNSEEN.search(said)
    assert "  " not in said


def test_who_was_faster_is_named() -> None:
    """A late click is told who decided, and one's own second click that it was oneself."""
    late = texts.refusal(Refusal(Reason.ALREADY_RESOLVED), SAMPLES["approved"], "U0ANN")
    assert late.startswith("Already approved by <@U0BEN> (<!date^")
    assert late.endswith("; nothing was changed.")
    own = texts.refusal(Refusal(Reason.ALREADY_RESOLVED), SAMPLES["approved"], "U0BEN")
    assert own.startswith("You have already approved this")


def test_expiry_says_what_happened_and_what_helps() -> None:
    """After the deadline: what became of it, and how to go on."""
    said = texts.refusal(Refusal(Reason.EXPIRED), SAMPLES["expired"], "U0ANN")
    assert "denied automatically" in said
    assert "start the agent again" in said


@pytest.mark.parametrize(
    ("seconds", "said"), [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (86400 * 3.5, "3 d")]
)
def test_a_span_is_said_in_its_largest_unit(seconds: float, said: str) -> None:
    """Rounded down: what is left is never more than what is said."""
    assert texts.span(seconds) == said


def test_the_deadline_of_what_somebody_edited() -> None:
    """No policy approves while an edit waits for others: the card does not say so either."""
    edited = SAMPLES["votes_edit"]
    edited = replace(edited, policy=replace(edited.policy, expire=Expiry(after=14400.0, then=OnExpiry.APPROVE)))
    assert texts.deadline(edited).endswith(", then marked overdue, and it stays open.")
    assert texts.deadline(replace(edited, decisions=())).endswith(", then approved automatically.")


@given(samples.texts)
def test_only_ids_become_mentions(name: str) -> None:
    """A name that is no Slack id stays text."""
    said = texts.person(name)
    assert said == f"<@{name}>" if texts.is_person(name) else "<" not in said


def test_times_are_drawn_in_the_readers_zone_with_utc_beside() -> None:
    """Slack's date format, and UTC where it is not drawn."""
    assert texts.moment(samples.OPENED) == "<!date^1793610000^{date_short_pretty} at {time}|2026-11-02 09:00 UTC>"
    assert "2026-11-02 10:00 UTC" in texts.moment(samples.OPENED + timedelta(hours=1))
