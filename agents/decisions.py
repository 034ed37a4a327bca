"""Signoff's own graph: one question, asked over HTTP by something that has no graph.

A decision that is asked for over HTTP is a thread of this graph. So it is registered before anything is asked; its
card, policy, clocks, escalation and audit are those of every approval; it survives the same crashes, and an answer is
written down once: none of that is built a second time for HTTP. The cost is a checkpoint or two for each decision.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

DECISIONS = "decisions"
"""The name of the graph. No graph in `langgraph.json` can have it."""


class State(TypedDict):
    """`request` comes in, as `agents.dialects.decision` reads it; the answer is in the approval."""

    request: dict[str, Any]
    answered: NotRequired[bool]


def ask(state: State) -> dict[str, bool]:
    """Asks; whatever the answer is, there is nothing more to do."""
    interrupt(state["request"])
    return {"answered": True}


graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").add_edge("ask", END).compile()
