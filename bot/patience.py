"""Asking Slack again for what it does not do now: ever more seldom, never sooner than it said, and not all at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from approvals.due import backoff
from approvals.errors import Later, SignoffError

CAP = 60.0
"""Seconds between two tries at the most, give or take a fifth: clicks are lost while there is no connection."""

LOGGED = 3
"""So many tries are logged one by one; after that the 4th, the 8th, the 16th and so on."""

Pause = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Patience:
    """Growing pauses, with chance in them so that replicas do not come together."""

    rng: random.Random
    pause: Pause = asyncio.sleep

    async def after(self, attempt: int, why: SignoffError, *, what: str) -> None:
        """Waits before the next try, after try number `attempt` (from 0) failed; says so now and then."""
        seconds = self.seconds(attempt, why)
        if attempt < LOGGED or not (attempt + 1) & attempt:
            log.warning(
                "waiting for Slack",
                action="slack.waiting",
                what=what,
                attempt=attempt + 1,
                again_in_s=round(seconds, 1),
                why=str(why),
            )
        await self.pause(seconds)

    def seconds(self, attempt: int, why: SignoffError | None = None) -> float:
        """How long to wait: doubling from a second to `CAP`. What Slack asked for is kept, and a little added."""
        seconds = backoff(attempt, self.rng, cap=CAP).total_seconds()
        if isinstance(why, Later):
            return max(seconds, why.seconds + self.rng.uniform(0.0, 1.0))
        return seconds
