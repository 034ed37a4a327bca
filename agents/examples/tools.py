"""Tools that ask before they act, in a graph of one's own: one task for each call, so that none runs twice."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

import ast
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode
from langgraph.types import Send, interrupt


class State(TypedDict):
    """The conversation."""

    messages: Annotated[list[AnyMessage], add_messages]


@tool
def restart(server: str) -> str:
    """Restarts a server, if somebody lets it."""
    answer = interrupt({"action": "restart", "server": server, "reply": "approved"})
    return f"{server}: {'restarted' if answer['approved'] else 'left alone, ' + answer['reason']}"


@tool
def delete_course(course: str) -> str:
    """Deletes a course. It wants an answer of its own making: see `langgraph.json`."""
    answer = interrupt({"action": "delete_course", "course": course, "message": f"Delete {course}?"})
    return f"{course}: {'deleted by ' + answer['operator'] if answer['confirmed'] else 'kept'}"


def model(state: State) -> dict[str, Any]:
    """Calls what the person wrote, such as `restart(server="a")`, line by line; a real model would decide."""
    calls = [ast.parse(line, mode="eval").body for line in str(state["messages"][-1].text).splitlines()]
    return {"messages": [AIMessage("", tool_calls=[_call(n, call) for n, call in enumerate(calls)])]}


def _call(number: int, call: ast.expr) -> Any:
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    args = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
    return {"name": call.func.id, "args": args, "id": f"call-{number}", "type": "tool_call"}


def each(state: State) -> list[Send]:
    """One task per call. A `ToolNode` that gets several calls at once runs those already approved again."""
    last = state["messages"][-1]
    assert isinstance(last, AIMessage)
    return [Send("tools", [call]) for call in last.tool_calls]


def report(state: State) -> dict[str, Any]:
    """Says what became of it."""
    told = sorted(str(message.text) for message in state["messages"] if message.type == "tool")
    return {"messages": [AIMessage("\n".join(told))]}


graph = (
    StateGraph(State)
    .add_node("model", model)
    .add_node("tools", ToolNode([restart, delete_course]))
    .add_node("report", report)
    .add_edge(START, "model")
    .add_conditional_edges("model", each, ["tools"])
    .add_edge("tools", "report")
    .add_edge("report", END)
    .compile()
)
