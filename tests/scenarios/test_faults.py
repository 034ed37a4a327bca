"""Bad days: Slack that asks to wait, breaks or forgets; a bot that was not invited; a server that restarts."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from approvals.events import EventType
from approvals.model import Resolution, Status
from approvals.store.embedded import EmbeddedServer, free_port
from bot.listeners import door
from bot.manifest import manifest
from localslack import LocalSlack, Seed, View
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, REFUND, Desk, House, all_text
from tests.scenarios.play import press
from tests.scenarios.processes import outside


@pytest.fixture
async def one(house: House) -> Desk:
    """One replica over Socket Mode."""
    return await house.desk()


async def announced(desk: Desk) -> None:
    """Returns once the record knows its card."""
    async with outside(desk.settings) as eyes:
        await eyes.told(EventType.ANNOUNCED, (await desk.only()).id)


async def test_slack_asks_to_wait_and_is_obeyed(one: Desk) -> None:
    """429 with `Retry-After`: the card comes after that time, once, and nothing counts as a failure."""
    one.slack.faults.status("chat.postMessage", 429, retry_after=1)
    await one.start("refund", REFUND)
    card = await one.card()
    calls = one.slack.calls("chat.postMessage")
    assert [call.status for call in calls] == [429, 200]
    assert calls[1].at - calls[0].at >= 0.9
    await announced(one)
    assert len(one.slack.messages(CHANNEL)) == 1
    await one.slack.click(ANA, CHANNEL, card.ts, "approve")
    await one.resumed(card.ts)


async def test_slack_breaks_and_the_card_comes_later(one: Desk) -> None:
    """5xx: tried again after a pause, once."""
    one.slack.faults.status("chat.postMessage", 503)
    await one.start("refund", REFUND)
    await one.card()
    await announced(one)
    assert [call.status for call in one.slack.calls("chat.postMessage")] == [503, 200]
    assert len(one.slack.messages(CHANNEL)) == 1


async def test_a_card_that_could_not_be_redrawn_is_redrawn_later(one: Desk) -> None:
    """The decision counts at once; the card follows when Slack is back."""
    card = await one.ask()
    await announced(one)
    one.slack.faults.status("chat.update", 500, times=2)
    assert (await one.slack.click(ANA, CHANNEL, card.ts, "approve")).ok
    await one.resumed(card.ts)
    await one.until(lambda: True if "finished" in one.text(card.ts) and not one.buttons(card.ts) else None)


async def test_a_form_is_answered_in_time_while_slack_is_slow(
    timed: Desk, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who somebody is takes longer than Slack waits for us: the form says so, and the decision counts all the same."""
    assert door.ACK_WITHIN <= 2.5
    monkeypatch.setattr(door, "ACK_WITHIN", 0.5)
    card = await timed.ask()
    await timed.slack.click(ANA, CHANNEL, card.ts, "deny")
    view = await timed.modal(ANA)
    clock.turn(minutes=5)  # what is known of Ana is too old now
    timed.slack.faults.delay("users.info", 4.0)
    sent = await timed.slack.submit(ANA, view.id, {"reason": "Late."})
    assert sent.ok, sent
    assert "longer than usual" in all_text((await timed.modal(ANA)).blocks)
    assert (await timed.resumed(card.ts)).resolution is Resolution.DENIED


@pytest.mark.parametrize("verb", ["approve", "deny"])
async def test_who_is_slower_than_bolt_waits_is_told_nothing_wrong(
    timed: Desk, clock: VirtualClock, unhurried: None, verb: str
) -> None:
    """After its three seconds Bolt hands what was sent to whoever else would take it: that is acknowledged as what is
    still worked on, and decided once; nobody is told that it does nothing."""
    card = await timed.ask()
    await timed.slack.click(ANA, CHANNEL, card.ts, "deny")
    view = await timed.modal(ANA)
    clock.turn(minutes=5)  # what is known of Ana is too old now
    timed.slack.faults.delay("users.info", 4.0)
    if verb == "deny":
        assert (await timed.slack.submit(ANA, view.id, {"reason": "Late."})).ok
        assert "longer than usual" in all_text((await timed.modal(ANA)).blocks)
    else:
        assert (await timed.slack.click(ANA, CHANNEL, card.ts, "approve")).ok
    resumed = await timed.resumed(card.ts)
    assert resumed.resolution is (Resolution.DENIED if verb == "deny" else Resolution.APPROVED)
    assert len(resumed.decisions) == 1
    assert [said.text for said in timed.slack.ephemerals(ANA)] == []


async def test_a_broken_connection_is_made_anew_and_the_click_counts(one: Desk) -> None:
    """Socket Mode breaks without a goodbye."""
    card = await one.ask()
    assert await one.slack.faults.kill_sockets() == 1
    await one.slack.wait_for(lambda: one.slack.connections or None, timeout=30)
    assert (await one.slack.click(ANA, CHANNEL, card.ts, "approve")).ok
    assert (await one.resumed(card.ts)).resolution is Resolution.APPROVED


async def test_the_card_is_posted_once_the_bot_is_invited(house: House, clock: VirtualClock) -> None:
    """`not_in_channel` is tried again for as long as it takes; nothing is lost meanwhile."""
    rules = house.folder / "policies.yaml"
    rules.write_text("version: 1\ndefault: {channel: C0GENERAL, who: ['@finance']}\n")
    desk = await house.desk(clock=clock)
    await desk.start("refund", REFUND)
    await desk.until(lambda: desk.slack.calls("chat.postMessage") or None)
    await desk.core.records.effects.drain()
    assert (await desk.only()).messages == ()
    await desk.slack.join("U0BOT", "C0GENERAL")
    clock.turn(minutes=10)
    card = await desk.card("C0GENERAL")
    await announced(desk)
    assert len(desk.slack.messages("C0GENERAL")) == 1
    await desk.slack.click(BEN, "C0GENERAL", card.ts, "approve")
    await desk.until(lambda: desk.slack.messages("C0GENERAL", thread_ts=card.ts) or None)


async def test_a_card_that_somebody_deleted_stops_nothing(one: Desk) -> None:
    """The decision comes from elsewhere; what Slack no longer has is left alone."""
    card = await one.ask()
    await announced(one)
    found = one.slack.world.find(CHANNEL, card.ts)
    assert found is not None
    found.deleted = True
    assert (await one.slack.click(ANA, CHANNEL, card.ts, "approve", seen=card)).ok
    approval = await one.only()
    async with outside(one.settings) as eyes:
        await eyes.told(EventType.REPORTED, approval.id)
    approval = await one.only()
    assert (approval.status, approval.resolution) == (Status.RESUMED, Resolution.APPROVED)
    (said,) = one.slack.messages(CHANNEL)
    assert "Refunded $340.00" in all_text(said.blocks), "told in the channel, since its thread is gone"


IMPORTER = """
from typing import TypedDict
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

class Rows(TypedDict, total=False):
    count: int
    result: str

def ask(state):
    rows = [f"row {number:03}: " + "x" * 10_000 for number in range(state["count"])]
    answer = interrupt({"action": "import_rows", "args": {"rows": rows}})
    return {"result": f"Imported {len(answer['args']['rows'])} rows, the last one {answer['args']['rows'][-1][:7]}"}

graph = StateGraph(Rows).add_node("ask", ask).add_edge(START, "ask").add_edge("ask", END).compile()
"""


async def test_a_megabyte_is_posted_and_can_be_read_whole(house: House, unhurried: None) -> None:
    """The card shows a part and says so; Review in full pages through all the rest, and the agent gets it whole."""
    (house.folder / "importer.py").write_text(IMPORTER)
    graphs = house.folder / "langgraph.json"
    graphs.write_text('{"dependencies": ["."], "graphs": {"importer": "./importer.py:graph"}}')
    desk = await house.desk(signoff_config=graphs)
    card = await desk.ask("importer", {"count": 105})
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "review")).ok
    view = await desk.modal(ANA)
    read = all_text(view.blocks)
    while "review:next" in str(view.blocks):
        before = view.blocks
        assert (await desk.slack.click_view(ANA, view.id, "review:next")).ok
        view = await desk.until(lambda old=before: _turned(desk, old))
        read += all_text(view.blocks)
    missing = [number for number in range(105) if f"row {number:03}: " not in read]
    assert missing == []
    assert read.count("x") >= 105 * 10_000
    await press(desk, BEN, card.ts, "approve")
    approval = await desk.resumed(card.ts)
    assert approval.outcome is not None
    assert approval.outcome.text == "Imported 105 rows, the last one row 104"


def _turned(desk: Desk, before: object) -> View | None:
    """The form once it shows something else."""
    now = desk.slack.modal(ANA)
    return now if now is not None and now.blocks != before else None


async def test_the_store_restarts_while_people_think(tmp_path: Path) -> None:
    """Redis goes away and comes back with its data: the process waits for it, and the click counts."""
    port = free_port()
    server = EmbeddedServer(tmp_path / "data", port=port)
    server.start()
    try:
        async with LocalSlack(Seed.default().with_manifest(manifest())) as slack:
            await _survives_a_restart(slack, server, tmp_path)
    finally:
        server.stop()


async def _survives_a_restart(slack: LocalSlack, server: EmbeddedServer, folder: Path) -> None:
    async with AsyncExitStack() as stack:
        # No lease runs out while this is played: what was under way goes on by itself.
        desk = await House(slack, server.url, folder, stack).desk(signoff_lease_seconds=600)
        card = await desk.ask()
        await announced(desk)
        server.stop()
        lost = await slack.click(ANA, CHANNEL, card.ts, "approve")
        assert lost.ok, "acknowledged all the same"
        assert "Something went wrong on our side" in await desk.told(ANA)
        await asyncio.to_thread(server.start)
        assert (await slack.click(ANA, CHANNEL, card.ts, "approve")).ok
        approval = await desk.resumed(card.ts)
        assert len(approval.decisions) == 1
