"""Who was shown it in full: what is remembered, what is told once, and that an approval waits for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from approvals import evidence, lifecycle
from approvals.events import EventType
from approvals.model import ActorRef, Approval, DecisionType, Source, Status
from approvals.refusals import Reason, Refusal
from approvals.viewing import MAX_VIEWS
from tests.approvals.build import ANA, BEN, REFUND, at, changed, draft, moved, say, standing


def read(approval: Approval, who: ActorRef = ANA, *, whole: bool = True) -> Approval:
    """The same, once somebody was shown it."""
    done = lifecycle.view(approval, who, approval.revision, at(5), pages=3, digest="d1", whole=whole)
    return moved(done) if done is not None else approval


def test_who_began_to_read_and_who_was_shown_all_of_it() -> None:
    """Told once each for a person and a revision; the end counts, the beginning does not."""
    opened = standing(Status.PENDING)
    begun = changed(lifecycle.view(opened, ANA, 1, at(5), pages=3, digest="d1", whole=False))
    assert [event.type for event in begun.events] == [EventType.VIEWED]
    shown = {"revision": 1, "pages": 3, "digest": "d1", "evidence": evidence.of(opened), "whole": False}
    assert begun.events[0].data == shown
    assert begun.events[0].actor == ANA
    assert not begun.due
    assert lifecycle.seen(begun.approval, ANA.id) is None
    assert lifecycle.view(begun.approval, ANA, 1, at(6), pages=3, digest="d1", whole=False) is None
    whole = read(begun.approval)
    assert lifecycle.seen(whole, ANA.id) == "d1"
    assert lifecycle.seen(whole, BEN.id) is None
    assert len(whole.views) == 1
    assert lifecycle.view(whole, ANA, 1, at(7), pages=3, digest="d1", whole=True) is None


def test_an_approval_of_what_the_door_did_not_show_waits_until_it_was_seen() -> None:
    """Refused before; counted after, and the decision says what they had seen. A denial never waits."""
    opened = standing(Status.PENDING)
    blind = say(must_see=True)
    assert lifecycle.decide(opened, blind, at(9)) == Refusal(Reason.UNREAD)
    assert lifecycle.decide(read(opened, whole=False), blind, at(9)) == Refusal(Reason.UNREAD)
    assert lifecycle.decide(read(opened, BEN), blind, at(9)) == Refusal(Reason.UNREAD)
    change = changed(lifecycle.decide(read(opened), blind, at(9)))
    assert change.approval.decisions[0].seen == "d1"
    assert change.events[0].data["seen"] == "d1"
    denied = changed(lifecycle.decide(opened, say(DecisionType.DENY, must_see=True), at(9)))
    assert denied.approval.decisions[0].seen is None


def test_what_was_read_before_the_question_changed_does_not_count() -> None:
    """Another revision is another reading; a page of the old one is refused."""
    asked_anew = moved(lifecycle.amend(read(standing(Status.PENDING)), draft(REFUND, shown="other"), at(9)))
    assert lifecycle.seen(asked_anew, ANA.id) is None
    old = lifecycle.view(asked_anew, ANA, 1, at(10), pages=1, digest="d1", whole=True)
    assert old == Refusal(Reason.CHANGED)
    assert [one.revision for one in read(asked_anew).views] == [asked_anew.revision]


@pytest.mark.parametrize("status", list(Status))
def test_reading_moves_nothing(status: Status) -> None:
    """Whatever became of it: only who read it is new."""
    before = standing(status)
    assert replace(read(before), views=(), version=before.version) == before


def test_a_record_remembers_so_many_readers_and_no_more() -> None:
    """The latest ones: whoever fell out is shown it again."""
    approval = standing(Status.PENDING)
    for number in range(MAX_VIEWS + 1):
        approval = read(approval, ActorRef(f"U{number}", Source.SLACK))
    assert len(approval.views) == MAX_VIEWS
    assert lifecycle.seen(approval, "U0") is None
    assert lifecycle.seen(approval, f"U{MAX_VIEWS}") == "d1"
