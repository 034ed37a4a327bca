"""The functional API: a function that pauses in its middle. What its tasks returned is kept; its body runs again."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

from langgraph.func import entrypoint, task
from langgraph.types import interrupt


@task
def essay(topic: str) -> str:
    """What a model would write."""
    return f"An essay about {topic}."


@entrypoint()
def graph(topic: str) -> str:
    """Writes, asks, and says what became of it."""
    text = essay(topic).result()
    approved = interrupt({"question": "Do you approve this essay?", "essay": text, "reply": "bool"})
    return f"Published: {text}" if approved else "Withdrawn."
