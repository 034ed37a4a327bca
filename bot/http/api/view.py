"""Records as the API tells them. Pure. `status` is the one place where our words become those of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

from agents.dialects.decision import moment
from approvals import automatic
from approvals.model import Approval, Resolution, Thread
from approvals.model import Status as Stage
from bot.http.api.models import Created, Decision, Status, Urgency

URGENCIES: Mapping[str, Urgency] = {"low": "low", "normal": "medium", "high": "high", "critical": "critical"}
"""Ours, as the contract calls them."""
PERMITTED = ("approved", "modified", "scheduled")


@dataclass(frozen=True, slots=True)
class Seen:
    """A decision as it stands: its thread (unknown in lists), and its approval once it was opened."""

    thread: Thread | None
    approval: Approval | None

    @property
    def opened(self) -> bool:
        """Somebody is asked, or it has ended."""
        return self.approval is not None or status(self) != "pending"

    @property
    def ended(self) -> bool:
        """There is an answer, or there will be none."""
        return status(self) != "pending"


def status(seen: Seen) -> Status:
    """In the words of the contract.

    What can still be taken back is `pending`: who acts on an answer cannot take that back. So is what was escalated;
    published clients take `escalated` for an end. `expired` is every end without an answer.
    """
    approval = seen.approval
    going = seen.thread is not None and seen.thread.state.open
    if approval is None or approval.status is Stage.SUPERSEDED:
        return "pending" if going else "expired"
    if approval.status is Stage.PENDING or approval.held_until is not None:
        return "pending"
    answer = _answer(approval)
    match answer.get("decision"):
        case "approve":
            return "approved"
        case "modify":
            return "modified"
        case "respond":
            at = _execute_at(approval)
            return "scheduled" if at and approval.resolved_at and at > approval.resolved_at else "approved"
        case "deny":
            return "expired" if approval.resolution is Resolution.EXPIRED else "denied"
        case _:
            return "expired"


def _answer(approval: Approval) -> Mapping[str, JsonValue]:
    ready = approval.reply is not None and not approval.reply.ends and approval.held_until is None
    said = approval.reply.value if ready and approval.reply is not None else None
    return said if isinstance(said, dict) else {}


def _execute_at(approval: Approval) -> datetime | None:
    request, data = _request(approval.payload), _answer(approval).get("data")
    kind = request.get("response_type")
    scheduled = isinstance(kind, dict) and kind.get("type") == "schedule"
    at = data.get("execute_at") if scheduled and isinstance(data, dict) else None
    return moment(at) if isinstance(at, str) else None


def _request(payload: JsonValue) -> Mapping[str, JsonValue]:
    return payload if isinstance(payload, dict) else {}


def time(at: datetime | None) -> str | None:
    """ISO 8601 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def created(seen: Seen, decision_id: str) -> Created:
    """The short answer to a new decision."""
    approval = seen.approval
    return Created(
        id=decision_id,
        status=status(seen),
        expires_at=time(approval.expires_at if approval else None),
        auto_resolved=approval is not None and automatic.decided(approval),
    )


def decision(seen: Seen, decision_id: str) -> Decision:
    """All of it."""
    approval, now = seen.approval, status(seen)
    given = seen.thread.input if seen.thread and isinstance(seen.thread.input, dict) else {}
    request = _request(approval.payload if approval else given.get("request"))
    answer: Mapping[str, JsonValue] = _answer(approval) if approval else {}
    data, notes, images = answer.get("data"), answer.get("notes"), request.get("images")
    opened = approval.opened_at if approval else seen.thread.created_at if seen.thread else None
    over, enforce = now != "pending", request.get("enforce") is True
    return Decision(
        id=decision_id,
        status=now,
        action=str(request.get("action", "")),
        context=_text(request.get("context")),
        urgency=URGENCIES.get(str(request.get("urgency", "normal")), "medium"),
        response_notes=_text(notes),
        response_data=data if isinstance(data, dict) else None,
        resolved_at=time(_ended_at(seen)) if over else None,
        resolved_by=_by(approval) if over and approval else None,
        expires_at=time(approval.expires_at if approval else None),
        created_at=time(opened) or "",
        execute_at=time(_execute_at(approval)) if approval and over else None,
        context_images=[str(image) for image in images] if isinstance(images, list) else [],
        attachments=[],
        enforce=enforce,
        action_permitted=now in PERMITTED if enforce else None,
        approval_id=approval.id if approval else None,
        resolution=approval.resolution.value if approval and over and approval.resolution else None,
        policy=approval.policy.name if approval else None,
        escalated=approval.level if approval else 0,
    )


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _ended_at(seen: Seen) -> datetime | None:
    return (seen.approval.resolved_at or seen.approval.closed_at) if seen.approval else None


def _by(approval: Approval) -> str | None:
    if approval.cancelled is not None:
        return approval.cancelled.by.id
    return approval.decisions[-1].actor.id if approval.decisions else None
