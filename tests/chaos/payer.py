"""The agents under test: they ask, then they pay. Their payments are files and lines in files, so that each is seen."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import operator
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from approvals.points import Point, reached

BOOKS = Path(os.environ["CHAOS_BOOKS"])
AMOUNT = 100


class Order(TypedDict, total=False):
    """`order` comes in, `paid` goes out."""

    order: str
    paid: Annotated[list[str], operator.add]


def paying(part: str) -> Any:
    """A node that asks for its part of the order, and pays it as it was approved or edited."""

    def pay(state: Order, config: RunnableConfig) -> dict[str, Any]:
        order = state["order"] + part
        answer = interrupt({"action": "pay", "args": {"order": order, "amount": AMOUNT}})
        if not answer["approved"]:
            return {"paid": []}
        # Where several were answered at once, the configuration names them all, and the answer its own.
        assert answer["approval"] in config["metadata"]["signoff_approval"].split(",")
        _pay(answer["approval"], answer["args"])
        reached(Point.ACTED, answer["approval"])
        return {"paid": [order]}

    return pay


def _pay(approval: str, args: dict[str, Any]) -> None:
    """Pays twice over: carelessly, a line for each run of the node; and carefully, once an approval id."""
    with (BOOKS / "careless").open("ab", buffering=0) as file:  # one write, appended as a whole
        file.write(f"{approval} {os.getpid()} {args['amount']} {args['order']}\n".encode())
    # The way in which a node closes the window: the id of the approval is the key of the payment.
    draft, paid = BOOKS / f"draft-{approval}-{os.getpid()}", BOOKS / f"paid-{approval}"
    draft.write_text(f"{args['amount']} {args['order']}")
    with suppress(FileExistsError):
        os.link(draft, paid)  # which it is whole or not at all


graph = StateGraph(Order).add_node("pay", paying("")).add_edge(START, "pay").add_edge("pay", END).compile()
"""One question."""

several = (
    StateGraph(Order)
    .add_node("left", paying(" left"))
    .add_node("right", paying(" right"))
    .add_node("then", paying(" then"))
    .add_node("last", paying(" last"))
    .add_edge(START, "left")
    .add_edge(START, "right")
    .add_edge(["left", "right"], "then")
    .add_edge("then", "last")
    .add_edge("last", END)
    .compile()
)
"""Two questions beside each other, then two after each other."""
