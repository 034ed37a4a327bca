"""LangGraph's untyped parts, imported in one place, and what we call a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from langgraph.channels import LastValue  # pyright: ignore[reportMissingTypeStubs]  likewise
from langgraph.graph import END, StateGraph  # pyright: ignore[reportMissingTypeStubs]  LangGraph marks only some of its packages as typed
from langgraph.pregel import Pregel  # pyright: ignore[reportMissingTypeStubs]  likewise

Graph = Pregel[Any, Any, Any, Any]
Builder = StateGraph[Any, Any, Any, Any]

__all__ = [
    "END",
    "Builder",
    "Graph",
    "compiled",
    "has_no_checkpointer",
    "holds_last_value",
    "is_builder",
    "is_graph",
    "subgraphs",
]


def is_graph(value: object) -> bool:
    """Something that can be run: a compiled graph, or an entrypoint of the functional API."""
    return isinstance(value, Pregel)


def is_builder(value: object) -> bool:
    """A graph that is not compiled yet."""
    return isinstance(value, StateGraph)


def compiled(builder: object) -> object:
    """The graph of a builder, without a checkpointer."""
    return cast("Callable[[], object]", cast("Any", builder).compile)()


def subgraphs(graph: Graph) -> dict[str, Graph]:
    """The graphs that are nodes of this one, by node. (Graphs called inside a function are not known to LangGraph.)"""
    return {str(name): inner for name, inner in cast("Any", graph).get_subgraphs() if is_graph(inner)}


def holds_last_value(graph: Graph, name: str) -> bool:
    """Whether a write to this part of the state replaces what is there, instead of being added to it."""
    return isinstance(cast("Any", graph.channels).get(name), LastValue)


def has_no_checkpointer(graph: Graph) -> bool:
    """Compiled with `checkpointer=False`: it cannot pause and be found again."""
    return cast("Any", graph).checkpointer is False
