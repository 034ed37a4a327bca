"""Asking back and asking why, as people see them: a real Chromium, the page of the local Slack, real clicks."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from approvals.model import Resolution
from tests.scenarios.conftest import ANA, CLEO, Desk
from tests.scenarios.window import Screen, browser, here, screen, window

__all__ = ["browser", "here", "screen", "window"]

pytestmark = [pytest.mark.browser]

RULES = """
version: 1
policies:
  - name: refunds
    match: {graph: refund}
    channel: "#approvals"
    who: ["@finance"]
    remind: [1h]
    snooze: [4h]
    ask_back: {pause: 4h}
default: {channel: "#approvals"}
"""


@pytest.mark.parametrize("screen", [RULES], indirect=True)
async def test_ask_answer_and_decide_in_the_page(screen: Screen, here: Desk) -> None:
    """The approver asks from the menu, the requester answers in the thread, the card shows both, one click decides."""
    card = await here.ask(requester=CLEO)
    page = await screen.open(ANA)
    message = page.locator(f'[data-testid="message"][data-ts="{card.ts}"]')
    modal = page.locator('[data-testid="modal"]')
    await message.locator('[data-action-id="more"]').click()
    await expect(page.get_by_role("menuitem")).to_have_count(4)
    await screen.picture(page, "ask_menu")
    await page.get_by_role("menuitem", name="Ask the requester").click()
    await modal.locator('[data-block-id="text"] textarea').fill(
        "Which of the two parcels broke?\nThe photo shows both."
    )
    await screen.pictures(page, "ask_form")
    await modal.get_by_role("button", name="Ask", exact=True).click()
    await expect(modal).to_have_count(0)
    await expect(message).to_contain_text("No answer yet")
    await expect(message).to_contain_text("1 reply")
    await screen.pictures(page, "asked")

    other = await screen.open(CLEO)
    await other.locator(f'[data-testid="message"][data-ts="{card.ts}"]').get_by_text("1 reply").click()
    thread = other.locator('[data-testid="thread"]')
    await expect(thread).to_contain_text("before deciding")
    await screen.pictures(other, "question")
    await thread.locator('[data-action-id="answer"]').click()
    form = other.locator('[data-testid="modal"]')
    await form.locator('[data-block-id="text"] textarea').fill("The second one, with the lamp.")
    await screen.pictures(other, "answer_form")
    await form.get_by_role("button", name="Send", exact=True).click()
    await expect(form).to_have_count(0)
    await expect(thread).to_contain_text("The second one, with the lamp.")
    await expect(thread).to_contain_text("Answered by")
    await screen.pictures(other, "answer")

    await expect(message).to_contain_text("The second one, with the lamp.")
    await expect(message).not_to_contain_text("wait for the answer")
    await screen.pictures(page, "answered")
    await message.locator('[data-action-id="approve"]').click()
    await expect(message).to_contain_text("finished")
    await expect(message).to_contain_text("The second one, with the lamp.")
    await screen.pictures(page, "answered_decided")
    assert (await here.only()).resolution is Resolution.APPROVED


@pytest.mark.parametrize("screen", [RULES], indirect=True)
async def test_why_in_the_page(screen: Screen, here: Desk) -> None:
    """What was said and which tools were called, newest last."""
    await here.ask("middleware", {"messages": [{"role": "user", "content": "Pay Acme and clean up the archive."}]})
    page = await screen.open(ANA)
    await page.locator('[data-testid="message"] [data-action-id="more"]').first.click()
    await page.get_by_role("menuitem", name="Why is this asked?").click()
    modal = page.locator('[data-testid="modal"]')
    await expect(modal).to_contain_text("Pay Acme and clean up the archive.")
    await expect(modal).to_contain_text("pay_invoice")
    await screen.pictures(page, "why")
