"""Fixtures for testing any Slack app against a local workspace. Load it with

`pytest_plugins = ["localslack.pytest_plugin"]` in the top conftest.py, or `-p localslack.pytest_plugin`.
"""

from __future__ import annotations

import importlib.util
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from .clock import VirtualClock
from .journal import Misstep
from .seed import Seed
from .slack import LocalSlack
from .threaded import ThreadedSlack


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "local_slack(**options): options of LocalSlack for this test, such as rate_limits=True or ack_seconds=0.1",
    )


@pytest.fixture
def local_slack_seed() -> Seed:
    """The workspace of `local_slack`. Override it, for example with `Seed.default().with_manifest_file(path)`."""
    return Seed.default()


@pytest.fixture
def local_slack_clock() -> VirtualClock:
    """The clock of the workspace: stands still until `forward(seconds)`."""
    return VirtualClock()


@pytest.fixture
def local_slack(
    request: pytest.FixtureRequest, local_slack_seed: Seed, local_slack_clock: VirtualClock
) -> Iterator[ThreadedSlack]:
    """A running workspace with blocking methods, in a thread of its own: for plain test functions.

    At the end the test fails if the app did what Slack refuses (`problems`); a test that provokes it on purpose looks
    at `local_slack.problems` and clears the list.
    """
    options = _options(request)
    with ThreadedSlack.create(seed=local_slack_seed, clock=local_slack_clock, **options) as slack:
        yield slack
    _refuse(slack.problems)


if importlib.util.find_spec("pytest_asyncio") is not None:
    import pytest_asyncio

    @pytest_asyncio.fixture
    async def async_local_slack(
        request: pytest.FixtureRequest, local_slack_seed: Seed, local_slack_clock: VirtualClock
    ) -> AsyncIterator[LocalSlack]:
        """The same as a `LocalSlack` on the test's own event loop: for `async def` tests of an `AsyncApp`."""
        async with LocalSlack(local_slack_seed, clock=local_slack_clock, **_options(request)) as slack:
            yield slack
        _refuse(slack.problems)


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    node: Any = request.node  # pyright: ignore[reportUnknownMemberType] - pytest leaves the node untyped
    marker: pytest.Mark | None = node.get_closest_marker("local_slack")
    return {"rng": random.Random(1), **(marker.kwargs if marker else {})}


def _refuse(problems: list[Misstep]) -> None:
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        pytest.fail(f"the app did what Slack refuses:\n{lines}", pytrace=False)
