"""Slack that limits, breaks, forgets and stays away: decisions are carried out, cards catch up, nothing is hammered."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from approvals.due import DueKind
from approvals.lifecycle import Attempt
from approvals.model import Actor, ActorRef, DecisionType, Resolution, Source, Status
from approvals.service import Done
from bot.app import Tempo
from bot.patience import CAP
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, CHANNEL, REFUND, Desk, House


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update", "usergroups.users.list", "users.info"])
@pytest.mark.parametrize("status", [429, 503])
async def test_each_method_may_fail(house: House, method: str, status: int) -> None:
    """Limited with a Retry-After, or broken: the story comes to its end all the same, and every message stands once."""
    desk = await house.desk()
    if method == "chat.postMessage":
        desk.slack.faults.status(method, status, retry_after=1 if status == 429 else None)
    card = await desk.ask()
    if method != "chat.postMessage":
        desk.slack.faults.status(method, status, retry_after=1 if status == 429 else None)
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await asyncio.sleep(0)
    if (await desk.only()).status is Status.PENDING:  # who clicked could not be looked up: they were told to try again
        await desk.told(ANA)
        async with asyncio.timeout(10):
            while (await desk.only()).status is Status.PENDING:  # until Slack may be asked again
                await asyncio.sleep(0.1)
                await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await desk.resumed(card.ts)
    await desk.until(lambda: desk.buttons(card.ts) == [] or None)
    assert len(desk.slack.messages(CHANNEL)) == 1


async def test_a_post_whose_answer_was_lost_is_found_again(house: House) -> None:
    """The connection breaks after Slack took the card: it is found by its metadata, and there is one card."""
    desk = await house.desk()
    desk.slack.faults.drop_after_commit("chat.postMessage")
    card = await desk.ask()
    await desk.until(lambda: desk.slack.calls("conversations.history") or None)
    await desk.core.records.effects.drain()
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await desk.resumed(card.ts)
    assert [(m.ts, desk.buttons(m.ts)) for m in desk.slack.messages(CHANNEL)] == [(card.ts, [])]
    assert len(desk.slack.calls("conversations.history")) == 1


async def test_a_report_whose_answer_was_lost_is_found_again(house: House) -> None:
    """The same for the reply in the thread."""
    desk = await house.desk()
    card = await desk.ask()
    desk.slack.faults.drop_after_commit("chat.postMessage")
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await desk.resumed(card.ts)
    await desk.until(lambda: desk.slack.calls("conversations.replies") or None)
    await desk.core.records.effects.drain()
    assert len(desk.slack.messages(CHANNEL, thread_ts=card.ts)) == 1


async def test_without_the_scope_to_look_a_card_is_posted_anew(house: House) -> None:
    """An app that was installed before the scope was asked for works as before: one extra message."""
    desk = await house.desk()
    app = desk.slack.world.app
    left = tuple(scope for scope in app.scopes if not scope.endswith(":history"))
    desk.slack.world.app = replace(app, scopes=left)
    desk.slack.faults.drop_after_commit("chat.postMessage")
    await desk.start("refund", REFUND)
    await desk.until(lambda: len(desk.slack.messages(CHANNEL)) == 2 or None)
    await desk.core.records.effects.drain()
    assert (await desk.only()).messages[0].ts == desk.slack.messages(CHANNEL)[1].ts
    assert {problem.code for problem in desk.slack.problems} == {"missing_scope"}
    desk.slack.problems.clear()


async def test_nothing_is_looked_for_on_a_good_day(house: House) -> None:
    """It costs nothing where nothing went wrong."""
    desk = await house.desk()
    card = await desk.ask()
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await desk.resumed(card.ts)
    assert desk.slack.calls("conversations.history") == desk.slack.calls("conversations.replies") == []


async def test_hours_without_slack(timed: Desk, clock: VirtualClock) -> None:
    """Six hours of 503: what was decided by another door is carried out, Slack is asked ever more seldom, and then all
    cards catch up, each once."""
    slack = timed.slack
    slack.faults.status("chat.postMessage", 503, times=100_000)
    slack.faults.status("conversations.history", 503, times=100_000)
    for _ in range(3):
        await timed.start("refund", REFUND)
    records = timed.core.records

    async def turn() -> None:
        await timed.runtime.ticker.turn()
        await records.effects.drain()

    await turn()
    first, *_ = await timed.approvals()
    operator = Actor(ActorRef("ops", Source.CLI))
    attempt = Attempt(type=DecisionType.APPROVE, actor=operator.ref)
    assert isinstance(await records.approvals.decide(first.id, attempt, operator), Done)
    for _ in range(6 * 60):
        clock.turn(minutes=1)
        await turn()
    assert (await records.approvals.get(first.id)).status is Status.RESUMED  # pyright: ignore[reportOptionalMemberAccess]
    asked = len(slack.calls("chat.postMessage")) + len(slack.calls("conversations.history"))
    assert asked < 3 * 6 * 60, f"{asked} calls in six hours for a handful of cards"
    slack.faults.clear()
    for _ in range(12):
        clock.turn(minutes=1)
        await turn()
    for approval in await timed.approvals():
        cards = [m for m in slack.messages(CHANNEL) if m.metadata["event_payload"]["approval"] == approval.id]  # pyright: ignore[reportOptionalSubscript]
        assert len(cards) == 1
        assert cards[0].ts in {ref.ts for ref in approval.messages}


SPEAK = (DueKind.NOTIFY, DueKind.REFRESH, DueKind.REPORT, DueKind.REMIND, DueKind.ESCALATE)
"""What falls due for an approval here and calls Slack, each with pauses of its own."""


async def test_hours_of_outage(house: House, clock: VirtualClock) -> None:
    """Everything answers 503 and no connection stands, for six hours, with a restart in the middle. What was decided at
    another door is carried out, what is due expires, Slack is asked ever more seldom, and then all cards catch up."""
    tempo = Tempo(ping=0.5, pause=clock.sleep)
    async with AsyncExitStack() as first:
        desk = await house.desk(clock=clock, tempo=tempo, stack=first)
        before = await desk.ask()
        await desk.core.records.effects.drain()
        calls = Counter(call.name for call in house.slack.calls())
        house.slack.faults.status("*", 503, times=1_000_000)
        await house.slack.faults.kill_sockets()
        for _ in range(2):
            await desk.start("refund", REFUND)
        await _turn(desk)
        decided = next(approval for approval in await desk.approvals() if not approval.messages)
        operator = Actor(ActorRef("ops", Source.CLI))
        attempt = Attempt(type=DecisionType.APPROVE, actor=operator.ref)
        assert isinstance(await desk.core.records.approvals.decide(decided.id, attempt, operator), Done)
        await _pass(desk, clock, minutes=60)
        assert {a.id for a in await desk.approvals() if a.status is Status.RESUMED} == {decided.id}
    desk = await house.desk(clock=clock, tempo=tempo)
    await _pass(desk, clock, minutes=300)
    assert {(a.status, a.resolution) for a in await desk.approvals() if a.id != decided.id} == {
        (Status.RESUMED, Resolution.EXPIRED)
    }
    made = Counter(call.name for call in house.slack.calls()) - calls
    most = _tries(6 * 3600, 300)
    works = 3 * len(SPEAK)
    for method in ("chat.postMessage", "chat.update", "users.conversations", "conversations.open"):
        assert made.pop(method, 0) <= works * most, method
    assert made.pop("auth.test", 0) <= 2 * _tries(6 * 3600, CAP)
    assert made.pop("apps.connections.open", 0) <= 2 * _tries(6 * 3600, CAP)
    assert {method: count for method, count in made.items() if count > works * most} == {}

    house.slack.faults.clear()
    await _pass(desk, clock, minutes=12)
    await desk.until(lambda: house.slack.connections == 1 or None)
    for approval in await desk.approvals():
        cards = [m for m in house.slack.messages(CHANNEL) if m.metadata["event_payload"]["approval"] == approval.id]  # pyright: ignore[reportOptionalSubscript]
        assert len(cards) == 1
        assert desk.buttons(cards[0].ts) == []
    assert desk.buttons(before.ts) == []
    after = await desk.ask()
    assert (await house.slack.click(ANA, CHANNEL, after.ts, "approve")).ok
    await desk.resumed(after.ts)


def _tries(seconds: float, cap: float) -> int:
    """How often one thing is tried in that time at the most: pauses double from a second to `cap`, less a fifth."""
    at, tries, pause = 0.0, 1, 1.0
    while at < seconds:
        at, tries, pause = at + 0.8 * pause, tries + 1, min(cap, 2 * pause)
    return tries


async def _turn(desk: Desk) -> None:
    await desk.runtime.ticker.turn()
    await desk.core.records.effects.drain()


async def _pass(desk: Desk, clock: VirtualClock, *, minutes: int) -> None:
    for _ in range(minutes):
        clock.turn(minutes=1)
        await _turn(desk)
