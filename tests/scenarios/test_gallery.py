"""Every state that people see, from the golden files, as the page shows it: nothing is cut off, wide or on a phone.

`make screenshots` writes the pictures to `docs/images/states/`.
"""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.manifest import manifest
from localslack import LocalSlack, Seed, UserSeed
from tests.bot import golden, samples
from tests.scenarios.conftest import ANA, CHANNEL
from tests.scenarios.window import browser

__all__ = ["browser"]

SIZES = {"": {"width": 1180, "height": 3600}, "_phone": {"width": 375, "height": 3600}}
"""So high that a whole message stands in it."""

PEOPLE = (
    UserSeed(id="U0ANN", name="ann", real_name="Ann Weber"),
    UserSeed(id="U0CFO", name="frida", real_name="Frida Olsen"),
    UserSeed(id="U0DAN", name="dan", real_name="Dan Ito"),
)
"""Those whom the samples name beside the people of the local Slack."""

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

DRAWN: dict[str, Any] = {path.stem: json.loads(path.read_text()) for path in sorted(golden.FOLDER.glob("*.json"))}
MESSAGES = {name: drawn for name, drawn in DRAWN.items() if "type" not in drawn and "text" in drawn}
MODALS = {name: drawn for name, drawn in DRAWN.items() if drawn.get("type") == "modal"}
HOMES = {name: drawn for name, drawn in DRAWN.items() if drawn.get("type") == "home"}


@dataclass
class Wall:
    """A page to hang pictures on, and an app that shows what it is told to."""

    slack: LocalSlack
    web: AsyncWebClient
    page: Page
    folder: Path | None
    views: dict[str, Any]

    async def hang(self, name: str, what: Locator) -> None:
        """One picture, where pictures are wanted."""
        if self.folder is not None:
            await what.screenshot(path=self.folder / f"{name}.png", animations="disabled")

    async def fits(self) -> None:
        """The page cannot be scrolled sideways. (A new size takes effect a moment after it was set.)"""
        size = self.page.viewport_size
        assert size is not None
        await self.page.wait_for_function(
            f"innerWidth === {size['width']} && document.documentElement.scrollWidth <= innerWidth"
        )


@pytest.fixture
async def wall(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Wall]:
    """A Slack whose clock stands where that of the samples does."""
    chosen = request.config.getoption("--screenshots")
    folder = Path(chosen) / "states" if chosen else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        clock = samples.NOW.timestamp
        seed = Seed.default().with_manifest(manifest())
        seed = replace(seed, users=(*seed.users, *PEOPLE))
        slack = await stack.enter_async_context(LocalSlack(seed, clock=clock, rng=random.Random(1)))
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        app = AsyncApp(client=web, signing_secret=slack.signing_secret)
        views: dict[str, Any] = {}

        @app.event("app_home_opened")
        async def opened() -> None: ...

        @app.action("show-view")
        async def show(ack: Any, body: Any) -> None:
            await ack()
            await web.views_open(trigger_id=body["trigger_id"], view=views["now"])

        handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=10)
        await handler.connect_async()
        stack.push_async_callback(handler.close_async)
        context = await browser.new_context(viewport=SIZES[""], color_scheme="light")  # type: ignore[arg-type]
        page = await context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"the page raised: {error}"))
        yield Wall(slack, web, page, folder, views)
        await context.close()
        assert slack.problems == []


async def test_every_message_in_the_page(wall: Wall) -> None:
    """Cards in all their states, notes, lists: each fits, at both widths."""
    posted = {}
    for name, drawn in MESSAGES.items():
        answer = await wall.web.chat_postMessage(channel=CHANNEL, text=drawn["text"], blocks=drawn["blocks"])
        posted[name] = answer["ts"]
    await wall.page.goto(f"{wall.slack.page_url}#user={ANA}&channel={CHANNEL}")
    for end, size in SIZES.items():
        await wall.page.set_viewport_size(size)  # type: ignore[arg-type]
        for name, ts in posted.items():
            message = wall.page.locator(f'[data-testid="message"][data-ts="{ts}"]')
            await expect(message).to_have_count(1)
            await wall.hang(f"{name}{end}", message)
        await wall.fits()


async def test_every_form_in_the_page(wall: Wall) -> None:
    """Each modal opens, and fits at both widths."""
    button = {"type": "button", "action_id": "show-view", "value": "1", "text": {"type": "plain_text", "text": "Open"}}
    post = {"text": "A form", "blocks": [{"type": "actions", "elements": [button]}]}
    ts = (await wall.web.chat_postMessage(channel=CHANNEL, **post))["ts"]
    await wall.page.goto(f"{wall.slack.page_url}#user={ANA}&channel={CHANNEL}")
    for name, drawn in MODALS.items():
        wall.views["now"] = drawn
        await wall.slack.click(ANA, CHANNEL, ts, "show-view")
        view = await wall.slack.wait_for(lambda: wall.slack.modal(ANA))
        modal = wall.page.locator('[data-testid="modal"]')
        await expect(modal).to_have_count(1)
        for end, size in SIZES.items():
            await wall.page.set_viewport_size(size)  # type: ignore[arg-type]
            await wall.hang(f"{name}{end}", modal)
            await wall.fits()
        await wall.slack.close_view(ANA, view.id)
        await expect(modal).to_have_count(0)


async def test_every_home_in_the_page(wall: Wall) -> None:
    """The Home of an approver, of an admin, of somebody with nothing to do."""
    await wall.page.goto(f"{wall.slack.page_url}#user={ANA}&channel=home")
    for name, drawn in HOMES.items():
        await wall.web.views_publish(user_id=ANA, view=drawn)
        await wall.page.reload()  # so that it is this one, and is not drawn once more
        first = next(block for block in drawn["blocks"] if block["type"] == "header")
        home = wall.page.get_by_test_id("home")
        await expect(home).to_contain_text(first["text"]["text"])
        for end, size in SIZES.items():
            await wall.page.set_viewport_size({**size, "height": 1400})  # type: ignore[arg-type]
            await wall.hang(f"{name}{end}", home.locator(".home-body"))
            await wall.fits()
