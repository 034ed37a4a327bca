"""Graphs deployed on a real LangGraph Server, unchanged: what they ask is found, decided here, and resumed there."""

from __future__ import annotations

from approvals.model import DecisionType, ThreadState
from tests.servers.conftest import Yard


async def test_a_question_on_the_server_is_approved_here(yard: Yard) -> None:
    """Nobody registered the thread: it is found, its question recorded, and the answer is in the graph's result."""
    there = await yard.start("refund", {"customer": "8821", "amount": 340.0})
    done = await yard.answer(there)
    assert done.graph == "dev/refund"
    assert await yard.result(there) == f"Refunded $340.00 to customer 8821 (approval {done.id})"
    assert done.outcome is not None
    assert done.outcome.finished
    assert done.outcome.text.startswith("Refunded $340.00")
    thread = await yard.thread(there)
    assert thread is not None
    assert thread.state is ThreadState.DONE
    assert (await yard.trail(done))[-2:] == ["resuming", "resumed"]
    assert DecisionType.EDIT in done.allowed
