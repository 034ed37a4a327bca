"""A running local Slack, and real Bolt apps connected to it."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from localslack import LocalSlack
from tests.chromium import launched


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    local = LocalSlack(rng=random.Random(7))
    await local.start()
    yield local
    await local.stop()


@pytest.fixture
async def web(slack: LocalSlack) -> AsyncWebClient:
    """The SDK's own client with the bot token; it retries nothing."""
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])


def bolt(slack: LocalSlack, **options: Any) -> AsyncApp:
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
    return AsyncApp(client=client, signing_secret=slack.signing_secret, **options)


@contextlib.asynccontextmanager
async def connected(slack: LocalSlack, app: AsyncApp, *, sockets: int = 1) -> AsyncIterator[AsyncApp]:
    """The app, connected over Socket Mode as in production."""
    handlers = [AsyncSocketModeHandler(app, slack.app_token, ping_interval=2) for _ in range(sockets)]
    try:
        for handler in handlers:
            await handler.connect_async()
        await slack.wait_for(lambda: slack.connections >= sockets)
        yield app
    finally:
        for handler in handlers:
            await handler.close_async()


async def refusal(call: Any) -> dict[str, Any]:
    """The answer of a call that Slack refuses."""
    with pytest.raises(SlackApiError) as caught:
        await call
    response: Any = caught.value.response
    return response.data


class Clock:
    """Time that only moves when told to, in epoch seconds."""

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


BUTTONS: list[dict[str, Any]] = [
    {"type": "section", "block_id": "what", "text": {"type": "mrkdwn", "text": "Pay *Acme*?"}},
    {
        "type": "actions",
        "block_id": "decide",
        "elements": [
            {
                "type": "button",
                "action_id": "yes",
                "value": "a1",
                "style": "primary",
                "text": {"type": "plain_text", "text": "Yes"},
            },
            {
                "type": "button",
                "action_id": "no",
                "value": "a1",
                "text": {"type": "plain_text", "text": "No"},
                "confirm": {
                    "title": {"type": "plain_text", "text": "Sure?"},
                    "text": {"type": "plain_text", "text": "It will not be paid."},
                    "confirm": {"type": "plain_text", "text": "Refuse"},
                    "deny": {"type": "plain_text", "text": "Back"},
                },
            },
        ],
    },
]


def modal(**more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": {"type": "plain_text", "text": "Form"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [
            {
                "type": "input",
                "block_id": "why",
                "label": {"type": "plain_text", "text": "Why"},
                "element": {"type": "plain_text_input", "action_id": "text", "max_length": 20},
            },
            {
                "type": "input",
                "block_id": "sum",
                "optional": True,
                "label": {"type": "plain_text", "text": "How much"},
                "element": {
                    "type": "number_input",
                    "action_id": "number",
                    "is_decimal_allowed": False,
                    "min_value": "1",
                    "max_value": "10",
                },
            },
        ],
        **more,
    }


# One Chromium for the module, hence one event loop for everything that shares it.


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1280, "height": 820})
    context.set_default_timeout(30_000)
    opened = await context.new_page()
    failures: list[str] = []
    opened.on("pageerror", lambda error: failures.append(str(error)))
    yield opened
    await context.close()
    assert failures == []


def at(slack: LocalSlack, user: str, channel: str = "C0APPROVALS", **more: str) -> str:
    extra = "".join(f"&{name}={value}" for name, value in more.items())
    return f"{slack.page_url}#user={user}&channel={channel}{extra}"
