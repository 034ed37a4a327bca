"""Modals and the App Home."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from approvals.away import Away
from approvals.model import SYSTEM, Action, Approval, Delivery
from approvals.ports import Page
from approvals.terms import Terms
from bot import blocks, callbacks_views, modals, review
from bot.buttons import alone
from bot.home import Health, home
from bot.modals import Meta
from tests.bot import golden, samples
from tests.bot.checks import drawn_texts, sound_view
from tests.bot.samples import LINK, NOW, SAMPLES, approvals, refund

AWAY = Away(user_id="U0ANA", since=NOW, until=NOW + timedelta(days=3), cover="U0BEN", set_by=samples.BEN)

FEW = refund(id="A" * 16, actions=(Action("pay", {"to": "ACME GmbH", "amount": 4200.0}, "", samples.REFUND.allowed),))

WELL = Health(3, 7, 0.002, 0, 0.0, sweep_seconds=0.4)
ILL = replace(
    WELL, broken=2, undelivered=3, sweep_seconds=40.0, sweep_late=True, away=("prod",), unsealed_seconds=4000.0
)
HOOK = Terms(key="K1", name="billing", callback="https://billing.example.org/hooks/s3cret")
GIVEN_UP = replace(
    SAMPLES["approved"], terms=HOOK, closed_at=NOW, delivery=Delivery(attempts=10, error="it answered 503", dead=True)
)


def test_views_are_drawn_as_agreed() -> None:
    """Each view is the one in its golden file, and Slack takes it."""
    page = Page((SAMPLES["pending"], SAMPLES["batch_partial"]), total=30, offset=0)
    drawn = {
        "modal_approve": modals.approve(SAMPLES["pending_reason"], None),
        "modal_deny": modals.deny(SAMPLES["pending"], None),
        "modal_deny_reason": modals.deny(SAMPLES["pending_reason"], None),
        "modal_deny_one": modals.deny(SAMPLES["batch"], 1),
        "modal_deny_reasons": modals.deny(SAMPLES["pending_reasons"], None),
        "modal_glass": modals.glass(SAMPLES["critical"]),
        "modal_edit_proposed": modals.edit(SAMPLES["votes_edit"], 0),
        "modal_edit": modals.edit(SAMPLES["pending"], 0),
        "modal_respond": modals.respond(SAMPLES["question"], 0),
        "modal_review": modals.review(SAMPLES["batch_many"], 1),
        "modal_review_approve": modals.review(SAMPLES["pending_reason"], 0, approve=True),
        "modal_review_next": modals.review(SAMPLES["batch_many"], 0, approve=True),
        "modal_notice": modals.notice("Nothing was changed", "Already approved by <@U0BEN>."),
        "home": home(page, NOW, viewer="U0BEN"),
        "home_decide": home(
            Page((FEW, SAMPLES["pending"]), 2, 0), NOW, viewer="U0BEN", decidable=frozenset({FEW.id, samples.ID})
        ),
        "home_links": home(Page((FEW,), 1, 0), NOW, viewer="U0BEN", links={FEW.id: LINK}, several=True),
        "home_away": home(page, NOW, viewer="U0ANA", away=AWAY, covering=[replace(AWAY, user_id="U0BEN")]),
        "home_away_alone": home(Page((), 0, 0), NOW, viewer="U0ANA", away=replace(AWAY, cover=None)),
        "home_away_status": home(Page((), 0, 0), NOW, viewer="U0ANA", away=replace(AWAY, set_by=SYSTEM, cover=None)),
        "home_empty": home(Page((), 0, 0), NOW, viewer="U0BEN"),
        "home_asked": home(page, NOW, viewer="U0ANN", past=(SAMPLES["approved"], SAMPLES["denied"])),
        "home_admin": home(Page((), 0, 0), NOW, viewer="U0BEN", health=WELL),
        "home_admin_late": home(Page((), 0, 0), NOW, viewer="U0BEN", health=Health(0, None, 0.4, 12, 75.0)),
        "home_admin_ill": home(Page((), 0, 0), NOW, viewer="U0BEN", health=ILL),
        "callbacks": callbacks_views.listing([GIVEN_UP], 1),
        "callbacks_many": callbacks_views.listing([GIVEN_UP, replace(GIVEN_UP, closed_at=None)] * 10, 214),
        "callbacks_none": callbacks_views.listing([], 0),
    }
    for name, view in drawn.items():
        sound_view(view, inputs=True)
        golden.check(name, view)


@settings(max_examples=40, deadline=None)
@given(approvals())
def test_any_approval_has_its_views(approval: Approval) -> None:
    """Whatever an agent says, each view is within Slack's limits and nothing of the agent's is parsed."""
    for view in (
        modals.approve(approval, None),
        modals.deny(approval, 0),
        modals.edit(approval, 0),
        *([modals.glass(approval)] if alone(approval) else []),
        modals.respond(approval, 0),
    ):
        sound_view(view, approval, inputs=True)
        assert modals.metadata(view) is not None
    sound_view(modals.review(approval, 0), approval)
    many = tuple(replace(approval, id=f"{approval.id[:-2]}{number:02}") for number in range(25))
    ids = frozenset(one.id for one in many)
    health = replace(ILL, away=("x" * 99,) * 9)
    sound_view(callbacks_views.listing([approval] * 20, 99), approval)
    covers = [replace(AWAY, user_id=f"U{number}") for number in range(12)]
    at = Page(many, 25, 0)
    more = {"decidable": ids, "several": True, "past": many, "health": health, "covering": covers}
    sound_view(home(at, NOW, viewer="U0BEN", **more))


def test_the_review_shows_everything_whole() -> None:
    """Page by page, each within Slack's limits, nothing is left out: 1 MB, 500 arguments."""
    args = {f"name {number}": f"value {number} " + "é" * 2000 for number in range(500)}
    approval = refund(actions=(samples.Action(name="act", args=args),), description="why " * 900)
    said: list[str] = []
    number, view = 0, modals.review(approval, 0)
    while True:
        sound_view(view, approval)
        said.extend(drawn_texts(view["blocks"][1:]))
        turns = {
            e["action_id"]: json.loads(e["value"])
            for b in view["blocks"]
            if b["type"] == "actions"
            for e in b["elements"]
        }
        if "review:next" not in turns:
            break
        number += 1
        assert turns["review:next"] == {"id": approval.id, "revision": 1, "page": number}
        view = modals.review(approval, number)
    whole = "".join(said)
    assert number > 5
    assert approval.description in whole
    assert all(name in whole and value in whole for name, value in args.items())
    assert modals.review(approval, 10**6) == view


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "null", "{}", '{"id":"A","revision":1}', '{"id":"A","revision":true,"action":null}',
     '{"id":"A","revision":1,"action":"0"}', '{"id":"","revision":1,"action":null}',
     '{"id":"A","revision":0,"action":null}',
     '{"id":"A","revision":1,"action":-1}', '{"id":"A","revision":1,"action":null,"x":1}', "[" * 9000],
)  # fmt: skip
def test_foreign_metadata_is_not_ours(text: str) -> None:
    """Metadata is read strictly: anything else is nobody's."""
    assert modals.metadata({"private_metadata": text}) is None


def test_metadata_names_what_the_modal_is_about() -> None:
    """The id, the revision that was shown and the action."""
    approval = replace(SAMPLES["batch"], revision=3)
    assert modals.metadata(modals.deny(approval, 1)) == Meta(approval.id, 3, 1)
    assert modals.metadata(modals.deny(approval, None)) == Meta(approval.id, 3, None)
    assert modals.metadata({}) is None


def test_a_reason_is_asked_for_where_the_policy_wants_one() -> None:
    """Required where the policy names the decision, optional for any other denial."""

    def optional(view: dict[str, Any]) -> list[bool]:
        return [block["optional"] for block in view["blocks"] if block.get("block_id") == "reason"]

    assert optional(modals.deny(SAMPLES["pending"], None)) == [True]
    assert optional(modals.deny(SAMPLES["pending_reason"], None)) == [False]
    strict = refund(policy=replace(samples.STANDARD, reason_required=("edit", "respond")))
    assert optional(modals.edit(strict, 0)) == [False]
    assert optional(modals.respond(strict, 0)) == [False]
    assert optional(modals.edit(SAMPLES["pending"], 0)) == []


def test_the_policy_makes_room_for_a_reason_that_may_stay_empty() -> None:
    """In the form of an edit, of an answer, and where everything is read before it is approved; with its list, in which
    nothing must be chosen. *Approve* on the card stays one click."""
    roomy = refund(policy=replace(samples.STANDARD, reason_optional=("approve", "edit", "respond")))
    listed = replace(roomy, policy=replace(roomy.policy, reasons=("Too expensive",)))
    for drawn in (modals.edit, modals.respond):
        ids = {block["block_id"]: block["optional"] for block in drawn(listed, 0)["blocks"] if "optional" in block}
        assert (ids["preset"], ids["reason"]) == (True, True)
        sound_view(drawn(listed, 0), inputs=True)
    last = len(review.pages(roomy)) - 1
    at_the_end = modals.review(roomy, last, approve=True)
    assert [block["optional"] for block in at_the_end["blocks"] if block.get("block_id") == "reason"] == [True]
    assert not [block for block in modals.review(roomy, last)["blocks"] if block.get("block_id") == "reason"]
    plainly = refund(policy=samples.STANDARD)
    assert blocks.card(roomy, NOW) == blocks.card(plainly, NOW)
