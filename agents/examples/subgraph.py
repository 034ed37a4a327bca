"""A question within a graph within the graph, which keeps no checkpoints of its own."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

from typing import NotRequired, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt


class State(TypedDict):
    """`greeting` comes in, `name` is asked for below, `result` goes out."""

    greeting: str
    name: NotRequired[str]
    result: NotRequired[str]


def who(state: State) -> dict[str, str]:
    """Asks."""
    del state
    return {"name": interrupt("What's your name?")}


def greet(state: State) -> dict[str, str]:
    """Greets."""
    return {"result": f"{state['greeting']}, {state.get('name')}!"}


inner = StateGraph(State).add_node("who", who).add_edge(START, "who").add_edge("who", END).compile()

graph = (
    StateGraph(State)
    .add_node("person", inner)
    .add_node("greet", greet)
    .add_edge(START, "person")
    .add_edge("person", "greet")
    .add_edge("greet", END)
    .compile()
)
