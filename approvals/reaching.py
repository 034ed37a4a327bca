"""A graph that runs on a server elsewhere: whether that can be reached, and whether it got the answer. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from approvals.due import DueKind
from approvals.events import EventType
from approvals.model import SYSTEM, Approval, Status
from approvals.refusals import Refusal
from approvals.transitions import Change, Input, at_once, change, event, refusal


def unreached(approval: Approval, why: str, now: datetime) -> Change | Refusal:
    """The server that runs the graph does not answer: the decision waits, and the card says so."""
    if no := refusal(approval, Input.UNREACH):
        return no
    after = replace(approval, unreachable=True)
    told = event(EventType.SERVER_AWAY, after, SYSTEM, now, why=why)
    return change(approval, after, [told], (at_once(approval, DueKind.REFRESH, now),))


def reached_again(approval: Approval, now: datetime) -> Change | Refusal:
    """It answers again."""
    if no := refusal(approval, Input.REACH):
        return no
    after = replace(approval, unreachable=False)
    told = event(EventType.SERVER_BACK, after, SYSTEM, now)
    return change(approval, after, [told], (at_once(approval, DueKind.REFRESH, now),))


def withheld(approval: Approval, why: str, now: datetime) -> Change | Refusal:
    """The answer was about to be handed over, and certainly was not: somebody else resumed the thread first."""
    if no := refusal(approval, Input.WITHHOLD):
        return no
    after = replace(approval, status=Status.RESOLVED)
    return change(approval, after, [event(EventType.WITHHELD, after, SYSTEM, now, why=why)])
