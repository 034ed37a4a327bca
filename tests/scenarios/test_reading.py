"""Nobody approves blind: what a card leaves out is shown whole first, and the record says who saw it."""

from __future__ import annotations

import pytest

from approvals.events import Event, EventType
from approvals.model import JsonValue, Resolution, Status
from localslack import Delivery, Message
from tests.approvals.build import until
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, Desk, House, all_text
from tests.scenarios.play import to_the_end

LONG: JsonValue = {"customer": "8821", "amount": 340.0, "reason": "It arrived broken. " * 7000}


async def views(desk: Desk) -> list[Event]:
    """What the audit says of readers."""
    events = await desk.core.records.approvals.audit((await desk.only()).id)
    return [event for event in events if event.type is EventType.VIEWED]


async def noted(desk: Desk, count: int) -> list[Event]:
    """The same, once there are so many: they are written down after the view is shown."""

    async def how_many() -> int:
        return len(await views(desk))

    await until(how_many, count)
    return await views(desk)


async def approve(desk: Desk, user: str, card: Message) -> Delivery:
    return await desk.slack.click(user, CHANNEL, card.ts, "approve")


async def test_approve_leads_through_everything_first(desk: Desk) -> None:
    """Over both transports: the click decides nothing, the last page does, and the decision says it was seen."""
    card = await desk.ask("refund", LONG)
    assert (await approve(desk, ANA, card)).ok
    view = await to_the_end(desk, ANA)
    assert (await desk.only()).decisions == ()
    sent = await desk.slack.submit(ANA, view.id, {})
    assert sent.ok, sent
    assert desk.slack.modal(ANA) is None
    approval = await desk.resumed(card.ts)
    assert approval.resolution is Resolution.APPROVED
    begun, whole = await views(desk)
    assert (begun.data["whole"], whole.data["whole"]) == (False, True)
    assert whole.actor.id == ANA
    assert whole.data["revision"] == 1
    assert int(str(whole.data["pages"])) > 1
    assert approval.decisions[0].seen == whole.data["digest"]
    events = await desk.core.records.approvals.audit(approval.id)
    (opened,) = [event for event in events if event.type is EventType.OPENED]
    assert begun.data["evidence"] == whole.data["evidence"] == opened.data["evidence"]


async def test_nobody_is_sent_through_it_twice(house: House) -> None:
    """Seen to the end and closed: the next click counts. Another person is shown it too; a denial needs none of it."""
    desk = await house.desk()
    card = await desk.ask("refund", LONG)
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "review")).ok
    view = await to_the_end(desk, ANA)
    await noted(desk, 2)
    await desk.slack.close_view(ANA, view.id)
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "review")).ok
    again = await to_the_end(desk, ANA)
    await desk.slack.close_view(ANA, again.id)
    assert len(await views(desk)) == 2, "once for a person and a revision"
    assert (await approve(desk, BEN, card)).ok
    assert "Page 1 of" in all_text((await desk.modal(BEN)).blocks)
    assert (await approve(desk, ANA, card)).ok
    assert desk.slack.modal(ANA) is None
    approval = await desk.resumed(card.ts)
    assert [said.actor.id for said in approval.decisions] == [ANA]


async def test_a_denial_and_a_card_that_says_everything_need_no_reading(house: House) -> None:
    """Deny opens its form at once, and one click approves what is whole."""
    desk = await house.desk()
    card = await desk.ask("refund", LONG)
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "deny")).ok
    form = await desk.modal(ANA)
    assert form.callback_id == "deny"
    assert (await desk.slack.submit(ANA, form.id, {"reason": "No."})).ok
    assert (await desk.resumed(card.ts)).resolution is Resolution.DENIED
    assert await views(desk) == []
    plain = await desk.ask("refund")
    assert (await approve(desk, BEN, plain)).ok
    assert desk.slack.modal(BEN) is None
    await desk.resumed(plain.ts)


async def test_who_may_not_decide_is_told_so_and_may_read(house: House) -> None:
    """Approve refuses at once; Review in full opens without the button, and their reading is written down too."""
    desk = await house.desk()
    card = await desk.ask("refund", LONG, requester=CLEO)
    assert (await approve(desk, CLEO, card)).ok
    assert "cannot decide" in await desk.told(CLEO)
    assert (await desk.slack.click(CLEO, CHANNEL, card.ts, "review")).ok
    view = await to_the_end(desk, CLEO)
    assert view.submit is None
    assert [event.actor.id for event in await noted(desk, 2)] == [CLEO, CLEO]


async def test_what_was_decided_meanwhile_is_said_on_the_last_page(house: House) -> None:
    """The view stays open and says who was first; nothing is decided twice."""
    desk = await house.desk()
    card = await desk.ask("refund", LONG)
    assert (await approve(desk, ANA, card)).ok
    view = await to_the_end(desk, ANA)
    await desk.slack.click(BEN, CHANNEL, card.ts, "deny")
    await desk.slack.submit(BEN, (await desk.modal(BEN)).id, {"reason": "No."})
    assert (await desk.slack.submit(ANA, view.id, {})).ok
    assert "Already denied by" in all_text((await desk.modal(ANA)).blocks)
    assert (await desk.resumed(card.ts)).resolution is Resolution.DENIED


@pytest.mark.parametrize("place", ["list", "home"])
async def test_a_row_leads_through_everything_too(house: House, place: str) -> None:
    """From the list of what waits, and from the Home tab."""
    desk = await house.desk()
    await desk.ask("refund", LONG)
    if place == "list":
        await desk.slack.slash(ANA, CHANNEL, "/approvals")
        listed = (await desk.until(lambda: desk.slack.ephemerals(ANA) or None))[-1]
        assert (await desk.slack.click(ANA, CHANNEL, listed.ts, "row:approve")).ok
    else:
        await desk.slack.open_home(ANA)
        home = await desk.until(lambda: desk.slack.home(ANA))
        assert (await desk.slack.click_view(ANA, home.id, "row:approve")).ok
    view = await to_the_end(desk, ANA)
    assert (await desk.only()).status is Status.PENDING
    assert (await desk.slack.submit(ANA, view.id, {})).ok
    (decision,) = (await desk.only()).decisions
    assert decision.seen is not None
