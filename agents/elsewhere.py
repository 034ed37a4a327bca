"""Answers that somebody gave behind Signoff's back, and that LangGraph keeps: whatever runs next would act on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph._internal._constants import NULL_TASK_ID  # pyright: ignore[reportMissingTypeStubs]  private
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.types import RESUME
from langgraph.types import PregelTask, StateSnapshot

from agents.fence import seen_writes
from agents.graphs import Graph
from agents.pending import Pending
from approvals.model import Approval

WHY = (
    "The agent is stuck on an answer that was given outside Signoff, or before the question changed: "
    "LangGraph would ignore another. "
    "Nothing of what was decided here was given to it. Ask again to drop that answer."
)
"""What the card says."""

_Writes = Sequence[tuple[str, str, object]]


async def answered_elsewhere(graph: Graph, state: StateSnapshot, pending: Pending) -> Counter[str]:
    """How many answers LangGraph keeps for each task (by id) that asks, as far as they may be another's.

    An answer that was given by its interrupt's id is kept with the task once its node raised. One that was given bare
    (`Command(resume="yes")`, without an id) is kept for whichever question comes next, until the step is done: that is
    counted for every task that asks.
    """
    found: Counter[str] = Counter()
    if not pending.asked:
        return found
    writes = await _writes(graph, state.config)
    if any(task == NULL_TASK_ID and channel == RESUME for task, channel, _ in writes):
        found.update({asked.task_id: BARE for asked in pending.asked})
    if any(asked.errored for asked in pending.asked):
        whole = await graph.aget_state(_latest(state.config), subgraphs=True)
        for task in whole.tasks:
            if task.interrupts and task.error is not None:
                found[task.id] += await _kept(graph, task, writes)
    return found


BARE = 1_000_000
"""Counted for a bare answer: more than were ever given."""


def beyond(kept: Counter[str], given: Sequence[Approval], pending: Pending) -> frozenset[str]:
    """The ids of the questions whose task keeps more answers than those that were handed over by us."""
    ours = Counter(approval.interrupt.task_id for approval in given)
    return frozenset(a.interrupt.id for a in pending.asked if kept[a.task_id] > ours[a.task_id])


async def _kept(graph: Graph, task: PregelTask, writes: _Writes) -> int:
    """Of the task itself, and of the tasks of the graph within it."""
    count = sum(_answers(value) for owner, channel, value in writes if owner == task.id and channel == RESUME)
    child = task.state
    if isinstance(child, StateSnapshot):
        inner = await _writes(graph, child.config)
        for each in child.tasks:
            count += await _kept(graph, each, inner)
    return count


def _answers(value: object) -> int:
    return len(value) if isinstance(value, list) else 1  # pyright: ignore[reportUnknownArgumentType]  of anything


async def _writes(graph: Graph, config: RunnableConfig) -> _Writes:
    if (known := seen_writes(config)) is not None:
        return known
    saver = cast("object", cast("Any", graph).checkpointer)
    saver = cast("BaseCheckpointSaver[Any] | None", saver if isinstance(saver, BaseCheckpointSaver) else None)
    found = await saver.aget_tuple(config) if saver is not None else None
    return (found.pending_writes or []) if found is not None else []


def _latest(config: RunnableConfig) -> RunnableConfig:
    return {"configurable": {"thread_id": config.get("configurable", {}).get("thread_id")}}
