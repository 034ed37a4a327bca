"""Whoever asked over HTTP is told of the end: signed, at least once, again until they take it or people must look."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from agents.decisions import DECISIONS
from approvals import calling
from approvals.events import EventType
from approvals.model import SYSTEM, Approval, Status, Thread
from approvals.terms import Terms
from approvals.transitions import Change, change, event
from bot.core import open_records, utc_now
from tests.bot.test_outgoing import Receiver, receiver
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, CHANNEL, Desk, House
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
    ids = (approval.id, "AAAAAAAAAAAAAAAA")
    ran = await signoff("callbacks", "replay", *ids, "--as", "ops", env=env, cwd=cwd)
    assert (ran.status, "no approval AAAAAAAAAAAAAAAA" in ran.err) == (1, True)
    assert (await signoff("callbacks", "list", "--json", env=env, cwd=cwd)).json() == listed, "one was sent again"
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


async def test_an_end_that_came_during_the_call_for_an_earlier_one_is_told(desk: Desk, receiver: Receiver) -> None:
    """Tried again and ended anew by another process, while the first call is under way: both ends are told."""
    take = receiver.take

    async def ending_anew(request: web.Request) -> web.Response:
        receiver.take = take  # type: ignore[method-assign]
        async with open_records(desk.settings, clock=desk.core.records.clock) as elsewhere:
            await elsewhere.approvals.change((await desk.only()).id, anew)
        return await take(request)

    def anew(one: Approval) -> Change:
        assert one.closed_at is not None
        after = replace(one, closed_at=one.closed_at + timedelta(seconds=1))
        told = event(EventType.RESUMED, after, SYSTEM, desk.core.records.clock())
        return change(replace(one, status=Status.RESUMING), after, [told])

    receiver.take = ending_anew  # type: ignore[method-assign]
    ts = await asked(desk, receiver.url)
    await desk.slack.click(ANA, CHANNEL, ts, "approve")
    while len({headers["webhook-id"] for headers, _ in receiver.got}) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
