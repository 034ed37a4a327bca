"""`signoff explain` and `signoff repair`, as an operator uses them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from approvals.events import EventType
from approvals.model import Status
from tests.scenarios.conftest import House
from tests.scenarios.play import answer, finished, open_card, open_cards, settled
from tests.scenarios.processes import environment, signoff

STUBBORN = """
from typing import TypedDict
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

class State(TypedDict, total=False):
    result: str

def ask(state):
    answer = interrupt({"question": "Delete the course?", "course": "C1"})
    return {"result": answer["confirmed"]}

graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").compile()
"""
GRAPHS = '{"graphs": {"stubborn": "./stubborn.py:graph"}%s}'
RULE = ', "signoff": {"replies": {"stubborn": {"approve": {"confirmed": "deleted"}, "deny": {"confirmed": "kept"}}}}'


async def test_a_poisoned_thread_is_explained_configured_and_repaired(house: House, tmp_path: Path) -> None:
    """The card says that the agent failed, `explain` says why, a line of configuration and a repair mend it."""
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    config = tmp_path / "langgraph.json"
    config.write_text(GRAPHS % "")
    wrong = house.settings(signoff_config=config, signoff_attempts=1)
    before = AsyncExitStack()
    desk = await house.desk(stack=before, signoff_config=config, signoff_attempts=1)
    thread = await desk.start("stubborn", {})
    await settled(desk)
    await answer(desk, card := open_card(desk), "approve")
    assert "KeyError" in desk.text(card)
    explained = await signoff("explain", "stubborn", "--json", env=environment(wrong), cwd=tmp_path)
    assert explained.json()[0]["doubts"] == ["the code reads 'confirmed', which no answer has"]
    (failed,) = await desk.approvals()
    shown = await signoff("explain", failed.id, "--json", env=environment(wrong), cwd=tmp_path)
    assert shown.json()[0]["answers"]["approve"]["approved"] is True

    await before.aclose()
    config.write_text(GRAPHS % RULE)
    refused = await signoff("repair", "nobody", "--as", "root", env=environment(wrong), cwd=tmp_path)
    assert (refused.status, "no thread nobody" in refused.err) == (1, True)
    repaired = await signoff("repair", thread.id, "--as", "root", "--json", env=environment(wrong), cwd=tmp_path)
    assert repaired.json()["status"] == "waiting", repaired.err
    second = await house.desk(signoff_config=config)
    await second.until(lambda: True if "asked anew" in second.text(card) else None)
    await second.until(lambda: [message for message in open_cards(second) if message.ts != card] or None)
    await settled(second)
    await answer(second, open_card(second), "deny", "")
    _, values = await finished(second, thread)
    assert values["result"] == "kept"
    assert [a.status for a in await second.approvals()] == [Status.SUPERSEDED, Status.RESUMED]
    audit = await second.core.records.store.audit()
    assert [event.actor.id for event in audit if event.type is EventType.REPAIRED] == ["root"]
