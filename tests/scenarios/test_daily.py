"""Once a day: two replicas by the virtual clock, over the local Slack, with people in three time zones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from approvals.away import Away
from approvals.lifecycle import Attempt
from approvals.model import Actor, ActorRef, DecisionType, Source
from approvals.service import Done
from bot.daily import EVENT
from bot.manifest import manifest
from localslack import LocalSlack, Message, Seed
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CLEO, Desk, House, all_text

POLICIES = """
version: 1
default: {channel: "#approvals", who: ["@finance"], expire: {after: 30d, then: deny}}
"""
ZONES = {ANA: "Europe/Berlin", BEN: "America/New_York", CLEO: None}
ANA_AT = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
BEN_AT = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
"""Nine o'clock, where they are."""
DAY = timedelta(days=1)


@dataclass
class Days:
    """Two replicas that tell people of their day, and what those were told."""

    desks: tuple[Desk, Desk]
    clock: VirtualClock

    async def look(self, at: datetime) -> None:
        """Both look at that moment."""
        self.clock.now = at
        await asyncio.gather(*(self._daily(desk) for desk in self.desks))

    async def _daily(self, desk: Desk) -> None:
        assert desk.runtime.daily is not None
        await desk.runtime.daily.once()

    def told(self, user: str) -> list[Message]:
        """What they were told of their days."""
        slack = self.desks[0].slack
        found = slack.messages(slack.dm(user))
        return [one for one in found if one.metadata is not None and one.metadata["event_type"] == EVENT]

    async def ask(self, count: int) -> None:
        """So many questions, a minute apart."""
        for number in range(count):
            self.clock.turn(minutes=1)
            await self.desks[0].ask(given={"customer": f"{8800 + number}", "amount": 10.0, "reason": "It broke."})

    async def deny_all(self) -> None:
        """The requests are decided."""
        actor = Actor(ActorRef("UOPS", Source.CLI))
        for approval in await self.desks[0].approvals():
            attempt = Attempt(type=DecisionType.DENY, actor=actor.ref)
            assert isinstance(await self.desks[0].core.records.approvals.decide(approval.id, attempt, actor), Done)


@pytest.fixture
async def days(redis_url: str, tmp_path: Path, clock: VirtualClock) -> AsyncIterator[Days]:
    """Nobody has looked before nine in the morning, by UTC, of the first day."""
    seed = Seed.default().with_manifest(manifest())
    seed = replace(seed, users=tuple(replace(user, tz=ZONES.get(user.id, user.tz)) for user in seed.users))
    (tmp_path / "policies.yaml").write_text(POLICIES)
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(seed))
        house = House(slack, redis_url, tmp_path, stack)
        over = {"signoff_digest": "09:00", "signoff_time_zone": "Asia/Tokyo"}
        one, two = await house.desk(clock=clock, **over), await house.desk(clock=clock, **over)
        days = Days((one, two), clock)
        await days.look(clock.now)
        yield days
        assert slack.problems == []


async def test_each_is_told_once_in_their_own_morning(days: Days) -> None:
    """By one of two replicas: how many wait, the oldest, and the first five deadlines, each with its card."""
    await days.ask(7)
    await days.look(BEN_AT - timedelta(seconds=1))
    assert (days.told(ANA), days.told(BEN)) == ([], [])
    await days.look(BEN_AT)
    await days.look(BEN_AT + timedelta(hours=3))
    (message,) = days.told(BEN)
    said = all_text(message.blocks)
    assert said.startswith("7 decisions wait for you")
    assert "The oldest waits since" in said
    assert "The first 5 by their deadline:" in said
    assert [number for number in range(8800, 8807) if str(number) in said] == list(range(8800, 8805))
    assert said.count("Open the card>") == 5
    assert "`/approvals` lists all of them" in said
    assert days.told(ANA) == [], "her morning was over before anybody looked"
    await days.look(ANA_AT)
    await days.look(ANA_AT + timedelta(minutes=1))
    assert (len(days.told(ANA)), len(days.told(BEN))) == (1, 1)


async def test_the_button_lists_what_waits(days: Days) -> None:
    """In private, below the message."""
    await days.ask(2)
    await days.look(BEN_AT)
    (message,) = days.told(BEN)
    desk = days.desks[0]
    await desk.slack.click(BEN, message.channel, message.ts, "list:open")
    assert "Waiting for you" in await desk.told(BEN)


async def test_nothing_is_told_where_nothing_waits(days: Days) -> None:
    """Nobody was asked, or all of it is decided; what comes later on that day is told on the next."""
    await days.look(BEN_AT)
    await days.ask(1)
    for hours in range(1, 8):
        await days.look(BEN_AT + timedelta(hours=hours))
    assert days.told(BEN) == []
    await days.look(BEN_AT + DAY)
    assert len(days.told(BEN)) == 1
    await days.deny_all()
    await days.look(BEN_AT + 2 * DAY)
    assert len(days.told(BEN)) == 1


async def test_late_on_the_same_day_and_not_on_the_next(days: Days) -> None:
    """Down over nine o'clock: told when somebody looks again, as long as it is that day there."""
    await days.ask(1)
    await days.look(BEN_AT + timedelta(hours=14, minutes=59))  # 23:59 in New York
    assert len(days.told(BEN)) == 1
    assert len(days.told(ANA)) == 0, "it is the next day in Berlin, and not yet nine"
    await days.look(BEN_AT + DAY + timedelta(hours=16))  # 01:00, two days after
    assert len(days.told(BEN)) == 1, "the day that was missed is over"


async def test_who_is_away_is_told_nothing_and_their_cover_is(days: Days) -> None:
    """The cover is told of what they cover, in the team's zone where Slack knows none of theirs."""
    await days.ask(2)
    now = days.clock.now
    await days.desks[0].core.records.away.set(Away(user_id=BEN, since=now, until=now + 9 * DAY, cover=CLEO))
    await days.look(BEN_AT)
    assert (days.told(BEN), days.told(CLEO)) == ([], [])
    await days.look(datetime(2026, 11, 3, 0, 0, tzinfo=UTC))  # nine in Tokyo
    assert days.told(BEN) == []
    (message,) = days.told(CLEO)
    assert all_text(message.blocks).startswith("2 decisions wait for you")


async def test_when_slack_is_busy_it_is_told_a_little_later(days: Days) -> None:
    """A limit is no loss: the next look tells it, once."""
    await days.ask(1)
    days.desks[0].slack.faults.status("chat.postMessage", 429, times=2, retry_after=1)
    await days.look(BEN_AT)
    for minute in range(1, 5):
        await days.look(BEN_AT + timedelta(minutes=minute))
    assert len(days.told(BEN)) == 1
