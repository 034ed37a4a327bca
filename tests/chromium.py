"""The Chromium of this machine, for the tests that look at a page."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright, expect

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
expect.set_options(timeout=30_000)  # five seconds are few for a machine that is busy, and Home alone may take them


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """Where there is none the tests are skipped, unless one is required."""
    path = os.environ.get("SIGNOFF_CHROMIUM") or next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None and os.environ.get("SIGNOFF_REQUIRE_BROWSER"):
        pytest.fail("a browser is required and none was found: install chromium, or set SIGNOFF_CHROMIUM")
    if path is None:
        pytest.skip("no Chromium on this machine: install it, or set SIGNOFF_CHROMIUM")
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=path, args=ARGS, timeout=90_000)
        yield browser
        await browser.close()
