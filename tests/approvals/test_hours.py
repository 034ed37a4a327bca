"""Working time: exact where clocks change, and never sooner for a pause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.hours import LONGEST_SEARCH, Hours, Pause, PauseKind, elapse, is_zone, running, zones_of

MINUTE, HOUR = timedelta(minutes=1), 3600.0
OFFICE = Hours()
ROUND_THE_CLOCK = Hours(days=(0, 1, 2, 3, 4, 5, 6), start=0, end=1440)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "Pacific/Midway")


def utc(text: str) -> datetime:
    """A moment in UTC, as `2026-11-20 16:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def pause(since: str, until: str | None) -> Pause:
    """A pause between two moments in UTC."""
    return Pause(utc(since), utc(until) if until else None, PauseKind.SNOOZED, "U1")


def by_hand(at: datetime, hours: Hours, zones: Sequence[str], pauses: Sequence[Pause]) -> bool:
    """The same rule, said once more: somebody looks at each clock on the wall."""
    if any(p.since <= at and (p.until is None or at < p.until) for p in pauses):
        return False
    clocks = [at.astimezone(ZoneInfo(zone)) for zone in zones]
    return any(
        clock.weekday() in hours.days
        and clock.date() not in hours.holidays
        and hours.start <= clock.hour * 60 + clock.minute < hours.end
        for clock in clocks
    )


def brute(start: datetime, minutes: int, hours: Hours, zones: Sequence[str], pauses: Sequence[Pause]) -> datetime:
    """Minute by minute until so many were worked."""
    at = start
    while minutes:
        minutes -= by_hand(at, hours, zones, pauses)
        at += MINUTE
    return at


around_changes = st.builds(
    lambda base, minutes: base + minutes * MINUTE,
    st.sampled_from([utc("2026-03-07"), utc("2026-03-28"), utc("2026-04-04"), utc("2026-10-03"), utc("2026-10-24")]),
    st.integers(-1440, 2880),
)
some_hours = st.builds(
    lambda days, start, length, holidays: Hours(
        days=tuple(sorted(days)), start=start, end=min(1440, start + length), holidays=tuple(holidays)
    ),
    st.sets(st.integers(0, 6), min_size=4),
    st.one_of(st.integers(0, 240), st.integers(0, 1380)),
    st.integers(45, 1440),
    st.lists(st.sampled_from([date(2026, 3, 29), date(2026, 3, 30), date(2026, 10, 25)]), max_size=2),
)
some_zones = st.lists(st.sampled_from(ZONES), min_size=1, max_size=2, unique=True).map(tuple)


@st.composite
def some_pauses(draw: st.DrawFn, start: datetime) -> tuple[Pause, ...]:
    """A few pauses near the start, in any order; they may overlap."""
    found = [
        Pause(start + since * MINUTE, start + (since + length) * MINUTE, PauseKind.SNOOZED, "U1")
        for since, length in draw(st.lists(st.tuples(st.integers(-300, 900), st.integers(0, 600)), max_size=3))
    ]
    return tuple(found)


@settings(max_examples=60, deadline=None)
@given(st.data(), around_changes, some_hours, some_zones, st.integers(1, 500))
def test_it_agrees_with_a_look_at_the_clock_every_minute(
    data: st.DataObject, start: datetime, hours: Hours, zones: tuple[str, ...], minutes: int
) -> None:
    """Around the days on which clocks change, with holidays, pauses and up to two zones."""
    pauses = data.draw(some_pauses(start))
    reached = elapse(start, minutes * 60, hours=hours, zones=zones, pauses=pauses)
    assert reached == brute(start, minutes, hours, zones, pauses)
    assert running(start, hours=hours, zones=zones, pauses=pauses) is by_hand(start, hours, zones, pauses)


@settings(max_examples=100, deadline=None)
@given(st.data(), around_changes, some_hours, some_zones, st.integers(0, 10**6), st.integers(0, 10**6))
def test_laws(data: st.DataObject, start: datetime, hours: Hours, zones: tuple[str, ...], one: int, two: int) -> None:
    """Longer is later, a part and then the rest is the whole, pauses and hours only delay."""
    pauses = data.draw(some_pauses(start))
    kept = {"hours": hours, "zones": zones, "pauses": pauses}
    part, whole = elapse(start, one, **kept), elapse(start, one + two, **kept)
    assert part is not None
    assert whole is not None
    assert start + timedelta(seconds=one) <= part <= whole
    assert elapse(part, two, **kept) == whole
    undisturbed = elapse(start, one, hours=hours, zones=zones)
    assert undisturbed is not None
    assert undisturbed <= part
    more = elapse(start, one, hours=hours, zones=(*zones, "Asia/Tokyo"), pauses=pauses)
    assert more is not None
    assert more <= part, "one more zone can only let the clock run more"


@pytest.mark.parametrize(
    ("zone", "hours", "start", "worked", "reached"),
    [
        # Friday afternoon goes on on Monday, an hour later by UTC or not.
        ("Europe/Berlin", OFFICE, "2026-03-27 15:00", 2 * HOUR, "2026-03-30 08:00"),
        ("Europe/Berlin", OFFICE, "2026-10-23 14:00", 2 * HOUR, "2026-10-26 09:00"),
        ("America/New_York", OFFICE, "2026-03-06 21:30", 1 * HOUR, "2026-03-09 13:30"),
        ("Asia/Kolkata", OFFICE, "2026-11-20 11:00", 1 * HOUR, "2026-11-23 04:00"),
        # To the end of a day is its end, not the next morning.
        ("Europe/Berlin", OFFICE, "2026-11-20 15:00", 1 * HOUR, "2026-11-20 16:00"),
        # The days on which clocks change have 23, 25, 23.5 and 24.5 hours.
        ("Europe/Berlin", ROUND_THE_CLOCK, "2026-03-28 23:00", 23 * HOUR, "2026-03-29 22:00"),
        ("Europe/Berlin", Hours(days=(6,), start=0, end=1440), "2026-10-20", 25 * HOUR, "2026-10-25 23:00"),
        ("Australia/Lord_Howe", Hours(days=(6,), start=0, end=1440), "2026-10-01", 23.5 * HOUR, "2026-10-04 13:00"),
        ("Australia/Lord_Howe", Hours(days=(6,), start=0, end=1440), "2026-04-01", 24.5 * HOUR, "2026-04-05 13:30"),
        # Berlin has no 02:30 on that day: it begins at 03:00. An end in the gap is when the clocks change.
        ("Europe/Berlin", Hours(days=(6,), start=150, end=240), "2026-03-29", 60.0, "2026-03-29 01:01"),
        ("Europe/Berlin", Hours(days=(6,), start=60, end=150), "2026-03-29", HOUR + 60, "2026-04-04 23:01"),
        # Berlin has 02:30 twice: both half hours from it are worked.
        ("Europe/Berlin", Hours(days=(6,), start=150, end=180), "2026-10-25", 2700.0, "2026-10-25 01:45"),
        # Samoa had no 30th of December in 2011.
        ("Pacific/Apia", Hours(days=(4,)), "2011-12-28", 60.0, "2012-01-05 19:01"),
    ],
)
def test_examples(zone: str, hours: Hours, start: str, worked: float, reached: str) -> None:
    """Weekends, changes of clocks, gaps, repeated hours, and a day that never was."""
    assert elapse(utc(start), worked, hours=hours, zones=(zone,)) == utc(reached)


def test_several_zones_count_where_any_of_them_works() -> None:
    """Berlin until 16:00 UTC, then New York until 22:00; on both sides of the date line, by the date of each."""
    both = ("Europe/Berlin", "America/New_York")
    assert elapse(utc("2026-11-20 15:00"), 7 * HOUR, hours=OFFICE, zones=both) == utc("2026-11-20 22:00")
    apart = ("Pacific/Kiritimati", "Pacific/Midway")  # 14 hours ahead of UTC, 11 behind
    monday = Hours(days=(0,))
    assert elapse(utc("2026-11-20"), 8 * HOUR, hours=monday, zones=apart) == utc("2026-11-23 03:00")
    assert elapse(utc("2026-11-20"), 9 * HOUR, hours=monday, zones=apart) == utc("2026-11-23 21:00")


def test_whose_zone_counts() -> None:
    """A named zone beats those handed in; without any, or with none that is known, it is UTC."""
    assert zones_of(Hours(zone="Asia/Kolkata"), ("Europe/Berlin",)) == ("Asia/Kolkata",)
    assert zones_of(Hours(zone="approver"), ("Europe/Berlin", "Mars/Base", "Europe/Berlin")) == ("Europe/Berlin",)
    assert zones_of(Hours(zone="team"), ()) == zones_of(Hours(zone="Mars/Base"), ("Europe/Berlin",)) == ("UTC",)
    assert elapse(utc("2026-11-20 16:30"), HOUR, hours=OFFICE) == utc("2026-11-23 09:30")
    assert [is_zone(name) for name in ("Europe/Berlin", "", "../../etc/passwd", "Nowhere", "a\0b")] == [
        True,
        *[False] * 4,
    ]


def test_holidays_are_days_of_each_calendar() -> None:
    """A holiday is not worked in any zone, from its own midnight to the next."""
    hours = Hours(holidays=(date(2026, 12, 24), date(2026, 12, 25)))
    assert elapse(utc("2026-12-23 15:30"), HOUR, hours=hours, zones=("Europe/Berlin",)) == utc("2026-12-28 08:30")


def test_a_pause_holds_the_clock_until_it_ends() -> None:
    """With and without hours; overlapping ones count once; one without an end holds it for good."""
    held = [pause("2026-11-20 09:30", "2026-11-20 11:00"), pause("2026-11-20 10:00", "2026-11-20 12:00")]
    assert elapse(utc("2026-11-20 09:00"), HOUR, pauses=held) == utc("2026-11-20 12:30")
    assert elapse(utc("2026-11-20 16:00"), HOUR, hours=OFFICE, pauses=[pause("2026-11-20 16:30", "2026-11-22 00:00")])
    opened = [*held, pause("2026-11-20 12:10", None)]
    assert elapse(utc("2026-11-20 09:00"), 1800, pauses=opened) == utc("2026-11-20 09:30")
    assert elapse(utc("2026-11-20 09:00"), HOUR, pauses=opened) is None
    assert elapse(utc("2026-11-20 09:00"), HOUR, hours=OFFICE, pauses=opened) is None
    assert elapse(utc("2026-11-20 13:00"), 0, pauses=opened) == utc("2026-11-20 13:00"), "nothing to wait for"
    assert [running(utc("2026-11-20 12:05"), pauses=opened), running(utc("2026-11-20 12:10"), pauses=opened)] == [1, 0]


def test_the_search_is_bounded() -> None:
    """A year of working time is found; hours that hardly come are given up on."""
    start = utc("2026-11-20")
    year = elapse(start, 366 * 86400, hours=OFFICE, zones=("Europe/Berlin",))
    assert year is not None
    assert timedelta(days=1530) < year - start < timedelta(days=1540), "366 days of 24 hours at 40 hours a week"
    rare = Hours(days=(0,), start=0, end=1)
    assert elapse(start, 366 * 86400, hours=rare) is None
    weeks = LONGEST_SEARCH // 7
    assert elapse(start, (weeks - 1) * 60, hours=rare) is not None


@pytest.mark.parametrize(
    "wrong", [{"start": 600, "end": 600}, {"end": 1441}, {"start": -1}, {"days": ()}, {"days": (7,)}]
)
def test_hours_that_make_no_sense_are_no_hours(wrong: dict[str, int]) -> None:
    """They start before they end, within a day, on days that exist."""
    with pytest.raises(ValueError):
        Hours(**wrong)  # pyright: ignore[reportArgumentType]
