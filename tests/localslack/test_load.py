"""Many clicks over two connections: none is lost, none comes twice, all are acknowledged."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from localslack import LocalSlack

from .conftest import BUTTONS, bolt, connected

CLICKS = 200


async def test_two_hundred_clicks_at_once_reach_the_app_once_each(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Two connections share them; each click is acknowledged and has its time in the journal. How long so many take
    all told says something of the machine: here Slack waits longer than its 3 s."""
    slack._core.ack_seconds = 60.0
    app = bolt(slack)
    seen: Counter[str] = Counter()

    @app.action("yes")
    async def yes(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        seen[body["trigger_id"]] += 1

    async with connected(slack, app, sockets=2):
        ts = str((await web.chat_postMessage(channel="C0APPROVALS", text="Pay?", blocks=BUTTONS))["ts"])
        sent = await asyncio.gather(*(slack.click("U0ANA", "C0APPROVALS", ts, "yes") for _ in range(CLICKS)))
    assert all(delivery.ok for delivery in sent)
    assert len(seen) == CLICKS
    assert set(seen.values()) == {1}
    assert all(0 < delivery.ms < 60_000 for delivery in slack.deliveries("block_actions"))
    assert slack.problems == []
