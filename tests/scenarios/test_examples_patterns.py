"""Each graph of `agents/examples`, as `langgraph.json` names it, through the whole path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from agents.runner import RunResult
from approvals.model import Status, ThreadState
from approvals.refusals import Refusal
from tests.scenarios.conftest import ANA, CHANNEL, Desk, House
from tests.scenarios.play import Step, answer, finished, offered, open_card, open_cards, play, settled

APPROVE: Step = ("approve", None)
MAIL = {"to": "Ada", "steps": []}

CASES: Sequence[tuple[str, Any, Sequence[Step], str | None]] = [
    ("typed", {"version": "1.2"}, [APPROVE], "Shipped 1.2 to 100 %"),
    ("typed", {"version": "1.2"}, [("edit", {1: 5})], "Shipped 1.2 to 5 %"),
    ("typed", {"version": "1.2"}, [("deny", "Friday")], "Not shipped: Friday"),
    ("words", {"draft": "Hi"}, [APPROVE], "Published: Hi"),
    ("words", {"draft": "Hi"}, [("deny", "")], "Dropped."),
    ("sequence", {"item": "a desk"}, [APPROVE, APPROVE], "Ordered a desk."),
    ("sequence", {"item": "a desk"}, [APPROVE, ("deny", "")], None),
    ("loop", {}, [("respond", "0"), ("respond", "-1"), ("respond", "30")], "You are 30."),
    ("breakpoint", MAIL, [APPROVE], "Sent: Dear Ada, your order is late."),
    ("breakpoint", MAIL, [("edit", {1: "Dear Ada, sorry."})], "Sent: Dear Ada, sorry."),
    ("breakpoint", MAIL, [("deny", "")], None),
    ("subgraph", {"greeting": "Hello"}, [("respond", "Ada")], "Hello, Ada!"),
    ("functional", "bees", [APPROVE], "Published: An essay about bees."),
    ("functional", "bees", [("deny", "")], "Withdrawn."),
    ("question", {"city": "Lyon"}, [("respond", "Friday")], "Booked a room in Lyon for Friday."),
    ("inbox", {"to": "a@x.example", "body": "Hi"}, [("edit", {1: "Ho"})], "Sent to a@x.example: Ho"),
    ("inbox", {"to": "a@x.example", "body": "Hi"}, [("respond", "Wait")], "Not sent; I was told: Wait"),
]


@pytest.fixture
async def desk(house: House) -> Desk:
    return await house.desk()


@pytest.mark.parametrize(("graph", "given", "steps", "result"), CASES)
async def test_example(desk: Desk, graph: str, given: Any, steps: Sequence[Step], result: str | None) -> None:
    """What is clicked reaches the graph in the shape that it expects, and the graph ends as its author meant."""
    thread, values = await play(desk, graph, given, steps)
    assert thread.state is ThreadState.DONE, thread.error
    assert values.get("result") == result, values
    assert all(approval.status is Status.RESUMED for approval in await desk.approvals())


async def test_a_schema_becomes_a_form(desk: Desk) -> None:
    """One input for each property, typed; what does not fit is said at its input, and nothing typed is lost."""
    thread = await desk.start("form", {"city": "Lyon"})
    await settled(desk)
    card = open_card(desk)
    assert "Asks for: Room, Day, Guests, Projector, Note" in desk.text(card)
    assert offered(desk, card) == ["respond"]
    await desk.slack.click(ANA, CHANNEL, card, "respond")
    view = await desk.modal(ANA)
    kinds = [block["element"]["type"] for block in view.blocks if block["type"] == "input"]
    assert kinds == ["static_select", "datepicker", "number_input", "radio_buttons", "plain_text_input"]
    values = {"field:0": "1", "field:1": "2026-12-01", "field:2": 0, "field:3": "true"}
    refused = await desk.slack.submit(ANA, view.id, values)
    assert list(refused.errors) == ["field:2"]
    sent = await desk.slack.submit(ANA, view.id, {"field:2": 12})
    assert sent.ok, sent
    _, values = await finished(desk, thread)
    assert values["result"] == "A large room in Lyon on 2026-12-01 for 12 with a projector"
    assert "Guests: 12" in desk.text(card)


async def test_fan_out_answered_in_any_order(desk: Desk) -> None:
    """One card for each task; deciding one leaves the others as they were."""
    thread = await desk.start("parallel", {"servers": ["web-1", "web-2", "web-3"], "done": []})
    await settled(desk)
    assert len(open_cards(desk)) == 3
    before = {m.ts: m.blocks for m in open_cards(desk)}
    second = open_card(desk, "web-2")
    await answer(desk, second, "deny", "busy")
    assert all(m.blocks == before[m.ts] for m in open_cards(desk))
    assert len(open_cards(desk)) == 2
    await answer(desk, open_card(desk), "approve")
    await answer(desk, open_card(desk), "approve")
    _, values = await finished(desk, thread)
    assert values["result"] == "web-1: restarted\nweb-2: left alone\nweb-3: restarted"


async def test_tools_in_a_graph_of_ones_own(desk: Desk) -> None:
    """Two tools that want different answers, at once; each runs once."""
    calls = 'restart(server="a")\ndelete_course(course="C1")\nrestart(server="b")'
    thread = await desk.start("tools", {"messages": [{"role": "user", "content": calls}]})
    await settled(desk)
    await answer(desk, open_card(desk, "C1"), "approve")
    await answer(desk, open_card(desk, "Restart"), "approve")
    await answer(desk, open_card(desk, "Restart"), "deny", "in use")
    _, values = await finished(desk, thread)
    told = values["messages"][-1]["content"].splitlines()
    assert told[0] == f"C1: deleted by {ANA}"
    assert sorted(line.split(": ")[1] for line in told[1:]) == ["left alone, in use", "restarted"]


async def test_asking_again_tells_the_answer_before(desk: Desk) -> None:
    """The card of the second round says what was answered in the first, and why that would not do."""
    await desk.start("loop", {})
    await settled(desk)
    await answer(desk, open_card(desk), "respond", "-7")
    told = desk.text(open_card(desk))
    assert "“-7” is not an age." in told
    assert "Asked before: What is your age?" in told
    assert "The answer: -7" in told


async def test_a_later_turn_asks_again(desk: Desk) -> None:
    """A thread that finished takes a new input, and goes on from its state."""
    thread, _ = await play(desk, "turns", {"wish": "sing", "done": []}, [APPROVE])
    first = await desk.only()
    again = await desk.core.runner.run("turns", {"wish": "dance"}, thread.id)
    assert isinstance(again, RunResult)
    assert [approval.title for approval in again.approvals] == ["May I dance?"]
    await settled(desk)
    await answer(desk, open_card(desk, "dance"), "deny")
    thread, values = await finished(desk, thread)
    assert (thread.state, thread.turn) == (ThreadState.DONE, 2)
    assert values["done"] == ["sing: done", "dance: not done"]
    assert [a.status for a in await desk.approvals()] == [Status.RESUMED] * 2
    assert first.id in {a.id for a in await desk.approvals()}


async def test_a_new_input_replaces_the_question(desk: Desk) -> None:
    """The old card says where to look instead, and its buttons are gone; without being told so, nothing is replaced."""
    thread = await desk.start("turns", {"wish": "sing", "done": []})
    await settled(desk)
    old = open_card(desk, "sing")
    refused = await desk.core.runner.run("turns", {"wish": "dance"}, thread.id)
    assert isinstance(refused, Refusal)
    again = await desk.core.runner.run("turns", {"wish": "dance"}, thread.id, replacing=True)
    assert isinstance(again, RunResult)
    await settled(desk)
    assert desk.buttons(old) == []
    (new,) = again.approvals
    assert f"Asked instead: May I dance? ({new.id})" in desk.text(old)
    await answer(desk, open_card(desk, "dance"), "approve")
    _, values = await finished(desk, thread)
    assert values["done"] == ["dance: done"]


async def test_a_stale_click_after_the_question_was_replaced(desk: Desk) -> None:
    """The answer to the old question is never taken for one to the new."""
    thread = await desk.start("turns", {"wish": "sing", "done": []})
    await settled(desk)
    old = next(m for m in desk.slack.messages(CHANNEL))
    await desk.core.runner.run("turns", {"wish": "dance"}, thread.id, replacing=True)
    await settled(desk)
    await desk.slack.click(ANA, CHANNEL, old.ts, "approve", seen=old)
    await settled(desk)
    statuses = {a.title: a.status for a in await desk.approvals()}
    assert statuses == {"May I sing?": Status.SUPERSEDED, "May I dance?": Status.PENDING}
