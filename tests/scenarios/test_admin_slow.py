"""The form of a policy while Slack is slow or away: what was typed is never lost, and the form says what came of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from approvals.book import Published
from bot.listeners.door import ACK_WITHIN
from localslack import View
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, Desk, House, all_text
from tests.scenarios.test_admin import OPS, RULES, choose, form, names, opened, text, top, typed

GOOD = 'name: mails\nchannel: "#approvals"\nconfirm: true'
BAD = "name: mails\nchannel: ops"


@pytest.fixture
async def one(house: House, clock: VirtualClock) -> Desk:
    """A replica on which the people of @finance (Ana and Ben) are admins; version 1 is the rules."""
    (house.folder / "policies.yaml").write_text(RULES)
    return await house.desk(clock=clock, signoff_admins="@finance")


@pytest.fixture
def slowly(one: Desk, clock: VirtualClock) -> Callable[[], None]:
    """From here on Slack takes longer to say who somebody is than it waits for us."""

    def slower() -> None:
        clock.turn(minutes=2)  # what was known is too old
        one.slack.faults.delay("users.info", ACK_WITHIN + 0.5)

    return slower


async def sent(desk: Desk, view: View, policy: str) -> None:
    """Saved. Slack waited, and was told something in time: the form stands there with what was typed."""
    done = await desk.slack.submit(ANA, view.id, {"text": policy, "note": "Because"})
    assert (done.ok, done.errors) == (True, {})
    meanwhile = desk.slack.modal(ANA)
    assert meanwhile is not None
    said = all_text(meanwhile.blocks)
    assert "One moment" in said
    assert "card" not in said
    assert typed(meanwhile) == policy


async def test_mistakes_come_back_late_with_what_was_typed(one: Desk, slowly: Callable[[], None]) -> None:
    """Above the form, as there is no field to put them below any more; corrected, it is saved."""
    await opened(one, ANA)
    view = await form(one, ANA, 1, 1)
    slowly()
    await sent(one, view, BAD)
    again = await top(one, ANA, "admin:save", "Not saved yet")
    assert "Line 2: channel: 'ops' is not a channel" in all_text(again.blocks)
    assert typed(again) == BAD
    assert await text(one) == RULES
    one.slack.faults.clear()
    await one.slack.submit(ANA, again.id, {"text": GOOD})
    await top(one, ANA, "admin:list", "Version 2 counts now")
    assert [version.note for version in await one.core.records.book.history(1)] == ["Because"]


async def test_a_conflict_comes_back_late_with_what_was_typed(one: Desk, slowly: Callable[[], None]) -> None:
    """As it does in time: who published what, over the form."""
    await opened(one, ANA)
    view = await form(one, ANA, 1, 1)
    other = RULES.replace("# kept: above", "# theirs")
    assert isinstance(await one.core.records.book.publish(other, expected=1, actor=OPS), Published)
    slowly()
    await sent(one, view, GOOD)
    again = await top(one, ANA, "admin:save", "ops (command line) published version 2")
    assert typed(again) == GOOD
    assert "+# theirs" in all_text(again.blocks)


async def test_what_was_saved_late_is_said(one: Desk, slowly: Callable[[], None]) -> None:
    """In the form, and in the list below it."""
    await opened(one, ANA)
    view = await form(one, ANA, 1, 1)
    slowly()
    await sent(one, view, GOOD)
    said = await top(one, ANA, "notice", "Version 2 counts now")
    await one.slack.close_view(ANA, said.id)
    await top(one, ANA, "admin:list", "Version 2 counts now")


async def test_where_slack_cannot_be_asked_what_was_typed_stays(one: Desk, clock: VirtualClock) -> None:
    """In time and late: nothing was changed, and it can be sent again as it stands."""
    await opened(one, ANA)
    view = await form(one, ANA, 1, 1)
    for late in (0.0, ACK_WITHIN + 0.5):
        clock.turn(minutes=2)
        one.slack.faults.delay("users.info", late)
        one.slack.faults.fail("users.info", "fatal_error", times=5)
        await one.slack.submit(ANA, view.id, {"text": GOOD})
        view = await top(one, ANA, "admin:save", "Something went wrong")
        assert typed(view) == GOOD
        one.slack.faults.clear()
    assert await text(one) == RULES
    clock.turn(minutes=2)
    await one.slack.submit(ANA, view.id, {})
    await top(one, ANA, "admin:list", "Version 2 counts now")


async def test_a_removal_that_takes_long_says_what_came_of_it(one: Desk, slowly: Callable[[], None]) -> None:
    """And who is no admin any more is told so, however late."""
    await opened(one, ANA)
    await choose(one, ANA, "remove", 0, 1)
    view = await top(one, ANA, "admin:remove", "refunds")
    slowly()
    await one.slack.submit(ANA, view.id)
    await top(one, ANA, "notice", "said here in a moment")
    await top(one, ANA, "notice", "Version 2 counts now")
    assert await names(one) == ["mails"]
    one.slack.faults.clear()
    await opened(one, BEN)
    await choose(one, BEN, "remove", 0, 2)
    view = await top(one, BEN, "admin:remove", "mails")
    one.slack.world.usergroups["S0FINANCE"].members.remove(BEN)
    slowly()
    await one.slack.submit(BEN, view.id)
    await top(one, BEN, "notice", "you are not among them")
    assert await names(one) == ["mails"]
