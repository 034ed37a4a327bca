"""A page of a list, as it is drawn."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.model import Action, Approval
from approvals.policy import Quorum, Urgency
from approvals.redact import MASK
from bot import blocks, listing, payloads
from bot.blocks import Found, Turn
from bot.find import Find, Scope, parse
from tests.bot import golden, samples
from tests.bot.checks import drawn_texts, sound
from tests.bot.samples import NOW, SAMPLES, approvals, refund

FEW = Action("pay", {"to": "ACME GmbH", "amount": 4200.0}, "It broke.", samples.REFUND.allowed)
BARE = refund(actions=(FEW,))


def buttons(drawn: list[dict[str, Any]]) -> dict[str, str]:
    return {e["action_id"]: e["value"] for b in drawn if b["type"] == "actions" for e in b["elements"]}


def found(*which: Approval, **more: Any) -> Found:
    given = {"find": Find(), "total": len(which), "decidable": frozenset(one.id for one in which)} | more
    return Found(approvals=which, **given)


def _many(number: int) -> Approval:
    """One of very many."""
    amount = 20.0 + 15 * number
    action = replace(FEW, args={"to": f"Customer {8800 + number}", "amount": amount})
    title = f"Pay: to Customer {8800 + number}, amount {amount:g}"
    due = NOW + timedelta(minutes=25 * (number + 1))
    return refund(id=f"A7Q2MZK4T5W6XY{number:02}", title=title, actions=(action,), expires_at=due)


def test_lists_are_drawn_as_agreed() -> None:
    """The rows of what waits for somebody, of all, and of what was decided; and nothing at all."""
    three = (SAMPLES["pending"], BARE, replace(SAMPLES["overdue"], requester="U0DAN"))
    many = [_many(number) for number in range(8)]
    asked = parse("all graph:refund_agent from:U0DAN older:2h parcel")
    past = [SAMPLES[name] for name in ("approved", "denied", "edited", "expired", "failed", "alone", "automatic")]
    assert isinstance(asked, Find)
    drawn = {
        "list_long": found(*many, total=500, after=Turn(8), others=31, several=True),
        "list_page": found(*three, others=2),
        "list_all": found(*three, find=asked, total=None, decidable=frozenset[str](), before=Turn(0), after=Turn(11)),
        "list_history": found(*past, find=Find(scope=Scope.HISTORY, by="U0BEN"), total=None),
        "list_links": found(*three, links={BARE.id: samples.LINK}),
        "list_several": found(*three, several=True, after=Turn(8)),
        "list_empty": found(find=Find(scope=Scope.ALL)),
        "list_empty_others": found(others=2, find=Find(graph="refund")),
        "list_empty_here": found(total=None, after=Turn(400), find=Find(scope=Scope.MINE)),
    }
    for name, page in drawn.items():
        message = blocks.listing(page, NOW)
        sound(message)
        golden.check(name, {"text": message.text, "blocks": message.blocks})


@settings(max_examples=40, deadline=None)
@given(approvals(), st.integers(0, 12), st.sampled_from(Scope), samples.texts)
def test_any_page_can_be_listed(one: Approval, count: int, scope: Scope, text: str) -> None:
    """A page of anything is a sound message."""
    find = Find(scope=scope, graph=text[:40] or None, requester=text[:30] or None, words=tuple(text[:30].split()))
    sound(blocks.listing(found(*(one,) * count, find=find, total=None, after=Turn(8)), NOW))


def test_turns_carry_the_place_and_what_is_looked_for() -> None:
    """Both are read back as they were; with the most that a line may hold they stay within a button's value."""
    asked = parse("all find " + "😀" * 70 + " " + "é" * 40)
    assert isinstance(asked, Find)
    drawn = blocks.listing(found(refund(), find=asked, before=Turn(3, 1), after=Turn(400, 8)), NOW)
    turns = buttons(drawn.blocks)
    for verb, at in (("list:prev", (3, 1)), ("list:next", (400, 8))):
        assert len(turns[verb]) <= 2000
        page = payloads.list_page({"actions": [{"action_id": verb, "value": turns[verb]}]})
        assert (page.offset, page.skip) == at
        assert parse(page.find) == asked
        assert json.loads(turns[verb])["find"] == asked.text()


def test_a_row_that_says_everything_is_decided_in_the_list() -> None:
    """What is asked stands in it, whole, and the buttons name the id and the revision."""
    one = BARE
    row = listing.quick(one)
    assert buttons(row) == {"row:approve": f"{one.id}:1", "row:deny": f"{one.id}:1"}
    said = "\n".join(drawn_texts(row))
    assert all(str(value) in said for value in one.actions[0].args.values() if isinstance(value, str))
    assert "row:approve" not in buttons(blocks.listing(found(one, decidable=frozenset[str]()), NOW).blocks)


@pytest.mark.parametrize(
    "one",
    [
        replace(BARE, actions=BARE.actions * 2),
        replace(BARE, policy=replace(BARE.policy, confirm=True)),
        replace(BARE, policy=replace(BARE.policy, reason_required=("deny",))),
        replace(BARE, policy=replace(BARE.policy, quorum=Quorum(approve=2))),
        replace(BARE, urgency=Urgency.CRITICAL),
        replace(BARE, revision=2),
        SAMPLES["approved"],
    ],
)
def test_what_takes_more_than_a_click_has_no_buttons_in_a_list(one: Approval) -> None:
    """Several actions, a confirmation, a reason, several votes, something that changed: only Show."""
    assert listing.quick(one) == []


@pytest.mark.parametrize(
    "one",
    [
        replace(BARE, title="T" * 121),
        replace(BARE, description="why " * 200),
        replace(BARE, payload={"also": "this"}),
        replace(BARE, actions=(Action("act", {"body": "x" * 300}, allowed=BARE.actions[0].allowed),)),
        replace(BARE, actions=(Action("act", {str(n): n for n in range(9)}, allowed=BARE.actions[0].allowed),)),
        replace(BARE, actions=(Action("act", {"token": MASK}, allowed=BARE.actions[0].allowed),)),
        SAMPLES["pending"],
    ],
)
def test_nobody_approves_blind_in_a_list(one: Approval) -> None:
    """More than a row holds, or something hidden: the button says that more comes before it counts."""
    (row,) = listing.quick(one)
    assert row["elements"][0]["text"]["text"] == "Approve…"
    assert "confirm" not in row["elements"][0]
