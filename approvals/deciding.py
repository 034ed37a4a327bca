"""What people say: decisions that count, and the resolution that the last one brings. Pure, like all transitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import JsonValue

from approvals import evidence
from approvals.due import Due, DueKind
from approvals.events import Event, EventType
from approvals.model import (
    ActorRef,
    Approval,
    Decision,
    DecisionType,
    MessageKind,
    MessageRef,
    Reply,
    Resolution,
    Source,
    Status,
)
from approvals.refusals import Reason, Refusal
from approvals.revised import Revised
from approvals.tally import proposed, tally, verdicts, vote_of
from approvals.transitions import Change, Input, at_once, change, clocks_off, event, refusal
from approvals.viewing import seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A decision somebody tries to make. `revision` is the one they saw; `None` for a door that shows no card.

    `alone` breaks the glass: it decides whatever the quorum is. `bulk`: how many were chosen at once, this one among
    them; 0 for one by itself. `must_see`: the door did not show all of it, so that an approval counts only from those
    who were shown it whole.
    """

    type: DecisionType
    actor: ActorRef
    action: int | None = None
    reason: str | None = None
    args: Mapping[str, JsonValue] | None = None
    text: str | None = None
    revision: int | None = None
    alone: bool = False
    must_see: bool = False
    bulk: int = 0


def offered(approval: Approval, action: int | None) -> tuple[DecisionType, ...]:
    """What may be said of one action, or of all that are still open (edit and respond need a single one)."""
    if action is not None:
        return approval.actions[action].allowed
    still = [a for a, verdict in zip(approval.actions, verdicts(approval), strict=True) if verdict is None]
    kinds = [kind for kind in DecisionType if all(kind in a.allowed for a in still)]
    return tuple(k for k in kinds if len(still) == 1 or k in (DecisionType.APPROVE, DecisionType.DENY))


def possible(approval: Approval, attempt: Attempt) -> Refusal | None:
    """Whether such a decision could be taken as things stand, before anything is filled in: `None` if it could."""
    if no := refusal(approval, Input.DECIDE):
        return no
    if attempt.revision is not None and attempt.revision != approval.revision:
        return Refusal(Reason.CHANGED)
    if attempt.action is not None and not 0 <= attempt.action < len(approval.actions):
        return Refusal(Reason.NO_SUCH_ACTION, f"there are {len(approval.actions)} actions, counted from 0", "action")
    if attempt.action is not None and verdicts(approval)[attempt.action] is not None:
        return Refusal(Reason.ACTION_DECIDED)
    if attempt.type not in offered(approval, attempt.action):
        choices = ", ".join(offered(approval, attempt.action)) or "nothing"
        return Refusal(Reason.NOT_OFFERED, f"{attempt.type} is not offered here; offered: {choices}", "decision")
    if not attempt.alone and _said_already(approval, attempt):
        return Refusal(Reason.ALREADY_VOTED)
    return None


def _said_already(approval: Approval, attempt: Attempt) -> bool:
    """Whether it would repeat the actor's own votes and add nothing.

    To change one's mind is not to repeat; nor is to approve again after a step, which may count for another group.
    """
    if attempt.type not in (DecisionType.APPROVE, DecisionType.DENY):
        return False
    same = {DecisionType.APPROVE: (DecisionType.APPROVE, DecisionType.EDIT)}.get(attempt.type, (attempt.type,))
    still = [index for index, verdict in enumerate(verdicts(approval)) if verdict is None]
    about = still if attempt.action is None else [attempt.action]
    votes = [vote_of(approval, index, attempt.actor.id) for index in about]
    level = approval.level if approval.policy.groups and attempt.type is DecisionType.APPROVE else 0
    return bool(votes) and all(vote is not None and vote.type in same and vote.level >= level for vote in votes)


def _unfit(approval: Approval, attempt: Attempt) -> Refusal | None:
    if no := possible(approval, attempt):
        return no
    needed = attempt.alone or attempt.type in approval.policy.reason_required
    if needed and not (attempt.reason or "").strip():
        return Refusal(Reason.REASON_REQUIRED, f"the policy {approval.policy.name} asks for a reason", "reason")
    if attempt.must_see and attempt.type is DecisionType.APPROVE and seen(approval, attempt.actor.id) is None:
        return Refusal(Reason.UNREAD)
    return None


def decide(
    approval: Approval, attempt: Attempt, now: datetime, audiences: frozenset[str] = frozenset()
) -> Change | Refusal:
    """A decision that counts. When it was the last one missing, the approval is resolved and its thread driven.

    `audiences` are those that the actor belongs to. An edit that others must still approve changes what is asked: its
    revision grows, so that nobody approves what they have not seen.
    """
    if no := _unfit(approval, attempt):
        return no
    decision = Decision(
        type=attempt.type,
        actor=attempt.actor,
        at=now,
        action=attempt.action,
        reason=(attempt.reason or "").strip() or None,
        args=attempt.args if attempt.type is DecisionType.EDIT else None,
        text=attempt.text if attempt.type is DecisionType.RESPOND else None,
        audiences=_groups(approval, audiences),
        level=approval.level,
        alone=attempt.alone,
        seen=seen(approval, attempt.actor.id),
    )
    voted = replace(approval, decisions=(*approval.decisions, decision), messages=_told_of(approval, decision))
    if not any(verdict is None for verdict in verdicts(voted)):
        resolved = resolve(approval, voted, ending(voted), attempt.actor, now, _told(approval, voted, decision, now))
        return replace(resolved, due=(*resolved.due, *_news(approval, decision, now)))
    if decision.type is DecisionType.EDIT and _open(voted, decision):
        voted = replace(voted, revision=approval.revision + 1, revised=Revised.EDIT)
    due = (at_once(approval, DueKind.REFRESH, now), *_news(approval, decision, now))
    return change(approval, voted, _told(approval, voted, decision, now), due)


def _told_of(approval: Approval, decision: Decision) -> tuple[MessageRef, ...]:
    """The messages without those about glass that was broken before, and taken back: of this one they are told anew."""
    if not decision.alone:
        return approval.messages
    return tuple(message for message in approval.messages if message.kind is not MessageKind.NOTICE)


def _news(approval: Approval, decision: Decision, now: datetime) -> tuple[Due, ...]:
    """Where somebody decided alone, everybody concerned is told."""
    return (at_once(approval, DueKind.TELL, now),) if decision.alone else ()


def _groups(approval: Approval, audiences: frozenset[str]) -> tuple[str, ...]:
    """What must be remembered of where somebody belongs: only groups that must each approve ask for it."""
    return tuple(sorted(audiences.intersection(approval.audience))) if approval.policy.groups else ()


def _open(approval: Approval, decision: Decision) -> bool:
    """Whether the action that a decision is about still waits for others."""
    about = range(len(approval.actions)) if decision.action is None else (decision.action,)
    return any(verdicts(approval)[index] is None for index in about)


def _told(before: Approval, approval: Approval, decision: Decision, now: datetime) -> list[Event]:
    anew = approval.revision != before.revision
    count = tally(approval)[decision.action or 0]
    quorum = approval.policy.quorum
    several = quorum.approve > 1 or quorum.deny > 1 or bool(approval.policy.groups)
    return [
        event(
            EventType.BROKE_GLASS if decision.alone else EventType.DECIDED,
            approval,
            decision.actor,
            now,
            decision=decision.type,
            action=decision.action,
            reason=decision.reason,
            args=dict(decision.args) if decision.args is not None else None,
            changed=_difference(before, decision),
            text=decision.text,
            shown=approval.interrupt.payload_hash,
            seen=decision.seen,
            revision=before.revision,
            evidence=evidence.of(approval) if anew else None,
            approvals=f"{len(count.approvals)} of {quorum.approve}" if several else None,
            denials=f"{len(count.denials)} of {quorum.deny}" if several else None,
        )
    ]


def _difference(before: Approval, decision: Decision) -> dict[str, JsonValue] | None:
    """What an edit made of the arguments that stood there before it."""
    if decision.args is None:
        return None
    return evidence.changed(proposed(before, decision.action or 0), decision.args)


def ending(approval: Approval) -> Resolution:
    """One word for all verdicts: the first of edited, approved, responded, denied that occurs."""
    said = {verdict.type for verdict in verdicts(approval) if verdict is not None}
    for kind, resolution in (
        (DecisionType.EDIT, Resolution.EDITED),
        (DecisionType.APPROVE, Resolution.APPROVED),
        (DecisionType.RESPOND, Resolution.RESPONDED),
    ):
        if kind in said:
            return resolution
    return Resolution.DENIED


def resolve(
    before: Approval, voted: Approval, how: Resolution, actor: ActorRef, now: datetime, events: Sequence[Event]
) -> Change:
    """Nothing is open any more. The thread is driven now; where the policy lets people take it back, a little later."""
    undo = None if actor.source in (Source.POLICY, Source.SYSTEM) else before.policy.undo
    held = None if undo is None else now + timedelta(seconds=undo)
    after = replace(voted, status=Status.RESOLVED, resolution=how, resolved_at=now, held_until=held)
    told = event(
        EventType.RESOLVED,
        after,
        actor,
        now,
        resolution=how,
        policy=before.policy.name,
        policy_source=before.policy.source or None,
        held_until=held and held.isoformat(),
    )
    goes_on = at_once(before, DueKind.DRIVE, now) if held is None else Due(before.id, DueKind.RELEASE, held)
    return change(before, after, [*events, told], (*clocks_off(before), goes_on, at_once(before, DueKind.REFRESH, now)))


def with_reply(change: Change, reply: Reply) -> Change:
    """The same change, with what the graph will be given: kept before LangGraph sees it."""
    told = [_answered(one, reply) if one.type is EventType.RESOLVED else one for one in change.events]
    return replace(change, approval=replace(change.approval, reply=reply), events=tuple(told))


def _answered(event: Event, reply: Reply) -> Event:
    return replace(event, data={**event.data, "answer": evidence.digest(reply.value)})


def in_bulk(change: Change, count: int) -> Change:
    """The same change, saying in the audit that it was one of so many that were chosen at once."""
    said = (EventType.DECIDED, EventType.BROKE_GLASS)
    events = [replace(one, data={**one.data, "bulk": count}) if one.type in said else one for one in change.events]
    return replace(change, events=tuple(events))
