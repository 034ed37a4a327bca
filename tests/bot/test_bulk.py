"""Which approvals are decided several at once, and the forms for it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.model import Action, Approval, DecisionType, Resolution, Status
from approvals.policy import Policy, Quorum, Urgency
from approvals.question import Question
from approvals.redact import MASK
from bot import bulk, bulk_views
from bot.bulk import Alone
from bot.bulk_views import About, Chosen, Left
from tests.bot import golden, samples
from tests.bot.checks import sound_view
from tests.bot.samples import APPROVE, DENY, EDIT, NOW, STANDARD, approvals, refund

ABOUT = About(find="list graph:refund")


def pay(number: int, name: str = "pay", policy: Policy = STANDARD, **more: Any) -> Approval:
    """One that says everything in a row."""
    args = {"to": "ACME GmbH", "amount": 40.0 + number}
    act = Action(name, args, "It broke.", samples.REFUND.allowed)
    one = refund(id=f"A{number:015}".translate(str.maketrans("0189", "ABCD")), title=f"Pay ACME, {40 + number}")
    return replace(one, **({"actions": (act,), "policy": policy} | more))


TWO = (pay(1), pay(2))


def pairs(*found: Approval) -> list[tuple[Approval, Approval]]:
    return [(one, one) for one in found]


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (pay(1), None),
        (pay(1, policy=replace(STANDARD, reason_required=("deny",))), None),
        (pay(1, policy=replace(STANDARD, quorum=Quorum(approve=2))), None),
        (pay(1, policy=replace(STANDARD, quorum=Quorum(approve=2)), decisions=(samples.said(APPROVE),)), None),
        (pay(1, urgency=Urgency.CRITICAL), Alone.CRITICAL),
        (pay(1, policy=replace(STANDARD, confirm=True)), Alone.CONFIRM),
        (pay(1, policy=replace(STANDARD, break_glass=("U0CFO",))), Alone.GLASS),
        (pay(1, revision=2), Alone.CHANGED),
        (pay(1, error="It did not fit."), Alone.CHANGED),
        (pay(1, questions=(Question(number=1, text="Why?", by="UBEN", at=NOW),)), Alone.ASKED),
        (pay(1, title="T" * 121), Alone.HIDDEN),
        (pay(1, description="why " * 200), Alone.HIDDEN),
        (pay(1, payload={"also": "this"}), Alone.HIDDEN),
        (pay(1, actions=pay(1).actions * 2), Alone.OTHER),
        (pay(1, actions=(Action("pay", {}, allowed=(DENY, EDIT)),)), Alone.OTHER),
        (pay(1, status=Status.RESOLVED), Alone.OTHER),
    ],
)
def test_what_is_risky_or_not_seen_whole_is_decided_by_itself(one: Approval, why: Alone | None) -> None:
    """And the form says why it is not offered."""
    assert bulk.alone(one, one) is why
    assert bulk.several(pairs(one, pay(2), pay(3, "ship"))) == (why is None)


def test_what_holds_a_secret_is_decided_by_itself() -> None:
    """Also where the mask would fit into a row."""
    masked = replace(pay(1), actions=(Action("pay", {"token": MASK}, allowed=samples.REFUND.allowed),))
    assert bulk.alone(pay(1), masked) is Alone.HIDDEN


def test_alike_are_those_of_one_agent_and_one_action() -> None:
    """In the order in which they wait; a kind of which there is one is not offered, and the risky are counted."""
    risky = pay(5, urgency=Urgency.CRITICAL)
    other = pay(6, graph="other")
    found = bulk.groups(pairs(pay(3, "ship"), TWO[0], other, risky, pay(4, "ship"), TWO[1]))
    assert [(one.kind.action, len(one.approvals)) for one in found] == [("ship", 2), ("pay", 2)]
    assert found[1].apart == Counter({Alone.CRITICAL: 1})
    assert len({one.kind.key for one in found}) == 2


def test_the_forms_are_drawn_as_agreed() -> None:
    """Choose, confirm, what came of it."""
    mixed = bulk.groups(pairs(*TWO, pay(3, "ship"), pay(4, "ship"), pay(5, urgency=Urgency.CRITICAL)))
    many = bulk.groups(pairs(*(pay(number) for number in range(1, 24))))
    kept = replace(ABOUT, verdict=APPROVE, chosen=tuple(Chosen(one.id, 1) for one in TWO))
    why = tuple(replace(one, policy=replace(STANDARD, reason_required=("deny",), reasons=("Too much",))) for one in TWO)
    gone = [Left("Pay ACME, 43", "Already approved by <@U0BEN>; nothing was changed.")]
    drawn = {
        "bulk_choose": bulk_views.choose(bulk.groups(pairs(*TWO)), ABOUT),
        "bulk_choose_kinds": bulk_views.choose(mixed, ABOUT),
        "bulk_choose_many": bulk_views.choose(many, ABOUT, ticked=True),
        "bulk_confirm": bulk_views.confirm(TWO, (), kept),
        "bulk_confirm_deny": bulk_views.confirm(why, gone, replace(kept, verdict=DENY)),
        "bulk_none_left": bulk_views.none_left(gone),
        "bulk_working": bulk_views.working(APPROVE, 2),
        "bulk_result": bulk_views.result([("Pay ACME, 41", "Approved"), ("Pay ACME, 42", "Approved")], gone),
        "bulk_result_none": bulk_views.result([], gone),
    }
    for name, view in drawn.items():
        sound_view(view)
        golden.check(name, view)


@settings(max_examples=40, deadline=None)
@given(approvals(), st.integers(2, 25), samples.texts)
def test_whatever_an_agent_says_the_forms_are_sound(one: Approval, count: int, said: str) -> None:
    """Within Slack's limits, and nothing of the agent's is parsed. What may not be offered is drawn too: forms may be
    older than the rules."""
    one = replace(one, status=Status.PENDING, actions=one.actions[:1])
    many = [replace(one, id=f"{one.id[:-2]}{letter}A") for letter in "ABCDEFGHIJKLMNOPQRSTUVWXY"[:count]]
    group = bulk.Group(bulk.kind(one), tuple(many), {Alone.HIDDEN: 3})
    sound_view(bulk_views.choose([group, bulk.Group(bulk.Kind(said, said), tuple(many), {})], ABOUT, ticked=True))
    about = About(find=said[:150], verdict=DENY, chosen=tuple(Chosen(each.id, 1) for each in many[: bulk.MOST]))
    view = bulk_views.confirm(many[: bulk.MOST], [], about)
    sound_view(view, inputs=True)
    assert bulk_views.about(view) == about


def test_what_was_ticked_is_read_back() -> None:
    """By id and revision, in order, at most as many as are decided at once; anything else is left out."""
    groups = bulk.groups(pairs(*(pay(number) for number in range(1, 24))))
    view = bulk_views.choose(groups, ABOUT, ticked=True)
    state: dict[str, Any] = {"verdict": {"value": {"selected_option": {"value": "deny"}}}}
    for block in view["blocks"]:
        if block["type"] == "input" and block["block_id"].startswith("pick:"):
            element = block["element"]
            state[block["block_id"]] = {element["action_id"]: {"selected_options": element["initial_options"]}}
    state["pick:x:0"] = {"value": {"selected_options": [{"value": "<@U0BEN>"}, 3, {"value": f"{TWO[0].id}:1"}]}}
    found = bulk_views.ticked(state)
    assert found == tuple(Chosen(pay(number).id, 1) for number in range(1, 21))
    assert bulk_views.ticked({"pick:1:0": None, "pick:2:0": {"value": []}}) == ()


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        "{}",
        '{"find": "list"}',
        '{"find": "list", "home": 1}',
        '{"find": "list", "home": false, "verdict": "edit", "chosen": ["AB2C3D4E5F6G7H2J:1"]}',
        '{"find": "list", "home": false, "verdict": "deny", "chosen": []}',
        '{"find": "list", "home": false, "chosen": ["AB2C3D4E5F6G7H2J:1"]}',
        '{"find": "list", "home": false, "verdict": "deny", "chosen": ["x"]}',
        json.dumps({"find": "list", "home": False, "verdict": "deny", "chosen": ["AB2C3D4E5F6G7H2J:1"] * 21}),
        json.dumps({"find": "l" * 151, "home": False}),
    ],
)
def test_a_form_that_is_not_ours_is_known(said: str) -> None:
    """Its metadata is read strictly."""
    assert bulk_views.about({"private_metadata": said}) is None


def test_reasons_are_offered_where_all_offer_the_same() -> None:
    """And one is needed where one of them needs it."""
    one, two = (replace(STANDARD, reasons=("Too much", why)) for why in ("Not ours", "Too late"))
    same = (pay(1, policy=one), pay(2, policy=replace(one, name="other", reason_required=("deny",))))
    assert bulk.reasons(same) == one.reasons
    assert bulk.reasons((pay(1, policy=one), pay(2, policy=two))) == ()
    assert bulk.needs_reason(same, DENY)
    assert not bulk.needs_reason(same, APPROVE)


def test_what_became_of_each_is_said_in_its_own_words() -> None:
    """Decided, decided and still to be taken back, or a vote that others must join."""
    ended = replace(pay(1), status=Status.RESOLVED, resolution=Resolution.APPROVED)
    assert bulk_views.texts_bulk.became(ended) == "Approved"
    assert "*Undo*" in bulk_views.texts_bulk.became(replace(ended, held_until=NOW))
    assert "vote" in bulk_views.texts_bulk.became(pay(1))
    assert DecisionType.APPROVE in bulk.VERDICTS


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["verdict", "pick:0", "reason", "private_metadata"]), samples.json_values))
def test_any_state_and_any_metadata_are_read_or_left_out(given_: dict[str, Any]) -> None:
    """Nothing is raised, and nothing is chosen that was not offered so."""
    assert bulk_views.ticked(given_) == ()
    assert bulk_views.verdict(given_) is None
    assert bulk_views.about({"private_metadata": json.dumps(given_)}) is None
    assert bulk_views.about(given_) is None
