"""Room for serving processes with an agent that can be held, and what is seen of them from outside."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from approvals.events import EventType
from approvals.model import Approval, Status, ThreadState
from approvals.settings import Settings
from localslack import Delivery, LocalSlack, Message
from tests.scenarios.conftest import ANA, CHANNEL, House, all_text
from tests.scenarios.processes import Outside, Ran, Server, environment, outside, signoff, start

PAYER = '''
"""Pays once it is told to. It writes down each step, and can be held in the middle of the payment."""
import os, time
from pathlib import Path
from typing import TypedDict
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

HERE = Path(__file__).parent


class Order(TypedDict, total=False):
    order: str
    result: str


def note(what):
    with (HERE / "steps").open("a") as file:
        file.write(what + "\\n")
    os.write(2, ('{"action": "payer.' + what.split()[0] + '"}\\n').encode())


def pay(state, config):
    note("asking " + state["order"])
    answer = interrupt({"action": "pay_order", "args": {"order": state["order"]}})
    about = state["order"] + " " + config["metadata"]["signoff_approval"] + " " + str(answer["approved"])
    note("paying " + about)
    while (HERE / "hold").exists():
        time.sleep(0.01)
    note("paid " + about)
    return {"result": "Paid order " + state["order"]}


graph = StateGraph(Order).add_node("pay", pay).add_edge(START, "pay").add_edge("pay", END).compile()
'''
ORDER_OF_EVENTS = [
    EventType.OPENED,
    EventType.DECIDED,
    EventType.RESOLVED,
    EventType.RESUMING,
    EventType.RESUMED,
]


@dataclass
class Yard:
    """Room for serving processes, and what is seen of them from outside."""

    slack: LocalSlack
    outside: Outside
    folder: Path
    env: dict[str, str]
    settings: Settings
    servers: list[Server]

    async def serve(self) -> Server:
        """A replica that lets Slack in."""
        server = await self.start()
        await server.until("serve.started")
        return server

    async def start(self) -> Server:
        server = await start(self.env, self.folder)
        self.servers.append(server)
        return server

    async def run(self, *args: str, given: str = "") -> Ran:
        """One command; none ever shows a traceback."""
        ran = await signoff(*args, env=self.env, cwd=self.folder, given=given)
        assert "Traceback" not in ran.err, ran.err
        return ran

    def hold(self) -> None:
        """The payer stops in the middle of the next payment."""
        (self.folder / "hold").touch()

    def let_go(self) -> None:
        (self.folder / "hold").unlink()

    def steps(self, what: str, order: str) -> list[str]:
        """What the payer wrote down about an order."""
        file = self.folder / "steps"
        lines = file.read_text().splitlines() if file.is_file() else []
        return [line for line in lines if line.split()[:2] == [what, order]]

    def cards(self, order: str) -> list[Message]:
        """Every card about an order, in the channel."""
        return [m for m in self.slack.messages(CHANNEL) if f"{order}\n" in all_text(m.blocks) + "\n"]

    async def card(self, order: str) -> Message:
        found = await self.slack.wait_for(lambda: self.cards(order) or None, timeout=60)
        return found[0]

    async def ask(self, order: str) -> Approval:
        """An order whose card is posted and written down."""
        thread = await self.outside.start("payer", {"order": order})
        opened = await self.outside.told(EventType.OPENED, thread.id)
        assert opened.approval_id is not None
        await self.outside.told(EventType.ANNOUNCED, opened.approval_id)
        return await self.outside.approval(opened.approval_id)

    async def approve(self, order: str, user: str = ANA) -> Delivery:
        """Clicks on the newest card of an order. What Slack could not deliver is not answered."""
        card = self.cards(order)[-1]
        return await self.slack.click(user, CHANNEL, card.ts, "approve")

    async def approve_for_good(self, order: str, approval_id: str) -> None:
        """Clicks again where the first click did not arrive, as a person does."""
        if (await self.outside.approval(approval_id)).status is Status.PENDING:
            delivery = await self.approve(order)
            assert delivery.ok, delivery

    async def reports(self, approval: Approval) -> list[Message]:
        """What was said in the threads of all its cards."""
        return [
            reply
            for card in self.cards(str(approval.actions[0].args["order"]))
            for reply in self.slack.messages(CHANNEL, thread_ts=card.ts)
            if reply.ts != card.ts
        ]

    async def went_well(self, approval_id: str, order: str, *, runs: int = 1, kills: int = 1) -> None:
        """Decided once, handed over once, paid, told; `runs` is how often the node may have run after the answer."""
        await self.outside.told(EventType.RESUMED, approval_id)
        await self.outside.told(EventType.REPORTED, approval_id)
        approval = await self.outside.approval(approval_id)
        assert approval.status is Status.RESUMED
        assert len(approval.decisions) == 1
        assert approval.outcome is not None
        assert approval.outcome.text == f"Paid order {order}"
        await self.outside.told(EventType.FINISHED, approval.thread_id)
        thread = await self.outside.records.store.thread(approval.thread_id)
        assert thread is not None
        assert thread.state is ThreadState.DONE
        events = await self.outside.events(approval_id)
        assert [event for event in events if event in ORDER_OF_EVENTS] == ORDER_OF_EVENTS, events
        assert 1 <= len(self.steps("paid", order)) <= runs, self.steps("paid", order)
        assert 1 <= len(self.steps("paying", order)) <= runs
        assert {line.split()[2:4] == [approval_id, "True"] for line in self.steps("paying", order)} == {True}
        assert 1 <= len(self.cards(order)) <= 1 + kills
        assert 1 <= len(await self.reports(approval)) <= 1 + kills
        shown = self.slack.message(approval.messages[0].channel, approval.messages[0].ts)
        assert shown is not None
        await self.slack.wait_for(lambda: self._finished(approval), timeout=60)

    def _finished(self, approval: Approval) -> bool | None:
        """Every card that the record knows of says that it is over, and has no buttons."""
        for ref in approval.messages:
            shown = self.slack.message(ref.channel, ref.ts)
            assert shown is not None
            if ref.kind.value != "report" and ("finished" not in all_text(shown.blocks) or _buttons(shown)):
                return None
        return True


def _buttons(message: Message) -> list[str]:
    return [e["action_id"] for b in message.blocks for e in b.get("elements", []) if e.get("type") == "button"]


@pytest.fixture
async def yard(house: House, request: pytest.FixtureRequest) -> AsyncIterator[Yard]:
    """A folder with the payer in it; whatever was started is gone at the end."""
    (house.folder / "payer.py").write_text(PAYER)
    graphs = house.folder / "langgraph.json"
    graphs.write_text('{"dependencies": ["."], "graphs": {"payer": "./payer.py:graph"}}')
    settings = house.settings(
        signoff_config=graphs,
        signoff_namespace=re.sub(r"\W+", "-", request.node.name),
        signoff_tick_seconds=0.1,
        signoff_slack_limits=False,
        signoff_digest_after=0,
        signoff_lease_seconds=2,
        signoff_shutdown_seconds=30,
    )
    async with outside(settings) as eyes:
        made = Yard(house.slack, eyes, house.folder, environment(settings), settings, [])
        try:
            yield made
        finally:
            with contextlib.suppress(FileNotFoundError):
                made.let_go()
            for server in made.servers:
                await server.kill()
