"""Graphs deployed on a real LangGraph Server, unchanged: what they ask is found, decided here, and resumed there."""

from __future__ import annotations

import asyncio

import pytest

from approvals.model import DecisionType, Status, ThreadState
from tests.servers.conftest import TENANT, Yard, watching


async def test_a_question_on_the_server_is_approved_here(yard: Yard) -> None:
    """Nobody registered the thread: it is found, its question recorded, and the answer is in the graph's result."""
    there = await yard.start("refund", {"customer": "8821", "amount": 340.0}, metadata={"signoff_requester": "U0ANA"})
    done = await yard.answer(there)
    assert done.graph == "dev/refund"
    assert done.requester == "U0ANA"
    assert DecisionType.EDIT in done.allowed
    assert await yard.result(there) == f"Refunded $340.00 to customer 8821 (approval {done.id})"
    assert done.outcome is not None
    assert done.outcome.finished
    assert done.outcome.text.startswith("Refunded $340.00")
    thread = await yard.thread(there)
    assert thread is not None
    assert thread.state is ThreadState.DONE
    assert (await yard.trail(done))[-2:] == ["resuming", "resumed"]
    found = await yard.core.runner.look(thread.id)
    assert found.values == {**(await yard.client.threads.get_state(there))["values"]}  # type: ignore[dict-item]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No run is waited for."""
    monkeypatch.setattr("agents.remote.driver.WAIT", 0.05)


@pytest.mark.usefixtures("impatient")
async def test_replicas_share_the_work_and_long_runs_are_looked_at_again(yard: Yard) -> None:
    """Two processes watch one server, and no run ends while it is waited for: each thread has one question, one resume
    and one outcome all the same."""
    async with watching(yard.core.settings) as other:
        desks = (yard, Yard(other, yard.client))
        modes = ["slow", "plain", "plain", "slow"]
        threads = await asyncio.gather(*(yard.start("gate", {"mode": mode}, context=TENANT) for mode in modes))
        questions = await asyncio.gather(*(yard.the_one(there) for there in threads))
        await asyncio.gather(*(desks[n % 2].decide(q, DecisionType.APPROVE) for n, q in enumerate(questions)))
        for there, question in zip(threads, questions, strict=True):
            done = await yard.ended(question, Status.RESUMED)
            assert done.outcome is not None
            assert done.outcome.text == await yard.result(there) == f"True for acme by {done.id}"
            assert [a.id for a in await yard.all(there)] == [done.id]
            assert len(await yard.client.runs.list(there, limit=10)) == 2
