"""The server goes away and comes back: decisions wait, cards say so, and nothing counts as a failure of the graph."""

from __future__ import annotations

from approvals.model import Approval, DecisionType, Status
from bot.card import card
from bot.core import utc_now
from tests.scenarios.conftest import all_text
from tests.servers.conftest import Yard
from tests.servers.server import LangGraphServer


async def test_a_decision_waits_for_the_server(yard: Yard, deployed: LangGraphServer) -> None:
    """Stopped between question and answer, the server gets the answer once it is back; meanwhile the card tells."""
    there = await yard.start("refund", {"customer": "1", "amount": 2.0})
    question = await yard.the_one(there)
    deployed.stop()
    try:
        await yard.decide(question, DecisionType.APPROVE)

        async def told() -> Approval | None:
            found = await yard.core.records.approvals.get(question.id)
            return found if found is not None and found.unreachable else None

        waiting = await yard.until(told)
        assert waiting.status is Status.RESOLVED
        assert "server does not answer; the decision waits" in all_text(card(waiting, utc_now()).blocks)
    finally:
        deployed.start()
    done = await yard.ended(question, Status.RESUMED)
    assert await yard.result(there) == f"Refunded $2.00 to customer 1 (approval {done.id})"
    assert not done.unreachable
    assert done.attempts == 0
    thread = await yard.thread(there)
    assert thread is not None
    assert (thread.attempts, thread.error) == (0, None)
    trail = await yard.trail(done)
    assert trail.index("server_away") < trail.index("server_back") < trail.index("resuming") < trail.index("resumed")
