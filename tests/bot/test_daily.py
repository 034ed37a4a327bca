"""The message of the day, as it is drawn; and when it may be somebody's turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from approvals.model import Approval
from approvals.settings import Settings
from bot.daily import struck
from bot.daily_message import daily
from tests.bot import golden, samples
from tests.bot.checks import sound
from tests.bot.samples import NOW, SAMPLES, approvals, refund

NINE = time(9, 0)
ZONES = [ZoneInfo(name) for name in sorted(available_timezones())]


def some(count: int) -> list[Approval]:
    """The first deadline in front; the one that waits longest comes last."""
    return [
        refund(
            id=f"A7Q2MZK4T5W6XY{number:02}",
            title=f"Pay: to Customer {8800 + number}, amount {20 + 15 * number}",
            expires_at=NOW + timedelta(hours=number + 1),
            opened_at=NOW - timedelta(minutes=number + 3),
        )
        for number in range(count)
    ]


def test_it_is_drawn_as_agreed() -> None:
    """One; as many as are shown; more, with the links there are; one that has no deadline."""
    seven = some(7)
    drawn = {
        "daily_one": daily(some(1), {}, NOW, NINE),
        "daily_five": daily([*some(4), replace(SAMPLES["pending"], expires_at=None)], {}, NOW, time(7, 5)),
        "daily_many": daily(seven, {seven[0].id: samples.LINK, seven[-1].id: samples.LINK}, NOW, NINE),
    }
    for name, message in drawn.items():
        sound(message)
        golden.check(name, {"text": message.text, "blocks": message.blocks})


def test_the_largest_fit() -> None:
    """Thousands of what is as large as can be, each with a link."""
    giant = replace(refund(title="&" * 5000, graph="<" * 900, requester=">" * 900), expires_at=NOW)
    sound(daily([giant] * 5000, {giant.id: samples.LINK}, NOW, NINE))


@settings(max_examples=40, deadline=None)
@given(approvals(), st.integers(1, 9))
def test_anything_can_be_told(one: Approval, count: int) -> None:
    """Of anything it is a sound message."""
    sound(daily([one] * count, {}, NOW, NINE))


@given(
    st.integers(0, 15 * 366 * 86400).map(lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.timedeltas(timedelta(seconds=1), timedelta(minutes=40)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.sampled_from(ZONES),
)
def test_whenever_it_is_somebodys_turn_somebody_looks(
    now: datetime, since: timedelta, at: time, zone: ZoneInfo
) -> None:
    """In every zone there is, also where clocks change: a look that is saved is one that would find nobody."""
    turn = datetime.combine(now.astimezone(zone).date(), at, zone).astimezone(UTC)
    if now - since < turn <= now:
        assert struck(at, now - since, now)


def test_most_looks_are_saved() -> None:
    """Within a quarter of an hour there is one."""
    start = datetime(2026, 11, 2, 9, 0, 30, tzinfo=UTC)
    minute = timedelta(minutes=1)
    assert sum(struck(NINE, start + n * minute, start + (n + 1) * minute) for n in range(60)) == 4


@pytest.mark.parametrize(("given_", "read"), [("09:00", NINE), ("7:05", time(7, 5)), (" 23:59 ", time(23, 59))])
def test_the_time_is_read_as_people_write_it(given_: str, read: time) -> None:
    """Hours and minutes."""
    assert Settings.model_validate({"signoff_digest": given_}).signoff_digest == read
    assert Settings.model_validate({}).signoff_digest is None


@pytest.mark.parametrize("given_", ["9", "24:00", "09:60", "9am", "09:00:00"])
def test_what_is_no_time_is_refused(given_: str) -> None:
    """With how it is written."""
    with pytest.raises(ValidationError, match="write one like 09:00"):
        Settings.model_validate({"signoff_digest": given_})
