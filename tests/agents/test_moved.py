"""A thread that somebody else moves at the very moment of our resume, and nodes whose result cannot be stored."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from langgraph.types import Command, interrupt

from agents.fence import fenced
from approvals.model import Approval, DecisionType, Lease, Status, ThreadState
from approvals.service import Done
from tests.agents.conftest import OPERATOR, Desk
from tests.agents.graphs import Log, line
from tests.agents.test_care import open_fence

pytestmark = pytest.mark.both_servers

APPROVE = DecisionType.APPROVE


@pytest.mark.parametrize("theirs", [True, {"keyed": True}])
async def test_an_answer_never_reaches_the_question_that_came_instead(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, theirs: object
) -> None:
    """Between our look and our resume somebody answers the question, and the next one stands there: LangGraph's strict
    resume refuses our id, the new question is asked of people, and only the first was answered, by them."""
    asked: list[tuple[str, object]] = []

    def first(_: Log) -> Log:
        asked.append(("first", interrupt({"action": "first", "args": {}})))
        return {"log": ["first"]}

    def second(_: Log) -> Log:
        asked.append(("second", interrupt({"action": "second", "args": {}})))
        return {"log": ["second"]}

    thread = await desk.start(line(("first", first), ("second", second)))
    approval = await desk.decide(await desk.the_one(thread), APPROVE)
    ours = desk.journal.resuming
    moved: list[Approval] = []

    async def resuming(lease: Lease, batch: Sequence[Approval], **more: Any) -> Sequence[Approval]:
        if not moved:
            moved.extend(batch)
            graph = await desk.graphs.graph("g")
            given: Any = (
                {"approved": "elsewhere"} if theirs is True else {approval.interrupt.id: {"approved": "elsewhere"}}
            )
            with fenced(open_fence):
                await graph.ainvoke(Command(resume=given), {"configurable": {"thread_id": thread.id}})
        return await ours(lease, batch, **more)

    monkeypatch.setattr(desk.journal, "resuming", resuming)
    await desk.driver.drive(thread.id)
    assert moved
    assert asked == [("first", {"approved": "elsewhere"})]
    waiting = await desk.the_one(thread)
    assert waiting.actions[0].name == "second"
    monkeypatch.undo()
    thread = await desk.answer(thread, APPROVE)
    assert thread.state is ThreadState.DONE
    assert [name for name, _ in asked] == ["first", "second"]


@pytest.mark.parametrize(
    ("what", "value"),
    [("lock", threading.Lock), ("generator", lambda: (n for n in range(3))), ("code", lambda: lambda: 1)],
)
async def test_a_result_that_cannot_be_stored_fails_and_says_so(desk: Desk, what: str, value: Any) -> None:
    """After the attempts the card says what is wrong; with the node mended, Retry goes on with the same answer."""
    broken = [True]

    def node(_: Log) -> Log:
        answer = interrupt({"action": "pay", "args": {}})
        return {"log": [value() if broken[0] else f"paid {answer['approved']}"]}

    thread = await desk.start(line(("n", node)))
    approval = await desk.decide(await desk.the_one(thread), APPROVE)
    for _ in range(3):
        await desk.driver.drive(thread.id)
    approval = await desk.get(approval)
    assert approval.status is Status.FAILED
    assert approval.error
    assert "serializ" in approval.error.lower(), approval.error
    broken[0] = False
    assert isinstance(await desk.approvals.retry(approval.id, OPERATOR), Done)
    await desk.driver.drive(thread.id)
    assert (await desk.get(approval)).status is Status.RESUMED
    assert (await desk.values(thread))["log"] == ["paid True"]
