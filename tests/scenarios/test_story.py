"""The main job over the wire (Socket Mode and HTTP): an interrupt becomes a card, a click resumes the graph."""

from __future__ import annotations

import asyncio

from approvals.events import EventType
from approvals.model import DecisionType, Resolution, Source, Status
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, GUS, XIA, Desk
from tests.scenarios.play import says, settled, told


async def test_approve_resumes_the_graph_and_every_word_of_it_is_told(desk: Desk) -> None:
    """One click: the card says who, the agent acts once, its result stands in the thread, the audit is whole."""
    card = await desk.ask()
    assert desk.buttons(card.ts) == ["approve", "edit", "deny"]
    await told(desk, EventType.ANNOUNCED)  # it is written down a moment after Slack shows the card
    delivery = await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    assert delivery.ok, delivery

    assert "Refunded $340.00 to customer 8821" in await desk.report(card.ts)
    approval = await desk.resumed(card.ts)
    assert approval.resolution is Resolution.APPROVED
    assert [(d.type, d.actor.id, d.actor.source) for d in approval.decisions] == [
        (DecisionType.APPROVE, ANA, Source.SLACK)
    ]
    shown = await desk.until(lambda: text if "<@U0ANA>" in (text := desk.text(card.ts)) else None)
    assert "Approved" in shown
    assert desk.buttons(card.ts) == []

    events = [event.type for event in await desk.core.records.approvals.audit(approval.id)]
    assert [e for e in events if e is not EventType.REPORTED] == [
        EventType.OPENED,
        EventType.ANNOUNCED,
        EventType.DECIDED,
        EventType.RESOLVED,
        EventType.RESUMING,
        EventType.RESUMED,
    ]


async def test_deny_asks_for_a_reason_and_the_agent_hears_it(desk: Desk) -> None:
    """The reason reaches the card, the record and the graph."""
    card = await desk.ask()
    await desk.slack.click(BEN, CHANNEL, card.ts, "deny")
    view = await desk.modal(BEN)
    delivery = await desk.slack.submit(BEN, view.id, {"reason": "The warranty has run out."})
    assert delivery.ok
    assert desk.slack.modal(BEN) is None

    assert "The warranty has run out." in await desk.report(card.ts)
    approval = await desk.resumed(card.ts)
    assert (approval.resolution, approval.decisions[0].reason) == (Resolution.DENIED, "The warranty has run out.")
    await says(desk, card, "The warranty has run out.")


async def test_edit_keeps_types_refuses_nonsense_in_the_form_and_shows_the_difference(desk: Desk) -> None:
    """A form with one input per argument; what is wrong is said at the field, what is right reaches the graph."""
    card = await desk.ask()
    approval = await desk.only()
    amount = f"arg:{list(approval.actions[0].args).index('amount')}"
    await desk.slack.click(ANA, CHANNEL, card.ts, "edit")
    view = await desk.modal(ANA)

    refused = await desk.slack.submit(ANA, view.id, {amount: "a lot"})
    assert not refused.ok
    assert desk.slack.modal(ANA) is not None, "what was typed is kept"

    accepted = await desk.slack.submit(ANA, view.id, {amount: 120})
    assert accepted.ok
    assert "Refunded $120.00" in await desk.report(card.ts)
    approval = await desk.resumed(card.ts)
    assert approval.resolution is Resolution.EDITED
    args = approval.decisions[0].args
    assert args is not None
    assert args["amount"] == 120.0
    assert isinstance(args["amount"], float)
    await says(desk, card, "340", "120")


async def test_those_who_may_not_decide_are_told_so_in_private_and_nothing_changes(desk: Desk) -> None:
    """A guest, somebody from another workspace, and a member whom the policy does not name."""
    card = await desk.ask()
    for user in (GUS, XIA, CLEO):
        for button in ("approve", "deny"):
            before = len(desk.slack.ephemerals(user))
            assert (await desk.slack.click(user, CHANNEL, card.ts, button)).ok
            await desk.told(user, before)
            assert desk.slack.modal(user) is None
    approval = await desk.only()
    assert (approval.status, approval.decisions) == (Status.PENDING, ())


async def test_nobody_approves_their_own_request(desk: Desk) -> None:
    """The requester is in the group that may decide, and still cannot."""
    card = await desk.ask(requester=ANA)
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    assert "own request" in await desk.told(ANA)
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    assert (await desk.resumed(card.ts)).decisions[0].actor.id == BEN


async def test_two_people_click_at_once_and_one_of_them_wins(desk: Desk) -> None:
    """The first valid decision counts; the other is told, and the agent acts once."""
    card = await desk.ask()
    await asyncio.gather(*(desk.slack.click(user, CHANNEL, card.ts, "approve") for user in (ANA, BEN) * 3))
    approval = await desk.resumed(card.ts)
    assert len(approval.decisions) == 1
    loser = BEN if approval.decisions[0].actor.id == ANA else ANA
    assert "nothing was changed" in (await desk.told(loser)).lower()
    assert len([m for m in desk.slack.messages(CHANNEL, thread_ts=card.ts) if m.ts != card.ts]) == 1


async def test_a_click_on_an_old_copy_of_the_card_changes_nothing_and_redraws_it(desk: Desk) -> None:
    """Slack may show a card that was decided long ago; its buttons answer all the same."""
    card = await desk.ask()
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await desk.resumed(card.ts)
    await settled(desk)
    updates = len(desk.slack.calls("chat.update"))
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve", seen=card)
    assert "Already approved" in await desk.told(BEN)
    await desk.until(lambda: len(desk.slack.calls("chat.update")) > updates or None)
    assert len((await desk.only()).decisions) == 1


async def test_a_duplicate_delivery_of_one_click_counts_once(desk: Desk) -> None:
    """Slack may deliver the same payload twice."""
    card = await desk.ask()
    desk.slack.faults.duplicate_delivery()
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    approval = await desk.resumed(card.ts)
    assert len(approval.decisions) == 1
