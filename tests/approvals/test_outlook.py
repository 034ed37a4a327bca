"""A moment in the local time of everybody whom it concerns: zone by zone, and short however many there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from approvals.outlook import MOST_TOGETHER, MOST_ZONES, in_words, local

AT = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
MADRID, NEW_YORK = ZoneInfo("Europe/Madrid"), ZoneInfo("America/New_York")
NAMES = {"UANA": "Ana", "UBEN": "Ben", "UCLEO": "Cleo"}
ZONES: tuple[tzinfo, ...] = (
    MADRID,
    NEW_YORK,
    ZoneInfo("Asia/Tokyo"),
    ZoneInfo("America/Argentina/Buenos_Aires"),
    timezone(timedelta(hours=5, minutes=30)),
    UTC,
)


def said(who: list[str], clocks: dict[str, tzinfo]) -> str:
    return in_words(local(AT, who, clocks), lambda one: NAMES.get(one, one))


def test_people_of_one_zone_stand_together() -> None:
    """Those with most people first; the day of the week is theirs; who has no clock is left out."""
    clocks: dict[str, tzinfo] = {"UCLEO": NEW_YORK, "UANA": MADRID, "UBEN": MADRID}
    assert said(["UCLEO", "UANA", "UBEN", "UGONE"], clocks) == "Ana, Ben: Fri 16:30 Madrid · Cleo: Fri 10:30 New York"
    assert said(["UANA"], {"UANA": ZoneInfo("Asia/Tokyo")}) == "Ana: Sat 00:30 Tokyo"
    assert said(["UANA"], {"UANA": ZONES[4]}) == "Ana: Fri 21:00 UTC+05:30"
    assert said([], clocks) == ""


def test_many_people_in_many_zones_are_counted() -> None:
    """The first few of the first few zones by name."""
    clocks = {f"U{n}": ZONES[n % 5] for n in range(60)}
    assert said(list(clocks), clocks) == (
        "U0, U5, U10, U15 and 8 more: Fri 16:30 Madrid · U1, U6, U11, U16 and 8 more: Fri 10:30 New York · "
        "U2, U7, U12, U17 and 8 more: Sat 00:30 Tokyo · and 24 more in 2 zones"
    )
    few = {f"U{n}": ZONES[n] for n in range(4)}
    assert said(list(few), few).endswith("U2: Sat 00:30 Tokyo · and 1 more in 1 zone")


@given(st.lists(st.sampled_from(ZONES), max_size=200))
def test_nobody_is_forgotten_and_nothing_is_long(zones: list[tzinfo]) -> None:
    """Everybody is in exactly one group, at the same moment; the words stay within a line of Slack."""
    clocks = {f"U{n:09}": zone for n, zone in enumerate(zones)}
    found = local(AT, list(clocks), clocks)
    assert sorted(one for each in found for one in each.people) == sorted(clocks)
    assert all(each.at == AT for each in found)
    told = in_words(found, lambda one: f"<@{one}>")
    assert told.count("<@") <= MOST_ZONES * MOST_TOGETHER
    assert len(told) < 400
