"""HTTP mode takes only what Slack signed, and only while it is fresh."""

from __future__ import annotations

import json
import time
from urllib.parse import urlencode

import aiohttp
import pytest
from slack_sdk.signature import SignatureVerifier

from tests.scenarios.conftest import ANA, CHANNEL, House, house

__all__ = ["house"]  # a fixture, known here by being imported


@pytest.mark.parametrize("wrong", ["no signature", "another secret", "another body", "six minutes old", "nothing"])
async def test_a_click_by_http_is_taken_only_with_a_fresh_signature(house: House, wrong: str) -> None:
    """A real payload of Slack's, sent again by hand: refused with 401 unless nothing is wrong with it."""
    desk = await house.desk(signoff_slack_mode="http")
    card = await desk.ask()
    first = await house.slack.click(ANA, CHANNEL, card.ts, "approve", confirm=True)
    assert first.ok
    body = urlencode({"payload": json.dumps(first.payload)})
    at = str(int(time.time()) - (360 if wrong == "six minutes old" else 0))
    secret = "another" if wrong == "another secret" else house.slack.signing_secret
    signature = SignatureVerifier(secret).generate_signature(timestamp=at, body=body)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Slack-Request-Timestamp": at}
    if wrong != "no signature" and signature is not None:
        headers["X-Slack-Signature"] = signature
    if wrong == "another body":
        body += "&more=1"
    assert desk.runtime.http_url is not None
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{desk.runtime.http_url}/slack/events", data=body, headers=headers) as answer,
    ):
        assert answer.status == (200 if wrong == "nothing" else 401)
    assert len((await desk.resumed(card.ts)).decisions) == 1, "sent again, it still counts once"
