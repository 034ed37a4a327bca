"""What a thread waits for, from its state. `next` alone does not tell: an empty one may still have work to commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from langchain_core.runnables import RunnableConfig
from langgraph.types import Interrupt, PregelTask, StateSnapshot

from agents.graphs import Graph, subgraphs


class Rest(StrEnum):
    """How a thread was found."""

    MISSING = "missing"
    """The checkpointer knows nothing of it."""
    FINISHED = "finished"
    ASKING = "asking"
    """Questions are open, and every other task of the step is done."""
    BREAKPOINT = "breakpoint"
    """Stopped by `interrupt_before` or `interrupt_after`. Must not go on by itself."""
    MIDSTEP = "midstep"
    """A run ended in the middle of a step (a crash, an error): it goes on with no input. Questions may be open too."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One open question. `errored`: its task took an answer and then raised, so that LangGraph keeps that answer."""

    interrupt: Interrupt
    node: str
    task_id: str
    errored: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """What was found. `before` and `after` name the nodes of a breakpoint."""

    rest: Rest
    checkpoint_id: str = ""
    asked: tuple[Asked, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the open questions."""
        return frozenset(asked.interrupt.id for asked in self.asked)


async def examine(graph: Graph, state: StateSnapshot) -> Pending:
    """Reads the latest state of a thread (taken without a `checkpoint_id`: an older one lists answered questions).

    Only a breakpoint makes it read more of the thread.
    """
    if state.metadata is None:
        return Pending(Rest.MISSING)
    checkpoint_id = _checkpoint_id(state)
    if not state.next and not state.tasks:
        return Pending(Rest.FINISHED, checkpoint_id)
    asked = tuple(_asked(state.tasks))
    if asked:
        waiting = sum(1 for task in state.tasks if task.interrupts)
        rest = Rest.MIDSTEP if len(state.next) > waiting else Rest.ASKING
        return Pending(rest, checkpoint_id, asked)
    if state.next and (held := await _breakpoint(graph, graph, state)):
        return held
    return Pending(Rest.MIDSTEP, checkpoint_id)


def _checkpoint_id(state: StateSnapshot) -> str:
    return str(state.config.get("configurable", {}).get("checkpoint_id", ""))


def _asked(tasks: Sequence[PregelTask]) -> Iterator[Asked]:
    seen: set[str] = set()
    for task in tasks:
        for interrupt in task.interrupts:
            if interrupt.id not in seen:
                seen.add(interrupt.id)
                yield Asked(interrupt, task.name, task.id, task.error is not None)


async def _breakpoint(root: Graph, graph: Graph, state: StateSnapshot) -> Pending | None:
    """The breakpoint that holds `graph` back, or a graph within it, if that is why it rests.

    The checkpoint is that of the graph it is compiled into: a loop in there comes by the same breakpoint again. A crash
    in exactly a node that is held back leaves the same state; it is taken for a breakpoint, since going on by itself
    would approve what nobody approved.
    """
    if before := _held(state.next, graph.interrupt_before_nodes):
        return Pending(Rest.BREAKPOINT, _checkpoint_id(state), before=before)
    if graph.interrupt_after_nodes and state.parent_config is not None:
        parent = await root.aget_state(state.parent_config)
        if after := _held(parent.next, graph.interrupt_after_nodes):
            return Pending(Rest.BREAKPOINT, _checkpoint_id(state), before=tuple(state.next), after=after)
    within = subgraphs(graph)
    if any(_stops(inner) for inner in within.values()):
        whole = await root.aget_state(_latest(state.config), subgraphs=True) if graph is root else state
        for task in whole.tasks:
            inner, child = within.get(task.name), task.state
            if inner is not None and isinstance(child, StateSnapshot) and child.next:
                held = await _breakpoint(root, inner, child)
                if held is not None:
                    return held
    return None


def _latest(config: RunnableConfig) -> RunnableConfig:
    return {"configurable": {"thread_id": config.get("configurable", {}).get("thread_id")}}


def _stops(graph: Graph) -> bool:
    deeper = any(_stops(inner) for inner in subgraphs(graph).values())
    return bool(graph.interrupt_before_nodes) or bool(graph.interrupt_after_nodes) or deeper


def _held(nodes: Sequence[str], stops: Sequence[str] | str) -> tuple[str, ...]:
    if isinstance(stops, str):
        return tuple(nodes) if stops == "*" else ()
    return tuple(node for node in nodes if node in stops)
