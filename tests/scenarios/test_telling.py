"""What went wrong is told to whoever acted, by another way where the first is shut; once, and never after too long."""

from __future__ import annotations

import pytest

from approvals.model import Status
from localslack import View
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, Desk, House, all_text

LONG = {"customer": "c", "amount": 1.0, "reason": "word " * 30_000}


async def _said(desk: Desk, what: str) -> View:
    """The form that Ana has open, once it says so."""

    def look() -> View | None:
        view = desk.slack.modal(ANA)
        return view if view is not None and what in all_text(view.blocks) else None

    return await desk.until(look)


@pytest.mark.parametrize(("status", "word"), [(429, "asks us to wait"), (503, "went wrong on our side")])
async def test_a_page_that_does_not_turn_says_so(house: House, status: int, word: str) -> None:
    """The view says what happened and stays as it was; its button works at the next click, and the word goes."""
    desk = await house.desk()
    card = await desk.ask("refund", LONG)
    await desk.slack.click(ANA, CHANNEL, card.ts, "review")
    first = await desk.modal(ANA)
    desk.slack.faults.status("views.update", status, retry_after=60)
    assert (await desk.slack.click_view(ANA, first.id, "review:next")).ok
    shown = await _said(desk, word)
    assert shown.blocks[1:] == first.blocks
    assert (await desk.slack.click_view(ANA, first.id, "review:next")).ok
    await desk.until(lambda: True if word not in all_text((desk.slack.modal(ANA) or first).blocks) else None)
    assert desk.slack.ephemerals(ANA) == []


async def test_a_form_that_cannot_say_it_leaves_it_to_a_private_message(house: House) -> None:
    """views.update is limited for longer: it is said in their messages with the app, once; nothing is decided."""
    desk = await house.desk()
    card = await desk.ask("refund", LONG)
    await desk.slack.click(ANA, CHANNEL, card.ts, "review")
    first = await desk.modal(ANA)
    desk.slack.faults.status("views.update", 429, retry_after=60, times=2)
    assert (await desk.slack.click_view(ANA, first.id, "review:next")).ok
    assert "asks us to wait" in await desk.told(ANA)
    assert len(desk.slack.ephemerals(ANA)) == 1
    assert (await desk.only()).status is Status.PENDING


@pytest.mark.parametrize("status", [429, 503])
async def test_a_home_whose_button_opens_nothing(house: House, status: int) -> None:
    """A form that cannot be opened from the Home tab, where nothing can be answered to."""
    desk = await house.desk()
    await desk.ask()
    await desk.slack.open_home(ANA)
    home = await desk.until(lambda: desk.slack.home(ANA))
    button = next(
        one["action_id"]
        for block in home.blocks
        for one in [*block.get("elements", []), block.get("accessory") or {}]
        if one.get("action_id", "").endswith("deny")
    )
    desk.slack.faults.status("views.open", status, retry_after=60)
    assert (await desk.slack.click_view(ANA, home.id, button)).ok
    assert ("asks us to wait" if status == 429 else "went wrong") in await desk.told(ANA)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_private_answer_that_slack_does_not_take(house: House, status: int) -> None:
    """The response URL is limited or broken: the refusal comes all the same, in the channel, for them alone, once."""
    desk = await house.desk()
    card = await desk.ask(requester=BEN)
    desk.slack.faults.status("response_url", status, retry_after=60)
    assert (await desk.slack.click(BEN, CHANNEL, card.ts, "approve")).ok
    assert "your own" in await desk.told(BEN)
    (told,) = desk.slack.ephemerals(BEN)
    assert told.channel == CHANNEL
    assert len(desk.slack.calls("chat.postEphemeral")) == 1


async def test_a_private_answer_whose_receipt_is_lost_is_not_said_twice(house: House, clock: VirtualClock) -> None:
    """It stands there; only we do not know."""
    desk = await house.desk()
    card = await desk.ask(requester=BEN)
    desk.slack.faults.drop_after_commit("response_url")
    assert (await desk.slack.click(BEN, CHANNEL, card.ts, "approve")).ok
    await desk.told(BEN)
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    await desk.told(BEN, after=1)
    assert len(desk.slack.ephemerals(BEN)) == 2


async def test_a_form_that_was_acknowledged_already(house: House, clock: VirtualClock) -> None:
    """Its listener fails after the acknowledgement that time was up: the form that is open says so."""
    desk = await house.desk(clock=clock)
    card = await desk.ask()
    await desk.slack.click(ANA, CHANNEL, card.ts, "deny")
    view = await desk.modal(ANA)
    clock.turn(minutes=5)  # what is known of Ana is too old now
    desk.slack.faults.delay("users.info", 2.7)
    desk.slack.faults.status("users.info", 503)
    assert (await desk.slack.submit(ANA, view.id, {"reason": "Late."})).ok
    await _said(desk, "went wrong on our side")
    assert (await desk.only()).status is Status.PENDING
