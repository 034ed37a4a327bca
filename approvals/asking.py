"""What is asked: opened, shown, asked anew, gone. Pure, like all transitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import JsonValue

from approvals import evidence
from approvals.due import DueKind, expiry, in_time
from approvals.events import EventType
from approvals.hours import Pause
from approvals.model import SYSTEM, Approval, Draft, MessageRef, Status, Thread
from approvals.policy import Policy
from approvals.refusals import Refusal
from approvals.revised import Revised
from approvals.transitions import Change, Input, at_once, change, clocks_off, clocks_on, event, pressing, refusal


def open_(
    approval_id: str,
    draft: Draft,
    thread: Thread,
    policy: Policy,
    now: datetime,
    *,
    zones: tuple[str, ...] = (),
    doubts: Sequence[str] = (),
    environment: str = "",
) -> Change:
    """A new question becomes a pending approval, to be announced now, with its clocks set.

    `zones` are those that its working hours are kept in; `doubts` say which rules could not be told to apply.
    `environment` is what this installation is called.
    """
    approval = Approval(
        id=approval_id,
        thread_id=thread.id,
        graph=thread.graph,
        requester=thread.requester,
        interrupt=draft.interrupt,
        dialect=draft.dialect,
        title=draft.title,
        description=draft.description,
        actions=draft.actions,
        payload=draft.payload,
        schema=draft.schema,
        reply_shape=draft.reply,
        why=draft.why,
        template=draft.template,
        titling=draft.titling,
        policy=policy,
        opened_at=now,
        zones=zones,
        terms=thread.terms,
        environment=environment,
    )
    approval = pressing(approval, draft.urgency)
    approval = replace(approval, expires_at=expiry(approval))
    told = event(
        EventType.OPENED,
        approval,
        SYSTEM,
        now,
        graph=thread.graph,
        interrupt_id=draft.interrupt.id,
        evidence=evidence.of(approval),
        requester=thread.requester,
        policy=policy.name,
        policy_source=policy.source or None,
        doubts=list(doubts) or None,
        environment=environment or None,
    )
    due = tuple(item for item in clocks_on(approval) if item.at is not None)
    return Change(approval, 0, (told,), (at_once(approval, DueKind.NOTIFY, now), *due))


def announced(approval: Approval, messages: Sequence[MessageRef], now: datetime) -> Change | None:
    """Remembers where cards were posted; `None` when nothing is new. A card that came late is redrawn at once."""
    new = tuple(message for message in messages if message not in approval.messages)
    if not new:
        return None
    where: list[JsonValue] = [f"{message.channel}/{message.ts}" for message in new]
    after = replace(approval, messages=approval.messages + new)
    redraw = () if approval.status is Status.PENDING else (at_once(approval, DueKind.REFRESH, now),)
    asked: list[JsonValue] = list(after.audience)
    told = event(EventType.ANNOUNCED, after, SYSTEM, now, messages=where, to=asked)
    return change(approval, after, [told], redraw)


def told(approval: Approval, messages: Sequence[MessageRef], now: datetime) -> Change | None:
    """Remembers where it was said that somebody decided alone; `None` when nothing is new."""
    new = tuple(message for message in messages if message not in approval.messages)
    if not new:
        return None
    where: list[JsonValue] = [f"{message.channel}/{message.ts}" for message in new]
    after = replace(approval, messages=approval.messages + new)
    return change(approval, after, [event(EventType.TOLD, after, SYSTEM, now, messages=where)])


def amend(approval: Approval, draft: Draft, now: datetime) -> Change | Refusal:
    """The graph asks something else under the same id: shown anew, earlier votes void, older clicks refused.

    An answer that was given but not taken is void too: it was the answer to another question. One that was superseded
    and is asked again after all (a graph that was deployed without its node, and then with it) opens again.
    """
    if no := refusal(approval, Input.AMEND):
        return no
    asked = replace(
        approval,
        interrupt=draft.interrupt,
        dialect=draft.dialect,
        title=draft.title,
        description=draft.description,
        actions=draft.actions,
        payload=draft.payload,
        schema=draft.schema,
        reply_shape=draft.reply,
        why=draft.why,
        template=draft.template,
        titling=draft.titling,
        error=None,
    )
    after = _open_again(_by_its_hours(approval, pressing(asked, draft.urgency)), now, Revised.QUESTION)
    said: dict[str, JsonValue] = {"shown": draft.interrupt.payload_hash, **_revised(after)}
    told = event(EventType.AMENDED, after, SYSTEM, now, **said)
    shown = DueKind.REFRESH if approval.messages else DueKind.NOTIFY
    return change(approval, after, [told], (*clocks_on(after), at_once(approval, shown, now)))


def reask(approval: Approval, error: str, now: datetime) -> Change | Refusal:
    """LangGraph refused the value and kept the question: asked again, saying what was wrong."""
    if no := refusal(approval, Input.REASK):
        return no
    after = replace(_open_again(approval, now, Revised.ANSWER), error=error)
    shown = DueKind.REFRESH if approval.messages else DueKind.NOTIFY
    due = (*clocks_on(after), at_once(approval, shown, now))
    return change(approval, after, [event(EventType.REASKED, after, SYSTEM, now, error=error, **_revised(after))], due)


def _revised(after: Approval) -> dict[str, JsonValue]:
    return {"revision": after.revision, "evidence": evidence.of(after)}


def _by_its_hours(before: Approval, after: Approval) -> Approval:
    """What is critical from now on keeps no working hours, what no longer is does: its deadline is reckoned so too."""
    if before.expires_at is None or before.hours == after.hours:
        return after
    return replace(after, expires_at=expiry(after))


def _open_again(approval: Approval, now: datetime, why: Revised) -> Approval:
    """Pending, without the votes and the answer, under a new revision: what was shown before cannot be clicked.

    If its time had run out, it gets all of its time anew: else it would expire before anybody could see it. Reminders
    and steps that were taken stay taken. Who held it and then decided holds it no longer.
    """
    pauses = approval.pauses if approval.status is Status.PENDING else tuple(_let_go(p, now) for p in approval.pauses)
    return replace(
        in_time(replace(approval, pauses=pauses), now),
        status=Status.PENDING,
        resolution=None,
        resolved_at=None,
        held_until=None,
        closed_at=None,
        decisions=(),
        left=(),
        reply=None,
        cancelled=None,
        revision=approval.revision + 1,
        revised=why,
    )


def _let_go(pause: Pause, now: datetime) -> Pause:
    return pause if pause.until is not None and pause.until <= now else replace(pause, until=now)


def supersede(approval: Approval, why: str, now: datetime) -> Change | Refusal:
    """The question is gone: answered elsewhere, replaced, or its thread lost. Nothing is executed."""
    if no := refusal(approval, Input.SUPERSEDE):
        return no
    after = replace(approval, status=Status.SUPERSEDED, closed_at=now, held_until=None, error=why)
    due = (*clocks_off(approval), at_once(approval, DueKind.REFRESH, now))
    return change(approval, after, [event(EventType.SUPERSEDED, after, SYSTEM, now, why=why)], due)


def repaired(approval: Approval, why: str, now: datetime) -> Change | Refusal:
    """Its thread was repaired: whatever it was, a failed or a stuck one too, the question is asked anew."""
    if no := refusal(approval, Input.REPAIR):
        return no
    after = replace(approval, status=Status.SUPERSEDED, closed_at=now, held_until=None, error=why)
    due = (*clocks_off(approval), at_once(approval, DueKind.REFRESH, now))
    return change(approval, after, [event(EventType.SUPERSEDED, after, SYSTEM, now, why=why)], due)
