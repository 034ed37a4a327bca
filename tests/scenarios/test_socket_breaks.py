"""A Socket Mode connection that breaks in the middle of a payload."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from approvals.model import DecisionType
from approvals.points import Point, watch
from tests.scenarios.conftest import ANA, BEN, CHANNEL, House


@pytest.fixture
def watched() -> Iterator[None]:
    """Nobody watches after the test."""
    yield
    watch(None)


@pytest.mark.usefixtures("watched")
async def test_the_socket_breaks_between_the_decision_and_the_acknowledgement(house: House) -> None:
    """The click is on record, Slack was never told: it is carried out once, and whoever clicks again reads that."""
    desk = await house.desk()
    card = await desk.ask()
    killed: list[asyncio.Task[int]] = []

    def at(point: Point, _: str) -> None:
        if point is Point.DECIDED and not killed:
            killed.append(asyncio.ensure_future(desk.slack.faults.kill_sockets()))

    watch(at)
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    assert killed
    approval = await desk.resumed(card.ts)
    assert [(d.type, d.actor.id) for d in approval.decisions] == [(DecisionType.APPROVE, ANA)]
    assert (await killed[0]) >= 1
    async with asyncio.timeout(60):
        while not (  # noqa: ASYNC110 - a connection that is there again sets no event
            again := await desk.slack.click(BEN, CHANNEL, card.ts, "approve", seen=card)
        ).ok:
            await asyncio.sleep(0.05)  # until the connection is there again; clicks meanwhile are lost, as in Slack
    assert again.ok
    assert "lready approved" in await desk.told(BEN)
    assert len((await desk.only()).decisions) == 1
