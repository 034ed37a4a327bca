"""A real Chromium, and one person's window onto the page of the local Slack.

`make screenshots` writes what the tests see through it to `docs/images/`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.chromium import launched
from tests.scenarios.conftest import CHANNEL, Desk, House

WIDE = {"width": 1180, "height": 720}
PHONE = {"width": 375, "height": 720}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A Chromium of its own for each test."""
    async with launched() as opened:
        yield opened


class Screen:
    """One person's window."""

    def __init__(self, browser: Browser, desk: Desk, folder: Path | None) -> None:
        self._browser = browser
        self.desk = desk
        self._folder = folder

    async def open(
        self, user: str, *, place: str = f"channel={CHANNEL}", size: dict[str, int] | None = None, dark: bool = False
    ) -> Page:
        """The page as somebody sees it. An error of the page fails the test."""
        scheme = "dark" if dark else "light"
        context = await self._browser.new_context(viewport=size or WIDE, color_scheme=scheme)  # type: ignore[arg-type]
        page = await context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"the page raised: {error}"))
        await page.goto(f"{self.desk.slack.page_url}#user={user}&{place}")
        return page

    async def picture(self, page: Page, name: str) -> None:
        """For the README; and nothing otherwise."""
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            await page.screenshot(path=self._folder / f"{name}.png", animations="disabled")

    async def pictures(self, page: Page, name: str) -> None:
        """Both widths; on the narrow one nothing is cut off sideways."""
        await self.picture(page, name)
        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        # In one step of the page: a card that is being redrawn has no place to scroll to between two.
        last = "[...document.querySelectorAll('[data-testid=message] .block-actions')].at(-1)"
        await page.evaluate(f"{last}?.scrollIntoView()")
        narrow = f"innerWidth === {PHONE['width']} && document.documentElement.scrollWidth <= innerWidth"
        await page.wait_for_function(narrow)  # the new size takes effect a moment after it was set
        await self.picture(page, f"{name}_phone")
        await page.set_viewport_size(WIDE)  # type: ignore[arg-type]


Window = Callable[[Desk], Screen]


@pytest.fixture
def window(browser: Browser, request: pytest.FixtureRequest) -> Window:
    """For a desk that a test sets up itself."""
    folder = request.config.getoption("--screenshots")
    return lambda desk: Screen(browser, desk, Path(folder) if folder else None)


@pytest.fixture
async def screen(window: Window, house: House, request: pytest.FixtureRequest) -> Screen:
    """A replica, its Slack and a browser; under other policies where the test names some."""
    if rules := getattr(request, "param", ""):
        (house.folder / "policies.yaml").write_text(rules)
    return window(await house.desk())


@pytest.fixture
def here(screen: Screen) -> Desk:
    """The replica that it looks at."""
    return screen.desk
