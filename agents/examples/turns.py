"""A conversation: each turn asks, and the next turn goes on from where the last one ended."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

import operator
from typing import Annotated, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt


class Chat(TypedDict):
    """`wish` comes in with each turn; `done` grows."""

    wish: str
    done: Annotated[list[str], operator.add]


def act(state: Chat) -> dict[str, list[str]]:
    """Asks for each wish."""
    ok = interrupt(f"May I {state['wish']}?")
    return {"done": [f"{state['wish']}: {'done' if ok else 'not done'}"]}


graph = StateGraph(Chat).add_node("act", act).add_edge(START, "act").add_edge("act", END).compile()
