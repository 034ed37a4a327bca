"""Callbacks that were given up, in the Home of admins: counted, listed, sent again."""

from __future__ import annotations

import asyncio
from typing import Any

from approvals import calling
from approvals.events import EventType
from approvals.model import Source
from approvals.ports import Page
from bot.core import utc_now
from bot.home import Health
from bot.home import home as draw_home
from localslack import View
from tests.bot.test_outgoing import Receiver, receiver
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, House, all_text
from tests.scenarios.test_callbacks import SECRET, asked, became

__all__ = ["receiver"]


async def test_an_admin_has_them_sent_again_from_the_home(
    house: House, clock: VirtualClock, receiver: Receiver
) -> None:
    """Counted on the Home of admins; listed in a form, without the address; sent again in the name of who clicked."""
    desk = await house.desk(
        clock=clock, signoff_admins="@finance", signoff_callback_secret=SECRET, signoff_callback_hosts="127.0.0.1"
    )
    receiver.status = 503
    ts = await asked(desk, receiver.url)
    await desk.slack.click(ANA, CHANNEL, ts, "approve")
    for attempt, pause in enumerate((*calling.PAUSES, 0.0), start=1):
        while (tried := (await desk.only()).delivery) is None or tried.attempts < attempt:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        clock.turn(seconds=pause * 1.1 + 1)
    await became(desk, EventType.CALLBACK_GIVEN_UP)
    await desk.slack.open_home(ANA)

    def counted() -> View | None:
        view = desk.slack.home(ANA)
        return view if view is not None and "1 callback was given up" in all_text(view.blocks) else None

    home = await desk.until(counted)
    assert (await desk.slack.click_view(ANA, home.id, "callbacks:open")).ok

    def form(user: str, wanted: str) -> View | None:
        view = desk.slack.modal(user)
        return view if view is not None and wanted in all_text(view.blocks) else None

    view = await desk.until(lambda: form(ANA, "it answered 503"))
    said = all_text(view.blocks)
    assert "billing" in said
    assert "10 attempts" in said
    assert receiver.url not in said
    receiver.status = 200
    assert (await desk.slack.submit(ANA, view.id, {})).ok
    await desk.until(lambda: form(ANA, "1 callback is being sent again"))
    approval = await became(desk, EventType.CALLED_BACK)
    events = await desk.core.records.approvals.audit(approval.id)
    (replayed,) = [event for event in events if event.type is EventType.CALLBACK_REPLAYED]
    assert (replayed.actor.id, replayed.actor.source) == (ANA, Source.SLACK)
    assert len(receiver.got) == 11


async def test_only_an_admin_sends_callbacks_again(house: House, clock: VirtualClock) -> None:
    """Whoever was one when the Home was drawn and is none at the click is told so, and sees nothing."""
    desk = await house.desk(clock=clock, signoff_admins=BEN)
    home = await desk.runtime.slack.client.views_publish(user_id=CLEO, view=drawn_for_admins())
    assert (await desk.slack.click_view(CLEO, home["view"]["id"], "callbacks:open")).ok

    def told() -> bool | None:
        view = desk.slack.modal(CLEO)
        return True if view is not None and "you are not among them" in all_text(view.blocks) else None

    await desk.until(told)


def drawn_for_admins() -> dict[str, Any]:
    """Their Home."""
    health = Health(1, 1, 0.001, 0, 0.0, undelivered=1)
    return draw_home(Page((), 0, 0), utc_now(), viewer=CLEO, health=health)
