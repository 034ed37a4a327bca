"""A question that states the schema of its answer: it becomes a form, and the node gets a checked object."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NotRequired, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel, Field


class Room(StrEnum):
    """What there is."""

    SMALL = "small"
    LARGE = "large"


class Booking(BaseModel):
    """The answer."""

    room: Room
    day: date
    guests: int = Field(ge=1, le=20, description="How many people will come")
    projector: bool = False
    note: str | None = Field(default=None, description="Anything the caterer should know")


class State(TypedDict):
    """`city` comes in, `result` goes out."""

    city: str
    result: NotRequired[str]


def ask(state: State) -> dict[str, str]:
    """LangGraph hands over a `Booking`, or asks again."""
    booking: Booking = interrupt(f"Which room in {state['city']}?", response_schema=Booking)
    extra = " with a projector" if booking.projector else ""
    return {"result": f"A {booking.room} room in {state['city']} on {booking.day} for {booking.guests}{extra}"}


graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").add_edge("ask", END).compile()
