"""What somebody types to say that they are away, by their own clock and calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals import away
from approvals.away import LONGEST, Away, Back, Fault, Leave, Show, Wrong

MADRID = ZoneInfo("Europe/Madrid")
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
"""A Monday, 10:30 in Madrid (UTC+1 in winter)."""

PIECES = st.sampled_from(
    ["until", "for", "cover", "covered by", "monday", "tomorrow", "14:00", "99:99", "5pm", "2026-12-01", "9999-12-31",
     "3d", "99999999w", "1h30m", "1 December", "feb 30", "@ben", "<@U0BEN|ben>", "off", "back", "\n", "٣d", "noon"]
)  # fmt: skip
ZONES = st.sampled_from([UTC, MADRID, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")])


@given(text=st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=6).map(" ".join)), zone=ZONES)
def test_any_text_is_understood_or_answered(text: str, zone: ZoneInfo) -> None:
    """Never an exception; an end is ahead, and at most 90 days; what is wrong names its part."""
    asked = away.parse(text, NOW, zone)
    assert isinstance(asked, Leave | Back | Show | Wrong)
    if isinstance(asked, Leave):
        assert NOW < asked.until <= NOW + LONGEST
        assert asked.until.utcoffset() == timedelta(0)
        assert asked.cover != ""
    if isinstance(asked, Wrong) and asked.fault not in (Fault.NO_END, Fault.COVER):
        assert asked.part


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("until Monday", "2026-11-09 09:00"),
        ("until tue", "2026-11-03 09:00"),
        ("until next Sunday", "2026-11-08 09:00"),
        ("till Friday 17:30", "2026-11-06 17:30"),
        ("until next week", "2026-11-09 09:00"),
        ("until tomorrow", "2026-11-03 09:00"),
        ("until tomorrow 14:00", "2026-11-03 14:00"),
        ("tomorrow at 2pm", "2026-11-03 14:00"),
        ("until 2026-12-01", "2026-12-01 09:00"),
        ("until 2026-12-01 08:15", "2026-12-01 08:15"),
        ("until 2026-12-01T08:15", "2026-12-01 08:15"),
        ("until 1 December", "2026-12-01 09:00"),
        ("until Dec 1st, 2026", "2026-12-01 09:00"),
        ("until 3 Jan", "2027-01-03 09:00"),
        ("until 17:00", "2026-11-02 17:00"),
        ("until noon", "2026-11-02 12:00"),
        ("until 12am tomorrow", None),
        ("for 3d", "2026-11-05 10:30"),
        ("3 days", "2026-11-05 10:30"),
        ("2h", "2026-11-02 12:30"),
        ("for 1h30m", "2026-11-02 12:00"),
        ("for 1 week and 2 days", "2026-11-11 10:30"),
        ("for 90d", "2027-01-31 10:30"),
    ],
)
def test_an_end_is_a_moment_in_their_own_zone(text: str, until: str | None) -> None:
    """A day begins at 09:00 there; a weekday is the next one, in a week where it is today."""
    asked = away.parse(text, NOW, MADRID)
    if until is None:
        assert isinstance(asked, Wrong)
    else:
        assert asked == Leave(datetime.fromisoformat(until).replace(tzinfo=MADRID).astimezone(UTC))


def test_days_keep_the_time_of_day_where_clocks_are_changed() -> None:
    """Three days from a Friday before the change end at the same time on Monday."""
    friday = datetime(2026, 10, 23, 8, 0, tzinfo=UTC)
    asked = away.parse("for 3d", friday, MADRID)
    assert asked == Leave(datetime(2026, 10, 26, 9, 0, tzinfo=UTC)), "10:00 in Madrid on both days"


@pytest.mark.parametrize(
    ("text", "cover"),
    [
        ("until Monday cover @ben", "@ben"),
        ("until Monday, cover <@U0BEN|ben>", "<@U0BEN|ben>"),
        ("until Monday COVER: Ben Okafor", "Ben Okafor"),
        ("until Monday covered by ben@example.com", "ben@example.com"),
        ("cover @ben until Monday", "@ben"),
        ("cover Ben Okafor until Monday", "Ben Okafor"),
    ],
)
def test_the_cover_is_named_before_or_after_the_end(text: str, cover: str) -> None:
    """As it was typed: who is meant is for Slack to say."""
    assert away.parse(text, NOW, MADRID) == Leave(datetime(2026, 11, 9, 8, 0, tzinfo=UTC), cover)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("cover @ben", Wrong(Fault.NO_END)),
        ("until Monday cover", Wrong(Fault.COVER)),
        ("until whenever", Wrong(Fault.END, "until whenever")),
        ("until 25:00", Wrong(Fault.END, "until 25:00")),
        ("until 2026-02-30", Wrong(Fault.END, "until 2026-02-30")),
        ("for Monday", Wrong(Fault.END, "for Monday")),
        ("until 09:00", Wrong(Fault.PAST, "until 09:00")),
        ("until 2026-11-01", Wrong(Fault.PAST, "until 2026-11-01")),
        ("until today", Wrong(Fault.PAST, "until today")),
        ("for 0d", Wrong(Fault.PAST, "for 0d")),
        ("for 91d", Wrong(Fault.TOO_LONG, "for 91d")),
        ("until 2027-12-01", Wrong(Fault.TOO_LONG, "until 2027-12-01")),
        ("until 2027-12-01 cover @ben", Wrong(Fault.TOO_LONG, "until 2027-12-01")),
    ],
)
def test_what_cannot_be_done_names_its_part(text: str, wrong: Wrong) -> None:
    """No end, none that is known, over already, too long; a cover without a name."""
    assert away.parse(text, NOW, MADRID) == wrong


@pytest.mark.parametrize(("text", "asked"), [("", Show()), (" ", Show()), ("off", Back()), ("BACK", Back())])
def test_the_rest_asks_or_ends(text: str, asked: object) -> None:
    """Without anything it shows how things stand."""
    assert away.parse(text, NOW, MADRID) == asked


def test_an_absence_holds_until_its_end() -> None:
    """Not in the moment in which it ends."""
    gone = Away(user_id="U0ANA", since=NOW, until=NOW + timedelta(hours=1))
    assert gone.holds(NOW)
    assert not gone.holds(gone.until)
