"""What time brings, by a clock that the tests turn: reminders, escalation, expiry, and a process that was away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TypeVar

from approvals.events import EventType
from approvals.model import Approval, DecisionType, MessageKind, Resolution, Source, Status
from localslack import Message
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, LEADS, Desk, House, all_text
from tests.scenarios.processes import outside

T = TypeVar("T")


def replies(desk: Desk, ts: str, channel: str = CHANNEL) -> list[str]:
    """What was said in the thread of a card."""
    return [all_text(m.blocks) for m in desk.slack.messages(channel, thread_ts=ts) if m.ts != ts]


async def posted(desk: Desk, ts: str) -> None:
    """Returns once the record knows its card: only then may the clock be turned."""
    await recorded(desk, EventType.ANNOUNCED)
    assert (await desk.only()).messages[0].ts == ts


async def recorded(desk: Desk, kind: EventType, count: int = 1) -> Approval:
    """The one record, once its audit holds that many events of a kind."""
    async with outside(desk.settings) as eyes:
        await eyes.told(kind, (await desk.only()).id, count)
    return await desk.only()


async def turns(desk: Desk, times: int = 3) -> None:
    """The crank is turned some more by hand, and what it set in motion is done: nothing else may happen."""
    for _ in range(times):
        await desk.runtime.ticker.turn()
        await desk.core.records.effects.drain()


async def test_a_reminder_goes_to_the_same_people_in_the_thread_of_the_card(timed: Desk, clock: VirtualClock) -> None:
    """After 10 minutes, once; not before."""
    card = await timed.ask()
    await posted(timed, card.ts)
    clock.turn(minutes=9, seconds=59)
    await turns(timed)
    assert replies(timed, card.ts) == []
    clock.turn(seconds=1)
    assert "Still waiting for a decision" in await timed.report(card.ts)
    await recorded(timed, EventType.REMINDED)
    clock.turn(minutes=5)
    await turns(timed)
    assert len(replies(timed, card.ts)) == 1
    assert timed.buttons(card.ts) == ["approve", "edit", "deny"]


async def test_escalation_tells_more_people_who_may_decide_from_then_on(timed: Desk, clock: VirtualClock) -> None:
    """After 30 minutes there is a card in #finance-leads too; Cleo may decide now, and both copies say so."""
    card = await timed.ask()
    await posted(timed, card.ts)
    await timed.slack.click(CLEO, CHANNEL, card.ts, "approve")
    assert "not among those" in await timed.told(CLEO)
    clock.turn(minutes=30)
    second = await timed.card(LEADS)
    assert timed.buttons(second.ts, LEADS) == ["approve", "edit", "deny"]
    await recorded(timed, EventType.ANNOUNCED, 2)
    await timed.slack.click(CLEO, LEADS, second.ts, "approve")
    await timed.until(lambda: True if not timed.buttons(card.ts) and not timed.buttons(second.ts, LEADS) else None)
    approval = await recorded(timed, EventType.REPORTED)
    assert (approval.status, approval.level, approval.decisions[0].actor.id) == (Status.RESUMED, 1, CLEO)
    assert "<@U0CLEO>" in timed.text(card.ts)
    assert "<@U0CLEO>" in timed.text(second.ts, LEADS)


async def test_what_nobody_answers_expires_and_the_agent_is_told(timed: Desk, clock: VirtualClock) -> None:
    """After two hours the policy denies in its own name, while nobody looks."""
    card = await timed.ask()
    await posted(timed, card.ts)
    clock.turn(hours=2)
    approval = await recorded(timed, EventType.REPORTED)
    assert (approval.status, approval.resolution) == (Status.RESUMED, Resolution.EXPIRED)
    assert [(d.type, d.actor.source) for d in approval.decisions] == [(DecisionType.DENY, Source.POLICY)]
    assert approval.outcome is not None
    assert approval.outcome.text == "No refund: Nobody answered in time."
    await timed.until(lambda: True if not timed.buttons(card.ts) else None)
    assert "Expired" in timed.text(card.ts)
    await timed.slack.click(ANA, CHANNEL, card.ts, "approve", seen=card)
    assert "ran out" in await timed.told(ANA)


async def test_a_click_and_the_expiry_at_the_same_moment(timed: Desk, clock: VirtualClock) -> None:
    """One of them wins; the agent hears one answer."""
    card = await timed.ask()
    await posted(timed, card.ts)
    clock.turn(hours=2)
    await asyncio.gather(timed.slack.click(ANA, CHANNEL, card.ts, "approve"), timed.runtime.ticker.turn())
    approval = await recorded(timed, EventType.REPORTED)
    assert len(approval.decisions) == 1
    assert approval.outcome is not None
    by_ana = approval.resolution is Resolution.APPROVED
    assert approval.resolution in (Resolution.APPROVED, Resolution.EXPIRED)
    assert approval.outcome.text.startswith("Refunded" if by_ana else "No refund")
    if not by_ana:
        assert "ran out" in await timed.told(ANA)


async def test_a_process_that_was_away_over_all_deadlines(house: House, clock: VirtualClock) -> None:
    """One reminder at the most, and expired late rather than never."""
    stack = AsyncExitStack()
    async with stack:
        before = await house.desk(clock=clock, stack=stack)
        card = await before.ask()
        await posted(before, card.ts)
    clock.turn(days=3)
    desk = await house.desk(clock=clock)
    approval = await recorded(desk, EventType.REPORTED)
    assert approval.resolution is Resolution.EXPIRED
    assert len([text for text in replies(desk, card.ts) if "Still waiting" in text]) <= 1
    assert [m.kind for m in approval.messages].count(MessageKind.CARD) == 1


WAIT = """
version: 1
policies:
  - name: patient
    match: {graph: refund}
    channel: "#approvals"
    who: [U0ANA]
    escalate:
      - {after: 10m, to: [U0BEN, U0CLEO]}
    expire: {after: 1h, then: wait}
default: {channel: "#approvals"}
"""


async def test_a_policy_that_waits_marks_it_overdue_and_goes_on(house: House, clock: VirtualClock) -> None:
    """The deadline passes, the card says so, and the buttons still work."""
    (house.folder / "policies.yaml").write_text(WAIT)
    desk = await house.desk(clock=clock)
    card = await desk.ask()
    await posted(desk, card.ts)
    clock.turn(hours=1)
    approval = await recorded(desk, EventType.OVERDUE)
    assert approval.status is Status.PENDING
    await desk.until(lambda: True if "The deadline has passed" in desk.text(card.ts) else None)
    clock.turn(days=2)
    await turns(desk)
    assert (await desk.only()).status is Status.PENDING
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    approval = await recorded(desk, EventType.REPORTED)
    assert approval.resolution is Resolution.APPROVED


async def test_an_escalation_without_a_channel_goes_to_each_person(house: House, clock: VirtualClock) -> None:
    """Ben and Cleo get the card as a direct message, and decide there."""
    (house.folder / "policies.yaml").write_text(WAIT)
    desk = await house.desk(clock=clock)
    card = await desk.ask()
    await posted(desk, card.ts)
    clock.turn(minutes=10)
    await desk.until(lambda: desk.slack.messages(desk.slack.dm(CLEO)) or None)
    direct = (await desk.until(lambda: desk.slack.messages(desk.slack.dm(BEN)) or None))[0]
    await recorded(desk, EventType.ANNOUNCED, 2)
    await desk.slack.click(BEN, direct.channel, direct.ts, "approve")
    approval = await recorded(desk, EventType.REPORTED)
    assert approval.decisions[0].actor.id == BEN
    copies: list[tuple[str, Message]] = [(m.channel, m) for m in desk.slack.messages(desk.slack.dm(CLEO))]
    assert len(copies) == 1
    shown: Callable[[], bool | None] = lambda: (  # noqa: E731 - the same for both copies
        True if not desk.buttons(copies[0][1].ts, copies[0][0]) and not desk.buttons(card.ts) else None
    )
    await desk.until(shown)
