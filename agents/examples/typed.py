"""A typed question: what was decided comes back as a dataclass, under any front end of LangGraph."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

from typing import NotRequired, TypedDict

from langgraph.graph import END, START, StateGraph

from agents import ask


class Release(TypedDict):
    """`version` comes in, `result` goes out."""

    version: str
    result: NotRequired[str]


def ship(state: Release) -> dict[str, str]:
    """Asks, then ships."""
    answer = ask(
        f"Ship {state['version']} to production?",
        action="ship",
        args={"version": state["version"], "percent": 100},
        allow=("approve", "edit", "deny"),
    )
    if not answer.approved:
        return {"result": f"Not shipped: {answer.reason or 'denied'}"}
    return {"result": f"Shipped {answer.args['version']} to {answer.args['percent']} %"}


graph = StateGraph(Release).add_node("ship", ship).add_edge(START, "ship").add_edge("ship", END).compile()
