"""Away and cover, over the wire: what people type, what they are answered, and what the Home tab shows."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from approvals.events import EventType
from tests.scenarios.conftest import ANA, BEN, CLEO, Desk, House, all_text
from tests.scenarios.test_commands import said, shown

WEEK = 7 * 86400


@pytest.fixture
async def one(house: House) -> Desk:
    """One replica over Socket Mode."""
    return await house.desk()


async def home(desk: Desk, user: str, wanted: Callable[[str], bool]) -> str:
    """What the Home tab says, once it says what is looked for."""
    await desk.slack.open_home(user)

    def look() -> str | None:
        view = desk.slack.home(user)
        text = all_text(view.blocks) if view else ""
        return text if wanted(text) else None

    return await desk.until(look)


async def test_somebody_is_away_and_comes_back(one: Desk) -> None:
    """Said in words, shown on both Homes, told to the cover, ended by the button; all of it in the audit."""
    assert "You are not away" in shown(await said(one, ANA, "/approvals away"))
    answer = shown(await said(one, ANA, "/approvals away for 3d cover @ben"))
    assert "You are away until" in answer
    assert f"<@{BEN}> covers" in answer
    told = await one.until(lambda: one.slack.messages(one.slack.dm(BEN)) or None)
    assert f"<@{ANA}> is away until" in all_text(told[0].blocks)
    assert f"<@{BEN}> covers" in shown(await said(one, ANA, "/approvals away"))
    assert f"You cover for <@{ANA}>" in await home(one, BEN, lambda text: "cover" in text)
    await home(one, ANA, lambda text: "You are away until" in text)
    view = one.slack.home(ANA)
    assert view is not None
    assert (await one.slack.click_view(ANA, view.id, "away:back")).ok
    await home(one, ANA, lambda text: bool(text) and "You are away" not in text)
    assert "You were not away" in shown(await said(one, ANA, "/approvals back"))
    told_of = (EventType.AWAY_SET, EventType.AWAY_ENDED)
    audit = [event for event in await one.core.records.store.audit() if event.type in told_of]
    assert [(e.type, e.actor.id, e.data.get("cover")) for e in audit] == [
        (EventType.AWAY_SET, ANA, BEN),
        (EventType.AWAY_ENDED, ANA, None),
    ]


async def test_a_cover_is_named_in_any_way_that_slack_or_people_write(one: Desk) -> None:
    """A mention, an id, a handle, a full name, an address."""
    for name in ("<@U0BEN|ben>", "<@U0BEN>", "U0BEN", "@ben", "ben", "@Ben Okafor", "BEN@example.com"):
        assert f"<@{BEN}> covers" in shown(await said(one, ANA, f"/approvals away for 2h cover {name}"))


async def test_who_cannot_cover_is_refused_with_the_remedy(one: Desk) -> None:
    """Oneself, a guest, a stranger, a bot, the deactivated, nobody; what cannot be read; and nothing is changed."""
    one.slack.world.users[CLEO].real_name = "Ben Okafor"
    for text, why in [
        ("for 2h cover @ana", "cannot cover for yourself"),
        ("for 2h cover @gus", "is a guest"),
        ("for 2h cover U0XIA", "another workspace"),
        ("for 2h cover U0BOT", "is a bot"),
        ("for 2h cover @dee", "is deactivated"),
        ("for 2h cover U0NOBODY", "not known"),
        ("for 2h cover @nobody", "Nobody is called"),
        ("for 2h cover nobody@example.com", "Nobody is called"),
        ("for 2h cover @Ben Okafor", "fits 2 people"),
        ("until whenever", "no time that can be understood"),
        ("cover @ben", "Until when?"),
    ]:
        answer = shown(await said(one, ANA, f"/approvals away {text}"))
        assert why in answer, answer
        assert "Nothing was changed" in answer
    assert await one.core.records.away.get(ANA) == {}


async def test_a_slack_status_counts_without_a_cover(one: Desk) -> None:
    """As long as it lasts; what was said here goes before it, and coming back names what is left."""
    one.slack.set_status(ANA, "Vacationing", ":palm_tree:", int(time.time()) + WEEK)
    assert "Your Slack status says" in shown(await said(one, ANA, "/approvals away"))
    await home(one, ANA, lambda text: "Your Slack status says" in text)
    assert f"<@{BEN}> covers" in shown(await said(one, ANA, "/approvals away for 2h cover @ben"))
    answer = shown(await said(one, ANA, "/approvals back"))
    assert "Welcome back" in answer
    assert "Your Slack status says" in answer


async def test_a_cover_who_is_away_too_is_pointed_out(one: Desk) -> None:
    """It is allowed: they may look in. The chain is not followed."""
    await said(one, BEN, "/approvals away for 3d cover @cleo")
    answer = shown(await said(one, ANA, "/approvals away for 2h cover @ben"))
    assert f"<@{BEN}> is away as well" in answer
