"""What a thread on a server waits for, read from its state: the same words as for threads here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from langchain_core.messages import convert_to_messages
from langgraph.types import Interrupt, StateSnapshot

from agents.outcome import outcome
from agents.payload import to_json
from agents.pending import Asked, Pending, Rest
from agents.remote.client import Error, error_of
from approvals.model import JsonValue, Outcome


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a thread. `updated`: the last checkpoint was written by hand, not by a run."""

    status: str
    error: Error | None
    assistant: str
    pending: Pending
    values: JsonValue
    outcome: Outcome
    updated: bool

    @property
    def busy(self) -> bool:
        return self.status == "busy"

    def broken_off(self) -> Look:
        """The same, where the last run turned out to be cancelled: that looks like a breakpoint, and asks nothing."""
        return replace(self, pending=Pending(Rest.MIDSTEP, self.pending.checkpoint_id))


def look(thread: Mapping[str, Any], state: Mapping[str, Any]) -> Look:
    """From the thread's record and its latest state. The record must have been read first: what it calls interrupted
    stays so until somebody starts a run, and such a run is refused beside ours."""
    status = str(thread.get("status"))
    metadata = cast("Mapping[str, Any]", thread.get("metadata") or {})
    values = cast("object", state.get("values"))
    pending = _pending(status, state)
    return Look(
        status=status,
        error=error_of(thread.get("error")) if status == "error" else None,
        assistant=str(metadata.get("assistant_id") or metadata.get("graph_id") or ""),
        pending=pending,
        values=to_json(values),
        outcome=outcome(snapshot(values, finished=pending.rest is Rest.FINISHED)),
        updated=cast("Mapping[str, Any]", state.get("metadata") or {}).get("source") == "update",
    )


def _pending(status: str, state: Mapping[str, Any]) -> Pending:
    checkpoint = cast("Mapping[str, Any]", state.get("checkpoint") or {})
    checkpoint_id = str(checkpoint.get("checkpoint_id") or "")
    following = tuple(str(node) for node in cast("list[object]", state.get("next") or []))
    tasks = cast("list[Mapping[str, Any]]", state.get("tasks") or [])
    if not following and not tasks:
        return Pending(Rest.FINISHED, checkpoint_id)
    if asked := tuple(_asked(tasks, failed=status == "error")):
        return Pending(Rest.ASKING, checkpoint_id, asked)
    if status == "interrupted" and following:
        return Pending(Rest.BREAKPOINT, checkpoint_id, before=following)
    return Pending(Rest.MIDSTEP, checkpoint_id)


def _asked(tasks: list[Mapping[str, Any]], *, failed: bool) -> Iterator[Asked]:
    """A task's error stays where it stood after a run in which it asked again: only the last run's counts."""
    seen: set[str] = set()
    for task in tasks:
        for found in cast("list[Mapping[str, Any]]", task.get("interrupts") or []):
            name = str(found.get("id") or "")
            if name and name not in seen:
                seen.add(name)
                schema = found.get("response_schema")
                interrupt = Interrupt(value=found.get("value"), id=name, response_schema=schema)
                yield Asked(
                    interrupt, str(task.get("name")), str(task.get("id")), failed and task.get("error") is not None
                )


def snapshot(values: object, *, finished: bool) -> StateSnapshot:
    """A state as LangGraph itself would give it, as far as it is told to people: its messages are LangChain's own."""
    if isinstance(values, dict):
        found = cast("dict[str, Any]", values)
        if isinstance(found.get("messages"), list):
            try:
                values = {**found, "messages": convert_to_messages(found["messages"])}
            except Exception:  # noqa: BLE001  what is no list of messages is told like any other value
                values = found
    return StateSnapshot(values, () if finished else ("",), {"configurable": {}}, None, None, None, (), ())
