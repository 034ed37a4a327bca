"""Agents written by someone else, unchanged: each format of interrupt, decided in Slack, gives the expected answer."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, cast

import pytest

from approvals.model import Resolution, Thread
from localslack import Message
from tests.scenarios.conftest import ANA, BEN, CHANNEL, Desk, House
from tests.scenarios.foreign_agents import AGENTS, GRAPHS, OFFICE

DENIED = "Not today."


@pytest.fixture
async def abroad(house: House, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A replica that serves the folder of other people, with their own `langgraph.json`, module and env file."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("agents_of_ours", "office"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    theirs = house.folder / "theirs"
    theirs.mkdir()
    (theirs / "agents_of_ours.py").write_text(AGENTS)
    (theirs / "office.py").write_text(OFFICE)
    (theirs / ".env.foreign").write_text("FOREIGN_TONE=kindly\n")
    (theirs / "langgraph.json").write_text(json.dumps(GRAPHS))
    return await house.desk(signoff_config=theirs / "langgraph.json")


async def begun(desk: Desk, graph: str, given: dict[str, Any] | None = None) -> tuple[Thread, Message]:
    """A thread and its first card."""
    after = max((m.ts for m in desk.slack.messages(CHANNEL)), default="")
    thread = await desk.start(graph, cast("Any", given or {"given": "x"}))
    return thread, await desk.card(after=after)


async def ended(desk: Desk, thread: Thread, *cards: Message) -> dict[str, Any]:
    """The state of the thread once all those cards were reported on."""
    for card in cards:
        await desk.report(card.ts)
    return cast("dict[str, Any]", await desk.core.driver.values(thread))


async def form(desk: Desk, user: str, card: Message, button: str, values: dict[str, Any]) -> None:
    """Opens the form behind a button, fills it in and sends it."""
    assert (await desk.slack.click(user, CHANNEL, card.ts, button)).ok
    view = await desk.modal(user)
    sent = await desk.slack.submit(user, view.id, values)
    assert sent.ok, sent
    assert desk.slack.modal(user) is None, sent


async def decided(desk: Desk, card: Message, button: str, values: dict[str, Any] | None) -> None:
    """Ana presses a button, and fills in the form behind it where there is one."""
    if values is None:
        assert (await desk.slack.click(ANA, CHANNEL, card.ts, button)).ok
    else:
        await form(desk, ANA, card, button, values)


async def test_a_question_in_words_is_answered_in_words(abroad: Desk) -> None:
    """`interrupt("Which ...?")` is answered by what was typed; the author's env file and module are there."""
    thread, card = await begun(abroad, "text")
    assert "Which tone should the letter have?" in abroad.text(card.ts)
    await form(abroad, ANA, card, "respond", {"text": "Warm"})
    state = await ended(abroad, thread, card)
    assert state["answers"] == ["Warm"]
    assert state["result"] == "Dear customer, kindly Warm"


@pytest.mark.parametrize(("button", "values", "answer"), [("approve", None, True), ("deny", {"reason": DENIED}, False)])
async def test_a_question_for_yes_or_no(abroad: Desk, button: str, values: Any, answer: object) -> None:
    """`interrupt("Shall I ...?")` is answered by True or False."""
    thread, card = await begun(abroad, "sure")
    await decided(abroad, card, button, values)
    assert (await ended(abroad, thread, card))["answers"] == [answer]


@pytest.mark.parametrize("graph", ["table", "nested"])
@pytest.mark.parametrize(
    ("button", "values", "answer"),
    [
        ("approve", None, {"type": "approve", "approved": True, "args": {"table": "users", "rows": 12}}),
        ("deny", {"reason": DENIED}, {"type": "deny", "approved": False, "reason": DENIED}),
        (
            "edit",
            {"arg:0": "guests", "arg:1": 3},
            {"type": "edit", "approved": True, "args": {"table": "guests", "rows": 3}},
        ),
    ],
)
async def test_a_dict_in_a_graph_and_in_a_subgraph(
    abroad: Desk, graph: str, button: str, values: Any, answer: dict[str, Any]
) -> None:
    """`interrupt({"action": ..., "args": ...})` is answered by an object; arguments keep their types."""
    thread, card = await begun(abroad, graph)
    await decided(abroad, card, button, values)
    (heard,) = (await ended(abroad, thread, card))["answers"]
    assert {key: heard[key] for key in answer} == answer
    approval = await abroad.only()
    assert (heard["approval"], heard["actor"]) == (approval.id, ANA), "and who said so, for the author's own log"


@pytest.mark.parametrize(
    ("button", "values", "answer"),
    [
        (
            "approve",
            None,
            {"type": "accept", "args": {"action": "send_email", "args": {"to": "x@example.com", "body": "Hello"}}},
        ),
        ("deny", {"reason": ""}, {"type": "ignore", "args": None}),
        (
            "edit",
            {"arg:1": "Bye"},
            {"type": "edit", "args": {"action": "send_email", "args": {"to": "x@example.com", "body": "Bye"}}},
        ),
        ("respond", {"text": "Shorter, please."}, {"type": "response", "args": "Shorter, please."}),
    ],
)
async def test_agent_inbox(abroad: Desk, button: str, values: Any, answer: object) -> None:
    """A list of one request, answered by a list of one response, in Agent Inbox's words."""
    thread, card = await begun(abroad, "inbox")
    await decided(abroad, card, button, values)
    state = await ended(abroad, thread, card)
    assert state["answers"] == [answer]


async def test_two_questions_of_one_node_are_asked_one_after_the_other(abroad: Desk) -> None:
    """The second has a card of its own, and the answer to the first is not its answer."""
    thread, first = await begun(abroad, "two")
    await abroad.slack.click(ANA, CHANNEL, first.ts, "approve")
    second = await abroad.card(after=first.ts)
    assert "Really really?" in abroad.text(second.ts)
    await abroad.slack.click(BEN, CHANNEL, first.ts, "approve", seen=first)
    assert len([a for a in await abroad.approvals() if a.resolution is None]) == 1, "the old card answers nothing"
    await form(abroad, ANA, second, "deny", {"reason": DENIED})
    state = await ended(abroad, thread, first, second)
    assert state["answers"] == [True, False]


async def test_parallel_questions_are_answered_one_by_one_in_any_order(abroad: Desk) -> None:
    """Two nodes pause in one step: two cards; each branch hears its own answer."""
    thread, _ = await begun(abroad, "both")
    cards = await abroad.until(lambda: found if len(found := abroad.slack.messages(CHANNEL)) == 2 else None)
    by_name = {("left" if "Open left" in abroad.text(card.ts) else "right"): card for card in cards}
    await form(abroad, ANA, by_name["right"], "deny", {"reason": DENIED})
    await abroad.report(by_name["right"].ts)
    assert [a.actions[0].name for a in await abroad.approvals() if a.resolution is None] == ["open_left"]
    await abroad.slack.click(BEN, CHANNEL, by_name["left"].ts, "approve")
    state = await ended(abroad, thread, *cards)
    assert state["answers"] == ["left", True, "right", False]


async def test_a_batch_of_tool_calls_is_decided_action_by_action(abroad: Desk) -> None:
    """LangChain's middleware asks about two calls: one is edited, the other denied, and the model hears both."""
    thread, card = await begun(abroad, "team", {"messages": [{"role": "user", "content": "go"}]})
    assert "edit:0" in abroad.buttons(card.ts)
    await form(abroad, ANA, card, "edit:0", {"arg:1": 450})
    await abroad.until(lambda: True if "edit:0" not in abroad.buttons(card.ts) else None)
    await form(abroad, BEN, card, "deny:1", {"reason": DENIED})
    state = await ended(abroad, thread, card)
    last = state["messages"][-1]["content"]
    assert "wired 450 to Acme" in last
    assert DENIED in last
    assert (await abroad.only()).resolution is Resolution.EDITED


@pytest.mark.parametrize("button", ["approve", "deny"])
async def test_a_batch_is_decided_as_a_whole(abroad: Desk, button: str) -> None:
    """Approve all and deny all say the same of each call."""
    thread, card = await begun(abroad, "team", {"messages": [{"role": "user", "content": "go"}]})
    if button == "approve":
        await abroad.slack.click(ANA, CHANNEL, card.ts, "approve")
    else:
        await form(abroad, ANA, card, "deny", {"reason": DENIED})
    state = await ended(abroad, thread, card)
    last = state["messages"][-1]["content"]
    if button == "approve":
        assert last == "wired 900 to Acme; shredded /tmp/x"
    else:
        assert last.count(DENIED) == 2
        assert "wired" not in last
