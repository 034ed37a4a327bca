"""Several questions at once, one per server: each is answered by itself, by whoever comes first."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

import operator
from typing import Annotated, NotRequired, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, interrupt


class Fleet(TypedDict):
    """`servers` comes in; `done` collects what became of each."""

    servers: list[str]
    done: Annotated[list[str], operator.add]
    result: NotRequired[str]


class Server(TypedDict):
    """What one restart is told."""

    server: str


def fan_out(state: Fleet) -> list[Send]:
    """One task per server. A question of its own needs a task of its own: a loop in one node would ask one by one."""
    return [Send("restart", {"server": server}) for server in state["servers"]]


def restart(state: Server) -> dict[str, list[str]]:
    """Asks for one server."""
    answer = interrupt({"action": "restart_server", "server": state["server"]})
    return {"done": [f"{state['server']}: {'restarted' if answer['approved'] else 'left alone'}"]}


def report(state: Fleet) -> dict[str, str]:
    """Runs once all are answered."""
    return {"result": "\n".join(sorted(state["done"]))}


graph = (
    StateGraph(Fleet)
    .add_node("restart", restart)
    .add_node("report", report)
    .add_conditional_edges(START, fan_out, ["restart"])
    .add_edge("restart", "report")
    .add_edge("report", END)
    .compile()
)
