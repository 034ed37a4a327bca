"""Cards, notes, lists and details: as drawn, and for approvals nobody thought of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from approvals.lifecycle import offered
from approvals.model import Action, Approval, DecisionType, Outcome, Resolution, Status
from approvals.policy import Urgency
from approvals.revised import Revised
from approvals.tally import verdicts
from bot import blocks
from tests.bot import golden, samples
from tests.bot.checks import OURS, drawn_texts, parsed, sound
from tests.bot.samples import HOSTILE, NOW, SAMPLES, approvals, decided, refund, said


def buttons(drawn: object) -> Iterator[dict[str, Any]]:
    """Every button."""
    if isinstance(drawn, dict):
        if drawn.get("type") == "button":
            yield drawn
        for entry in drawn.values():
            yield from buttons(entry)
    elif isinstance(drawn, list):
        for entry in drawn:
            yield from buttons(entry)


def ids(approval: Approval) -> list[str]:
    """The action ids on its card, in order."""
    return [button["action_id"] for button in buttons(blocks.card(approval, NOW).blocks)]


def everything(approval: Approval) -> str:
    """All that its card says."""
    return "\n".join(drawn_texts(blocks.card(approval, NOW).blocks))


@pytest.mark.parametrize("name", SAMPLES)
def test_each_card_is_drawn_as_agreed(name: str) -> None:
    """The card of each sample is the one in its golden file, and Slack takes it."""
    message = blocks.card(SAMPLES[name], NOW)
    sound(message, SAMPLES[name])
    golden.check(f"card_{name}", {"text": message.text, "blocks": message.blocks})


def test_a_card_says_why_it_is_asked_anew() -> None:
    """And nothing of an answer that was refused where that is not why, nor of an edit that is decided."""
    said = {
        Revised.QUESTION: "The question has changed",
        Revised.ANSWER: "The agent could not take the last answer",
        Revised.UNDO: "A decision was taken back",
        Revised.POLICY: "Asked anew under the policy refunds",
    }
    for why, text in said.items():
        drawn = everything(refund(revision=2, revised=why, error="amount must be a number"))
        assert [one for one in said.values() if one in drawn] == [text]
        assert ("amount must be a number" in drawn) is (why is Revised.ANSWER)
    edited = everything(refund(revision=2, revised=Revised.EDIT))
    assert not any(one in edited for one in said.values())


def test_notes_lists_and_details_are_drawn_as_agreed() -> None:
    """The other messages are those in their golden files."""
    drawn = {
        "reminder": blocks.reminder(SAMPLES["pending"], NOW),
        "reminder_for_others": blocks.reminder(SAMPLES["pending"], NOW, ("U0CLEO", "@finance")),
        "card_in_place_of": blocks.asked_for(blocks.card(SAMPLES["pending"], NOW), "U0ANA"),
        "passed_on": blocks.card(SAMPLES["pending_confirm"], NOW, passed_on=True),
        "glass": blocks.glass(SAMPLES["alone"]),
        "reminder_votes": blocks.reminder(replace(SAMPLES["votes_one"], urgency=Urgency.CRITICAL), NOW),
        "report_unanswered": blocks.report(SAMPLES["expired_fail"]),
        "details_votes": blocks.details(SAMPLES["votes_teams"], NOW),
        "details_automatic": blocks.details(SAMPLES["automatic"], NOW),
        "report_finished": blocks.report(SAMPLES["approved"]),
        "report_went_on": blocks.report(SAMPLES["batch_decided"]),
        "report_failed": blocks.report(SAMPLES["failed"]),
        "details": blocks.details(SAMPLES["batch_partial"], NOW),
        "plain": blocks.plain("Denied by <@U0BEN>."),
        "digest": blocks.digest([SAMPLES["pending"], SAMPLES["votes_one"], SAMPLES["question"]], 214, 230),
        "digest_over": blocks.digest([], 0, 230),
    }
    for name, message in drawn.items():
        sound(message)
        golden.check(name, {"text": message.text, "blocks": message.blocks})


@settings(max_examples=60, deadline=None)
@given(approvals())
def test_any_approval_can_be_drawn(approval: Approval) -> None:
    """Whatever an agent says, each message is within Slack's limits and nothing of the agent's is parsed."""
    sound(blocks.card(approval, NOW), approval)
    sound(blocks.card(approval, NOW, passed_on=True), approval)
    sound(blocks.glass(approval), approval)
    sound(blocks.reminder(approval, NOW), approval)
    sound(blocks.report(approval), approval)
    sound(blocks.details(approval, NOW), approval)
    sound(blocks.digest([approval] * 5, 5, 9), approval)


def giants() -> dict[str, Approval]:
    """The largest inputs that can be met."""
    args = {f"{HOSTILE} {number}": "<&>" * 700 for number in range(500)}
    many = tuple(
        Action(name="&" * 500, args=args, description="<" * 999, allowed=tuple(DecisionType)) for _ in range(100)
    )
    votes = tuple(said(samples.EDIT, action=index, args={"x": "<" * 400}, reason="&" * 4000) for index in range(100))
    one = refund(title="T" * 5000, description="<" * 100_000, actions=many[:1], payload={"all": "😀" * 1_000_000})
    batch = refund(actions=many, title="&" * 5000, graph="<" * 900, requester=">" * 900)
    ended = replace(batch, status=Status.FAILED, resolution=Resolution.EDITED, decisions=votes, error="&" * 100_000)
    return {
        "one": one,
        "batch": batch,
        "ended": ended,
        "resumed": replace(ended, status=Status.RESUMED, outcome=Outcome(finished=True, text="<" * 9000)),
    }


@pytest.mark.parametrize("name", giants())
def test_the_largest_approvals_fit(name: str) -> None:
    """A payload of 1 MB, 100 actions, 500 arguments: within the limits, and what was cut can be reviewed."""
    approval = giants()[name]
    for message in (
        blocks.card(approval, NOW),
        blocks.report(approval),
        blocks.reminder(approval),
        blocks.details(approval, NOW),
    ):
        sound(message, approval)
    assert "review" in ids(approval)


def test_a_button_carries_the_id_and_the_revision_only() -> None:
    """The value of every button of a card is `id:revision`."""
    for approval in SAMPLES.values():
        for button in buttons(blocks.card(approval, NOW).blocks):
            assert button["value"] == f"{approval.id}:{approval.revision}"


def test_a_single_action_has_three_buttons_at_most_in_its_row() -> None:
    """With four kinds offered, the fourth stands beside a sentence of its own."""
    rows = [block for block in blocks.card(SAMPLES["pending_four"], NOW).blocks if block["type"] == "actions"]
    assert [len(list(buttons(row))) for row in rows] == [3]
    assert ids(SAMPLES["pending_four"]) == ["approve", "edit", "deny", "respond"]


@pytest.mark.parametrize("name", [name for name, approval in SAMPLES.items() if approval.status is not Status.PENDING])
def test_nothing_can_be_decided_any_more(name: str) -> None:
    """Once it is decided, a card has no button that decides; a failed one can be retried, or asked again."""
    left = set(ids(SAMPLES[name])) - {"review"}
    failed = {"repair"} if name in ("stuck", "expired_fail") else {"retry", "repair"}
    assert left == (failed if SAMPLES[name].status is Status.FAILED else {"undo"} if name == "undoable" else set())


@pytest.mark.parametrize("name", [name for name, approval in SAMPLES.items() if approval.status is Status.PENDING])
def test_everything_offered_has_a_button(name: str) -> None:
    """Each decision that is offered for an open action can be clicked, and no other."""
    approval = SAMPLES[name]
    clickable = set(ids(approval)) - {"review"}
    if len(approval.actions) == 1:
        assert clickable == {kind.value for kind in offered(approval, None)}
        return
    still = [index for index, verdict in enumerate(verdicts(approval)) if verdict is None]
    expected = {f"{kind.value}:{index}" for index in still[:8] for kind in approval.actions[index].allowed}
    assert {name for name in clickable if ":" in name} == expected


def test_approve_all_asks_once_more_and_the_rest_comes_up() -> None:
    """A batch is approved as a whole only after a confirmation; decided actions make room for the next."""
    row = [button for button in buttons(blocks.card(SAMPLES["batch"], NOW).blocks) if button["action_id"] == "approve"]
    assert "confirm" in row[0]
    votes = tuple(said(samples.DENY, action=index) for index in range(8))
    assert "approve:8" in ids(replace(SAMPLES["batch_many"], decisions=votes))


def test_confirmation_follows_the_policy() -> None:
    """Approve asks once more where the policy says so, and only there."""
    found = {
        name: next(b for b in buttons(blocks.card(SAMPLES[name], NOW).blocks) if b["action_id"] == "approve")
        for name in ("pending", "pending_confirm")
    }
    assert "confirm" not in found["pending"]
    assert "confirm" in found["pending_confirm"]


@given(samples.arguments, samples.texts)
@settings(max_examples=60, deadline=None)
def test_what_is_cut_can_be_reviewed(args: dict[str, Any], why: str) -> None:
    """Where an argument's text is not on the card, there is a button that shows it."""
    approval = refund(actions=(Action(name="act", args=args, description=why),))
    card = everything(approval)
    if "review" not in ids(approval):
        for value in args.values():
            if isinstance(value, str) and value.isprintable():
                assert value in card
        assert why.strip() in card or not why.isprintable()


def test_what_the_card_does_not_say_can_be_reviewed() -> None:
    """A part of the payload that no argument and no description shows makes the review button appear."""
    hidden = {"question": "Delete it?", "context": {"path": "/prod", "files": 12}}
    question = refund(dialect="plain", title="Delete it?", actions=(Action(name="ask"),), payload=hidden)
    assert "/prod" in everything(question)
    action = replace(samples.REFUND, args={"customer": "ACME"})
    assert "review" in ids(
        refund(actions=(action,), payload={"args": {"customer": "ACME"}, "context": "secretly all of them"})
    )
    assert "review" not in ids(refund(actions=(action,), payload={"args": {"customer": "ACME"}}))


def test_invisible_characters_of_an_argument_are_named() -> None:
    """A value that turns the direction of reading is shown as what it is."""
    assert "⟨U+202E⟩gpj.exe" in everything(refund(actions=(Action(name="run", args={"file": "\u202egpj.exe"}),)))


def test_an_edit_shows_old_and_new_of_what_differs() -> None:
    """Changed arguments only, struck out and new; a change of type counts."""
    approval = decided(samples.EDIT, Resolution.EDITED, args={**samples.REFUND.args, "notify": 1})
    drawn = json.dumps(blocks.card(approval, NOW).blocks)
    assert '{"type": "text", "text": "true", "style": {"strike": true}}' in drawn
    assert '{"type": "text", "text": "1", "style": {"bold": true}}' in drawn
    assert drawn.count('"strike"') == 1


def test_a_deadline_that_has_passed_is_said_to_have_passed() -> None:
    """Between the deadline and its sweep the card does not promise time that is gone."""
    later = NOW + timedelta(days=1)
    assert any("The deadline passed" in text for text in parsed(blocks.card(refund(), later).blocks))
    assert not any("The deadline passed" in text for text in parsed(blocks.card(refund(), NOW).blocks))


def test_only_details_speak_of_langgraph() -> None:
    """Cards are for people: thread ids and interrupts stand in the details, and there they do."""
    for approval in SAMPLES.values():
        assert not re.search("interrupt|thread.id|thread-1", everything(approval), re.IGNORECASE)
    shown = "\n".join(drawn_texts(blocks.details(SAMPLES["pending"], NOW).blocks))
    assert "Interrupt id: " in shown
    assert "thread-1" in shown


@given(samples.texts)
def test_a_long_sentence_is_cut_outside_of_its_markup(text: str) -> None:
    """The top-level text never ends within a mention or an escape."""
    message = blocks.plain(f"{'a' * 270} <@U0BEN> &amp; <!date^1^{{time}}|1970-01-01> {len(text)}" * 2)
    assert "<" not in OURS.sub("", message.text)
    assert not re.search(r"&(?!amp;|lt;|gt;)", message.text)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("pending", ["approve", "edit", "deny"]),
        ("critical", ["deny", "edit", "approve"]),
        ("pending_confirm", ["deny", "edit", "approve"]),
    ],
)
def test_what_is_confirmed_is_not_first_under_a_thumb(name: str, wanted: list[str]) -> None:
    """Approve stands first on an ordinary card, and last where the click is confirmed."""
    assert ids(SAMPLES[name])[:3] == wanted


def test_a_card_names_its_environment() -> None:
    """Beside the agent, where the installation has a name; also once it is decided; bounded."""
    assert "Agent: refund_agent, in production" in everything(refund(environment="production"))
    assert "in production" in everything(replace(SAMPLES["approved"], environment="production"))
    assert "x" * 41 not in everything(refund(environment="x" * 500))
    assert "Agent: refund_agent\n" in everything(refund())


def test_an_escalated_card_says_so_and_who_is_asked_now() -> None:
    """Whether a step adds people or replaces those before; nothing on a card that was not escalated."""
    assert "Also asked now: <@U0CFO>" in everything(SAMPLES["escalated"])
    assert "Now only <@U0CEO> can decide" in everything(SAMPLES["escalated_away"])
    assert "Escalated" not in everything(SAMPLES["pending"])
