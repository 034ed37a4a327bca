"""Graphs for the tests: nodes in a row that log what they do."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph


class Log(TypedDict, total=False):
    """Collects what the nodes did."""

    log: Annotated[list[str], operator.add]
    result: str


def line(*nodes: tuple[str, Any]) -> StateGraph[Any]:
    """A graph of nodes in a row."""
    graph = StateGraph(Log)
    for name, node in nodes:
        graph.add_node(name, node)
    for before, after in zip((START, *(n for n, _ in nodes)), (*(n for n, _ in nodes), END), strict=True):
        graph.add_edge(before, after)
    return graph
