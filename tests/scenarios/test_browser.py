"""The main job as a person sees it: a real Chromium, the page of the local Slack, real clicks.

`make screenshots` writes what these tests see to `docs/images/`.
"""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from approvals.model import Resolution
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, GUS, Desk, House
from tests.scenarios.window import PHONE, Screen, Window, browser, here, screen, window

__all__ = ["browser", "here", "screen", "window"]

pytestmark = [pytest.mark.browser]

VOTES = """
version: 1
policies:
  - name: large refunds
    match: {graph: refund}
    when: action.args.amount >= 1000.0
    urgency: critical
    channel: "#approvals"
    all_of: [{name: finance, who: ["@finance"]}, {name: leads, who: [U0CLEO]}]
  - name: refunds
    match: {graph: refund}
    channel: "#approvals"
    who: [U0ANA, U0BEN, U0CLEO]
    quorum: {approve: 2}
    remind: [1h]
    snooze: [4h]
    break_glass: [U0CLEO]
    reasons: [The service is down, A customer is at risk]
default: {channel: "#approvals"}
"""


def _button(page: Page, action: str) -> Locator:
    return page.locator(f'[data-testid="message"] [data-action-id="{action}"]')


async def test_approve_in_the_page(screen: Screen, here: Desk) -> None:
    """The card, one click, who approved, that the agent went on, and its result in the thread."""
    card = await here.ask(requester="U0CLEO")
    page = await screen.open(ANA)
    await expect(_button(page, "approve")).to_be_visible()
    await screen.picture(page, "card")
    await _button(page, "approve").click()
    message = page.locator(f'[data-testid="message"][data-ts="{card.ts}"]')
    await expect(message).to_contain_text("Approved by")
    await expect(message).to_contain_text("finished")
    await expect(_button(page, "approve")).to_have_count(0)
    await message.get_by_text("1 reply").click()
    await expect(page.locator('[data-testid="thread"]')).to_contain_text("Refunded $340.00 to customer 8821")
    await screen.picture(page, "approved")
    assert (await here.resumed(card.ts)).resolution is Resolution.APPROVED


async def test_deny_with_a_reason_in_the_page(screen: Screen, here: Desk) -> None:
    """A form asks for the reason; the card and the agent have it."""
    card = await here.ask()
    page = await screen.open(BEN)
    await _button(page, "deny").click()
    modal = page.locator('[data-testid="modal"]')
    await modal.locator('[data-block-id="reason"] textarea').fill("The warranty has run out.")
    await screen.picture(page, "deny")
    await modal.get_by_role("button", name="Deny", exact=True).click()
    await expect(modal).to_have_count(0)
    await expect(page.locator('[data-testid="message"]').first).to_contain_text("The warranty has run out.")
    await here.resumed(card.ts)
    await screen.picture(page, "denied")


async def test_edit_in_the_page(screen: Screen, here: Desk) -> None:
    """One input per argument; nonsense is refused in the form, and the card shows the difference."""
    card = await here.ask()
    amount = list((await here.only()).actions[0].args).index("amount")
    page = await screen.open(ANA)
    await _button(page, "edit").click()
    modal = page.locator('[data-testid="modal"]')
    field = modal.locator(f'[data-block-id="arg:{amount}"] input')
    await field.fill("a lot")
    await modal.get_by_role("button", name="Approve", exact=True).click()
    await expect(modal.locator(f'.block[data-block-id="arg:{amount}"]')).to_contain_text("number")
    await screen.picture(page, "edit")
    await field.fill("120")
    await modal.get_by_role("button", name="Approve", exact=True).click()
    await expect(modal).to_have_count(0)
    await expect(page.locator('[data-testid="message"]').first).to_contain_text("120")
    approval = await here.resumed(card.ts)
    assert approval.resolution is Resolution.EDITED
    await screen.picture(page, "edited")


async def test_somebody_who_may_not_decide_reads_why_in_the_page(screen: Screen, here: Desk) -> None:
    """Only they see it, and the card stays as it was."""
    await here.ask()
    page = await screen.open(GUS)
    await _button(page, "approve").click()
    await expect(page.get_by_text("Guests of the workspace cannot decide")).to_be_visible()
    await expect(_button(page, "approve")).to_be_visible()
    await screen.picture(page, "refused")


async def test_the_slash_command_lists_what_waits_in_the_page(screen: Screen, here: Desk) -> None:
    """Typed into the composer, answered in private."""
    for amount in (340.0, 25.0):
        await here.ask(given={"customer": "8821", "amount": amount, "reason": "It arrived broken."})
    page = await screen.open(ANA)
    composer = page.locator('[data-testid="composer"]')
    await composer.click()
    await page.keyboard.type("/approvals")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Only visible to you").first).to_be_visible()
    await expect(page.get_by_text("Waiting for you").first).to_be_visible()
    await screen.picture(page, "list")


async def test_a_card_on_a_phone_and_in_the_dark(screen: Screen, here: Desk) -> None:
    """At 375 px nothing is cut off sideways, and all three buttons can be reached."""
    await here.ask(requester="U0CLEO")
    page = await screen.open(ANA, size=PHONE, dark=True)
    for action in ("approve", "edit", "deny"):
        await expect(_button(page, action)).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await screen.picture(page, "phone")


async def test_home_shows_what_waits(screen: Screen, here: Desk) -> None:
    """Drawn when it is opened, and again when something changes: what waits, what was asked for, what was decided."""
    page = await screen.open(ANA, place="channel=home")
    await expect(page.get_by_text("Nothing is waiting for a decision").first).to_be_visible()
    await screen.pictures(page, "home_empty")
    await here.ask(requester="U0CLEO")
    await expect(page.get_by_text("Waiting for you").first).to_be_visible()
    await expect(page.get_by_text("8821").first).to_be_visible()
    await screen.picture(page, "home")
    page = await screen.open("U0CLEO", place="channel=home")
    await expect(page.get_by_text("Asked by you").first).to_be_visible()
    await screen.pictures(page, "home_asked")


async def test_home_of_an_admin_in_the_page(window: Window, house: House) -> None:
    """The policies with a button to the editor, and how things run."""
    desk = await house.desk(signoff_admins="@finance")
    screen = window(desk)
    card = await desk.ask(requester="U0CLEO")
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    await desk.resumed(card.ts)
    page = await screen.open(BEN, place="channel=home")
    await expect(page.get_by_text("For admins").first).to_be_visible()
    await expect(page.get_by_text("Recently decided").first).to_be_visible()
    await screen.pictures(page, "home_admin")
    await page.locator('[data-action-id="admin:open"]').click()
    await expect(page.locator('[data-testid="modal"]').last).to_contain_text("refunds")


async def test_review_in_full_then_approve_in_the_page(screen: Screen, here: Desk) -> None:
    """A long letter: Approve leads to the pages, the last one has the button, and the card says who approved."""
    card = await here.ask(given={"customer": "8821", "amount": 340.0, "reason": "It arrived broken. " * 4500})
    page = await screen.open(ANA)
    await screen.pictures(page, "unread")
    await _button(page, "approve").click()
    modal = page.locator('[data-testid="modal"]')
    await expect(modal.get_by_text("Page 1 of 2")).to_be_visible()
    await modal.locator('[data-action-id="review:next"]').scroll_into_view_if_needed()
    await screen.pictures(page, "review_first")
    await modal.locator('[data-action-id="review:next"]').click()
    await expect(modal.get_by_text("Page 2 of 2")).to_be_visible()
    await screen.pictures(page, "review_last")
    await modal.get_by_role("button", name="Approve", exact=True).click()
    await expect(modal).to_have_count(0)
    message = page.locator(f'[data-testid="message"][data-ts="{card.ts}"]')
    await expect(message).to_contain_text("Approved by")
    approval = await here.resumed(card.ts)
    assert approval.decisions[0].seen is not None


ADMIN = """\
version: 1
policies:
  # Big refunds need two people.
  - name: refunds over $500
    match: {graph: refund}
    when: double(action.args.amount) > 500.0
    channel: "#approvals"
    who: ["@finance"]
    quorum: {approve: 2}
    remind: [10m]
    escalate: [{after: 15m, to: [U0CLEO], channel: "#finance-leads"}]
    expire: {after: 2h, then: deny}
  - name: refunds
    match: {graph: refund}
    channel: "#approvals"
    who: ["@finance"]
  - name: questions
    match: {graph: question}
    channel: "#approvals"
    expire: {after: 8h, then: wait}
    enabled: false
default:
  channel: "#approvals"
"""


async def test_policies_are_changed_in_the_page(window: Window, house: House) -> None:
    """The list in words; a mistake stands below the field; what is saved counts, and the list says so."""
    (house.folder / "policies.yaml").write_text(ADMIN)
    desk = await house.desk(signoff_admins="@finance")
    screen = window(desk)
    page = await screen.open(ANA, size={"width": 1180, "height": 900})
    await page.locator('[data-testid="composer"]').click()
    await page.keyboard.type("/approvals admin")
    await page.keyboard.press("Enter")
    modal = page.locator('[data-testid="modal"]').last
    await expect(modal).to_contain_text("Two of @finance")
    await screen.picture(page, "policies")
    await modal.locator('[data-block-id="policy:0"] [data-action-id="admin:policy"]').click()
    await page.get_by_text("Edit…", exact=True).click()
    field = modal.locator('[data-block-id="text"] textarea')
    await expect(field).to_have_value(re.compile("# Big refunds need two people"))
    text = await field.input_value()
    await field.fill(text.replace("10m", "soon"))
    await modal.get_by_role("button", name="Save", exact=True).click()
    await expect(modal).to_contain_text("'soon' is not a duration")
    await screen.picture(page, "policy")
    await field.fill(text.replace("10m", "5m"))
    await modal.get_by_role("button", name="Save", exact=True).click()
    await expect(modal).to_contain_text("Version 2 counts now")
    assert (await desk.core.records.book.policies()).policies[0].remind == (300.0,)


@pytest.mark.parametrize("screen", [VOTES], indirect=True)
async def test_votes_an_edit_a_hold_and_broken_glass_in_the_page(screen: Screen, here: Desk) -> None:
    """One of two approves, another edits, one looks into it from the menu, and one decides alone with a reason."""
    card = await here.ask(requester="U0XIA")
    page = await screen.open(ANA)
    message = page.locator(f'[data-testid="message"][data-ts="{card.ts}"]')
    await _button(page, "approve").click()
    await expect(message).to_contain_text("1 of 2 approvals")
    await screen.pictures(page, "voted")

    at = list((await here.only()).actions[0].args).index("amount")
    await here.slack.click(BEN, CHANNEL, card.ts, "edit")
    await here.slack.submit(BEN, (await here.modal(BEN)).id, {f"arg:{at}": 120})
    await expect(message).to_contain_text("has changed what is asked")
    await screen.pictures(page, "changed")

    await _button(page, "more").click()
    await expect(page.get_by_role("menuitem")).to_have_count(5)
    await screen.picture(page, "menu")
    await page.get_by_role("menuitem", name="I'm looking").click()
    await expect(message).to_contain_text("is looking into it")
    await screen.pictures(page, "held")

    page = await screen.open(CLEO)
    message = page.locator(f'[data-testid="message"][data-ts="{card.ts}"]')
    await _button(page, "more").click()
    await page.get_by_role("menuitem", name="Break the glass").click()
    modal = page.locator('[data-testid="modal"]')
    await modal.get_by_text("Approve", exact=True).click()
    await modal.locator("select").select_option(label="A customer is at risk")
    await screen.pictures(page, "glass")
    await modal.get_by_role("button", name="Decide alone").click()
    await expect(message).to_contain_text("glass broken")
    await expect(message).to_contain_text("finished")
    await message.get_by_text("2 replies").click()
    await expect(page.locator('[data-testid="thread"]')).to_contain_text("broke the glass")
    await screen.picture(page, "alone")


@pytest.mark.parametrize("screen", [VOTES], indirect=True)
async def test_a_critical_card_in_the_page(screen: Screen, here: Desk) -> None:
    """It says so in words, and which groups must still approve."""
    await here.ask(given={"customer": "8821", "amount": 4200.0, "reason": "The whole order arrived broken."})
    page = await screen.open(ANA)
    await _button(page, "approve").click()
    message = page.locator('[data-testid="message"]').first
    await expect(message).to_contain_text("Critical")
    await expect(message).to_contain_text("leads: 1 more needed")
    await screen.pictures(page, "critical")


BULK = """
version: 1
policies:
  - name: large refunds
    match: {graph: refund}
    when: double(action.args.amount) > 500.0
    urgency: critical
    channel: "#approvals"
    who: ["@finance"]
  - name: refunds
    match: {graph: refund}
    channel: "#approvals"
    who: ["@finance"]
default: {channel: "#approvals"}
"""


@pytest.mark.parametrize("screen", [BULK], indirect=True)
async def test_several_are_approved_in_the_page_and_one_was_decided_by_then(screen: Screen, here: Desk) -> None:
    """From the list to the form, ticked, seen once more, confirmed; what came of each; and the audit of one."""
    cards = []
    for customer, amount in (("8821", 340.0), ("9017", 25.0), ("4410", 89.9), ("7003", 4200.0)):
        given = {"customer": customer, "amount": amount, "reason": "It arrived broken."}
        cards.append(await here.ask(given=given, requester="U0CLEO"))
    page = await screen.open(ANA)
    await page.locator('[data-testid="composer"]').click()
    await page.keyboard.type("/approvals")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Select several").click()
    modal = page.locator('[data-testid="modal"]').last
    await modal.get_by_role("button", name="Tick all").click()
    await expect(modal.get_by_role("checkbox", checked=True)).to_have_count(3)
    await modal.get_by_text("Approve all").click()
    await screen.pictures(page, "bulk")
    await modal.get_by_role("button", name="Next").click()
    await expect(modal).to_contain_text("Approve these 3?")
    await modal.locator('[data-block-id="reason"] textarea').fill("Photos were sent.")
    await screen.pictures(page, "bulk_sure")
    await here.slack.click(BEN, CHANNEL, cards[1].ts, "approve")
    await modal.get_by_role("button", name="Approve 3").click()
    await expect(modal).to_contain_text("Done: 2 of 3")
    await expect(modal).to_contain_text("Already approved by @ben")
    await screen.pictures(page, "bulk_done")
    await modal.get_by_role("button", name="Close").first.click()
    await expect(page.locator('[data-testid="modal"]')).to_have_count(0)
    message = page.locator(f'[data-testid="message"][data-ts="{cards[0].ts}"]')
    await expect(message).to_contain_text("finished")
    await expect(message).to_contain_text("1 reply")
    await message.locator('[data-testid="message-menu"]').dispatch_event("click")
    await page.get_by_role("menuitem", name="Show audit trail").click()
    await expect(modal).to_contain_text("one of 3 chosen at once")
    await screen.pictures(page, "trail")
