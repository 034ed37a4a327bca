"""The arithmetic of what falls due."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from approvals.due import Claim, Due, DueKind, backoff, expiry, next_escalation, next_reminder, overdue_reminders
from approvals.hours import Pause, PauseKind
from tests.approvals.build import POLICY, T0, at, opening


def test_times_count_from_the_opening() -> None:
    """Reminders, steps and expiry are so many seconds after the opening, not after each other."""
    pending = opening().approval
    assert [next_reminder(replace(pending, reminders=done)) for done in range(3)] == [at(600), at(1800), None]
    assert [next_escalation(replace(pending, level=level)) for level in range(3)] == [at(3600), at(7200), None]
    assert expiry(pending) == at(14400)
    assert expiry(replace(pending, policy=replace(POLICY, expire=None))) is None


@pytest.mark.parametrize(("done", "now", "given"), [(0, 600, 1), (0, 1799, 1), (0, 1800, 2), (1, 1800, 2), (0, 0, 1)])
def test_missed_reminders_are_given_as_one(done: int, now: float, given: int) -> None:
    """All that were due by now count as given, and at least the one that is given."""
    assert overdue_reminders(replace(opening().approval, reminders=done), at(now)) == given


def test_a_hold_moves_what_comes_next_but_not_the_end() -> None:
    """While somebody is looking into it, reminders and steps wait; the deadline stands."""
    held = replace(opening().approval, pauses=(Pause(at(300), at(900), PauseKind.ACKNOWLEDGED, "UANA"),))
    assert (next_reminder(held), next_escalation(held), expiry(held)) == (at(1200), at(4200), at(14400))


def test_backoff_doubles_up_to_a_cap() -> None:
    """Doubling from the base, within 20 % either way, never beyond the cap by more than that, for any attempt."""
    rng = random.Random(1)
    for attempt in range(200):
        wanted = min(300.0, 2.0**attempt)
        assert 0.8 * wanted <= backoff(attempt, rng).total_seconds() <= 1.2 * wanted
    assert len({backoff(3, rng) for _ in range(10)}) > 1, "all replicas would come back at once"


def test_a_due_item_and_its_claim_share_a_name() -> None:
    """The member under which the store keeps both."""
    due, claim = Due("A1", DueKind.REMIND, T0), Claim("A1", DueKind.REMIND, "t1")
    assert due.member == claim.member == "A1|remind"
