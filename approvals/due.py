"""What falls due, and when. Time is data: nothing here waits."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from approvals.hours import elapse, window
from approvals.model import Approval

GRACE = timedelta(minutes=5)
"""What comes later than this is late. What falls due as the day ends still comes on that day."""


class DueKind(StrEnum):
    """`drive` is about a thread, `digest` about a message that shows many, `home` about
    a person's Home tab, every other kind about an approval."""

    NOTIFY = "notify"
    REFRESH = "refresh"
    REPORT = "report"
    TELL = "tell"
    RELAY = "relay"
    REMIND = "remind"
    ESCALATE = "escalate"
    EXPIRE = "expire"
    LAPSE = "lapse"
    RELEASE = "release"
    DIGEST = "digest"
    CALLBACK = "callback"
    HOME = "home"
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


def _at(approval: Approval, after: float, *, held: bool) -> datetime | None:
    """When the approval's clock shows `after` seconds. Only what is `held` waits while somebody is looking into it."""
    pauses = approval.pauses if held else ()
    start = approval.started_at or approval.opened_at
    return elapse(start, after, hours=approval.hours, zones=approval.zones, pauses=pauses)


def next_reminder(approval: Approval) -> datetime | None:
    """When the next reminder is due; `None` when the policy asks for no more."""
    times, done = approval.policy.reminders, approval.reminders
    return _at(approval, times[done], held=True) if done < len(times) else None


def next_escalation(approval: Approval) -> datetime | None:
    """When the next step is due; `None` when there is no further one."""
    steps, level = approval.policy.escalate, approval.level
    return _at(approval, steps[level].after, held=True) if level < len(steps) else None


def expiry(approval: Approval) -> datetime | None:
    """When it expires; `None` for never. Nobody can hold that back: the requester was promised an end."""
    return _at(approval, approval.policy.expire.after, held=False) if approval.policy.expire else None


def in_time(approval: Approval, now: datetime) -> Approval:
    """With all of its time anew where that has run out, else as it is. What was taken of reminders and steps stays."""
    if approval.expires_at is None or approval.expires_at > now:
        return approval
    anew = replace(approval, started_at=now)
    return replace(anew, expires_at=expiry(anew))


def earlier(approval: Approval, at: datetime) -> int:
    """How many of the next reminder and the next step fell due before that moment."""
    return sum(1 for due in (next_reminder(approval), next_escalation(approval)) if due is not None and due < at)


def slot(approval: Approval, at: datetime, now: datetime) -> datetime:
    """When what fell due at `at` comes, as seen now: then, or where that is late, when the hours begin that run now or
    come next.

    Several that wait for the same morning are a microsecond apart, so that they come in the order they fell due in.
    """
    if now - at <= GRACE or approval.hours is None:
        return at
    found = window(now, hours=approval.hours, zones=approval.zones)
    return at if found is None else max(at, found[0] + timedelta(microseconds=earlier(approval, at)))


def overdue_reminders(approval: Approval, now: datetime) -> int:
    """How many reminders will have been given once one is given now. Several missed ones are given as one."""
    done = approval.reminders + 1
    for after in approval.policy.reminders[done:]:
        at = _at(approval, after, held=True)
        if at is None or at > now:
            break
        done += 1
    return done


def backoff(attempt: int, rng: random.Random, *, base: float = 1.0, cap: float = 300.0) -> timedelta:
    """How long to wait after failure number `attempt` (from 0): doubling from `base` seconds to `cap`, ±20 %."""
    delay = min(cap, base * 2.0 ** min(attempt, 30))
    return timedelta(seconds=delay * rng.uniform(0.8, 1.2))
