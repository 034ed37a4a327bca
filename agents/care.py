"""What must not be trusted: nodes that are gone, state that cannot be written back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from langgraph.types import StateSnapshot
from pydantic import JsonValue

from agents.graphs import Graph, holds_last_value, subgraphs
from agents.payload import copy_json
from agents.pending import Pending, Rest
from approvals.model import Approval

COPY = "__copy__"
"""LangGraph's name for “the same checkpoint again”: every open question is asked anew, under a new id."""


def gone(graph: Graph, pending: Pending, live: Sequence[Approval]) -> str:
    """Why a thread that looks finished is not: it waited at a node that the graph no longer has. Empty if it is."""
    if pending.rest is not Rest.FINISHED:
        return ""
    nodes = _names(graph)
    missing = sorted({a.interrupt.node for a in live if a.interrupt.node and a.interrupt.node not in nodes})
    if not missing:
        return ""
    return (
        f"The graph was changed while it waited: it has no {', '.join(missing)} any more. Nothing was executed. "
        "Put the node back and repair the thread, or start a new one."
    )


def _names(graph: Graph) -> set[str]:
    """Its nodes, and those of the graphs within it."""
    inner = (_names(each) for each in subgraphs(graph).values())
    return set(cast("Mapping[str, object]", graph.nodes)).union(*inner)


async def came_from(graph: Graph, state: StateSnapshot) -> str:
    """The one node that ran before this pause, as `update_state` wants to know; empty if there were several."""
    if state.parent_config is None:
        return ""
    before = (await graph.aget_state(state.parent_config)).next
    return before[0] if len(before) == 1 else ""


def editable(graph: Graph, state: StateSnapshot) -> dict[str, JsonValue]:
    """The part of the state that people may change: plain values that a write replaces, as JSON, whole.

    A channel with a reducer is left out: a write would be added to it.
    """
    values: Any = state.values
    if not isinstance(values, Mapping):
        return {}
    found: dict[str, JsonValue] = {}
    for name, value in cast("Mapping[str, object]", values).items():
        copied = copy_json(value)
        if holds_last_value(graph, name) and copied.whole and value is not None and _same(copied.value, value):
            found[name] = copied.value
    return found


def _same(copy: JsonValue, value: object) -> bool:
    try:
        return json.dumps(copy, allow_nan=False) == json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
