"""A graph that compares the answer with words of its own: `langgraph.json` spells them."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt


class Post(TypedDict):
    """`draft` comes in, `result` goes out."""

    draft: str
    result: NotRequired[str]


def review(state: Post) -> Command[Literal["publish", "drop"]]:
    """The words decide where it goes on."""
    answer = interrupt({"question": "Is this fit to be published?", "draft": state["draft"]})
    return Command(goto="publish" if answer == "approve" else "drop")


def publish(state: Post) -> dict[str, str]:
    """Publishes."""
    return {"result": f"Published: {state['draft']}"}


def drop(state: Post) -> dict[str, str]:
    """Does not."""
    del state
    return {"result": "Dropped."}


graph = (
    StateGraph(Post)
    .add_node("review", review)
    .add_node("publish", publish)
    .add_node("drop", drop)
    .add_edge(START, "review")
    .add_edge("publish", END)
    .add_edge("drop", END)
    .compile()
)
