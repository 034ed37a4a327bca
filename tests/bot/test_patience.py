"""The pauses between tries: they grow, they end somewhere, chance is in them, and Slack's own word is kept."""

from __future__ import annotations

import random

import pytest
from structlog.testing import capture_logs

from approvals.errors import Later
from bot.patience import CAP, Patience
from bot.slack import SlackUnreachable

AWAY = SlackUnreachable("Slack did not answer")


def test_pauses_double_up_to_the_cap() -> None:
    """A second, two, four…, each a fifth more or less."""
    patience = Patience(random.Random(1))
    for attempt in range(40):
        expected = min(CAP, 2.0**attempt)
        assert 0.8 * expected <= patience.seconds(attempt, AWAY) <= 1.2 * expected


def test_replicas_do_not_come_together() -> None:
    """Each by its own chance, also after the same `Retry-After`."""
    seeds = range(20)
    assert len({Patience(random.Random(seed)).seconds(6, AWAY) for seed in seeds}) == len(seeds)
    limited = {Patience(random.Random(seed)).seconds(0, Later(3600)) for seed in seeds}
    assert len(limited) == len(seeds)
    assert all(3600 <= seconds <= 3601 for seconds in limited)


async def test_a_few_tries_are_logged() -> None:
    """The first three, then the 4th, 8th, 16th…; each is waited for."""
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    patience = Patience(random.Random(1), pause)
    with capture_logs() as lines:
        for attempt in range(100):
            await patience.after(attempt, AWAY, what="socket")
    assert [line["attempt"] for line in lines] == [1, 2, 3, 4, 8, 16, 32, 64]
    assert {line["action"] for line in lines} == {"slack.waiting"}
    assert lines[0]["again_in_s"] == pytest.approx(waited[0], abs=0.1)
    assert len(waited) == 100
