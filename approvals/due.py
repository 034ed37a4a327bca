"""What falls due, and when. Time is data: nothing here waits."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from approvals.policy import Policy


class DueKind(StrEnum):
    """`drive` is about a thread, every other kind about an approval."""

    NOTIFY = "notify"
    REFRESH = "refresh"
    REPORT = "report"
    REMIND = "remind"
    ESCALATE = "escalate"
    EXPIRE = "expire"
    DRIVE = "drive"


@dataclass(frozen=True, slots=True)
class Due:
    """Something to look at, at a time. `at` None takes it off the list.

    `immediate` marks an effect of the commit that writes it: `at` is now, and whoever commits may perform it at once.
    """

    subject: str
    kind: DueKind
    at: datetime | None
    immediate: bool = False

    @property
    def member(self) -> str:
        """The name under which the store keeps it. A later `Due` of the same name replaces an earlier one."""
        return f"{self.subject}|{self.kind}"


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to perform a due item, until the hold ends. `attempt` counts from 0."""

    subject: str
    kind: DueKind
    token: str
    attempt: int = 0

    @property
    def member(self) -> str:
        """The name under which the store keeps it."""
        return f"{self.subject}|{self.kind}"


def next_reminder(policy: Policy, opened_at: datetime, done: int) -> datetime | None:
    """When the reminder after `done` of them is due; `None` when the policy asks for no more."""
    return opened_at + timedelta(seconds=policy.remind[done]) if done < len(policy.remind) else None


def next_escalation(policy: Policy, opened_at: datetime, level: int) -> datetime | None:
    """When the step after `level` of them is due; `None` when there is no further step."""
    return opened_at + timedelta(seconds=policy.escalate[level].after) if level < len(policy.escalate) else None


def expiry(policy: Policy, opened_at: datetime) -> datetime | None:
    """When the approval expires; `None` for never."""
    return opened_at + timedelta(seconds=policy.expire.after) if policy.expire else None


def overdue_reminders(policy: Policy, opened_at: datetime, done: int, now: datetime) -> int:
    """How many reminders will have been given once one is given now. Several missed ones are given as one."""
    return max(done + 1, sum(1 for after in policy.remind if opened_at + timedelta(seconds=after) <= now))


def backoff(attempt: int, rng: random.Random, *, base: float = 1.0, cap: float = 300.0) -> timedelta:
    """How long to wait after failure number `attempt` (from 0): doubling from `base` seconds to `cap`, ±20 %."""
    delay = min(cap, base * 2.0 ** min(attempt, 30))
    return timedelta(seconds=delay * rng.uniform(0.8, 1.2))
