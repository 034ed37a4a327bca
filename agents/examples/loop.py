"""Asks again until the answer makes sense; each round says what was wrong with the one before."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

from typing import NotRequired, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt


class Person(TypedDict, total=False):
    """`age` is asked for."""

    age: NotRequired[int]
    result: NotRequired[str]


def ask(state: Person) -> dict[str, object]:
    """`langgraph.json` says that a number is wanted: else the answer would be text."""
    del state
    prompt = "What is your age?"
    while True:
        answer = interrupt(prompt)
        if isinstance(answer, int) and answer > 0:
            return {"age": answer, "result": f"You are {answer}."}
        prompt = f"“{answer}” is not an age. What is your age, as a positive number?"


graph = StateGraph(Person).add_node("ask", ask).add_edge(START, "ask").add_edge("ask", END).compile()
