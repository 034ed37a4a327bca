"""A click at the very moment that something falls due, on two replicas whose clocks reach it together: one outcome.

Many cards meet their moment at once. Some of the clicks count before the clock is turned, some come while the first of
what fell due is done already: so each side wins some of the time, whatever machine this is.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.events import Event, EventType
from approvals.model import Approval, Resolution, Source, Status
from approvals.store.codec import EVENTS
from localslack import Delivery, Message
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, CHANNEL, CLEO, LEADS, Desk, House, all_text
from tests.scenarios.processes import Outside, outside

PAYER = """
import os
from typing import TypedDict
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

class Order(TypedDict, total=False):
    order: str
    result: str

def pay(state):
    answer = interrupt({"action": "pay", "args": {"order": state["order"]}})
    with open(os.path.join(os.path.dirname(__file__), "given"), "a") as given:
        given.write(state["order"] + " " + str(answer["approved"]) + "\\n")
    return {"result": "Paid" if answer["approved"] else "Not paid"}

graph = StateGraph(Order).add_node("pay", pay).add_edge(START, "pay").add_edge("pay", END).compile()
"""
RULES = """
version: 1
default:
  channel: "#approvals"
  who: [U0ANA]
  TIME
"""
ROUNDS = 30


@dataclass(frozen=True)
class Two:
    """Two replicas by one clock, and as many cards as there are rounds, each known to its record."""

    desks: tuple[Desk, Desk]
    house: House
    clock: VirtualClock
    cards: Sequence[Message]

    async def approvals(self) -> tuple[Approval, ...]:
        return await self.desks[0].approvals()

    async def of(self, card: Message) -> Approval:
        return next(each for each in await self.approvals() if any(m.ts == card.ts for m in each.messages))

    async def meet(
        self, clicks: Sequence[Coroutine[Any, Any, Delivery]], due: Callable[[Event], bool], **by: float
    ) -> None:
        """A third click early. When the first of them is acknowledged both clocks are there, both replicas look, and
        another third click; the last third when the first thing that fell due was done."""
        there, begun = asyncio.Event(), asyncio.Event()

        async def click(after: asyncio.Event | None, one: Coroutine[Any, Any, Delivery]) -> None:
            if after:
                await after.wait()
            assert (await one).ok
            there.set()

        async def moment(eyes: Outside) -> None:
            await there.wait()
            seen = asyncio.create_task(self._seen(eyes, due))
            self.clock.turn(**by)
            seen.add_done_callback(lambda _: begun.set())
            await asyncio.gather(seen, *(desk.runtime.ticker.turn() for desk in self.desks))

        whens = (None, there, begun)
        async with outside(self.desks[0].settings) as eyes:
            turns = (click(whens[at * 3 // len(clicks)], one) for at, one in enumerate(clicks))
            await asyncio.gather(moment(eyes), *turns)
        await self.rest()

    async def rest(self) -> None:
        """Until nothing is left to do at this time."""
        for _ in range(3):
            for desk in self.desks:
                await desk.core.records.effects.drain()
                await desk.runtime.ticker.turn()

    @staticmethod
    async def _seen(eyes: Outside, due: Callable[[Event], bool]) -> None:
        after = "0"
        async with asyncio.timeout(30):
            while True:
                rows: Any = await eyes.redis.xread({eyes.keys.audit: after}, block=1000)
                for seq, entry in rows[0][1] if rows else []:
                    after = seq
                    if due(EVENTS.load(entry["e"])):
                        return

    async def events(self, approval: Approval) -> Counter[EventType]:
        found = await self.desks[0].core.records.approvals.audit(approval.id)
        return Counter(event.type for event in found)

    def given(self) -> dict[str, list[str]]:
        """What the agents were given, by order."""
        file = self.house.folder / "given"
        found: dict[str, list[str]] = {}
        for line in file.read_text().splitlines() if file.is_file() else []:
            order, approved = line.split()
            found.setdefault(order, []).append(approved)
        return found

    async def told(self, words: str, count: int, *users: str) -> None:
        """So many private answers were given, each of them says so."""
        slack = self.house.slack

        def found() -> list[Message]:
            return [each for user in users for each in slack.ephemerals(user)]

        await slack.wait_for(lambda: True if len(found()) >= count else None, timeout=30)
        said = [each.text + "\n" + all_text(each.blocks) for each in found()]
        assert len(said) == count
        assert [text for text in said if not re.search(words, text)] == []

    async def over(self, approval: Approval, approved: bool) -> None:
        """Decided once, handed over once, and every copy of its card says so."""
        events = await self.events(approval)
        once = (EventType.DECIDED, EventType.RESOLVED, EventType.RESUMING, EventType.RESUMED)
        assert [events[kind] for kind in once] == [1, 1, 1, 1], events
        assert len(approval.decisions) == 1
        assert approval.status is Status.RESUMED
        assert self.given()[str(approval.actions[0].args["order"])] == [str(approved)]
        desk = self.desks[0]
        for ref in approval.messages:
            if ref.kind.value != "report":
                await desk.until(lambda ref=ref: True if not desk.buttons(ref.ts, ref.channel) else None)
                word = "Expired" if approval.resolution is Resolution.EXPIRED else "Approved"
                await desk.until(lambda ref=ref, word=word: True if word in desk.text(ref.ts, ref.channel) else None)


async def two(house: House, clock: VirtualClock, time: str) -> Two:
    """Opens both, asks, and waits until each record knows its card."""
    (house.folder / "payer.py").write_text(PAYER)
    graphs = house.folder / "langgraph.json"
    graphs.write_text('{"dependencies": ["."], "graphs": {"payer": "./payer.py:graph"}}')
    (house.folder / "policies.yaml").write_text(RULES.replace("TIME", time))
    over: dict[str, Any] = {"signoff_config": graphs, "signoff_tick_seconds": 3600}
    one, other = await house.desk(clock=clock, **over), await house.desk(clock=clock, **over)
    for number in range(ROUNDS):
        await (one, other)[number % 2].start("payer", {"order": str(number)})
    cards = await one.until(lambda: found if len(found := one.slack.messages(CHANNEL)) == ROUNDS else None)
    made = Two((one, other), house, clock, cards)
    await made.rest()
    assert all(approval.messages for approval in await made.approvals())
    return made


def by_policy(event: Event) -> bool:
    """The policy decided something."""
    return event.type is EventType.DECIDED and event.actor.source is Source.POLICY


async def test_a_click_against_the_expiry(house: House, clock: VirtualClock, unhurried: None) -> None:
    """Approved by the click, or expired and the click is told so; the agent is given that one outcome."""
    room = await two(house, clock, "expire: {after: 2h, then: deny}")
    slack = house.slack
    await room.meet([slack.click(ANA, CHANNEL, card.ts, "approve") for card in room.cards], by_policy, hours=2)
    approvals = await room.approvals()
    ends = Counter(approval.resolution for approval in approvals)
    assert set(ends) <= {Resolution.APPROVED, Resolution.EXPIRED}
    await room.told("ran out", ends[Resolution.EXPIRED], ANA)
    for approval in approvals:
        by = Source.SLACK if approval.resolution is Resolution.APPROVED else Source.POLICY
        assert [decision.actor.source for decision in approval.decisions] == [by]
        await room.over(approval, by is Source.SLACK)


async def test_a_click_against_a_step_that_changes_who_may_decide(
    house: House, clock: VirtualClock, unhurried: None
) -> None:
    """Ana decides until the step and Cleo from it on, both on each card at once: one of them counts, or neither, and
    whoever does not count is told why. What is still open then is Cleo's."""
    step = '{after: 30m, to: [U0CLEO], channel: "#finance-leads", replace: true}'
    room = await two(house, clock, f"escalate: [{step}]")
    slack, both = house.slack, (ANA, CLEO)
    clicks = [slack.click(user, CHANNEL, card.ts, "approve", seen=card) for card in room.cards for user in both]
    await room.meet(clicks, lambda event: event.type is EventType.ESCALATED, minutes=30)
    counted = sum(len(approval.decisions) for approval in await room.approvals())
    await room.told("not among those|nothing was changed", len(clicks) - counted, *both)
    for approval in await room.approvals():
        if approval.status is Status.PENDING:
            leads = next(ref for ref in approval.messages if ref.channel == LEADS)
            assert (await slack.click(CLEO, LEADS, leads.ts, "approve")).ok
    await room.rest()
    for approval in await room.approvals():
        (decision,) = approval.decisions
        kinds = [event.type for event in await room.desks[0].core.records.approvals.audit(approval.id)]
        step_by_then = EventType.ESCALATED in kinds[: kinds.index(EventType.DECIDED)]
        assert (decision.actor.id, approval.level) == ((CLEO, 1) if step_by_then else (ANA, 0))
        await room.over(approval, True)


async def test_taking_back_against_the_release(house: House, clock: VirtualClock, unhurried: None) -> None:
    """It is open again and the agent knows nothing, or the agent has it and the click is told that it is too late."""
    room = await two(house, clock, "undo: 15s")
    slack, desk = house.slack, room.desks[0]
    for done in await asyncio.gather(*(slack.click(ANA, CHANNEL, card.ts, "approve") for card in room.cards)):
        assert done.ok
    await room.rest()
    await room.meet(
        [slack.click(ANA, CHANNEL, card.ts, "undo", seen=slack.message(CHANNEL, card.ts)) for card in room.cards],
        lambda event: event.type is EventType.RELEASED,
        seconds=15,
    )
    approvals = await room.approvals()
    await room.told("too late", sum(approval.status is not Status.PENDING for approval in approvals), ANA)
    for approval in approvals:
        events = await room.events(approval)
        assert events[EventType.UNDONE] + events[EventType.RELEASED] == 1
        if events[EventType.RELEASED]:
            await room.over(approval, True)
            continue
        assert (approval.status, approval.decisions) == (Status.PENDING, ())
        assert str(approval.actions[0].args["order"]) not in room.given()
        (card,) = approval.messages
        await desk.until(lambda ts=card.ts: True if "approve" in desk.buttons(ts) else None)


async def test_a_hold_against_the_expiry(house: House, clock: VirtualClock, unhurried: None) -> None:
    """No hold puts the end off: it expires once, and a hold that came too late is told so."""
    room = await two(house, clock, "remind: [1h]\n  acknowledge: 20m\n  expire: {after: 2h, then: deny}")
    asked = [await room.of(card) for card in room.cards]
    clicks = [
        house.slack.click(ANA, CHANNEL, card.ts, "more", value=f"{of.id}:{of.revision}:look", seen=card)
        for card, of in zip(room.cards, asked, strict=True)
    ]
    await room.meet(clicks, by_policy, hours=2)
    held = 0
    for approval in await room.approvals():
        kinds = [event.type for event in await room.desks[0].core.records.approvals.audit(approval.id)]
        held += EventType.ACKNOWLEDGED in kinds
        assert EventType.ACKNOWLEDGED not in kinds[kinds.index(EventType.DECIDED) :]
        assert approval.resolution is Resolution.EXPIRED
        await room.over(approval, False)
    await room.told("ran out", ROUNDS - held, ANA)
