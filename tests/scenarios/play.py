"""Playing an example: its cards are answered one after the other, as a person would; and waiting for what is seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from approvals.events import EventType
from approvals.model import Approval, JsonValue, Thread
from localslack import Message, View
from tests.scenarios.conftest import ANA, CHANNEL, Desk, all_text
from tests.scenarios.processes import outside

Step = tuple[str, Any]
"""What is clicked, and what is then typed: a reason, an answer, or for an edit values by the index of the argument."""


async def settled(desk: Desk) -> None:
    """Waits until this replica has nothing left to do: graphs have come to rest, cards are posted and redrawn."""
    assert await desk.core.records.effects.drain(timedelta(seconds=60))


def open_cards(desk: Desk) -> list[Message]:
    """The cards that can still be decided, oldest first."""
    every = sorted(desk.slack.messages(CHANNEL), key=lambda message: message.ts)
    return [message for message in every if any(block.get("type") == "actions" for block in message.blocks)]


def open_card(desk: Desk, text: str = "") -> str:
    """The ts of the first open card that says so."""
    found = [message.ts for message in open_cards(desk) if text in desk.text(message.ts)]
    assert found, [desk.text(message.ts) for message in desk.slack.messages(CHANNEL)]
    return found[0]


def offered(desk: Desk, ts: str) -> list[str]:
    """The buttons of a card, also the one that stands beside a sentence."""
    message = desk.slack.message(CHANNEL, ts)
    assert message is not None
    beside = [str(block["accessory"].get("action_id")) for block in message.blocks if "accessory" in block]
    return [*desk.buttons(ts), *beside]


async def answer(desk: Desk, ts: str, verb: str, said: Any = None) -> None:
    """One click, with the form that it opens, and all that follows."""
    assert verb in offered(desk, ts), desk.text(ts)
    await press(desk, ANA, ts, verb)
    if not verb.startswith("approve"):
        view = await desk.modal(ANA)
        sent = await desk.slack.submit(ANA, view.id, _typed(verb, said))
        assert sent.ok, sent
    await settled(desk)


async def press(desk: Desk, user: str, ts: str, verb: str) -> None:
    """One click; where the card does not say everything, what it leads to is read to its end and approved there."""
    message = desk.slack.message(CHANNEL, ts)
    assert message is not None
    assert (await desk.slack.click(user, CHANNEL, ts, verb)).ok
    if verb.startswith("approve") and "Not everything fits here" in all_text(message.blocks):
        sent = await desk.slack.submit(user, (await to_the_end(desk, user)).id, {})
        assert sent.ok, sent


async def to_the_end(desk: Desk, user: str) -> View:
    """Turns the pages of the full view that is open; the last one."""
    while True:
        view = await desk.modal(user)
        turns = [e for b in view.blocks if b["type"] == "actions" for e in b["elements"]]
        if not any(e["action_id"] == "review:next" for e in turns):
            return view
        assert view.submit is None, "the button stands on the last page alone"
        shown = view.hash
        assert (await desk.slack.click_view(user, view.id, "review:next")).ok
        await desk.until(lambda old=shown: _turned(desk, user, old))


def _turned(desk: Desk, user: str, old: str) -> bool | None:
    view = desk.slack.modal(user)
    return True if view is not None and view.hash != old else None


def _typed(verb: str, said: Any) -> dict[str, Any]:
    if verb == "edit":
        return {f"arg:{index}": value for index, value in said.items()}
    if isinstance(said, dict):
        return said
    return {"reason" if verb == "deny" else "text": said} if said else {}


async def play(desk: Desk, graph: str, given: JsonValue, steps: Sequence[Step]) -> tuple[Thread, dict[str, Any]]:
    """Starts a graph and answers its cards in their order; the thread and its state at the end."""
    thread = await desk.start(graph, given)
    await settled(desk)
    for step in steps:
        await answer(desk, open_card(desk), *step)
    return await finished(desk, thread)


async def finished(desk: Desk, thread: Thread) -> tuple[Thread, dict[str, Any]]:
    """The thread and its state once nothing is left to do."""
    await settled(desk)
    found = await desk.core.records.store.thread(thread.id)
    assert found is not None
    values = await desk.core.driver.values(found)
    return found, values if isinstance(values, dict) else {"result": values}


async def told(desk: Desk, kind: EventType, count: int = 1) -> Approval:
    """The one record, once its audit holds that many events of a kind."""
    async with outside(desk.settings) as eyes:
        await eyes.told(kind, (await desk.only()).id, count)
    return await desk.only()


async def says(desk: Desk, card: Message, *words: str) -> str:
    """What a card says, once it says all of this."""

    def look() -> str | None:
        text = desk.text(card.ts, card.channel)
        return text if all(word in text for word in words) else None

    return await desk.until(look)
