"""An agent that does not know what to do asks, in plain text, and goes on with what it is told."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

from typing import NotRequired, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt


class Booking(TypedDict):
    """`city` comes in; `date` is asked for; `result` goes out."""

    city: str
    date: NotRequired[str]
    result: NotRequired[str]


def ask(state: Booking) -> dict[str, str]:
    """The interrupt value is the question, the resume value the answer."""
    answer = interrupt(f"For which day should I book the room in {state['city']}?")
    return {"date": str(answer)} if answer not in (True, False) else {"date": ""}


def book(state: Booking) -> dict[str, str]:
    """Books, or leaves it."""
    day = state.get("date")
    return {"result": f"Booked a room in {state['city']} for {day}." if day else "Nothing booked."}


graph = (
    StateGraph(Booking)
    .add_node("ask", ask)
    .add_node("book", book)
    .add_edge(START, "ask")
    .add_edge("ask", "book")
    .add_edge("book", END)
    .compile()
)
