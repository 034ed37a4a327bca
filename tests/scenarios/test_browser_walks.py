"""More walks of the page, each from the first look to the result: answering, deciding a batch, taking back, clicking
what is out of date, clicking at the same time, deciding from the Home tab."""

from __future__ import annotations

import asyncio
import json

import pytest
from playwright.async_api import Locator, Page, expect

from approvals.model import Resolution
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, Desk, House
from tests.scenarios.window import Screen, Window, browser, here, screen, window

__all__ = ["browser", "here", "screen", "window"]

pytestmark = [pytest.mark.browser]

CONFIRMED = """
version: 1
policies:
  - name: refunds
    match: {graph: refund}
    channel: "#approvals"
    who: ["@finance"]
    confirm: true
default: {channel: "#approvals"}
"""
UNDOABLE = CONFIRMED.replace("confirm: true", "undo: 1h")

CLEANING = """
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt


class State(TypedDict, total=False):
    given: str
    result: str


def ask(state: State) -> dict[str, Any]:
    asked = [
        {"name": "pay_invoice", "args": {"vendor": "Acme", "amount": 900}},
        {"name": "send_letter", "args": {"to": "Acme", "text": "We have paid."}},
        {"name": "delete_file", "args": {"path": "/archive/2019.zip"}},
    ]
    kinds = ["approve", "edit", "reject"]
    rules = [{"action_name": one["name"], "allowed_decisions": kinds} for one in asked]
    said = interrupt({"action_requests": asked, "review_configs": rules})["decisions"]
    return {"result": " · ".join(one["type"] for one in said)}


graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").add_edge("ask", END).compile()
"""


def _card(page: Page, ts: str) -> Locator:
    return page.locator(f'[data-testid="message"][data-ts="{ts}"]')


def _press(place: Locator | Page, action: str) -> Locator:
    return place.locator(f'[data-action-id="{action}"]')


async def test_respond_in_the_page(screen: Screen, here: Desk) -> None:
    """A question is answered in words; the card shows them, and the agent goes on with them."""
    card = await here.ask("question", {"city": "Oslo"})
    page = await screen.open(ANA)
    message, modal = _card(page, card.ts), page.locator('[data-testid="modal"]')
    await _press(message, "respond").click()
    await modal.locator('[data-block-id="text"] textarea').fill("The 14th of May")
    await screen.pictures(page, "respond")
    await modal.get_by_role("button", name="Send", exact=True).click()
    await expect(modal).to_have_count(0)
    await expect(message).to_contain_text("The 14th of May")
    await expect(message).to_contain_text("finished")
    await message.get_by_text("1 reply").click()
    await expect(page.locator('[data-testid="thread"]')).to_contain_text("Booked a room in Oslo for The 14th of May.")
    await screen.pictures(page, "responded")


async def test_a_batch_is_decided_one_by_one_in_the_page(window: Window, house: House) -> None:
    """One approved, one edited, one denied: the card counts along, and the agent gets each in its place."""
    (house.folder / "cleaning.py").write_text(CLEANING)
    config = house.folder / "langgraph.json"
    config.write_text(json.dumps({"dependencies": ["."], "graphs": {"cleaning": "./cleaning.py:graph"}}))
    desk = await house.desk(signoff_config=config)
    screen = window(desk)
    card = await desk.ask("cleaning", {"given": "x"}, requester=CLEO)
    page = await screen.open(ANA, size={"width": 1180, "height": 1100})
    message, modal = _card(page, card.ts), page.locator('[data-testid="modal"]')
    await _press(message, "approve:0").click()
    await expect(_press(message, "approve:0")).to_have_count(0)
    await _press(message, "edit:1").click()
    await modal.locator('[data-block-id="arg:1"]').get_by_role("textbox").fill("We have paid. Thank you.")
    await modal.get_by_role("button", name="Approve", exact=True).click()
    await expect(message).to_contain_text("Thank you.")
    await screen.picture(page, "batch")
    await _press(message, "deny:2").click()
    await modal.locator('[data-block-id="reason"] textarea').fill("It is needed for the audit.")
    await modal.get_by_role("button", name="Deny", exact=True).click()
    await expect(message).to_contain_text("1 approved, 1 edited and approved, 1 denied")
    await expect(message).to_contain_text("finished")
    await message.get_by_text("1 reply").click()
    await expect(page.locator('[data-testid="thread"]')).to_contain_text("approve · edit · reject")
    await screen.picture(page, "batch_decided")


async def test_undo_in_the_page(window: Window, house: House, clock: VirtualClock) -> None:
    """Approved, taken back, denied: when the time for that is over the agent goes on with what was said last."""
    (house.folder / "policies.yaml").write_text(UNDOABLE)
    desk = await house.desk(clock=clock)
    screen = window(desk)
    card = await desk.ask()
    page = await screen.open(ANA)
    message, modal = _card(page, card.ts), page.locator('[data-testid="modal"]')
    await _press(message, "approve").click()
    await _press(message, "undo").click()
    await expect(_press(message, "undo")).to_have_count(0)
    await _press(message, "deny").click()
    await modal.get_by_role("button", name="Deny", exact=True).click()
    await expect(message).to_contain_text("Denied by")
    await expect(_press(message, "undo")).to_be_visible()
    clock.turn(hours=1)
    await expect(message).to_contain_text("finished")
    await expect(_press(message, "undo")).to_have_count(0)
    assert (await desk.resumed(card.ts)).resolution is Resolution.DENIED


@pytest.mark.parametrize("screen", [CONFIRMED], indirect=True)
async def test_an_old_copy_of_a_card_in_the_page(screen: Screen, here: Desk) -> None:
    """Ana is asked whether she is sure while Ben approves: she reads who was first, and the card is up to date."""
    card = await here.ask()
    page = await screen.open(ANA)
    message = _card(page, card.ts)
    await _press(message, "approve").click()
    sure = page.locator('[data-testid="confirm-dialog"]')
    await expect(sure).to_contain_text("The agent goes on at once")
    await screen.picture(page, "sure")
    await here.slack.click(BEN, CHANNEL, card.ts, "approve")
    await here.resumed(card.ts)
    await sure.get_by_role("button", name="Approve", exact=True).click()
    told = page.locator('[data-testid="ephemeral"]')
    await expect(told).to_contain_text("Already approved by @ben")
    await expect(told).to_contain_text("nothing was changed")
    await expect(_press(message, "approve")).to_have_count(0)
    await expect(message).to_contain_text("Approved by @ben")
    await screen.picture(page, "too_late")
    assert [said.actor.id for said in (await here.only()).decisions] == [BEN]


async def test_a_form_of_an_old_card_in_the_page(screen: Screen, here: Desk) -> None:
    """Ana types a reason while Ben approves: her form says so, and nothing was changed."""
    card = await here.ask()
    page = await screen.open(ANA)
    message, modal = _card(page, card.ts), page.locator('[data-testid="modal"]')
    await _press(message, "deny").click()
    await modal.locator('[data-block-id="reason"] textarea').fill("The warranty has run out.")
    await here.slack.click(BEN, CHANNEL, card.ts, "approve")
    await here.resumed(card.ts)
    await modal.get_by_role("button", name="Deny", exact=True).click()
    await expect(modal).to_contain_text("Already approved by @ben")
    await screen.pictures(page, "form_too_late")
    await modal.get_by_role("button", name="Close").first.click()
    await expect(modal).to_have_count(0)
    await expect(message).to_contain_text("Approved by @ben")
    assert (await here.only()).resolution is Resolution.APPROVED


@pytest.mark.parametrize("screen", [CONFIRMED], indirect=True)
async def test_two_people_at_once_in_the_page(screen: Screen, here: Desk) -> None:
    """Both are sure in the same moment: one decides, the other reads who was first, and both see the same card."""
    card = await here.ask()
    pages = {user: await screen.open(user) for user in (ANA, BEN)}
    for page in pages.values():
        await _press(_card(page, card.ts), "approve").click()
    yes = [page.get_by_test_id("confirm") for page in pages.values()]
    await asyncio.gather(*(button.click() for button in yes))
    first = (await here.resumed(card.ts)).decisions
    assert len(first) == 1
    winner, loser = (ANA, BEN) if first[0].actor.id == ANA else (BEN, ANA)
    name = {ANA: "@ana", BEN: "@ben"}[winner]
    await expect(pages[loser].locator('[data-testid="ephemeral"]')).to_contain_text(f"Already approved by {name}")
    await expect(pages[winner].locator('[data-testid="ephemeral"]')).to_have_count(0)
    for page in pages.values():
        await expect(_card(page, card.ts)).to_contain_text(f"Approved by {name}")
        await expect(_card(page, card.ts)).to_contain_text("finished")


async def test_home_decides_in_the_page(screen: Screen, here: Desk) -> None:
    """A click in a row of the Home tab decides, and the row is gone."""
    card = await here.ask(requester=CLEO)
    page = await screen.open(ANA, place="channel=home")
    home = page.get_by_test_id("home")
    await _press(home, "row:approve").click()
    await expect(_press(home, "row:approve")).to_have_count(0)
    approval = await here.resumed(card.ts)
    assert [said.actor.id for said in approval.decisions] == [ANA]
