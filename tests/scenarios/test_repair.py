"""Threads that are stuck on an answer: asked again by a click, wherever the answer came from."""

from __future__ import annotations

from pathlib import Path

import pytest
from langgraph.types import Command

from agents.fence import fenced
from approvals.events import EventType
from approvals.model import Source, Status
from tests.scenarios.conftest import ANA, CHANNEL, GUS, Desk, House
from tests.scenarios.play import answer, finished, open_card, open_cards, settled

PICKY = """
from typing import TypedDict
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

class State(TypedDict, total=False):
    result: str

def ask(state):
    answer = interrupt({"action": "delete_course", "course": "C1"})
    return {"result": answer["reason"]}

graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").compile()
"""


async def picky(house: House, folder: Path, **over: object) -> Desk:
    """A desk with one graph, whose node can take a no but not a yes."""
    (folder / "picky.py").write_text(PICKY)
    config = folder / "langgraph.json"
    config.write_text('{"graphs": {"picky": "./picky.py:graph"}}')
    return await house.desk(signoff_config=config, signoff_attempts=1, **over)


async def test_a_failed_card_can_be_asked_again(house: House, tmp_path: Path) -> None:
    """The agent cannot take the answer: whoever may decide drops it by a click, and the question comes anew."""
    desk = await picky(house, tmp_path)
    thread = await desk.start("picky", {})
    await settled(desk)
    await answer(desk, card := open_card(desk), "approve")
    assert "KeyError" in desk.text(card)
    assert desk.buttons(card) == ["retry", "repair"]

    assert (await desk.slack.click(GUS, CHANNEL, card, "repair")).ok
    assert "Guests of the workspace cannot decide" in await desk.told(GUS)
    await settled(desk)
    assert (await desk.only()).status is Status.FAILED

    seen = desk.slack.message(CHANNEL, card)
    assert (await desk.slack.click(ANA, CHANNEL, card, "repair")).ok
    await settled(desk)
    assert "asked anew" in desk.text(card)
    assert desk.buttons(card) == []
    assert (await desk.slack.click(ANA, CHANNEL, card, "repair", seen=seen)).ok
    assert "no longer needed" in await desk.told(ANA)

    await answer(desk, open_card(desk), "deny", "Too soon.")
    _, values = await finished(desk, thread)
    assert values["result"] == "Too soon."
    assert open_cards(desk) == []
    assert [a.status for a in await desk.approvals()] == [Status.SUPERSEDED, Status.RESUMED]
    told = [event for event in await desk.core.records.store.audit() if event.type is EventType.REPAIRED]
    assert [(event.thread_id, event.actor.id, event.actor.source) for event in told] == [(thread.id, ANA, Source.SLACK)]


async def no_fence() -> None:
    """For a run that is not Signoff's."""


async def test_a_thread_that_was_answered_elsewhere_is_asked_again(house: House, tmp_path: Path) -> None:
    """Somebody resumed it with what the node cannot take. A decision here does not reach the node; the card says why,
    offers no Retry, and by a click the question comes anew."""
    desk = await picky(house, tmp_path)
    thread = await desk.start("picky", {})
    await settled(desk)
    graph = await desk.core.registry.graph("picky")
    approval = await desk.only()
    with fenced(no_fence), pytest.raises(KeyError):
        await graph.ainvoke(
            Command(resume={approval.interrupt.id: {"nonsense": 1}}), {"configurable": {"thread_id": thread.id}}
        )
    await answer(desk, card := open_card(desk), "deny", "Mine.")
    assert "stuck on an answer from elsewhere" in desk.text(card)
    assert "Mine." in desk.text(card)
    assert desk.buttons(card) == ["repair"]
    assert "asks anew" in await desk.report(card)

    assert (await desk.slack.click(ANA, CHANNEL, card, "repair")).ok
    await settled(desk)
    assert desk.buttons(card) == []
    await answer(desk, open_card(desk), "deny", "Mine again.")
    _, values = await finished(desk, thread)
    assert values["result"] == "Mine again."
