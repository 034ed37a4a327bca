"""Nothing lost, nothing twice: processes that die between any two durable steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from approvals.points import Point
from approvals.store.embedded import EmbeddedServer
from tests.chaos import story

SOME = (Point.OPENED, Point.POSTED, Point.DECIDED, Point.RESUMING, Point.RESUMED)
"""Enough for every run of the tests; `make chaos` goes through all of them, at later passings too."""


@pytest.mark.parametrize("point", SOME)
async def test_killed_at(point: Point, redis_url: str, tmp_path: Path) -> None:
    """Both replicas die at that point; the decision is carried out once, and Slack shows each question once."""
    found = await story.at_a_point(redis_url, tmp_path, point)
    assert found.kills >= 1, "nobody came by that point"
    assert found.node_again == 0, "the node ran again although its result was stored"
    assert found.extra_messages == 0, "a message that stood already was posted anew"


@pytest.mark.parametrize("point", [Point.REMINDED, Point.EXPIRED])
async def test_killed_as_time_passes(point: Point, redis_url: str, tmp_path: Path) -> None:
    """Time runs out once, whoever dies; a reminder that nobody could write down is given again, none is lost."""
    found = await story.at_a_point(redis_url, tmp_path, point)
    assert (found.extra_reminders >= 1) == (point is Point.REMINDED)
    assert found.expiries == (3 if point is Point.EXPIRED else 0)


async def test_the_window_that_is_left(redis_url: str, tmp_path: Path) -> None:
    """From a node's first side effect until its result is stored, a kill runs it again: a payment without a key is made
    twice, one keyed by the approval's id once."""
    found = await story.at_a_point(redis_url, tmp_path, Point.ACTED, cast=story.ORDERS[:1])
    assert found.node_again == found.kills >= 1
    assert found.extra_messages == 0


@pytest.mark.both_servers
async def test_killed_at_random(redis_url: str, tmp_path: Path) -> None:
    """A seeded handful, and a replica that stands still until its leases are another's; hundreds by `make chaos`."""
    found = await story.at_random(redis_url, tmp_path, seed=7, kills=4, stops=1)
    assert found.kills >= 1
    assert found.stops == 1


async def test_redis_killed_at_random(tmp_path: Path) -> None:
    """A server of its own, killed and started again from its file: nothing that was acknowledged is lost."""
    with EmbeddedServer(tmp_path / "redis", config={"appendfsync": "always"}) as own:
        found = await story.at_random(own.url, tmp_path / "story", seed=12, kills=2, redis=own)
    assert found.redis_kills == 1
