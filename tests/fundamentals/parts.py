"""What the lessons share: a graph of nine lines, and a policy."""

from __future__ import annotations

from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from approvals.model import Thread
from approvals.policy import Expiry, OnExpiry, Policy
from tests.conftest import VirtualClock


class State(TypedDict, total=False):
    """`amount` goes in, `result` comes out."""

    amount: float
    result: str


def act(state: State) -> State:
    """Pauses for a person, then acts on the answer."""
    answer = interrupt({"action": "issue_refund", "args": {"amount": state.get("amount", 0.0)}})
    return {"result": f"refunded {answer['args']['amount']}" if answer["approved"] else "no refund"}


def builder() -> Any:
    """Not compiled yet: whoever compiles it says where it is kept."""
    return StateGraph(State).add_node("act", act).add_edge(START, "act").add_edge("act", END)


POLICY = Policy(name="refunds", channel="C0APPROVALS", remind=(600.0,), expire=Expiry(after=3600.0, then=OnExpiry.DENY))


def thread(clock: VirtualClock) -> Thread:
    """A thread as it is registered before its first run."""
    return Thread(id="t-1", graph="refund", input={"amount": 340.0}, created_at=clock())
