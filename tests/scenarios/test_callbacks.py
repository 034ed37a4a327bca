"""Whoever asked over HTTP is told of the end: signed, at least once, again until they take it or people must look."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from agents.decisions import DECISIONS
from approvals import calling
from approvals.events import EventType
from approvals.model import Approval, Source, Thread
from approvals.ports import Page
from approvals.terms import Terms
from bot.core import utc_now
from bot.home import Health
from bot.home import home as draw_home
from localslack import View
from tests.bot.test_outgoing import Receiver, receiver
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, Desk, House, all_text
from tests.scenarios.processes import environment, signoff

__all__ = ["receiver"]

SECRET = "whsec_" + "QUJD" * 8


async def asked(desk: Desk, url: str) -> str:
    """Asks as the API does; the ts of the card."""
    terms = Terms(key="K1", name="billing", callback=url)
    thread = await desk.core.threads.register(DECISIONS, {"request": {"action": "Pay 40 €?"}}, terms=terms)
    assert isinstance(thread, Thread)
    return (await desk.card()).ts


@pytest.fixture
async def desk(house: House, clock: VirtualClock) -> Desk:
    """A replica by the virtual clock, which may call this machine."""
    return await house.desk(clock=clock, signoff_callback_secret=SECRET, signoff_callback_hosts="127.0.0.1")


async def became(desk: Desk, wanted: EventType) -> Approval:
    """The approval, once its audit says so."""
    approval = await desk.only()
    while wanted not in [event.type for event in await desk.core.records.approvals.audit(approval.id)]:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return await desk.only()


async def test_a_decision_is_told(desk: Desk, receiver: Receiver) -> None:
    """After the click: what was decided, signed, once; the audit says so."""
    ts = await asked(desk, receiver.url)
    await desk.slack.click(ANA, CHANNEL, ts, "approve")
    approval = await became(desk, EventType.CALLED_BACK)
    ((headers, body),) = receiver.got
    told = json.loads(body)
    assert (told["type"], told["data"]["id"], told["data"]["status"]) == (
        "decision.ended",
        approval.thread_id,
        "approved",
    )
    assert headers["webhook-id"].startswith(approval.id)
    assert headers["webhook-signature"].startswith("v1,")
    assert approval.delivery is not None
    assert (approval.delivery.attempts, approval.delivery.at) == (1, desk.core.records.clock())


async def test_who_does_not_take_it_is_called_again(desk: Desk, receiver: Receiver, clock: VirtualClock) -> None:
    """Under the same id, after the pauses that are set; what was given up is listed, and sent again when asked."""
    receiver.status = 503
    ts = await asked(desk, receiver.url)
    await desk.slack.click(ANA, CHANNEL, ts, "deny")
    view = await desk.modal(ANA)
    await desk.slack.submit(ANA, view.id, {"reason": "No."})
    for attempt, pause in enumerate((*calling.PAUSES, 0.0), start=1):
        while (tried := (await desk.only()).delivery) is None or tried.attempts < attempt:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        clock.turn(seconds=pause * 1.1 + 1)
    approval = await became(desk, EventType.CALLBACK_GIVEN_UP)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1

    env, cwd = environment(desk.settings), desk.settings.signoff_config.parent
    ran = await signoff("callbacks", "list", "--json", env=env, cwd=cwd)
    assert ran.status == 0, ran.err
    listed = ran.json()
    row = {"id": approval.id, "attempts": 10, "error": "it answered 503", "host": "127.0.0.1"}
    assert [{key: found[key] for key in row} for found in listed["callbacks"]] == [row]
    receiver.status = 200
    ran = await signoff("callbacks", "replay", approval.id, "--as", "ops", env=env, cwd=cwd)
    assert ran.status == 0, ran.err
    clock.now = utc_now()  # the command goes by the real one
    await became(desk, EventType.CALLED_BACK)
    assert (await signoff("callbacks", "list", "--json", env=env, cwd=cwd)).json() == {"callbacks": []}
    assert len(receiver.got) == 11


async def test_a_private_address_is_not_called(house: House, receiver: Receiver) -> None:
    """Where the settings do not name it: the attempt fails, says why, and nothing was sent."""
    desk = await house.desk(signoff_callback_secret=SECRET)
    ts = await asked(desk, receiver.url)
    await desk.slack.click(ANA, CHANNEL, ts, "approve")
    while (approval := await desk.only()).delivery is None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert "private" in approval.delivery.error
    assert receiver.got == []


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
