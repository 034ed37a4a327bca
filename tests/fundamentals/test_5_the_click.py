"""Lesson 5: all of it. A person clicks a button in Slack; the graph that waited goes on."""

from __future__ import annotations

import pytest

from approvals.model import Status
from tests.scenarios.conftest import ANA, CHANNEL, House, house

pytestmark = pytest.mark.both_servers
__all__ = ["house"]


async def test_a_click_resumes_the_graph(house: House) -> None:
    """The card is a view of the record: the click names the approval, and everything else is read from Redis."""
    desk = await house.desk()
    card = await desk.ask("refund", {"customer": "8821", "amount": 340.0})
    approval = await desk.only()
    assert approval.status is Status.PENDING
    (button,) = [
        element
        for block in card.blocks
        for element in block.get("elements", [])
        if element.get("action_id") == "approve"
    ]
    assert button["value"] == f"{approval.id}:{approval.revision}", "an id and the revision shown, nothing else"

    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    assert "Refunded $340.00 to customer 8821" in await desk.report(card.ts)
    assert (await desk.only()).status is Status.RESUMED
