"""Expected noes. A refusal is a return value: it says why, changes nothing, and is not an error."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an attempt came to nothing. Texts for people are made from these, never compared."""

    UNKNOWN = "unknown"
    ALREADY_RESOLVED = "already_resolved"
    ACTION_DECIDED = "action_decided"
    ALREADY_VOTED = "already_voted"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    CHANGED = "changed"
    NOT_OFFERED = "not_offered"
    NO_SUCH_ACTION = "no_such_action"
    REASON_REQUIRED = "reason_required"
    UNREAD = "unread"
    INVALID_ANSWER = "invalid_answer"
    NOT_APPROVER = "not_approver"
    NO_GLASS = "no_glass"
    TOO_LATE = "too_late"
    HELD_ALREADY = "held_already"
    ASKED_ALREADY = "asked_already"
    ENOUGH_ASKED = "enough_asked"
    ANSWERED_ALREADY = "answered_already"
    NOT_ASKED = "not_asked"
    OWN_REQUEST = "own_request"
    GUEST = "guest"
    EXTERNAL = "external"
    DEACTIVATED = "deactivated"
    BOT = "bot"
    UNKNOWN_PERSON = "unknown_person"
    NOT_POSSIBLE = "not_possible"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Refusal:
    """`detail` names the thing and the remedy where the reason alone does not; `field` the argument it is about."""

    reason: Reason
    detail: str = ""
    field: str = ""
