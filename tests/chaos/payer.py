"""The agent under test: it asks, then it pays. Its payments are lines in files, so that each is seen."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

BOOKS = Path(os.environ["CHAOS_BOOKS"])


class Order(TypedDict):
    """`order` comes in, `paid` goes out."""

    order: str
    paid: NotRequired[str]


def pay(state: Order, config: RunnableConfig) -> dict[str, Any]:
    """Pays twice over: carelessly, a line for each run of the node; and carefully, once an approval id."""
    answer = interrupt({"action": "pay", "args": {"order": state["order"]}})
    if answer["approved"]:
        approval = config["metadata"]["signoff_approval"]
        _line(BOOKS / "careless", f"{approval} {os.getpid()}")
        if state["order"] == "window" and not (BOOKS / f"paid-{approval}").exists():
            (BOOKS / f"paid-{approval}").touch()
            _line(BOOKS / "careful", approval)
            os.kill(os.getpid(), signal.SIGKILL)  # paid, and LangGraph never hears of it
        try:  # the way in which a node closes the window: the id of the approval is the key of the payment
            os.close(os.open(BOOKS / f"paid-{approval}", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            pass
        else:
            _line(BOOKS / "careful", approval)
    return {"paid": state["order"] if answer["approved"] else ""}


def _line(path: Path, text: str) -> None:
    """One write, appended as a whole."""
    with path.open("ab", buffering=0) as file:
        file.write(f"{text}\n".encode())


graph = StateGraph(Order).add_node("pay", pay).add_edge(START, "pay").add_edge("pay", END).compile()
