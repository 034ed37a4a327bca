"""A graph written for Agent Inbox: it works here as it is."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# LangGraph's builder is only partly typed.

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt


class Mail(TypedDict):
    """`to` and `body` come in, `result` goes out."""

    to: str
    body: str
    result: NotRequired[str]


def send(state: Mail) -> dict[str, str]:
    """`interrupt(...)[0]`: such graphs expect a list with one response."""
    request: dict[str, Any] = {
        "action_request": {"action": "send_email", "args": {"to": state["to"], "body": state["body"]}},
        "config": {"allow_accept": True, "allow_edit": True, "allow_respond": True, "allow_ignore": True},
        "description": "The draft is ready to be sent.",
    }
    response = interrupt(request)[0]
    match response["type"]:
        case "accept" | "edit":
            args = response["args"]["args"]
            return {"result": f"Sent to {args['to']}: {args['body']}"}
        case "response":
            return {"result": f"Not sent; I was told: {response['args']}"}
        case _:
            return {"result": "Not sent."}


graph = StateGraph(Mail).add_node("send", send).add_edge(START, "send").add_edge("send", END).compile()
