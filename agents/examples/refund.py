"""An agent proposes a refund; a person approves it, changes the amount, or says no."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt


class Refund(TypedDict):
    """`customer`, `amount` and `reason` come in, `result` goes out."""

    customer: str
    amount: float
    reason: NotRequired[str]
    proposal: NotRequired[dict[str, Any]]
    result: NotRequired[str]


def propose(state: Refund) -> dict[str, Any]:
    """What a model would come up with."""
    reason = state.get("reason") or "The parcel never arrived."
    args = {"customer": state["customer"], "amount": state["amount"], "currency": "USD", "note": reason}
    return {"proposal": {"action": "issue_refund", "args": args, "description": f"The customer writes: {reason}"}}


def act(state: Refund, config: RunnableConfig) -> dict[str, str]:
    """Asks, then pays. Nothing has an effect before the answer: this function runs again from its top when it comes."""
    answer = interrupt(state.get("proposal"))
    if not answer["approved"]:
        return {"result": f"No refund: {answer['reason'] or 'denied without a reason'}"}
    args = answer["args"]
    # The approval's id makes a payment that is sent twice recognisable.
    approval = config.get("metadata", {}).get("signoff_approval", "")
    paid = f"Refunded {money(args['amount'], args['currency'])} to customer {args['customer']}"
    return {"result": f"{paid} (approval {approval})" if approval else paid}


def money(amount: float, currency: str) -> str:
    """`$340.00`; other currencies by their code."""
    return f"${amount:,.2f}" if currency == "USD" else f"{currency} {amount:,.2f}"


graph = (
    StateGraph(Refund)
    .add_node("propose", propose)
    .add_node("act", act)
    .add_edge(START, "propose")
    .add_edge("propose", "act")
    .add_edge("act", END)
    .compile()
)
