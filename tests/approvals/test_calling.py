"""Telling whoever asked over HTTP of the end: when it is owed, what a failure brings, how it is sent again."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from approvals import calling, lifecycle
from approvals.due import Due, DueKind
from approvals.events import EventType
from approvals.model import Approval, Delivery, Outcome, Status
from approvals.refusals import Reason, Refusal
from approvals.terms import Terms
from tests.approvals.build import ANA, T0, changed, standing

URL = "https://agents.example.com/told"


def ended(**over: object) -> Approval:
    """One that was asked for over HTTP, and whose graph has the answer."""
    return replace(standing(Status.RESUMED), terms=Terms(callback=URL), closed_at=T0, **over)  # type: ignore[arg-type]


def test_the_end_brings_the_call() -> None:
    """Once, with the change that ends it; and not where nobody asked for it."""
    resuming = replace(standing(Status.RESUMING), terms=Terms(callback=URL))
    change = changed(lifecycle.complete(resuming, Outcome(finished=True), T0))
    assert [item.kind for item in change.due].count(DueKind.CALLBACK) == 1
    assert calling.owed(change.approval)
    without = changed(lifecycle.complete(replace(resuming, terms=Terms()), Outcome(finished=True), T0))
    assert DueKind.CALLBACK not in [item.kind for item in without.due]
    assert not calling.owed(without.approval)


@pytest.mark.parametrize("status", [Status.PENDING, Status.RESOLVED, Status.RESUMING])
def test_nothing_is_owed_before_the_end(status: Status) -> None:
    """An answer that may still be taken back is not told."""
    approval = replace(standing(status), terms=Terms(callback=URL))
    assert not calling.owed(approval)
    assert isinstance(calling.delivered(approval, T0), Refusal)


def test_what_was_taken_is_written_down() -> None:
    """With how often it was tried; nothing is owed any more."""
    change = changed(calling.delivered(ended(delivery=Delivery(attempts=2, error="it answered 500")), T0))
    assert change.approval.delivery == Delivery(attempts=3, at=T0)
    assert [(event.type, event.data) for event in change.events] == [(EventType.CALLED_BACK, {"attempts": 3})]
    assert not calling.owed(change.approval)


def test_what_came_through_stays_so() -> None:
    """Of two attempts at once the slower one may fail, or come through as well: it is written down once."""
    taken = changed(calling.delivered(ended(), T0)).approval
    assert calling.failed(taken, "no answer", T0, T0 + timedelta(seconds=5)) is None
    assert calling.delivered(taken, T0) is None
    given_up = changed(calling.failed(ended(), "no answer", T0, None)).approval
    assert calling.failed(given_up, "no answer", T0, T0 + timedelta(seconds=5)) is None
    assert changed(calling.delivered(given_up, T0)).approval.delivery == Delivery(attempts=2, at=T0)


def test_a_failure_is_tried_again_and_at_last_left_to_people() -> None:
    """Nine pauses that grow, three days in all, a little longer by chance so that not all come back at once; then an
    event, and no more attempts."""
    approval, chance, waits = ended(), random.Random(7), list[timedelta]()
    while calling.owed(approval):
        tried = approval.delivery.attempts if approval.delivery else 0
        pause = calling.pause(tried + 1, chance)
        change = changed(calling.failed(approval, "it answered 503", T0, T0 + pause if pause else None))
        assert change.due == (Due(approval.id, DueKind.CALLBACK, T0 + pause if pause else None),)
        waits += [pause] if pause else []
        approval = change.approval
    assert [wait >= timedelta(seconds=least) for wait, least in zip(waits, calling.PAUSES, strict=True)] == [True] * 9
    assert timedelta(days=3) < sum(waits, timedelta()) < timedelta(days=3.6)
    assert approval.delivery == Delivery(attempts=10, error="it answered 503", dead=True)
    assert [event.type for event in change.events] == [EventType.CALLBACK_GIVEN_UP]


@pytest.mark.parametrize("delivery", [Delivery(attempts=10, dead=True), Delivery(attempts=1, at=T0), None])
def test_anybody_who_operates_may_have_it_sent_again(delivery: Delivery | None) -> None:
    """One that was given up, and one that was taken; the audit says who."""
    change = changed(calling.send_again(ended(delivery=delivery), ANA, T0))
    assert calling.owed(change.approval)
    assert [(event.type, event.actor) for event in change.events] == [(EventType.CALLBACK_REPLAYED, ANA)]
    assert change.due == (Due(change.approval.id, DueKind.CALLBACK, T0, immediate=True),)


def test_without_an_address_there_is_nothing_to_send_again() -> None:
    """It says so."""
    outcome = calling.send_again(replace(ended(), terms=None), ANA, T0)
    assert isinstance(outcome, Refusal)
    assert outcome.reason is Reason.NOT_POSSIBLE
