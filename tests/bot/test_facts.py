"""What Slack's user object says of a person: zone, names, and whether their status means that they are away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.away import Away
from approvals.model import SYSTEM
from bot import facts

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SOON = int((NOW + timedelta(days=3)).timestamp())

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
fields = st.sampled_from(["id", "tz", "tz_offset", "profile", "name", "deleted", "team_id"])
profiles = st.dictionaries(
    st.sampled_from(["status_text", "status_emoji", "status_expiration", "email", "display_name"]), junk
)


def user(text: str = "", emoji: str = "", ends: Any = SOON) -> dict[str, Any]:
    return {
        "id": "U0ANA",
        "profile": {"status_text": text, "status_emoji": emoji, "status_expiration": ends},
    }


@given(st.one_of(st.dictionaries(fields, junk), st.fixed_dictionaries({"profile": profiles})))
def test_whatever_slack_says_nothing_raises(found: dict[str, Any]) -> None:
    """Fields may be missing, null, or of another type in a version to come."""
    assert NOW.astimezone(facts.zone(found)) == NOW
    facts.standing(found, "T1")
    facts.absence(found, NOW)
    facts.email(found)
    facts.names(found)


@pytest.mark.parametrize(
    ("text", "emoji"),
    [
        ("Vacationing", ":palm_tree:"),
        ("De vacaciones", ":palm_tree:"),
        ("", ":face_with_thermometer:"),
        ("Out sick", ""),
        ("OOO until Monday", ":airplane:"),
        ("out of office", ""),
        ("[Out of the office] back soon", ""),
        ("On vacation!", ":beach_with_umbrella:"),
    ],
)
def test_a_status_says_that_somebody_is_away(text: str, emoji: str) -> None:
    """Until it runs out, without a cover, and nobody set it here."""
    assert facts.absence(user(text, emoji), NOW) == Away(
        user_id="U0ANA", since=NOW, until=datetime.fromtimestamp(SOON, UTC), set_by=SYSTEM
    )


@pytest.mark.parametrize(
    "found",
    [
        None,
        {},
        user("In a meeting", ":calendar:"),
        user("Working remotely", ":house_with_garden:"),
        user("Planning my vacation", ":thinking_face:"),
        user("ooooh", ""),
        user("Vacationing", ":palm_tree:", 0),
        user("Vacationing", ":palm_tree:", int(NOW.timestamp())),
        user("Vacationing", ":palm_tree:", None),
        user("Vacationing", ":palm_tree:", 10**15),
    ],
)
def test_any_other_status_says_nothing(found: dict[str, Any] | None) -> None:
    """Nor does one without an end, one that has ended, or an end that is no time."""
    assert facts.absence(found, NOW) is None


def test_a_zone_is_known_by_its_name_or_by_its_offset() -> None:
    """UTC where Slack says neither."""
    noon = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
    for found, hour in [
        ({"tz": "Europe/Madrid", "tz_offset": 3600}, 13),
        ({"tz": "Mars/Olympus", "tz_offset": -18000}, 7),
        ({"tz": None}, 12),
        (None, 12),
    ]:
        assert noon.astimezone(facts.zone(found)).hour == hour
