"""A pace that no change of the wall clock can stall: what APScheduler reckons in, and how a turn that is late is found.

APScheduler compares wall-clock times and sleeps until the next of them. A clock that is set back puts that time into a
far future, so somebody has to look at a clock that only runs forward: `Lateness`, by the event loop's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apscheduler.triggers.base import BaseTrigger  # pyright: ignore[reportMissingTypeStubs]

LATE: Final = 3
"""At so many looks one after the other a turn has to be overdue before it counts as late: a busy loop is late, too."""

SLACK: Final = 0.01
"""The part of an interval that is not called late: wall clocks run a little faster or slower."""

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""A time that is past whatever the wall clock says."""


class Pace(BaseTrigger):
    """Every `seconds`, the first time after `first`.

    Unlike APScheduler's own interval it does not count the times between one long ago and now: when a clock that stood
    in 1970 is set right, those are more than fit into memory.
    """

    def __init__(self, seconds: float, first: float | None = None) -> None:
        self._every = timedelta(seconds=seconds)
        self._first = timedelta(seconds=seconds if first is None else first)

    def get_next_fire_time(self, previous_fire_time: Any, now: Any) -> Any:
        """The next time on the beat; where that is past, a new beat begins now."""
        if previous_fire_time is None:
            return now + self._first
        coming = previous_fire_time + self._every
        return coming if coming > now else now + self._every


class Lateness:
    """Whether something that should begin every `seconds` is late, by a clock that is never set."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: float | None = None
        self._looks = 0

    def expect(self, now: float, after: float | None = None) -> None:
        """It runs or ran at `now`; the next time is `after` so many seconds, or after its interval."""
        self._due = now + (self._seconds if after is None else after) * (1 + SLACK)
        self._looks = 0

    def look(self, now: float) -> bool:
        """Whether it is late; then it counts anew."""
        overdue = self._due is not None and now > self._due
        self._looks = self._looks + 1 if overdue else 0
        if self._looks < LATE:
            return False
        self._looks = 0
        return True
