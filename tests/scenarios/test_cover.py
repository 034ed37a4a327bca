"""Who covers decides for the one who is away: over the wire, by a clock that the tests turn."""

from __future__ import annotations

import time
from typing import Any

import pytest

from approvals.model import DecisionType, Status
from bot import output, public
from localslack import Message
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, LEADS, REFUND, Desk, House, all_text
from tests.scenarios.play import says
from tests.scenarios.test_commands import rows, said, shown
from tests.scenarios.test_time import posted, replies, turns

RULES = """
version: 1
policies:
  - name: refunds
    match: {{graph: refund}}
    channel: "{channel}"
    who: [{who}]
    remind: [10m]
    expire: never
    {more}
default: {{channel: "#approvals"}}
"""


@pytest.fixture
def opened(house: House, clock: VirtualClock) -> Any:
    """One replica by the virtual clock, with those who are asked."""

    async def open_(who: str, more: str = "", *, channel: str = "#approvals", **over: Any) -> Desk:
        (house.folder / "policies.yaml").write_text(RULES.format(who=who, more=more, channel=channel))
        return await house.desk(clock=clock, **over)

    return open_


async def leave(desk: Desk, user: str, line: str) -> None:
    """Somebody goes."""
    assert "You are away until" in shown(await said(desk, user, f"/approvals away {line}"))


async def brought(desk: Desk, user: str) -> Message:
    """The card in somebody's direct messages."""
    dm = desk.slack.dm(user)
    return await desk.until(lambda: next((m for m in desk.slack.messages(dm) if "8821" in all_text(m.blocks)), None))


async def test_the_cover_is_asked_and_decides_for_the_absent(opened: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Cleo has the card by direct message and decides there; card, details and audit say for whom."""
    desk = await opened(ANA)
    await leave(desk, ANA, "for 3d cover @cleo")
    card = await desk.ask()
    mine = await brought(desk, CLEO)
    assert f"in place of <@{ANA}>" in all_text(mine.blocks)
    assert (await desk.slack.click(CLEO, mine.channel, mine.ts, "approve")).ok
    approval = await desk.resumed(card.ts)
    (decision,) = approval.decisions
    assert (decision.actor.id, decision.actor.behalf) == (CLEO, ANA)
    for copy in (card, mine):
        await says(desk, copy, f"by <@{CLEO}> for <@{ANA}>")
    details = await said(desk, BEN, f"/approvals show {approval.id}")
    names = [e["user_id"] for e in _runs(details.blocks) if e.get("type") == "user"]
    assert names == [CLEO, ANA]
    for event in await desk.core.records.store.audit(approval.id):
        output.event(public.event(event), as_json=False)
    assert f"decided {CLEO} for {ANA} (slack)" in " ".join(capsys.readouterr().out.split())


def _runs(found: object) -> list[dict[str, Any]]:
    """Every dictionary in some blocks."""
    if isinstance(found, dict):
        inner: list[dict[str, Any]] = [found]
        return inner + [each for value in found.values() for each in _runs(value)]
    return [each for value in found for each in _runs(value)] if isinstance(found, list) else []


async def test_the_cover_sees_what_they_may_decide(opened: Any) -> None:
    """Ana is not in the private channel; as long as she covers Ben she sees what he is asked there."""
    desk = await opened(BEN, channel="#finance-leads")
    await desk.start("refund", REFUND)
    await desk.card(LEADS)
    assert rows(await said(desk, ANA, "/approvals list")) == []
    await leave(desk, BEN, "for 3d cover @ana")
    approval = await desk.only()
    assert rows(await said(desk, ANA, "/approvals list")) == [approval.id]
    mine = await brought(desk, ANA)
    assert (await desk.slack.click(ANA, mine.channel, mine.ts, "approve")).ok
    assert (await desk.only()).decisions[0].actor.behalf == BEN


async def test_what_the_absent_requested_is_for_others(opened: Any) -> None:
    """Ana's own request is not decided in her place, and Cleo is not asked; Ben decides it for himself."""
    desk = await opened(f"{ANA}, {BEN}")
    await leave(desk, ANA, "for 3d cover @cleo")
    card = await desk.ask(requester=ANA)
    await posted(desk, card.ts)
    assert all("8821" not in all_text(m.blocks) for m in desk.slack.messages(desk.slack.dm(CLEO)))
    await desk.slack.click(CLEO, CHANNEL, card.ts, "approve")
    assert f"You cannot decide what <@{ANA}> requested" in await desk.told(CLEO)
    assert (await desk.only()).status is Status.PENDING
    assert (await desk.slack.click(BEN, CHANNEL, card.ts, "approve")).ok
    assert (await desk.resumed(card.ts)).decisions[0].actor.behalf is None


async def test_of_two_who_are_away_the_one_counts_who_makes_it_possible(opened: Any) -> None:
    """Cleo covers Ana, who requested it and is back first, and Ben: she decides for Ben."""
    desk = await opened(f"{ANA}, {BEN}")
    await leave(desk, ANA, "for 1d cover @cleo")
    await leave(desk, BEN, "for 3d cover @cleo")
    card = await desk.ask(requester=ANA)
    mine = await brought(desk, CLEO)
    assert f"in place of <@{BEN}>" in all_text(mine.blocks)
    assert (await desk.slack.click(CLEO, CHANNEL, card.ts, "approve")).ok
    assert (await desk.resumed(card.ts)).decisions[0].actor.behalf == BEN


async def test_a_cover_ends_and_goes_one_step_only(opened: Any, clock: VirtualClock) -> None:
    """Ben covers Ana, Cleo covers Ben: Cleo decides nothing for Ana. After the end nor does Ben, who has a card."""
    desk = await opened(ANA)
    await leave(desk, BEN, "for 3d cover @cleo")
    await leave(desk, ANA, "for 2h cover @ben")
    card = await desk.ask()
    mine = await brought(desk, BEN)
    await desk.slack.click(CLEO, CHANNEL, card.ts, "approve")
    assert "not among those who may decide" in await desk.told(CLEO)
    clock.turn(hours=2)
    await desk.slack.click(BEN, mine.channel, mine.ts, "approve")
    assert "not among those who may decide" in await desk.told(BEN, 1)
    assert (await desk.only()).decisions == ()


async def test_a_cover_who_became_a_guest_decides_nothing(opened: Any, clock: VirtualClock) -> None:
    """Nor does a cover for somebody who is deactivated: both are looked at at the click."""
    desk = await opened(ANA)
    await leave(desk, ANA, "for 3d cover @cleo")
    card = await desk.ask()
    await brought(desk, CLEO)
    people = desk.slack.world.users
    people[CLEO].guest = True
    clock.turn(seconds=61)
    await desk.slack.click(CLEO, CHANNEL, card.ts, "approve")
    assert "Guests" in await desk.told(CLEO)
    people[CLEO].guest, people[ANA].deactivated = False, True
    clock.turn(seconds=61)
    await desk.slack.click(CLEO, CHANNEL, card.ts, "approve")
    assert "not among those who may decide" in await desk.told(CLEO, 1)
    assert (await desk.only()).decisions == ()


async def test_two_seats_are_two_votes_and_one_person_is_one(opened: Any) -> None:
    """Cleo for Ana, then Ana herself: one vote between them. Ben, who covers Ana too, has his own and no other."""
    desk = await opened(f"{ANA}, {BEN}", "quorum: {approve: 2}")
    await leave(desk, ANA, "for 3d cover @cleo")
    card = await desk.ask()

    async def votes(count: int) -> list[tuple[str, str | None]]:
        given = (await desk.only()).decisions
        assert len(given) == count
        return [(one.actor.id, one.actor.behalf) for one in given]

    assert (await desk.slack.click(CLEO, CHANNEL, card.ts, "approve")).ok
    assert await votes(1) == [(CLEO, ANA)]
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "approve")).ok
    assert await votes(2) == [(CLEO, ANA), (ANA, None)]
    assert (await desk.only()).status is Status.PENDING
    assert (await desk.slack.click(BEN, CHANNEL, card.ts, "approve")).ok
    approval = await desk.resumed(card.ts)
    assert [(d.type, d.actor.seat) for d in approval.decisions] == [(DecisionType.APPROVE, s) for s in (ANA, ANA, BEN)]


async def test_who_is_asked_themselves_acts_for_themselves(opened: Any) -> None:
    """Ben covers Ana and is asked too: his vote is his own, he gets no second card, and cannot vote again for her."""
    desk = await opened(f"{ANA}, {BEN}", "quorum: {approve: 2}")
    await leave(desk, ANA, "for 3d cover @ben")
    card = await desk.ask()
    await posted(desk, card.ts)
    assert (await desk.slack.click(BEN, CHANNEL, card.ts, "approve")).ok
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    assert "Your vote is counted already" in await desk.told(BEN)
    (decision,) = (await desk.only()).decisions
    assert (decision.actor.id, decision.actor.behalf) == (BEN, None)
    assert all("8821" not in all_text(m.blocks) for m in desk.slack.messages(desk.slack.dm(BEN)))


async def test_what_waits_already_is_brought_to_a_new_cover(opened: Any, clock: VirtualClock) -> None:
    """Ana leaves after the card was posted; the reminder calls Cleo in her place, and reaches Cleo's card too."""
    desk = await opened(ANA)
    card = await desk.ask()
    await posted(desk, card.ts)
    await leave(desk, ANA, "for 3d cover @cleo")
    mine = await brought(desk, CLEO)
    await turns(desk)
    clock.turn(minutes=10)
    reminded = await desk.report(card.ts)
    assert f"<@{CLEO}>" in reminded
    assert f"<@{ANA}>" not in reminded
    await desk.report(mine.ts, mine.channel)
    await said(desk, ANA, "/approvals back")
    await desk.slack.click(CLEO, mine.channel, mine.ts, "approve")
    assert "not among those who may decide" in await desk.told(CLEO)


async def test_a_step_reaches_the_cover_and_its_reminders_spare_the_absent(opened: Any, clock: VirtualClock) -> None:
    """Cleo is asked by direct message, and Ben, who covers for her; only he is reminded there."""
    desk = await opened(ANA, f"escalate: [{{after: 5m, to: [{CLEO}]}}]")
    await leave(desk, CLEO, "for 3d cover @ben")
    card = await desk.ask()
    await posted(desk, card.ts)
    clock.turn(minutes=5)
    hers, mine = await brought(desk, CLEO), await brought(desk, BEN)
    assert f"in place of <@{CLEO}>" in all_text(mine.blocks)
    await turns(desk)
    clock.turn(minutes=5)
    await desk.report(mine.ts, mine.channel)
    await desk.report(card.ts)
    await turns(desk)
    assert replies(desk, hers.ts, hers.channel) == []


async def test_who_is_away_without_a_cover_is_not_called(opened: Any, clock: VirtualClock) -> None:
    """By their Slack status, where somebody else is asked; where nobody else is, they are called all the same."""
    desk = await opened(f"{ANA}, {BEN}")
    later = int(max(time.time(), clock().timestamp())) + 86400
    desk.slack.set_status(ANA, "Out sick", ":face_with_thermometer:", later)
    card = await desk.ask()
    await posted(desk, card.ts)
    clock.turn(minutes=10)
    reminded = await desk.report(card.ts)
    assert f"<@{BEN}>" in reminded
    assert f"<@{ANA}>" not in reminded
    desk.slack.set_status(BEN, "OOO", "", later)
    other = await desk.ask(given={"customer": "77", "amount": 1.0})
    await desk.until(lambda: True if len(desk.slack.calls("chat.postMessage")) >= 3 else None)
    await turns(desk)
    clock.turn(minutes=10)
    await desk.report(other.ts)
    assert f"<@{ANA}>, <@{BEN}>" in replies(desk, other.ts)[0]


async def test_the_requesters_manager_decides(opened: Any, house: House) -> None:
    """Found through the file; while the manager is away, whoever covers for them."""
    path = house.folder / "managers.yaml"
    path.write_text("ana@example.com: cleo@example.com\n")
    desk = await opened("manager", signoff_managers=path)
    card = await desk.ask(requester=ANA)
    assert f"the manager of <@{ANA}>" in desk.text(card.ts)
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    assert "not among those who may decide" in await desk.told(BEN)
    await leave(desk, CLEO, "for 3d cover @ben")
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    assert (await desk.resumed(card.ts)).decisions[0].actor.behalf == CLEO
    other = await desk.ask(given=REFUND, requester=BEN)
    await desk.slack.click(CLEO, CHANNEL, other.ts, "approve")
    assert "not among those who may decide" in await desk.told(CLEO, 1)
