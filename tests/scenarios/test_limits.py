"""429 with a long `Retry-After`, on every Web API method that we call: obeyed, told, and nothing is decided for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from approvals.due import DueKind
from approvals.errors import Later
from approvals.model import Status
from bot.app import Tempo, build
from bot.directory import Directory
from bot.pace import Pace
from bot.slack import Slack
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, Desk, House

HOUR = 3600
ONE_RULE = """
version: 1
default:
  channel: "#approvals"
  who: [{who}]
  escalate: [{{after: 1d, to: [U0CLEO]}}]
  expire: {{after: 2d, then: deny}}
"""


async def limited(house: House, clock: VirtualClock, who: str = '"@finance"') -> Desk:
    """A desk by the virtual clock, with one rule."""
    (house.folder / "policies.yaml").write_text(ONE_RULE.format(who=who))
    return await house.desk(clock=clock)


async def turn(desk: Desk) -> None:
    """The clockwork once, and all that follows."""
    await desk.runtime.ticker.turn()
    await desk.core.records.effects.drain()


async def _announce(desk: Desk, _: VirtualClock) -> None:
    await desk.start("refund", {"customer": "c", "amount": 1.0})


async def _escalate(desk: Desk, clock: VirtualClock) -> None:
    await desk.ask()
    await desk.core.records.effects.drain()
    clock.turn(days=1)


async def _redraw(desk: Desk, clock: VirtualClock) -> None:
    await desk.ask()
    await desk.core.records.effects.drain()
    await desk.core.records.store.schedule((await desk.only()).id, DueKind.REFRESH, clock())


async def _look_for_a_card(desk: Desk, clock: VirtualClock) -> None:
    desk.slack.faults.drop_after_commit("chat.postMessage")
    await desk.start("refund", {"customer": "c", "amount": 1.0})
    await desk.core.records.effects.drain()
    clock.turn(minutes=2)


async def _look_for_a_report(desk: Desk, clock: VirtualClock) -> None:
    card = await desk.ask()
    await desk.core.records.effects.drain()
    desk.slack.faults.drop_after_commit("chat.postMessage")
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await desk.core.records.effects.drain()
    clock.turn(minutes=2)


Do = Callable[[Desk, VirtualClock], Awaitable[None]]
WORK: dict[str, Do] = {
    "chat.postMessage": _announce,
    "users.conversations": _announce,
    "conversations.open": _escalate,
    "chat.update": _redraw,
    "conversations.history": _look_for_a_card,
    "conversations.replies": _look_for_a_report,
}


@pytest.mark.parametrize("method", WORK)
async def test_work_that_is_limited_waits_as_long_as_slack_says(house: House, clock: VirtualClock, method: str) -> None:
    """Not asked again before the hour is over, not counted as a failure, and done after it, once."""
    desk = await limited(house, clock)
    desk.slack.faults.status(method, 429, retry_after=HOUR)
    await WORK[method](desk, clock)
    await turn(desk)
    assert [call.status for call in desk.slack.calls(method)] == [429]
    clock.turn(seconds=HOUR - 30)
    await turn(desk)
    assert len(desk.slack.calls(method)) == 1, "asked before Slack allowed it"
    clock.turn(seconds=60)
    await turn(desk)
    await turn(desk)
    assert desk.slack.calls(method)[1].ok
    await desk.until(lambda: len(desk.slack.messages(CHANNEL)) == 1 or None)
    approval = await desk.only()
    assert approval.messages
    assert approval.status is (Status.RESUMED if method == "conversations.replies" else Status.PENDING)


CLICK = {
    "users.info": '"@finance"',
    "usergroups.list": '"@finance"',
    "usergroups.users.list": '"@finance"',
    "users.lookupByEmail": "ana@example.com",
    "conversations.members": '"#approvals"',
}


@pytest.mark.parametrize("method", CLICK)
async def test_a_click_that_cannot_be_checked_changes_nothing_and_says_so(
    house: House, clock: VirtualClock, method: str
) -> None:
    """Who clicked cannot be looked up: acknowledged, told when to come back, undecided. Slack is not asked again before
    the hour is over, by whichever replica; the click after it counts."""
    desk = await limited(house, clock, CLICK[method])
    card = await desk.ask()
    await desk.core.records.effects.drain()
    clock.turn(minutes=2)  # what is known of people is too old now
    desk.slack.faults.status(method, 429, retry_after=HOUR)
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "approve")).ok
    assert "asks us to wait (60 min)" in await desk.told(ANA)
    asked = len(desk.slack.calls(method))
    clock.turn(minutes=40)
    other = Directory(Slack(desk.runtime.slack.client, Pace(desk.core.records.pace)), clock=clock)
    with pytest.raises(Later):
        await other.actor(ANA, None, (CLICK[method].strip('"'),))
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "approve")).ok
    assert "asks us to wait (20 min)" in await desk.told(ANA, after=1)
    assert (await desk.only()).decisions == ()
    assert len(desk.slack.calls(method)) == asked, "asked before Slack allowed it"
    clock.turn(minutes=21)
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "approve")).ok
    await desk.resumed(card.ts)


async def test_what_is_known_well_enough_answers_a_click(house: House, clock: VirtualClock) -> None:
    """Slack asks to wait, but who they are was asked less than a minute ago: the click counts."""
    desk = await limited(house, clock)
    card = await desk.ask()
    assert await desk.runtime.directory.actor(ANA, None, ("@finance",))
    for method in ("users.info", "usergroups.list", "usergroups.users.list"):
        desk.slack.faults.status(method, 429, retry_after=HOUR)
    clock.turn(seconds=50)
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "approve")).ok
    await desk.resumed(card.ts)
    desk.slack.faults.clear()


async def test_forms_and_homes_that_are_limited_come_at_the_next_try(house: House, clock: VirtualClock) -> None:
    """`views.open`, `views.update` and `views.publish`: nothing breaks, and nothing is decided."""
    desk = await limited(house, clock)
    card = await desk.ask("refund", {"customer": "c", "amount": 1.0, "reason": "word " * 30_000})
    for method in ("views.open", "views.update", "views.publish"):
        desk.slack.faults.status(method, 429, retry_after=HOUR)
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "review")).ok
    assert "asks us to wait" in await desk.told(ANA)
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "review")).ok
    first = await desk.modal(ANA)
    for _ in range(2):
        assert (await desk.slack.click_view(ANA, first.id, "review:next")).ok
    await desk.until(lambda: True if (desk.slack.modal(ANA) or first).blocks != first.blocks else None)
    await desk.slack.open_home(BEN)
    await desk.slack.open_home(BEN)
    await desk.until(lambda: desk.slack.home(BEN))
    assert (await desk.only()).status is Status.PENDING


async def test_looking_for_a_name_that_is_limited(house: House, clock: VirtualClock) -> None:
    """`users.list`: whoever named a cover is told, and nobody is away."""
    desk = await limited(house, clock)
    desk.slack.faults.status("users.list", 429, retry_after=HOUR)
    await desk.slack.slash(CLEO, CHANNEL, "/approvals away for 3d cover @ben")
    assert "asks us to wait" in await desk.told(CLEO)
    assert await desk.runtime.directory.absence(CLEO) is None


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_a_start_that_is_limited_waits_as_long_as_slack_says(
    house: House, clock: VirtualClock, method: str
) -> None:
    """No loop of starts that Slack would limit even more: it serves all but Slack, and asks again after that time."""
    desk = await limited(house, clock)
    house.slack.faults.status(method, 429, retry_after=HOUR)
    before = len(house.slack.calls(method))
    other = build(desk.core, Tempo(pause=clock.sleep))
    await other.start()
    ready = (await other.readiness().look())["slack"]
    assert "Slack asks to wait 3600 s" in ready.why
    clock.turn(seconds=HOUR - 1)
    await asyncio.sleep(0)
    assert len(house.slack.calls(method)) == before + 1
    clock.turn(seconds=2)
    await desk.until(lambda: house.slack.connections == 2 or None)
    assert len(house.slack.calls(method)) == before + 2
    await other.stop()
