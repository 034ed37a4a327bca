"""Telling whoever asked over HTTP how it ended: what was tried, what comes next. Pure, like all transitions.

The pauses between attempts are those that the Standard Webhooks specification recommends; after the last one somebody
must look, and may have it sent again.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from approvals.due import Due, DueKind
from approvals.events import EventType
from approvals.model import SYSTEM, ActorRef, Approval, Delivery
from approvals.refusals import Reason, Refusal
from approvals.transitions import Change, Input, at_once, change, event, refusal

PAUSES = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Seconds before the second attempt, the third, and so on: three days in all."""


def owed(approval: Approval) -> bool:
    """Whether somebody is still to be told of the end."""
    told = approval.delivery
    return bool(approval.callback) and approval.status.final and (told is None or (told.at is None and not told.dead))


def pause(attempts: int, rng: random.Random) -> timedelta | None:
    """How long to wait after so many failed attempts; `None` after the last."""
    return timedelta(seconds=PAUSES[attempts - 1] * rng.uniform(1.0, 1.1)) if attempts <= len(PAUSES) else None


def delivered(approval: Approval, now: datetime) -> Change | Refusal | None:
    """They took it; `None` where that is on record."""
    if no := refusal(approval, Input.CALL_BACK):
        return no
    if approval.delivery is not None and approval.delivery.at is not None:
        return None
    tries = (approval.delivery.attempts if approval.delivery else 0) + 1
    after = replace(approval, delivery=Delivery(attempts=tries, at=now))
    return change(approval, after, [event(EventType.CALLED_BACK, after, SYSTEM, now, attempts=tries)])


def failed(approval: Approval, error: str, now: datetime, again: datetime | None) -> Change | Refusal | None:
    """They did not. The next attempt is set; without one it is left to people. `None` where nothing is owed by now: an
    attempt that took long may fail after another one came through."""
    if no := refusal(approval, Input.CALL_BACK):
        return no
    if not owed(approval):
        return None
    tries = (approval.delivery.attempts if approval.delivery else 0) + 1
    after = replace(approval, delivery=Delivery(attempts=tries, error=error, dead=again is None))
    kind = EventType.CALLBACK_GIVEN_UP if again is None else EventType.CALLBACK_FAILED
    return change(
        approval,
        after,
        [event(kind, after, SYSTEM, now, attempts=tries, error=error)],
        [Due(approval.id, DueKind.CALLBACK, again)],
    )


def send_again(approval: Approval, actor: ActorRef, now: datetime) -> Change | Refusal:
    """Somebody wants it sent once more, whatever became of it before."""
    if no := refusal(approval, Input.CALL_BACK):
        return no
    if not approval.callback:
        return Refusal(Reason.NOT_POSSIBLE, f"nobody asked to be told of the end of {approval.id}")
    after = replace(approval, delivery=None)
    told = event(EventType.CALLBACK_REPLAYED, after, actor, now)
    return change(approval, after, [told], [at_once(approval, DueKind.CALLBACK, now)])
