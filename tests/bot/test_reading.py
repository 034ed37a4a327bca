"""What a card leaves out, and the full view with its button at the end."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from approvals.model import Action, Approval
from bot import modals, review
from bot.card import card, hides
from bot.lists import details
from bot.rich import Block
from tests.bot import samples
from tests.bot.checks import sound_view
from tests.bot.samples import NOW, SAMPLES, approvals, refund

LONG = refund(actions=(replace(samples.REFUND, args={"letter": "word " * 30_000}),))
TWO = refund(title="2 actions", actions=(samples.BATCH_ACTIONS[0], LONG.actions[0]))


def buttons_of(blocks: list[Block]) -> dict[str, Any]:
    """Every button in some blocks, by its action id."""
    return {e["action_id"]: e for block in blocks if block["type"] == "actions" for e in block["elements"]}


@pytest.mark.parametrize(
    ("one", "action", "hidden"),
    [
        (SAMPLES["pending"], None, False),
        (LONG, None, True),
        (refund(description="why " * 900), None, True),
        (refund(payload={"also": "this"}), None, True),
        (refund(title="T" * 400), None, True),
        (refund(title="Spaces  do not\ncount"), None, False),
        (TWO, None, True),
        (TWO, 0, False),
        (TWO, 1, True),
        (replace(TWO, description="why " * 900), 0, True),
        (SAMPLES["batch_many"], None, True),
    ],
)
def test_what_a_card_leaves_out(one: Approval, action: int | None, hidden: bool) -> None:
    """Cut arguments, long words, no room for an action, a payload nobody named; of one of several only its own."""
    assert hides(one, action) is hidden


def test_what_is_shown_aside_has_less_room() -> None:
    """The copy with the details may leave out what the card itself holds."""
    middling = refund(actions=(Action("act", {f"a{n}": "x" * 500 for n in range(6)}, "", samples.REFUND.allowed),))
    assert not hides(middling)
    assert hides(middling, in_details=True)
    assert buttons_of(details(middling, NOW).blocks)["approve"]["text"]["text"] == "Approve…"


@settings(max_examples=60, deadline=None)
@given(approvals())
def test_the_button_and_the_check_agree(approval: Approval) -> None:
    """Where something is left out the card says so and the button says that more comes; else it does neither."""
    drawn = buttons_of(card(approval, NOW).blocks)
    if len(approval.actions) == 1 and "approve" in drawn:
        reasoned = "approve" in approval.policy.reason_required
        assert drawn["approve"]["text"]["text"].endswith("…") is (hides(approval) or reasoned)
        assert not (hides(approval) and "confirm" in drawn["approve"])
    said = json.dumps(card(approval, NOW).blocks)
    assert ("Not everything fits here" in said) is hides(approval)


@settings(max_examples=40, deadline=None)
@given(approvals())
def test_any_full_view_with_its_button_is_taken(approval: Approval) -> None:
    """First and last page, with and without a button, whatever the agent says."""
    for page in (0, 10**6):
        view = modals.review(approval, page, None, approve=True)
        sound_view(view, approval, inputs=True)
        assert modals.metadata(view) is not None


def test_the_button_stands_on_the_last_page_alone() -> None:
    """And says which action it is about, what follows, and asks for a reason where the policy wants one."""
    last = len(review.pages(LONG)) - 1
    assert last > 0
    assert "submit" not in modals.review(LONG, 0, None, approve=True)
    assert "submit" not in modals.review(LONG, last)
    end = modals.review(LONG, last, None, approve=True)
    assert end["submit"]["text"] == "Approve"
    assert "cannot be taken back" in json.dumps(end)
    every = modals.review(TWO, last, None, approve=True)
    assert every["submit"]["text"] == "Approve all (2)"
    one = modals.review(TWO, last, 1, approve=True)
    assert one["submit"]["text"] == "Approve"
    assert "You approve action 2 of 2" in json.dumps(one)
    strict = replace(LONG, policy=replace(LONG.policy, reason_required=("approve",)))
    reasons = [b for b in modals.review(strict, last, None, approve=True)["blocks"] if b.get("block_id") == "reason"]
    assert [block["optional"] for block in reasons] == [False]


def test_the_digest_is_of_what_is_asked() -> None:
    """Another argument, another digest; how it is drawn, who asks and who voted do not matter."""
    assert review.digest(LONG) == review.digest(replace(LONG, requester=None, version=9, messages=()))
    assert len({review.digest(one) for one in (LONG, TWO, refund(), refund(payload=[1]), refund(title="x"))}) == 5
    assert len(review.digest(LONG)) == 64
