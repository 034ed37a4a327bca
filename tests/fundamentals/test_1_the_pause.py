"""Lesson 1: LangGraph pauses, and a dialect understands what was asked."""

from __future__ import annotations

from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from agents.dialects import Dialects
from approvals.model import DecisionType
from tests.fundamentals.parts import builder


async def test_a_node_that_calls_interrupt_stops_the_graph() -> None:
    """The graph returns at once; the question has an id, and the thread's state says that it waits."""
    graph = builder().compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t-1"}}
    result: dict[str, Any] = await graph.ainvoke({"amount": 340.0}, config)
    (question,) = result["__interrupt__"]
    assert question.value == {"action": "issue_refund", "args": {"amount": 340.0}}
    assert (await graph.aget_state(config)).next == ("act",)

    # Whoever knows the id can answer. This is all that LangGraph offers: who may, and how often, is up to us.
    done = await graph.ainvoke(Command(resume={question.id: {"approved": True, "args": {"amount": 340.0}}}), config)
    assert done["result"] == "refunded 340.0"


async def test_a_dialect_reads_the_question_into_a_draft() -> None:
    """A draft says what the agent wants to do, and how it may be answered."""
    graph = builder().compile(checkpointer=InMemorySaver())
    result: dict[str, Any] = await graph.ainvoke({"amount": 340.0}, {"configurable": {"thread_id": "t-1"}})
    draft = Dialects().read(
        result["__interrupt__"][0], graph="refund", node="act", task_id="task", checkpoint_id="checkpoint"
    )
    (action,) = draft.actions
    assert (draft.dialect, action.name, dict(action.args)) == ("plain", "issue_refund", {"amount": 340.0})
    assert set(action.allowed) == {DecisionType.APPROVE, DecisionType.EDIT, DecisionType.DENY}
