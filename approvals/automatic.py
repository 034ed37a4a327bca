"""What a policy decides by itself when a question is opened: nobody is asked. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from approvals.deciding import ending, offered, resolve
from approvals.due import DueKind
from approvals.events import EventType
from approvals.model import POLICY, Approval, Decision, DecisionType, Resolution, Source, Status
from approvals.policy import Automatic
from approvals.refusals import Reason, Refusal
from approvals.transitions import Change, event


def at_opening(opened: Change, rule: Automatic, now: datetime) -> Change | Refusal:
    """The opening and the policy's decision as one change: there is no moment at which somebody could be asked.

    Refused where the question cannot be answered so; then people must be asked. A card is posted only if the rule says.
    """
    approval, kind = opened.approval, DecisionType(rule.decision)
    if kind not in offered(approval, None):
        return Refusal(Reason.NOT_OFFERED, f"the question cannot be answered with {kind}")
    decision = Decision(
        type=kind,
        actor=POLICY,
        at=now,
        reason=rule.reason or None,
        text=rule.text if kind is DecisionType.RESPOND else None,
    )
    voted = replace(approval, decisions=(decision,))
    told = event(
        EventType.DECIDED,
        voted,
        POLICY,
        now,
        decision=kind,
        reason=decision.reason,
        text=decision.text,
        shown=approval.interrupt.payload_hash,
        revision=approval.revision,
        policy=approval.policy.name,
    )
    decided = resolve(approval, voted, ending(voted), POLICY, now, [told])
    shown = tuple(item for item in opened.due if item.kind is DueKind.NOTIFY and rule.tell)
    due = tuple(item for item in decided.due if item.at is not None and item.kind is DueKind.DRIVE)
    return Change(
        replace(decided.approval, version=1),
        0,
        tuple(replace(one, version=1) for one in (*opened.events, *decided.events)),
        (*shown, *due),
    )


def decided(approval: Approval) -> bool:
    """Whether its policy decided it by itself, and nobody was asked. (What expired was asked in vain.)"""
    spoke = [decision.actor.source is Source.POLICY for decision in approval.decisions]
    return bool(spoke) and all(spoke) and approval.resolution is not Resolution.EXPIRED


def quiet(approval: Approval) -> bool:
    """Whether nobody is to be told: decided by a rule that says so, shown to nobody so far, and not failed."""
    rule = approval.policy.decide
    told = rule is None or rule.tell or bool(approval.messages)
    return decided(approval) and not told and approval.status is not Status.FAILED
