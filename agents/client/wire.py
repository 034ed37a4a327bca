"""What goes over the wire, for both clients: requests as values, answers as `Decision`, errors as exceptions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypedDict, cast

from pydantic import JsonValue

Status = Literal["pending", "approved", "denied", "modified", "expired", "escalated", "scheduled"]
Urgency = Literal["low", "medium", "high", "critical"]

APPROVED = ("approved", "modified", "scheduled")
LONG_POLL = 25
"""Seconds for which one request waits for an end."""
TIMEOUT = 10.0
"""Seconds that a request may take beyond what it waits for."""
TRIES = 5
"""How often a request is made that got no answer, or was asked to come back."""
AGAIN = frozenset({429, 502, 503, 504})


class ApiError(Exception):
    """Signoff said no. `status` is that of HTTP, `type` names the problem, to be compared; the text is for people."""

    def __init__(self, status: int, type: str, detail: str) -> None:
        super().__init__(f"{detail} ({status}, {type})")
        self.status = status
        self.type = type
        self.detail = detail


class Unreachable(Exception):
    """Signoff gave no answer, however often it was asked. What is asked again with the same idempotency key is the same
    decision."""


class Undecided(Exception):
    """Nobody decided within the time that the caller waits. The decision still waits: `decision.id` finds it."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(f"decision {decision.id} is still pending")
        self.decision = decision


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as it stood when it was read. `data` is what was typed, chosen or changed, by name."""

    id: str
    status: Status
    action: str
    notes: str | None
    data: Mapping[str, JsonValue]
    resolved_by: str | None
    resolved_at: str | None
    expires_at: str | None
    approval_id: str | None
    raw: Mapping[str, JsonValue] = field(repr=False)

    @property
    def pending(self) -> bool:
        """Nobody has decided yet."""
        return self.status in ("pending", "escalated")

    @property
    def approved(self) -> bool:
        """It may be done: as asked, as changed (`data`), or at the time that was chosen."""
        return self.status in APPROVED


@dataclass(frozen=True, slots=True)
class Call:
    """A request. `wait` are the seconds that its answer may take by design."""

    method: str
    path: str
    body: Mapping[str, JsonValue] | None = None
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    wait: float = 0.0

    @property
    def content(self) -> bytes | None:
        """The body as it is sent, the same at each attempt."""
        return None if self.body is None else json.dumps(self.body).encode()


def headers(key: str) -> dict[str, str]:
    """With every request."""
    return {"authorization": f"Bearer {key}", "content-type": "application/json", "accept": "application/json"}


class Asked(TypedDict, total=False):
    """What may be said of a question. Without `timeout_minutes` the policy's time counts."""

    approver: str | None
    context: str | None
    urgency: Urgency
    timeout_minutes: int | None
    options: Sequence[str] | None
    response_type: Mapping[str, JsonValue] | None
    args: Mapping[str, JsonValue] | None
    requester: str | None
    callback_url: str | None


def create(action: str, idempotency_key: str, asked: Asked) -> Call:
    """Asks."""
    given: dict[str, JsonValue] = {"action": action, "timeout_minutes": asked.get("timeout_minutes")}
    given |= cast("dict[str, JsonValue]", {name: value for name, value in asked.items() if value is not None})
    return Call("POST", "/decisions", given, headers={"idempotency-key": idempotency_key})


def get(decision_id: str, wait: float = 0.0) -> Call:
    """Reads, and waits for the end for so many seconds."""
    return Call("GET", f"/decisions/{decision_id}", query={"wait": f"{wait:g}"} if wait else {}, wait=wait)


def cancel(decision_id: str, reason: str) -> Call:
    """No answer is needed any more."""
    return Call("POST", f"/decisions/{decision_id}/cancel", {"reason": reason})


def problem(status: int, text: str) -> ApiError:
    """What the API says of it, in whatever shape; a proxy in between may have its own."""
    try:
        found = cast("object", json.loads(text))
    except ValueError:
        found = None
    said = cast("Mapping[str, object]", found if isinstance(found, dict) else {})
    detail = said.get("detail") or said.get("error") or f"it answered {status}"
    return ApiError(status, str(said.get("type") or "about:blank"), str(detail))


def decision(text: str) -> Decision:
    """Reads an answer. Raises `ApiError` for one that is none of the API's."""
    try:
        said = cast("Mapping[str, JsonValue]", json.loads(text))
        data = said.get("response_data")
        return Decision(
            id=str(said["id"]),
            status=cast("Status", said["status"]),
            action=str(said.get("action") or ""),
            notes=_text(said.get("response_notes")),
            data=data if isinstance(data, dict) else {},
            resolved_by=_text(said.get("resolved_by")),
            resolved_at=_text(said.get("resolved_at")),
            expires_at=_text(said.get("expires_at")),
            approval_id=_text(said.get("approval_id")),
            raw=said,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ApiError(200, "about:blank", "the answer is not one of Signoff's: is the base URL right?") from None


def retry_after(status: int, headers: Mapping[str, str]) -> float | None:
    """How many seconds the other side asks to wait, 0 where it does not say; `None` where it asks for no repetition."""
    if status not in AGAIN:
        return None
    said = headers.get("retry-after", "")
    return float(said) if said.isdigit() else 0.0


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
