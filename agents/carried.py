"""Whether what a graph was given is what was approved: the audit against the record and against LangGraph's checkpoint.

LangGraph keeps an answer as a write named `__resume__`, with the task and the checkpoint that asked. Not for
breakpoints, and not where the checkpoint was deleted: then nothing can be compared, and that is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.types import RESUME

from agents.payload import to_json
from approvals import evidence
from approvals.audit import reading
from approvals.audit.check import Finding, Kind
from approvals.audit.entries import Entry, at_of
from approvals.errors import StoreError
from approvals.events import Event, EventType
from approvals.model import Approval
from approvals.ports import ApprovalStore, Query

DEEP = 20
"""Checkpoints of a graph within a node that are looked at."""


@dataclass(slots=True)
class Compared:
    """`answers`: found in a checkpoint and right; `not_kept`: approvals of which LangGraph keeps no answer;
    `not_noted`: carried out before the audit kept hashes."""

    answers: int = 0
    not_kept: int = 0
    not_noted: int = 0


class Carried:
    """Looks at every approval that was carried out, when its event is come by."""

    def __init__(self, store: ApprovalStore, saver: BaseCheckpointSaver[Any]) -> None:
        self._store = store
        self._saver = saver
        self.compared = Compared()

    async def look(self, entry: Entry) -> Sequence[Finding]:
        """What does not fit, of the event's approval; nothing for any other event."""
        fields = reading.said(entry) if b'"resumed"' in entry.text else {}
        if reading.type_of(fields) != EventType.RESUMED or not isinstance(fields.get("approval_id"), str):
            return ()
        try:
            approval = await self._store.get(fields["approval_id"])
            trail = await self._store.audit(fields["approval_id"])
        except (StoreError, ValueError):
            approval, trail = None, ()
        before = [event for event in trail if at_of(event.seq) < entry.at]
        given = _last(before, EventType.RESUMING, "given")
        if approval is None or given is None:
            self.compared.not_noted += 1
            return ()
        found = [*_decided(approval, before, given, entry.seq)]
        values = await self._answers(approval, _last(before, EventType.RESUMING, "checkpoint"), given)
        if given in values:
            self.compared.answers += 1
        elif values - await self._ours(approval.thread_id):
            text = f"thread {approval.thread_id} was given another answer than approval {approval.id} gave"
            found.append(Finding(Kind.OTHER_ANSWER, text, seq=entry.seq, approval=approval.id))
        else:
            self.compared.not_kept += 1
        return found

    async def _answers(self, approval: Approval, checkpoint: str | None, given: str) -> set[str]:
        """The hashes of the answers that are kept for the task which asked, or for the graph within it."""
        asked = approval.interrupt
        if approval.reply is not None and approval.reply.ends:
            return set()  # the thread was ended: nothing was given to the task
        at = {"thread_id": approval.thread_id, "checkpoint_ns": ""}
        config: RunnableConfig = {"configurable": {**at, "checkpoint_id": checkpoint or asked.checkpoint_id}}
        kept = await self._saver.aget_tuple(config)
        writes = kept.pending_writes or [] if kept is not None else []
        found = {one for task, name, value in writes if (task, name) == (asked.task_id, RESUME) for one in _of(value)}
        if given in found or kept is None:
            return found
        inner: RunnableConfig = {"configurable": {**at, "checkpoint_ns": f"{asked.node}:{asked.task_id}"}}
        async for each in self._saver.alist(inner, limit=DEEP):
            found |= {one for _, name, value in each.pending_writes or [] if name == RESUME for one in _of(value)}
        return found

    async def _ours(self, thread_id: str) -> set[str]:
        """The hashes of all answers that approvals of the thread gave."""
        page = await self._store.page(Query(status=None, thread_id=thread_id, limit=1000))
        return {evidence.digest(each.reply.value) for each in page.approvals if each.reply is not None}


def _of(value: object) -> set[str]:
    """A task keeps a list of the answers it was given, in their order."""
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    return {evidence.digest(to_json(each)) for each in values}


def _last(trail: Sequence[Event], kind: EventType, name: str) -> str | None:
    found = [event.data.get(name) for event in trail if event.type is kind]
    return found[-1] if found and isinstance(found[-1], str) else None


def _decided(approval: Approval, trail: Sequence[Event], given: str, seq: str) -> Sequence[Finding]:
    """The answer as it was composed when the decision fell, and as the record has it."""
    found: list[Finding] = []
    answer = _last(trail, EventType.RESOLVED, "answer")
    if answer is not None and answer != given:
        text = f"the graph was given another answer than approval {approval.id} was resolved with"
        found.append(Finding(Kind.OTHER_ANSWER, text, seq=seq, approval=approval.id))
    if approval.reply is None or evidence.digest(approval.reply.value) != given:
        text = f"the record of approval {approval.id} has another answer than the graph was given"
        found.append(Finding(Kind.OTHER_RECORD, text, seq=seq, approval=approval.id))
    return found
