"""A graph that stops before a node: what it would do can be looked at, changed, let through or ended."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

import operator
from typing import Annotated, NotRequired, TypedDict

from langgraph.graph import END, START, StateGraph


class Mail(TypedDict):
    """`to` comes in, `draft` is written, `result` goes out."""

    to: str
    draft: NotRequired[str]
    steps: Annotated[list[str], operator.add]
    result: NotRequired[str]


def write(state: Mail) -> dict[str, object]:
    """What a model would come up with."""
    return {"draft": f"Dear {state['to']}, your order is late.", "steps": ["written"]}


def send(state: Mail) -> dict[str, object]:
    """Sends what stands in the state by then."""
    return {"result": f"Sent: {state.get('draft')}", "steps": ["sent"]}


graph = (
    StateGraph(Mail)
    .add_node("write", write)
    .add_node("send", send)
    .add_edge(START, "write")
    .add_edge("write", "send")
    .add_edge("send", END)
    .compile(interrupt_before=["send"])
)
