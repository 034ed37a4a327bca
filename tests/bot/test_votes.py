"""Votes, the menu, reasons and glass on paper."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.errors import InputError
from approvals.hours import Pause
from approvals.model import Approval, DecisionType, Status
from approvals.policy import Group, Policy, Quorum, Urgency
from bot import blocks, buttons, forms, modals, payloads, reasons, texts, texts_state, texts_votes
from bot.review import pages
from localslack.elements import client_errors, initial_values
from tests.bot import samples
from tests.bot.checks import drawn_texts, sound, sound_view
from tests.bot.samples import HALF, NOW, SAMPLES, approvals, refund, said

SNOOZES = tuple(3600.0 * hours for hours in range(1, 9))


def menu(approval: Approval, **more: Any) -> list[tuple[str, str]]:
    """The labels and values of the card's menu."""
    for block in blocks.card(approval, NOW, **more).blocks:
        for element in block.get("elements", []):
            if element.get("type") == "overflow":
                return [(option["text"]["text"], option["value"]) for option in element["options"]]
    return []


def everything(approval: Approval, **more: Any) -> str:
    """All that its card says."""
    return "\n".join(drawn_texts(blocks.card(approval, NOW, **more).blocks))


def body(value: object) -> dict[str, Any]:
    """A choice in the menu."""
    action = {"action_id": "more", "type": "overflow", "selected_option": {"value": value}}
    return {"user": {"id": "U0ANA", "team_id": "T1"}, "trigger_id": "1.2", "actions": [action]}


def test_the_menu_offers_what_the_policy_does() -> None:
    """Looking, as many times to be reminded as there is room for, asking, why, and the glass."""
    at = f"{samples.ID}:1"
    assert menu(SAMPLES["held"]) == [
        ("I'm looking (30 min)", f"{at}:look"),
        ("Remind me in 1 h", f"{at}:snooze3600"),
        ("Ask the requester…", f"{at}:ask"),
        ("Why is this asked?", f"{at}:why"),
        ("Break the glass…", f"{at}:glass"),
    ]
    assert menu(SAMPLES["pending"]) == [("Ask the requester…", f"{at}:ask"), ("Why is this asked?", f"{at}:why")]
    silent = replace(samples.STANDARD, ask_back=None)
    assert menu(refund(requester=None, policy=silent)) == [("Why is this asked?", f"{at}:why")]
    assert menu(replace(SAMPLES["batch"], policy=samples.HOLDS)) != []


def test_the_menu_holds_five_and_always_the_glass() -> None:
    """Slack takes five options: of many times to be reminded the first ones stay."""
    found = menu(refund(policy=replace(samples.HOLDS, snooze=SNOOZES)))
    assert len(found) == 5
    assert found[-1][0] == "Break the glass…"
    assert len(menu(refund(policy=replace(samples.STANDARD, snooze=SNOOZES)))) == 5


def test_nobody_breaks_glass_for_an_answer_in_words() -> None:
    """Alone one approves or denies; where neither is offered, the glass is not."""
    asks = samples.Action(name="ask", allowed=(DecisionType.RESPOND,))
    assert "Break the glass…" not in dict(menu(refund(actions=(asks,), policy=samples.HOLDS)))


@given(approvals())
@settings(max_examples=40, deadline=None)
def test_every_option_reads_back(approval: Approval) -> None:
    """Whatever the policy offers: the id and the revision of the card and one of our verbs, nothing else."""
    for _, value in menu(approval):
        found = payloads.choice(body(value))
        assert (found.approval_id, found.revision) == (approval.id, approval.revision)
        held = found.seconds if found.seconds is not None else approval.policy.acknowledge
        assert found.verb == "glass" or held in (*approval.policy.snooze, approval.policy.acknowledge)


@pytest.mark.parametrize(
    "value",
    [None, "", samples.ID, f"{samples.ID}:1", f"{samples.ID}:1:", f"{samples.ID}:1:look\n", f"{samples.ID}:1:snooze",
     f"{samples.ID}:1:snooze-5", f"{samples.ID}:1:approve", f"{samples.ID}:x:look", f"{samples.ID}:1:glass:2"],
)  # fmt: skip
def test_an_option_that_is_nearly_ours_is_refused(value: object) -> None:
    """To the character."""
    with pytest.raises(InputError):
        payloads.choice(body(value))


@given(st.lists(samples.texts.filter(str.strip), max_size=120).map(tuple), samples.texts, st.booleans(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_reason_is_chosen_written_or_both(
    offered: tuple[str, ...], typed: str, required: bool, data: st.DataObject
) -> None:
    """Slack takes the inputs, and what comes back is what was chosen and typed."""
    policy = replace(samples.STANDARD, reasons=offered)
    drawn = reasons.inputs(policy, required=required)
    sound_view(modals.modal("Deny", drawn, callback_id="deny", submit="Deny"))
    state: dict[str, Any] = initial_values(drawn)
    state[forms.REASON] = {"value": {"type": "plain_text_input", "value": typed}}
    chosen = ""
    if offered:
        at = data.draw(st.integers(0, min(len(offered), reasons.MAX_OFFERED) - 1))
        option = drawn[0]["element"]["options"][at]
        state[reasons.PRESET] = {"value": {"type": "static_select", "selected_option": option}}
        chosen = offered[at]
    assert reasons.read(policy, state) == (": ".join(part for part in (chosen, typed.strip()) if part) or None)


def test_where_a_reason_is_needed_the_form_does_not_go_without() -> None:
    """Of a list something must be chosen, *another one* among it; without a list the lines must be filled in."""
    policy = replace(samples.STANDARD, reasons=("Too much",))
    needed = reasons.inputs(policy, required=True)
    assert list(client_errors(needed, initial_values(needed))) == [reasons.PRESET]
    assert [option["value"] for option in needed[0]["element"]["options"]] == ["0", reasons.OTHER]
    lines = reasons.inputs(samples.STANDARD, required=True)
    assert list(client_errors(lines, initial_values(lines))) == [forms.REASON]
    free = reasons.inputs(policy, required=False)
    assert not client_errors(free, initial_values(free))
    other = {reasons.PRESET: {"value": {"type": "static_select", "selected_option": {"value": reasons.OTHER}}}}
    assert reasons.read(policy, other) is None
    beyond = {reasons.PRESET: {"value": {"type": "static_select", "selected_option": {"value": "7"}}}}
    assert reasons.read(policy, beyond) is None


def test_a_proposed_edit_is_what_is_shown_filled_in_and_reviewed() -> None:
    """The new arguments everywhere; the old ones struck out on the card, and whole in the review."""
    approval = SAMPLES["votes_edit"]
    drawn = json.dumps(blocks.card(approval, NOW).blocks)
    assert '{"type": "text", "text": "4,200.00", "style": {"strike": true}}' in drawn
    assert '{"type": "text", "text": "2,100.00"}' in drawn, "the arguments as they are asked now"
    assert '{"type": "text", "text": "4,200.00"}' not in drawn
    filled = initial_values(forms.inputs(HALF))
    view = modals.edit(approval, 0)
    assert initial_values([b for b in view["blocks"] if b.get("block_id", "").startswith("arg:")]) == filled
    reviewed = "\n".join(text for page in pages(approval) for text in drawn_texts(page))
    assert reviewed.index("2100.0") < reviewed.index("Before it was edited") < reviewed.index("4200.0")
    assert texts.heading(approval).startswith("✏️ Changed, was: ")


def test_an_edit_that_does_not_fit_can_be_reviewed() -> None:
    """Where the difference is cut, the card says that there is more."""
    args = {f"a{number}": "new" for number in range(3)}
    action = replace(samples.REFUND, description="", args=dict.fromkeys(args, "old " * 60))
    approval = refund(policy=samples.TWO, actions=(action,), revision=2, decisions=(said(samples.EDIT, args=args),))
    assert "shows all of it first" in everything(approval)
    sound(blocks.card(approval, NOW), approval)


def test_urgency_stands_in_words_while_it_waits() -> None:
    """In the header, the notification, the list and the reminder; not after the decision."""
    critical = SAMPLES["critical"]
    for text in (
        texts.heading(critical),
        texts_state.headline(critical),
        texts_state.state(critical),
        blocks.reminder(critical, NOW).text,
    ):
        assert text.startswith("🚨 Critical")
    ended = replace(SAMPLES["approved"], urgency=Urgency.CRITICAL)
    assert "Critical" not in texts.heading(ended) + texts_state.headline(ended)
    long = refund(title="x" * 400, urgency=Urgency.CRITICAL)
    assert texts.heading(long).startswith("🚨 Critical: xxx")
    assert "shows all of it first" in everything(long)


def test_a_copy_before_people_who_are_no_longer_asked_has_nothing_to_click() -> None:
    """No button that would be refused; after the decision it says what all say."""
    for name in ("held", "batch", "pending_four", "votes_edit"):
        approval = SAMPLES[name]
        left = [
            button
            for block in blocks.card(approval, NOW, passed_on=True).blocks
            for button in block.get("elements", [])
        ]
        assert not [one for one in left if one.get("type") in ("button", "overflow")]
        assert "Others are asked now" in everything(approval, passed_on=True)
    done = SAMPLES["approved"]
    assert blocks.card(done, NOW, passed_on=True) == blocks.card(done, NOW)


def test_a_hold_is_over_when_its_time_is() -> None:
    """The card names who holds it for the longest, and nobody afterwards."""
    later = Pause(NOW, NOW.replace(hour=23), samples.LOOKING.kind, "U0CLEO")
    approval = refund(policy=samples.HOLDS, pauses=(later, samples.LOOKING))
    assert texts_votes.held(approval, NOW).startswith(":eyes: *<@U0CLEO> is looking into it*")
    assert texts_votes.held(approval, NOW.replace(hour=23)) == ""


def test_a_confirmation_says_what_the_click_does() -> None:
    """At once and for good, not before others have voted, or with a while to take it back."""
    said: list[str] = []
    for policy in (samples.STANDARD, samples.TWO, replace(samples.STANDARD, undo=15.0)):
        (row,) = buttons.single(refund(policy=replace(policy, confirm=True)))
        said.append(row["elements"][-1]["confirm"]["text"]["text"])
    assert "cannot be taken back" in said[0]
    assert "Your vote counts; needed: 2 approvals" in said[1]
    assert "It can be taken back for 15 s" in said[2]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (90, "1 min 30 s"), (1800, "30 min"), (5400, "1 h 30 min"), (93600, "1 d 2 h")]
)
def test_a_duration_is_said_in_full(seconds: float, said: str) -> None:
    """An offer to be reminded in 90 minutes is not one for an hour."""
    assert texts_votes.duration(seconds) == said


def test_the_largest_votes_fit() -> None:
    """Forty groups, a hundred voters, long names, an edit of everything: within Slack's limits."""
    groups = tuple(Group(name="<&>" * 60, who=(f"@g{number}",), approve=9) for number in range(40))
    policy = Policy(name="&" * 300, channel="#x", quorum=Quorum(approve=99, deny=99), groups=groups, snooze=SNOOZES,
                    break_glass=("U0CFO",) * 40, reasons=("<" * 400,) * 200, acknowledge=1.0)  # fmt: skip
    voters = tuple(
        said(kind, actor=replace(samples.BEN, id=f"U0V{number}{kind.name}", behalf="U0ANA"), audiences=("@g0",))
        for number in range(100)
        for kind in (samples.APPROVE, samples.DENY)
    )
    edit = said(samples.EDIT, action=0, args={f"{'<' * 90}{n}": "&" * 900 for n in range(60)}, reason="<" * 5000)
    for actions in (SAMPLES["pending"].actions, SAMPLES["batch_many"].actions):
        approval = refund(actions=actions, policy=policy, revision=2, decisions=(edit, *voters), urgency=Urgency.HIGH)
        for message in (blocks.card(approval, NOW), blocks.details(approval, NOW), blocks.reminder(approval, NOW)):
            sound(message, approval)
        ended = replace(approval, status=Status.FAILED, decisions=(*approval.decisions, replace(edit, alone=True)))
        sound(blocks.card(ended, NOW), ended)
        sound(blocks.glass(ended), ended)
        sound_view(modals.glass(approval), approval, inputs=True)
        assert buttons.alone(approval)
