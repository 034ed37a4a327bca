"""LangGraph's untyped parts, imported in one place, and what we call a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from langgraph._internal._constants import TASKS  # pyright: ignore[reportMissingTypeStubs]  private
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
    "holds_last_value",
    "is_builder",
    "is_graph",
    "subgraphs",
    "triggers",
    "undurable",
]


def is_graph(value: object) -> bool:
    """Something that can be run: a compiled graph, or an entrypoint of the functional API."""
    return isinstance(value, Pregel)


def triggers(graph: Graph) -> frozenset[str]:
    """The channels whose change makes a node run; `Send` has one of its own."""
    return frozenset({*graph.trigger_to_nodes, TASKS})


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


def undurable(graph: Graph) -> list[str]:
    """The subgraphs compiled with `checkpointer=False`, at any depth. LangGraph cannot run them durably, and asks what
    they ask under a new id each time, so that no answer ever finds the question. (One that is called inside a function
    is not seen here.)"""
    found: list[str] = []
    for name, spec in cast("dict[str, Any]", graph.nodes).items():
        bound = getattr(spec, "bound", None)
        parts: list[Any] = [bound, *cast("list[Any]", getattr(bound, "steps", []))]
        for part in parts:
            if is_graph(part):
                found += [name] if part.checkpointer is False else undurable(part)
    return found
