"""Several people, several replicas, several clocks at the same moment: one of them wins, and everybody is told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from approvals.events import EventType
from approvals.model import DecisionType, Resolution, Status
from localslack import Delivery
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, REFUND, Desk, House

SLOW = """
import asyncio, os
from typing import TypedDict
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

class State(TypedDict, total=False):
    order: str
    paid: bool

async def pay(state):
    answer = interrupt({"action": "pay", "args": {"order": state["order"]}})
    with open(os.path.join(os.path.dirname(__file__), "runs"), "a") as runs:
        runs.write("run\\n")
    await asyncio.sleep(SECONDS)
    return {"paid": answer["approved"]}

graph = StateGraph(State).add_node("pay", pay).add_edge(START, "pay").add_edge("pay", END).compile()
"""


FIRST = "60 if os.path.getsize(runs.name) == len('run\\n') else 0"
"""It does not end by itself where it runs for the first time, and is over at once after that."""

SPIN = """
    go, end = os.path.join(os.path.dirname(__file__), "go"), time.monotonic() + 60
    while not os.path.exists(go) and time.monotonic() < end:
        for _ in range(100_000):
            pass"""


def slow(folder: Path, seconds: float | str) -> Path:
    """A graph whose node takes so long."""
    (folder / "slow.py").write_text(SLOW.replace("SECONDS", str(seconds)))
    config = folder / "langgraph.json"
    config.write_text('{"dependencies": ["."], "graphs": {"slow": "./slow.py:graph"}}')
    return config


async def ran(folder: Path) -> None:
    """Waits until the node runs for the first time."""
    async with asyncio.timeout(30):
        while not ((runs := folder / "runs").is_file() and runs.stat().st_size):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.both_servers
async def test_everybody_clicks_at_once_on_two_replicas(house: House, unhurried: None) -> None:
    """Forty clicks by two people, spread over two connections: one decision, one answer to the agent."""
    one = await house.desk()
    await house.desk()
    card = await one.ask()
    buttons = ["approve"] * 20
    clicks = [house.slack.click(user, CHANNEL, card.ts, button) for button in buttons for user in (ANA, BEN)]
    assert all(delivery.ok for delivery in await asyncio.gather(*clicks))
    approval = await one.resumed(card.ts)
    assert len(approval.decisions) == 1
    events = [event.type for event in await one.core.records.approvals.audit(approval.id)]
    for once in (EventType.DECIDED, EventType.RESOLVED, EventType.RESUMING, EventType.RESUMED):
        assert events.count(once) == 1


async def test_two_edits_and_an_approval_at_once(house: House) -> None:
    """Two people have the form open while a third approves: whoever is first counts, whole; nothing is mixed."""
    one = await house.desk()
    await house.desk()
    card = await one.ask()
    approval = await one.only()
    amount = f"arg:{list(approval.actions[0].args).index('amount')}"
    views = {}
    for user in (ANA, BEN):
        await house.slack.click(user, CHANNEL, card.ts, "edit")
        views[user] = await one.modal(user)
    await asyncio.gather(
        house.slack.submit(ANA, views[ANA].id, {amount: 11}),
        house.slack.submit(BEN, views[BEN].id, {amount: 22}),
        house.slack.click(BEN, CHANNEL, card.ts, "approve"),
    )
    approval = await one.resumed(card.ts)
    (decision,) = approval.decisions
    if decision.type is DecisionType.APPROVE:
        assert approval.resolution is Resolution.APPROVED
    else:
        assert decision.args is not None
        assert decision.args["amount"] == {ANA: 11.0, BEN: 22.0}[decision.actor.id]


async def test_a_payload_that_comes_twice_counts_once(house: House) -> None:
    """Slack repeats what it believes was not heard."""
    desk = await house.desk()
    card = await desk.ask()
    house.slack.faults.duplicates = 1
    await house.slack.click(ANA, CHANNEL, card.ts, "approve")
    assert len((await desk.resumed(card.ts)).decisions) == 1


async def test_a_click_against_the_escalation(timed: Desk, clock: VirtualClock) -> None:
    """The moment it escalates somebody decides: decided, whether or not the others were told first."""
    card = await timed.ask()
    clock.turn(minutes=31)
    await asyncio.gather(timed.slack.click(ANA, CHANNEL, card.ts, "approve"), timed.runtime.ticker.turn())
    await timed.core.records.effects.drain()
    await timed.runtime.ticker.turn()
    await timed.core.records.effects.drain()
    approval = await timed.only()
    assert (approval.status, approval.decisions[0].actor.id) == (Status.RESUMED, ANA)
    late = await timed.slack.click(CLEO, CHANNEL, card.ts, "approve", seen=card)
    assert late.ok
    assert len((await timed.only()).decisions) == 1


async def test_replicas_that_reconcile_at_once_repair_once(house: House) -> None:
    """A hand deleted the due list: two replicas find the same gap, and the card is posted once."""
    one, two = await house.desk(signoff_tick_seconds=3600), await house.desk(signoff_tick_seconds=3600)
    thread = await one.start("refund", REFUND)
    await one.card()
    await one.core.records.effects.drain()
    redis: Any = Redis.from_url(house.redis_url, decode_responses=True)
    await redis.delete("{signoff}:due", "{signoff}:claims")
    await redis.aclose()
    await asyncio.gather(one.runtime.ticker.turn(), two.runtime.ticker.turn())
    await asyncio.gather(one.core.records.effects.drain(), two.core.records.effects.drain())
    assert len(house.slack.messages(CHANNEL)) == 1
    due = await one.core.records.store.due_at((await one.only()).id)
    assert {"remind", "escalate", "expire"} <= set(due)
    assert (await one.core.records.store.thread(thread.id)) is not None


async def test_a_lease_that_is_lost_in_a_long_node_is_fenced(house: House) -> None:
    """Somebody takes the thread while its node runs: the first run stores nothing more, the second answer stands.

    This is the same window as a crash in the node: it ran twice, LangGraph's history has one line.
    """
    desk = await house.desk(
        signoff_config=slow(house.folder, FIRST),
        signoff_lease_seconds=4,
        signoff_channel=CHANNEL,
        signoff_policies=None,
    )
    thread = await desk.start("slow", {"order": "1"})
    card = await desk.card()
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await ran(house.folder)
    redis: Any = Redis.from_url(house.redis_url, decode_responses=True)
    await redis.set(f"{{signoff}}:lease:{thread.id}", "999999", px=500)
    await redis.aclose()
    approval = await desk.resumed(card.ts)
    assert approval.status is Status.RESUMED
    assert (house.folder / "runs").read_text().count("run") == 2
    graph = await desk.core.registry.graph("slow")
    steps = [s async for s in graph.aget_state_history({"configurable": {"thread_id": thread.id}})]
    assert [s.next for s in steps] == [(), ("pay",), ("__start__",)], "no second branch"


async def test_a_long_node_keeps_its_lease(house: House) -> None:
    """It runs for three times the lease and is not run twice, though another replica looks for work."""
    config = slow(house.folder, 9.0)
    over: dict[str, Any] = {"signoff_config": config, "signoff_lease_seconds": 3}
    over |= {"signoff_channel": CHANNEL, "signoff_policies": None}
    desk = await house.desk(**over)
    await house.desk(**over)
    await desk.start("slow", {"order": "1"})
    card = await desk.card()
    delivery: Delivery = await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    assert delivery.ok
    await desk.resumed(card.ts)
    assert (house.folder / "runs").read_text().count("run") == 1


async def test_a_graph_that_hangs_fails_and_can_be_tried_again(house: House) -> None:
    """Longer than SIGNOFF_GRAPH_SECONDS is a failure; after the last attempt the card offers Retry."""
    desk = await house.desk(
        signoff_config=slow(house.folder, 60),
        signoff_graph_seconds=4,
        signoff_attempts=1,
        signoff_channel=CHANNEL,
        signoff_policies=None,
    )
    await desk.start("slow", {"order": "1"})
    card = await desk.card()
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await desk.until(lambda: "retry" in desk.buttons(card.ts) or None)
    approval = await desk.only()
    assert approval.status is Status.FAILED
    assert "did not come to rest within 4 s" in json.dumps(approval.error or "")


async def test_a_node_that_blocks_a_thread_does_not_hold_up_a_click(house: House) -> None:
    """A synchronous node runs in a thread of LangGraph's: a click meanwhile is acknowledged in time."""
    source = SLOW.replace("async def pay", "def pay").replace("import asyncio, os", "import os, time")
    (house.folder / "busy.py").write_text(source.replace("    await asyncio.sleep(SECONDS)", SPIN.lstrip("\n")))
    config = house.folder / "langgraph.json"
    config.write_text('{"dependencies": ["."], "graphs": {"busy": "./busy.py:graph"}}')
    desk = await house.desk(signoff_config=config, signoff_channel=CHANNEL, signoff_policies=None)
    await desk.start("busy", {"order": "1"})
    first = await desk.card()
    await desk.start("busy", {"order": "2"})
    second = await desk.card(after=first.ts)
    await desk.slack.click(ANA, CHANNEL, first.ts, "approve")
    await ran(house.folder)
    delivery = await desk.slack.click(ANA, CHANNEL, second.ts, "approve")
    assert delivery.ok
    assert (await desk.approvals())[0].status is Status.RESUMING, "its node is busy until now"
    (house.folder / "go").touch()
    await desk.resumed(first.ts)
    await desk.resumed(second.ts)
