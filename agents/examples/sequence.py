"""Two people say yes, one after the other, in one node that takes any answer for a yes."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

from typing import NotRequired, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt


class Purchase(TypedDict):
    """`item` comes in, `result` goes out."""

    item: str
    result: NotRequired[str]


def approve(state: Purchase) -> dict[str, str]:
    """It cannot take a no, so `langgraph.json` says that a no ends the thread."""
    interrupt({"require": "manager_approval", "item": state["item"]})
    interrupt({"require": "finance_approval", "item": state["item"]})
    return {"result": f"Ordered {state['item']}."}


graph = StateGraph(Purchase).add_node("approve", approve).add_edge(START, "approve").add_edge("approve", END).compile()
