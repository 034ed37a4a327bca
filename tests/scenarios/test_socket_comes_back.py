"""Socket Mode after a break: every try has a URL of its own, tries grow rarer, and clicks arrive again."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import Tempo
from bot.patience import CAP
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, CHANNEL, Desk, House

OPEN = "apps.connections.open"


class Waits:
    """Stands in the place of time: notes the pauses, lets each of them pass at once, and ends after `most`."""

    def __init__(self, most: int = 1000) -> None:
        self.seconds: list[float] = []
        self.over = asyncio.Event()
        self._most = most

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if len(self.seconds) >= self._most:
            self.over.set()
            await asyncio.Event().wait()


async def _desk(house: House, waits: Waits, clock: VirtualClock) -> Desk:
    desk = await house.desk(clock=clock, tempo=Tempo(ping=0.5, pause=waits))
    clock.turn(minutes=5)  # the connection has stood for a while
    return desk


@pytest.mark.parametrize("refused", [1, 6])
async def test_a_handshake_that_fails_is_tried_with_a_new_url(house: House, clock: VirtualClock, refused: int) -> None:
    """The URL of a connection that was refused is spent: each try asks for one, after a longer pause; then a click
    arrives."""
    waits = Waits()
    desk = await _desk(house, waits, clock)
    card = await desk.ask()
    before = len(desk.slack.calls(OPEN))
    desk.slack.faults.refuse_handshake(times=refused)
    await desk.slack.faults.kill_sockets()
    await desk.until(lambda: desk.slack.connections or None)
    assert len(desk.slack.calls(OPEN)) - before == refused + 1
    expected = [2.0**n for n in range(refused)]
    assert all(0.8 * want <= got <= 1.2 * want for want, got in zip(expected, waits.seconds, strict=True))
    assert desk.slack.problems == [], "a spent URL was used again"
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "approve")).ok
    await desk.resumed(card.ts)


async def test_retry_after_is_kept(house: House, clock: VirtualClock) -> None:
    """429 on the URL: the next try comes no sooner than Slack says, and a little later."""
    waits = Waits()
    desk = await _desk(house, waits, clock)
    desk.slack.faults.status(OPEN, 429, retry_after=900)
    await desk.slack.faults.kill_sockets()
    await desk.until(lambda: desk.slack.connections or None)
    assert len(waits.seconds) == 1
    assert 900 <= waits.seconds[0] <= 901


async def test_nothing_is_hammered(house: House, clock: VirtualClock) -> None:
    """A whole day without connections: at most one try a minute, and the reason is told where it is asked for."""
    waits = Waits(most=60)
    desk = await _desk(house, waits, clock)
    before = len(desk.slack.calls(OPEN))
    desk.slack.faults.refuse_handshake(times=10_000)
    await desk.slack.faults.kill_sockets()
    await asyncio.wait_for(waits.over.wait(), 20)
    assert len(desk.slack.calls(OPEN)) - before == 60
    assert all(0.8 * CAP <= seconds <= 1.2 * CAP for seconds in waits.seconds[6:])
    found = (await desk.runtime.readiness().look())["slack"]
    assert not found.ok
    assert found.why == "the connection to Slack is down (connecting: there is no connection (503))"


async def test_connections_that_end_at_once_count_as_failed(house: House, clock: VirtualClock) -> None:
    """Slack takes them and ends them again: the tries grow rarer all the same."""
    waits = Waits()
    desk = await _desk(house, waits, clock)
    for number in range(1, 5):
        opened = len(desk.slack.calls(OPEN))
        await desk.slack.faults.kill_sockets()
        await desk.until(lambda opened=opened: len(desk.slack.calls(OPEN)) > opened or None)
        await desk.until(lambda: desk.slack.connections or None)
        assert len(waits.seconds) == number - 1  # the first had stood for long
    assert all(0.8 * 2**n <= got <= 1.2 * 2**n for n, got in enumerate(waits.seconds))


async def test_a_stop_does_not_wait_for_slack(house: House, clock: VirtualClock) -> None:
    """In the middle of a long pause."""
    waits = Waits(most=1)
    desk = await _desk(house, waits, clock)
    desk.slack.faults.refuse_handshake(times=100)
    await desk.slack.faults.kill_sockets()
    await asyncio.wait_for(waits.over.wait(), 10)
    await asyncio.wait_for(desk.runtime.stop(), 5)
