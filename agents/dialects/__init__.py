"""Interrupt formats, one class each, both directions; the first that knows an interrupt reads it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from langgraph.types import Interrupt
from pydantic import JsonValue

from agents.dialects.base import Context, Dialect, Reading, check_decision
from agents.dialects.breakpoint import Breakpoint
from agents.dialects.decision import DecisionRequest
from agents.dialects.inbox import AgentInbox
from agents.dialects.middleware import Middleware, PerCall
from agents.dialects.plain import Plain
from agents.dialects.replies import Replies
from agents.naming import named
from agents.payload import payload_hash, to_json
from approvals.model import Approval, Decision, Draft, InterruptRef, Reply
from approvals.policy import Urgency
from approvals.refusals import Reason, Refusal

DIALECTS: tuple[Dialect, ...] = (DecisionRequest(), Middleware(), PerCall(), AgentInbox(), Breakpoint(), Plain())
"""In order: the last reads everything."""

KEPT, SMALL = 512, 4_096
"""How many readings are kept, and of questions of how many characters at the most. What waits is read again when its
answer is there: most often it is what was read when it was asked."""

__all__ = ["DIALECTS", "Context", "Dialect", "Dialects", "Reading"]


class Dialects:
    """Interrupts into drafts, decisions into resume values. Implements `approvals.ports.Translator`."""

    def __init__(self, dialects: Sequence[Dialect] = DIALECTS, *, replies: Replies | None = None) -> None:
        self._dialects = tuple(dialects)
        self._replies = replies or Replies()
        self._named = {dialect.name: dialect for dialect in self._dialects}
        self._known: dict[tuple[str, ...], tuple[str, Draft]] = {}

    def read(
        self, interrupt: Interrupt, *, graph: str, node: str = "", task_id: str = "", checkpoint_id: str = ""
    ) -> Draft:
        """The draft of an interrupt, whatever its value is. Never raises."""
        payload = to_json(interrupt.value)
        schema = to_json(_schema_of(interrupt))
        at = (interrupt.id, graph, node, task_id, checkpoint_id)
        text = json.dumps([payload, schema])  # by their text: True and 1 are equal, and not the same question
        if (known := self._known.get(at)) is not None and known[0] == text:
            return known[1]
        draft = self._read(interrupt, payload, schema, at)
        if len(text) <= SMALL:
            while len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[at] = (text, draft)
        return draft

    def _read(self, interrupt: Interrupt, payload: JsonValue, schema: JsonValue, at: tuple[str, ...]) -> Draft:
        _, graph, node, task_id, checkpoint_id = at
        context = Context(graph, node, self._replies)
        for dialect in self._dialects:
            reading = dialect.read(interrupt.value, schema, context)
            if reading is not None:
                break
        else:
            dialect = Plain()
            reading = dialect.read(payload, schema, context) or _unread(node)
        schema = reading.schema if schema is None else schema
        # What is hashed is what a click is about: where the answer would be another, so is the question.
        asked: list[JsonValue] = [payload, schema, reading.reply, reading.template]
        draft = Draft(
            interrupt=InterruptRef(
                id=interrupt.id,
                payload_hash=payload_hash(asked),
                node=node,
                task_id=task_id,
                checkpoint_id=checkpoint_id,
            ),
            dialect=dialect.name,
            title=reading.title,
            actions=reading.actions,
            payload=payload,
            description=reading.description,
            schema=schema,
            reply=reading.reply,
            why=reading.why,
            template=reading.template,
            urgency=_urgency(payload),
        )
        return named(draft, graph, self._replies.titles)

    def check(self, approval: Approval, decision: Decision) -> Refusal | None:
        """Whether the graph can take this decision."""
        dialect = self._named.get(approval.dialect)
        if dialect is None:
            return _unknown(approval)
        return check_decision(approval, decision) or dialect.check(approval, decision)

    def compose(self, approval: Approval) -> Reply | Refusal:
        """The resume value of a fully decided approval."""
        dialect = self._named.get(approval.dialect)
        return dialect.compose(approval) if dialect is not None else _unknown(approval)


def _urgency(payload: JsonValue) -> Urgency:
    """What a graph may say beside its question, whatever the format: `"urgency": "high"`. Anything else is normal."""
    said = payload.get("urgency") if isinstance(payload, dict) else None
    return Urgency(said) if isinstance(said, str) and said in list(Urgency) else Urgency.NORMAL


def _schema_of(interrupt: Interrupt) -> Any:
    return getattr(interrupt, "response_schema", None)


def _unread(node: str) -> Reading:
    return Reading(actions=(), title=node)


def _unknown(approval: Approval) -> Refusal:
    return Refusal(Reason.NOT_POSSIBLE, f"This version does not know the dialect “{approval.dialect}”.")
