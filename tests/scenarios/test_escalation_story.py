"""One long story by a clock that the test turns: asked, reminded, escalated twice, taken on, forgotten, run out."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from approvals.events import EventType
from approvals.model import Approval, DecisionType, Resolution, Source, Status
from localslack import Message
from tests.conftest import VirtualClock
from tests.scenarios.conftest import BEN, CHANNEL, CLEO, LEADS, Desk, House, all_text
from tests.scenarios.processes import outside
from tests.scenarios.window import Screen, browser

__all__ = ["browser"]  # a fixture

POLICY = """
version: 1
policies:
  - name: patient
    match: {graph: refund}
    channel: "#approvals"
    who: [U0ANA]
    remind: [10m, 70m]
    escalate:
      - {after: 30m, to: [U0CLEO], channel: "#finance-leads"}
      - {after: 1h, to: [U0BEN]}
    acknowledge: 20m
    expire: {after: 4h, then: deny}
default: {channel: "#approvals"}
"""
BESIDE = {EventType.ANNOUNCED, EventType.REPORTED}


async def patient(house: House, clock: VirtualClock) -> Desk:
    """A replica by the virtual clock, under that policy."""
    (house.folder / "policies.yaml").write_text(POLICY)
    return await house.desk(clock=clock)


async def recorded(desk: Desk, kind: EventType, count: int = 1) -> Approval:
    """The record, once its audit holds that many events of a kind."""
    async with outside(desk.settings) as eyes:
        await eyes.told(kind, (await desk.only()).id, count)
    return await desk.only()


async def turned(desk: Desk, clock: VirtualClock, minutes: float) -> None:
    """So much later, after the crank was turned often enough that nothing more happens."""
    clock.turn(minutes=minutes)
    for _ in range(4):
        await desk.runtime.ticker.turn()
        await desk.core.records.effects.drain()


async def looks(desk: Desk, who: str, card: Message) -> None:
    """Somebody says on a card that they are looking into it."""
    approval = await desk.only()
    value = f"{approval.id}:{approval.revision}:look"
    assert (await desk.slack.click(who, card.channel, card.ts, "more", value=value)).ok
    await desk.until(lambda: True if f"<@{who}> is looking into it" in desk.text(card.ts, card.channel) else None)


def reminders(desk: Desk, channel: str, ts: str) -> int:
    """How often it was asked again beneath a card."""
    said = [all_text(m.blocks) for m in desk.slack.messages(channel, thread_ts=ts) if m.ts != ts]
    return sum("Still waiting" in text for text in said)


async def test_from_the_first_question_to_the_policys_answer(house: House, clock: VirtualClock) -> None:
    """Each thing happens once and at its time; whoever takes it on holds it up for no longer than they said."""
    desk = await patient(house, clock)
    card = await desk.ask()
    await recorded(desk, EventType.ANNOUNCED)

    await turned(desk, clock, 10)
    assert reminders(desk, CHANNEL, card.ts) == 1
    assert desk.slack.messages(LEADS) == []

    await turned(desk, clock, 20)
    (leads,) = desk.slack.messages(LEADS)
    assert desk.buttons(leads.ts, LEADS) == ["approve", "edit", "deny"]
    await turned(desk, clock, 30)
    (direct,) = desk.slack.messages(desk.slack.dm(BEN))
    assert (await recorded(desk, EventType.ANNOUNCED, 3)).level == 2

    await turned(desk, clock, 5)
    await looks(desk, CLEO, leads)
    await turned(desk, clock, 10)
    assert reminders(desk, CHANNEL, card.ts) == 1, "somebody was told while Cleo was looking"
    await turned(desk, clock, 10)
    await recorded(desk, EventType.LAPSED)
    assert reminders(desk, CHANNEL, card.ts) == 1
    await turned(desk, clock, 5)
    copies = ((CHANNEL, card.ts), (LEADS, leads.ts), (direct.channel, direct.ts))
    assert [reminders(desk, channel, ts) for channel, ts in copies] == [2, 1, 1]

    await turned(desk, clock, 149)
    assert (await desk.only()).status is Status.PENDING
    clock.turn(minutes=1)
    approval = await recorded(desk, EventType.REPORTED)
    assert (approval.status, approval.resolution) == (Status.RESUMED, Resolution.EXPIRED)
    assert [(d.type, d.actor.source) for d in approval.decisions] == [(DecisionType.DENY, Source.POLICY)]
    assert approval.outcome is not None
    assert approval.outcome.text == "No refund: Nobody answered in time."
    for channel, ts in copies:
        await desk.until(lambda channel=channel, ts=ts: True if not desk.buttons(ts, channel) else None)
        assert "Expired" in desk.text(ts, channel)
    assert await told(desk, approval) == [
        ("opened", "system"),
        ("reminded", "system"),
        ("escalated", "system"),
        ("escalated", "system"),
        ("acknowledged", CLEO),
        ("lapsed", "system"),
        ("reminded", "system"),
        ("decided", "policy"),
        ("resolved", "policy"),
        ("resuming", "system"),
        ("resumed", "system"),
    ]


async def told(desk: Desk, approval: Approval) -> list[tuple[str, str]]:
    """The audit in order, without what only says where messages stand."""
    events = await desk.core.records.approvals.audit(approval.id)
    versions = [event.version for event in events]
    assert versions == sorted(versions)
    assert set(versions) == set(range(1, approval.version + 1))
    return [(str(event.type), event.actor.id) for event in events if event.type not in BESIDE]


async def test_a_process_that_was_away_over_the_whole_story(house: House, clock: VirtualClock) -> None:
    """Nobody is woken for what has run out; the audit names the steps that were not taken, then the policy's answer."""
    desk = await patient(house, clock)
    card = await desk.ask()
    approval = await recorded(desk, EventType.ANNOUNCED)
    await turned(desk, clock, 7 * 24 * 60)
    approval = await recorded(desk, EventType.REPORTED)
    assert reminders(desk, CHANNEL, card.ts) == 0
    assert desk.slack.messages(LEADS) == desk.slack.messages(desk.slack.dm(BEN)) == []
    assert [what for what, _ in await told(desk, approval)] == [
        "opened",
        "escalation_skipped",
        "escalation_skipped",
        "decided",
        "resolved",
        "resuming",
        "resumed",
    ]


async def test_after_a_downtime_only_those_hear_of_it_who_can_still_decide(house: House, clock: VirtualClock) -> None:
    """Two steps are late at once, and the second takes the place of the first: the leads get no card."""
    policy = POLICY.replace("to: [U0BEN]", "to: [U0BEN], replace: true")
    (house.folder / "policies.yaml").write_text(policy)
    desk = await house.desk(clock=clock)
    card = await desk.ask()
    await recorded(desk, EventType.ANNOUNCED)
    await turned(desk, clock, 65)
    approval = await recorded(desk, EventType.ANNOUNCED, 2)
    (direct,) = desk.slack.messages(desk.slack.dm(BEN))
    assert desk.buttons(direct.ts, direct.channel) == ["approve", "edit", "deny"]
    assert desk.slack.messages(LEADS) == []
    assert approval.level == 2
    await desk.until(lambda: True if "Others are asked now" in desk.text(card.ts) else None)


@pytest.mark.browser
async def test_the_story_in_the_page(house: House, clock: VirtualClock, browser: Browser, tmp_path: Path) -> None:
    """What people see of it: the card, a reminder, both steps; Cleo takes it on in the menu and forgets it; it goes on,
    runs out, and the agent says in the thread what the policy answered."""
    desk = await patient(house, clock)
    screen = Screen(browser, desk, None)
    card = await desk.ask()
    await recorded(desk, EventType.ANNOUNCED)
    page = await screen.open(CLEO)
    message, thread = shown(page, card), page.locator('[data-testid="thread"]')
    await expect(message.locator('[data-action-id="approve"]')).to_be_visible()
    await turned(desk, clock, 10)
    await expect(message).to_contain_text("1 reply")
    await message.get_by_text("1 reply").click()
    await expect(thread.get_by_text("Still waiting for a decision")).to_have_count(1)

    await turned(desk, clock, 20)
    leads = await desk.card(LEADS)
    await recorded(desk, EventType.ANNOUNCED, 2)
    wider = await screen.open(CLEO, place=f"channel={LEADS}")
    second = shown(wider, leads)
    await expect(second).to_contain_text("Escalated: nobody decided in time")
    await expect(second.locator('[data-action-id="approve"]')).to_be_visible()
    await turned(desk, clock, 30)
    direct = await desk.card(desk.slack.dm(BEN))
    await recorded(desk, EventType.ANNOUNCED, 3)
    own = shown(await screen.open(BEN, place=f"channel={direct.channel}"), direct)
    await expect(own.locator('[data-action-id="approve"]')).to_be_visible()
    for one in (message, second, own):
        await expect(one).to_contain_text("escalated, step 2 of 2")

    await second.locator('[data-action-id="more"]').click()
    await wider.get_by_role("menuitem", name="I'm looking").click()
    for one in (message, second, own):
        await expect(one).to_contain_text("is looking into it")
    await recorded(desk, EventType.ACKNOWLEDGED)
    await turned(desk, clock, 10)
    await expect(message).to_contain_text("1 reply")
    await turned(desk, clock, 10)
    await recorded(desk, EventType.LAPSED)
    for one in (message, second, own):
        await expect(one).not_to_contain_text("is looking into it")
    await turned(desk, clock, 10)
    await recorded(desk, EventType.REMINDED, 2)
    await expect(thread.get_by_text("Still waiting for a decision")).to_have_count(2)
    await expect(second).to_contain_text("1 reply")

    await turned(desk, clock, 150)
    await recorded(desk, EventType.REPORTED)
    for one in (message, second, own):
        await expect(one).to_contain_text("Nobody answered in time")
        await expect(one.locator('[data-action-id="approve"]')).to_have_count(0)
    await expect(thread).to_contain_text("No refund: Nobody answered in time.")


def shown(page: Page, message: Message) -> Locator:
    """A message in somebody's window, however often it is drawn anew."""
    return page.locator(f'[data-testid="messages"] [data-testid="message"][data-ts="{message.ts}"]')
