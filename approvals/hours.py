"""Working time: when a clock runs that stands still outside working hours and during pauses. Pure.

It is working time when the clock on the wall of a zone says so: an hour that a change of clocks skips is not worked,
one that it repeats is worked twice, and a day whose first hour is skipped begins when the clocks have changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

TEAM: Final = "team"
APPROVER: Final = "approver"
LONGEST_SEARCH: Final = 3660
"""Days after which a clock that has still not run long enough never will."""

_DAY = timedelta(days=1)
_END = datetime.max.replace(tzinfo=UTC)
Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Which hours count. `days` from 0 for Monday; `start` and `end` in minutes after local midnight, `end` up to 1440.

    `zone` is `team` or `approver`, whose zones are handed in where time is reckoned, or an IANA name. `holidays` are
    dates of the calendar in each zone.
    """

    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    start: int = 540
    end: int = 1020
    zone: str = TEAM
    holidays: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= 1440:
            raise ValueError("working hours start before they end, within one day")
        if not self.days or not set(self.days) <= set(range(7)):
            raise ValueError("working days are numbers from 0 for Monday to 6 for Sunday, at least one")


class PauseKind(StrEnum):
    """Why the clock was stopped."""

    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    ASKED_BACK = "asked_back"


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock stands still from `since` to before `until`; `None` is until further notice. `by` is a user id."""

    since: datetime
    until: datetime | None
    kind: PauseKind
    by: str

    def covers(self, at: datetime) -> bool:
        """Whether the clock stands still at that moment because of it."""
        return self.since <= at and (self.until is None or at < self.until)


def is_zone(name: str) -> bool:
    """Whether the time zones of this machine know it."""
    return _zone(name) is not None


def zones_of(hours: Hours, zones: tuple[str, ...]) -> tuple[str, ...]:
    """The zones whose clocks count: the one that is named, else those that were handed in, else UTC.

    A name that is not known (Slack may be ahead of this machine) is passed over.
    """
    named = zones if hours.zone in (TEAM, APPROVER) else (hours.zone,)
    return tuple(dict.fromkeys(name for name in named if is_zone(name))) or ("UTC",)


def running(
    at: datetime, *, hours: Hours | None = None, zones: tuple[str, ...] = (), pauses: Sequence[Pause] = ()
) -> bool:
    """Whether the clock runs at that moment: working time in any of the zones, and no pause."""
    if any(pause.covers(at) for pause in pauses):
        return False
    return hours is None or any(_works(hours, at.astimezone(ZoneInfo(name))) for name in zones_of(hours, zones))


def window(at: datetime, *, hours: Hours, zones: tuple[str, ...] = ()) -> Window | None:
    """The working time that `at` lies in, else the next; `None` if there is none within `LONGEST_SEARCH` days."""
    found = _windows(at.astimezone(UTC) - _DAY, hours, zones_of(hours, zones))
    return next(((since, until) for since, until in found if until > at), None)


def elapse(
    start: datetime,
    seconds: float,
    *,
    hours: Hours | None = None,
    zones: tuple[str, ...] = (),
    pauses: Sequence[Pause] = (),
) -> datetime | None:
    """The first moment (UTC) at which a clock set going at `start` has run for `seconds`. 0 is `start` itself.

    It runs while `running` says so. `None`: it never gets there, because an open pause holds it, or not within
    `LONGEST_SEARCH` days.
    """
    missing = timedelta(seconds=seconds)
    start = start.astimezone(UTC)
    if missing <= timedelta():
        return start
    for since, until in _running(start, hours, zones, pauses):
        if until - since >= missing:
            return since + missing
        missing -= until - since
    return None


def _running(start: datetime, hours: Hours | None, zones: tuple[str, ...], pauses: Sequence[Pause]) -> Iterator[Window]:
    """When the clock runs from `start` on: windows in order, apart from each other."""
    stops = sorted((pause.since, pause.until or _END) for pause in pauses)
    last = next((since for since, until in stops if until == _END), _END)
    for since, until in [(start, _END)] if hours is None else _windows(start, hours, zones_of(hours, zones)):
        if since >= last:
            return
        for stop, go in stops:
            if go <= since or stop >= until:
                continue
            if stop > since:
                yield since, stop
            since = max(since, go)
        if since < until:
            yield since, until


def _windows(start: datetime, hours: Hours, zones: tuple[str, ...]) -> Iterator[Window]:
    """Working time in any of the zones from `start` on, day of UTC by day of UTC."""
    day = start.date()
    for _ in range(LONGEST_SEARCH):
        reached = start
        for since, until in sorted(window for name in zones for window in _of_day(hours, name, day)):
            if until > reached:
                yield max(since, reached), until
                reached = until
        day += _DAY


@lru_cache(maxsize=4096)
def _of_day(hours: Hours, name: str, day: date) -> tuple[Window, ...]:
    """Working time in one zone during one day of UTC."""
    found: list[Window] = []
    for since, until, offset in _spells(ZoneInfo(name), datetime.combine(day, time(), UTC)):
        local = (since + offset).date()
        while (midnight := datetime.combine(local, time(), UTC) - offset) < until:
            if local.weekday() in hours.days and local not in hours.holidays:
                opens = max(since, midnight + timedelta(minutes=hours.start))
                closes = min(until, midnight + timedelta(minutes=hours.end))
                if opens < closes:
                    found.append((opens, closes))
            local += _DAY
    return tuple(found)


def _spells(zone: ZoneInfo, day: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The day of UTC that starts at `day`, cut where the zone's offset changes; each piece with its offset."""
    before, after = _offset(zone, day), _offset(zone, day + _DAY)
    if before == after:
        yield day, day + _DAY, before
        return
    low, high = 0, 86400  # seconds: the change is after `low`, and at `high` or before
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, day + timedelta(seconds=middle)) == before else (low, middle)
    change = day + timedelta(seconds=high)
    yield day, change, before
    if high < 86400:
        yield change, day + _DAY, after


def _works(hours: Hours, local: datetime) -> bool:
    """Whether that reading of the clock on the wall is working time."""
    on = local.weekday() in hours.days and local.date() not in hours.holidays
    since_midnight = timedelta(
        hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
    return on and timedelta(minutes=hours.start) <= since_midnight < timedelta(minutes=hours.end)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    """How far the zone is ahead of UTC at that moment."""
    return at.astimezone(zone).utcoffset() or timedelta()


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    """The zone of that name, or `None`: names come from policies and from Slack."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
