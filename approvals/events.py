"""Audit events: what happened, in the past tense. Written by the same script as the change they tell of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

from approvals.model import SYSTEM, ActorRef


class EventType(StrEnum):
    """Everything that is written down."""

    REGISTERED = "registered"
    STARTED = "started"
    OPENED = "opened"
    ANNOUNCED = "announced"
    VIEWED = "viewed"
    AMENDED = "amended"
    DECIDED = "decided"
    BROKE_GLASS = "broke_glass"
    DISCOUNTED = "discounted"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    ASKED_BACK = "asked_back"
    ANSWERED = "answered"
    LAPSED = "lapsed"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    ESCALATION_SKIPPED = "escalation_skipped"
    OVERDUE = "overdue"
    RESOLVED = "resolved"
    RELEASED = "released"
    UNDONE = "undone"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    RESUMING = "resuming"
    RESUMED = "resumed"
    REPORTED = "reported"
    TOLD = "told"
    RESUME_FAILED = "resume_failed"
    REASKED = "reasked"
    RETRIED = "retried"
    GAVE_UP = "gave_up"
    FINISHED = "finished"
    LOST = "lost"
    TURNED = "turned"
    REPAIRED = "repaired"
    AWAY_SET = "away_set"
    AWAY_ENDED = "away_ended"
    CALLED_BACK = "called_back"
    CALLBACK_FAILED = "callback_failed"
    CALLBACK_GIVEN_UP = "callback_given_up"
    CALLBACK_REPLAYED = "callback_replayed"
    KEY_CREATED = "key_created"
    KEY_ROTATED = "key_rotated"
    KEY_REVOKED = "key_revoked"
    POLICY_CHANGED = "policy_changed"
    POLICY_REAPPLIED = "policy_reapplied"
    SERVER_AWAY = "server_away"
    SERVER_BACK = "server_back"
    WITHHELD = "withheld"
    ARCHIVED = "archived"
    TRIMMED = "trimmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the audit. `seq` is the store's own id of it, empty until it was written; it grows with time.

    `thread_id` is empty for what is about no thread: a person, or a change of the policies, whose number is `version`.
    """

    type: EventType
    at: datetime
    actor: ActorRef = SYSTEM
    thread_id: str
    approval_id: str | None = None
    version: int = 0
    data: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    seq: str = ""
