"""Graphs that are slow, that hang, or that compute: Slack is answered all the same, and other graphs run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from approvals.events import EventType
from approvals.model import Approval, Status
from bot.workers import Workers
from localslack import Message
from tests.scenarios.conftest import ANA, CHANNEL, Desk, House
from tests.scenarios.processes import Outside, environment, outside, start

GRAPHS = '''
"""Each asks first. What comes then ends when there is a file `go`."""
import time
from pathlib import Path
from typing import TypedDict
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, interrupt

GO = Path(__file__).parent / "go"


class State(TypedDict, total=False):
    order: str


def ask(state):
    interrupt({"action": "pay", "args": {"order": state["order"]}})


def wait(state):
    while not GO.exists():
        time.sleep(0.05)


def compute(state):
    while not GO.exists():
        until = time.monotonic() + 0.2
        while time.monotonic() < until:
            pass


async def compute_in_the_loop(state):
    compute(state)


async def ask_in_the_loop(state):
    ask(state)


async def nothing(state):
    pass


def then(node, start="ask", ask=ask):
    made = StateGraph(State).add_node("ask", ask).add_node("node", node).add_edge(START, start).add_edge("node", END)
    return (made.add_edge("ask", "node") if start == "ask" else made).compile()


waits, computes, quick = then(wait), then(compute), then(lambda state: {})
no_thread = then(nothing, ask=ask_in_the_loop)
stands = then(compute_in_the_loop, start="node")
wide = (
    StateGraph(State)
    .add_node("ask", ask)
    .add_node("wait", wait)
    .add_edge(START, "ask")
    .add_conditional_edges("ask", lambda state: [Send("wait", state) for _ in range(50)])
    .compile()
)
'''
HANG = 4
NAMES = ("waits", "computes", "quick", "no_thread", "stands", "wide")


@pytest.fixture
def over(house: House) -> Iterator[dict[str, Any]]:
    """Settings under which these graphs are served, with a Slack found by its name. In the end nothing waits."""
    (house.folder / "busy.py").write_text(GRAPHS)
    graphs = ", ".join(f'"{name}": "./busy.py:{name}"' for name in NAMES)
    config = house.folder / "langgraph.json"
    config.write_text(f'{{"dependencies": ["."], "graphs": {{{graphs}}}}}')
    named = house.slack.api_url.replace("127.0.0.1", "localhost")
    yield {"signoff_config": config, "signoff_channel": CHANNEL, "signoff_policies": None, "slack_api_url": named}
    go(house.folder)


def go(folder: Path) -> None:
    (folder / "go").touch()


async def approve(desk: Desk, card: Message) -> None:
    delivery = await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    assert delivery.ok, delivery


async def true(look: Callable[[], bool]) -> None:
    """Waits for what happens in a thread."""
    async with asyncio.timeout(20):
        while not look():  # noqa: ASYNC110 - a thread tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("busy", "number", "other"), [("waits", 15, "quick"), ("wide", 1, "no_thread")])
async def test_nodes_that_wait_hold_nobody_up(
    house: House, over: dict[str, Any], busy: str, number: int, other: str
) -> None:
    """As many graphs as may run at once but one; or one graph that takes every thread. A click on another card is
    answered and carried out, although Slack has to be found by its name for each call."""
    desk = await house.desk(**over)
    cards = [await desk.ask(busy, {"order": str(number)}) for number in range(number)]
    last = await desk.ask(other, {"order": "other"})
    for card in cards:
        await approve(desk, card)
    await true(lambda: desk.runtime.workers.at_work >= number)
    before = len(desk.slack.ephemerals(ANA))
    await approve(desk, last)
    assert (await desk.resumed(last.ts)).status is Status.RESUMED
    assert "wrong" not in "".join(said.text for said in desk.slack.ephemerals(ANA)[before:])
    assert desk.runtime.workers.at_work >= number
    go(house.folder)
    for card in cards:
        await desk.resumed(card.ts)


async def test_nodes_that_hang_take_nobodys_thread(house: House, over: dict[str, Any]) -> None:
    """They run into SIGNOFF_GRAPH_SECONDS more often than there are threads: they are counted, and another graph runs.
    One that ends after all is no longer counted."""
    workers = Workers.here(2)
    desk = await house.desk(**over, signoff_graph_seconds=0.5, signoff_attempts=1, signoff_http=True)
    for order in range(HANG):
        card = await desk.ask("waits", {"order": str(order)})
        await approve(desk, card)
        await desk.until(lambda ts=card.ts: "retry" in desk.buttons(ts) or None)
    assert (workers.hung, workers.at_work) == (HANG, 0)
    async with httpx.AsyncClient(base_url=desk.runtime.http_url or "") as client:
        told = (await client.get("/metrics")).text
    assert f'signoff_nodes{{state="hung"}} {HANG}.0' in told
    last = await desk.ask("quick", {"order": "other"})
    await approve(desk, last)
    assert (await desk.resumed(last.ts)).status is Status.RESUMED
    go(house.folder)
    await true(lambda: workers.hung == 0)


async def asked(eyes: Outside, graph: str, number: int) -> list[Approval]:
    """So many threads of a graph, each with its card."""
    found: list[Approval] = []
    for thread in [await eyes.start(graph, {"order": str(order)}) for order in range(number)]:
        opened = (await eyes.told(EventType.OPENED, thread.id)).approval_id
        assert opened is not None
        await eyes.told(EventType.ANNOUNCED, opened)
        found.append(await eyes.approval(opened))
    return found


async def test_nodes_that_compute_leave_slack_its_three_seconds(house: House, over: dict[str, Any]) -> None:
    """Six in one process, in threads: clicks are acknowledged meanwhile."""
    settings = house.settings(**over)
    server = await start(environment(settings), house.folder)
    try:
        await server.until("serve.started")
        async with outside(settings) as eyes:
            for approval in [*await asked(eyes, "computes", 6), *await asked(eyes, "quick", 5)]:
                delivery = await house.slack.click(ANA, CHANNEL, approval.messages[0].ts, "approve")
                assert delivery.ok, delivery
    finally:
        await server.kill()


async def test_a_node_that_stops_the_loop_is_named(house: House, over: dict[str, Any]) -> None:
    """An asynchronous node that computes without awaiting: the log says which, and what to do, while it goes on. The
    other replica answers in time."""
    settings = house.settings(**over | {"signoff_slack_mode": "http", "signoff_tick_seconds": 0.1})
    server = await start(environment(settings), house.folder)
    try:
        await server.until("serve.started")
        async with outside(settings) as eyes:
            await eyes.start("quick", {"order": "1"})
            (card,) = await house.slack.wait_for(lambda: house.slack.messages(CHANNEL) or None, timeout=30)
            thread = await eyes.start("stands", {"order": "2"})
            said = await server.until("loop.stuck")
        assert (said["graph"], said["thread"], said["level"]) == ("stands", thread.id, "error")
        assert "busy.py:" in said["where"]
        assert "plain def" in said["event"]
        other = await house.desk(**over)  # the only one with a connection of Socket Mode
        delivery = await house.slack.click(ANA, CHANNEL, card.ts, "approve")
        assert delivery.ok
        assert delivery.ms < 3000
        assert (await other.resumed(card.ts)).status is Status.RESUMED
        go(house.folder)
        assert (await server.until("loop.turns"))["stood_s"] > 1
    finally:
        await server.kill()
