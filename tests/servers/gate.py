"""Deployed for the tests: a graph with a context of its own, whose answer is checked by its schema."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt
from pydantic import BaseModel, field_validator


@dataclass
class Tenant:
    """What every run must be given anew."""

    tenant: str


class Answer(BaseModel):
    """A rule that its JSON Schema does not tell."""

    word: str

    @field_validator("word")
    @classmethod
    def _even(cls, word: str) -> str:
        if len(word) % 2:
            raise ValueError("the word must have an even number of letters")
        return word


class State(TypedDict):
    """`mode` comes in, `result` goes out."""

    mode: str
    result: NotRequired[str]


async def ask(state: State, runtime: Runtime[Tenant], config: RunnableConfig) -> dict[str, str]:
    """`sleep` never asks; `word` asks by schema; `fail` raises whatever it is told; `slow` acts slowly."""
    if state["mode"] == "sleep":
        await asyncio.sleep(60.0)
    if state["mode"] == "word":
        answer: Answer = interrupt("Which word?", response_schema=Answer)
        return {"result": f"{answer.word} for {runtime.context.tenant}"}
    approved = interrupt({"question": "Shall I go on?", "reply": "bool"})
    if state["mode"] == "fail":
        raise RuntimeError("this never works")
    if state["mode"] == "slow":
        await asyncio.sleep(3.0)
    approval = config.get("metadata", {}).get("signoff_approval", "nobody")
    return {"result": f"{approved} for {runtime.context.tenant} by {approval}"}


graph = (
    StateGraph(State, context_schema=Tenant).add_node("ask", ask).add_edge(START, "ask").add_edge("ask", END).compile()
)
