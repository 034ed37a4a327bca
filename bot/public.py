"""Records as other programs see them: the JSON of the command line. Times are ISO 8601 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from approvals import automatic
from approvals.book import PolicyVersion
from approvals.events import Event
from approvals.model import ActorRef, Approval, Decision
from approvals.question import Question


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _actor(actor: ActorRef) -> dict[str, Any]:
    found = {"id": actor.id, "source": actor.source.value}
    return found | {"behalf": actor.behalf} if actor.behalf else found


def _decision(decision: Decision) -> dict[str, Any]:
    alone: dict[str, Any] = {"alone": True} if decision.alone else {}
    return alone | {
        "type": decision.type.value,
        "action": decision.action,
        "actor": _actor(decision.actor),
        "reason": decision.reason,
        "args": dict(decision.args) if decision.args is not None else None,
        "text": decision.text,
        "at": _time(decision.at),
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "number": question.number,
        "text": question.text,
        "by": question.by,
        "at": _time(question.at),
        "to": list(question.to),
        "answer": question.answer,
        "answered_by": question.answered_by,
        "answered_at": _time(question.answered_at),
    }


def approval(record: Approval) -> dict[str, Any]:
    """One approval."""
    return {
        "id": record.id,
        "graph": record.graph,
        "thread_id": record.thread_id,
        "interrupt_id": record.interrupt.id,
        "title": record.title,
        "description": record.description,
        "dialect": record.dialect,
        "status": record.status.value,
        "resolution": record.resolution.value if record.resolution else None,
        "level": record.level,
        "actions": [
            {
                "name": action.name,
                "args": dict(action.args),
                "description": action.description,
                "allowed": [kind.value for kind in action.allowed],
            }
            for action in record.actions
        ],
        "allowed": [kind.value for kind in record.allowed],
        "decisions": [_decision(decision) for decision in record.decisions],
        "questions": [_question(question) for question in record.questions],
        "messages": [
            {"channel": message.channel, "ts": message.ts, "kind": message.kind.value} for message in record.messages
        ],
        "policy": record.policy.name,
        "automatic": automatic.decided(record),
        "urgency": record.urgency.value,
        "requester": record.requester,
        "opened_at": _time(record.opened_at),
        "expires_at": _time(record.expires_at),
        "resolved_at": _time(record.resolved_at),
        "closed_at": _time(record.closed_at),
        "error": record.error,
        "outcome": None
        if record.outcome is None
        else {"finished": record.outcome.finished, "text": record.outcome.text},
    }


def event(record: Event) -> dict[str, Any]:
    """One line of the audit."""
    return {
        "seq": record.seq,
        "type": record.type.value,
        "at": _time(record.at),
        "actor": _actor(record.actor),
        "approval_id": record.approval_id,
        "thread_id": record.thread_id,
        "version": record.version,
        "data": dict(record.data),
    }


def policy_version(record: PolicyVersion) -> dict[str, Any]:
    """One version of the policies, without its text."""
    return {
        "number": record.number,
        "author": _actor(record.author),
        "at": _time(record.at),
        "note": record.note,
        "hash": record.hash,
    }
