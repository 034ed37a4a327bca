"""What becomes of a thread while it is driven. Pure, like the transitions of an approval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from approvals.events import Event, EventType
from approvals.lifecycle import ThreadChange
from approvals.model import SYSTEM, JsonValue, Outcome, Thread, ThreadState


def turned(
    thread: Thread, after: Thread, kind: EventType, data: Mapping[str, JsonValue], now: datetime
) -> ThreadChange:
    """The thread as it is afterwards, its version grown, with the event that tells of it."""
    after = replace(after, version=thread.version + 1)
    event = Event(type=kind, at=now, actor=SYSTEM, thread_id=thread.id, version=after.version, data=data)
    return ThreadChange(after, thread.version, (event,))


def starting(thread: Thread, now: datetime) -> Sequence[ThreadChange]:
    """NEW becomes STARTED; of any other, nothing."""
    if thread.state is not ThreadState.NEW:
        return ()
    return (turned(thread, replace(thread, state=ThreadState.STARTED), EventType.STARTED, {}, now),)


def rested(thread: Thread, outcome: Outcome, now: datetime) -> Sequence[ThreadChange]:
    """Nothing moves any more: done if it has finished; the failures before are forgotten."""
    if outcome.finished and thread.state is not ThreadState.DONE:
        after = replace(thread, state=ThreadState.DONE, attempts=0, error=None, outcome=outcome)
        return (turned(thread, after, EventType.FINISHED, {"outcome": outcome.text}, now),)
    if thread.attempts:
        after = replace(thread, attempts=0, error=None)
        return (turned(thread, after, EventType.STARTED, {"recovered": True}, now),)
    return ()
