"""The buttons of a card."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from approvals.lifecycle import Attempt, seen
from approvals.model import Actor, Approval, DecisionType, Standing, Status, Thread
from approvals.refusals import Reason, Refusal
from approvals.tally import verdicts
from bot import modals, payloads, replies, replies_find, texts
from bot.buttons import ROW, asks_twice
from bot.card import brief, hides
from bot.listeners.door import Answer, App, Door
from bot.listeners.home import draw
from bot.listing import quick
from bot.payloads import Body, Click


def register(app: App, door: Door) -> None:
    """Registers the listeners."""
    buttons = Buttons(door)
    verbs: Mapping[str, Callable[[Body, Answer], Awaitable[None]]] = {
        "approve": buttons.approve,
        "deny": buttons.ask,
        "edit": buttons.ask,
        "respond": buttons.ask,
        "review": buttons.review,
        "retry": buttons.retry,
        "repair": buttons.repair,
        "undo": buttons.undo,
    }
    for verb, handle in verbs.items():
        app.action(re.compile(rf"^{verb}(:\d+)?$"))(door.listener(handle))
    for verb in ("approve", "deny"):
        app.action(f"{ROW}{verb}")(door.listener(verbs[verb]))


class Buttons:
    """One method a kind of button."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def approve(self, body: Body, answer: Answer) -> None:
        """Decides at once: one commit, then the acknowledgement. Where the policy wants a reason, asks for it."""
        click = payloads.click(body)
        actor, approval = await self._door.actor(click.person, click.approval_id)
        if approval is None:
            await self._door.unknown(answer, click.person)
            return
        shown = self._door.shown.approval(approval)
        must_see = _must_see(click, shown)
        if approval.status is Status.PENDING and self._to_read(click, shown, actor, must_see=must_see):
            await self._read(click, answer, actor)
            return
        if DecisionType.APPROVE in approval.policy.reason_required or (must_see and asks_twice(approval)):
            await self.ask(body, answer)
            return
        attempt = replace(_approval(click, actor), must_see=must_see)
        done = await self._door.approvals.decide(click.approval_id, attempt, actor)
        await answer.ack()
        if isinstance(done, Refusal):
            await self._door.refuse(answer, done, click.approval_id, click.person)
        elif click.row and click.view_id is not None:
            await draw(self._door, click.person.id)
        elif click.row:
            await answer.say(replies_find.approved(texts.title(shown)))

    @staticmethod
    def _to_read(click: Click, shown: Approval, actor: Actor, *, must_see: bool) -> bool:
        """Whether the whole of it is shown first: they have not seen it, or a row's one click takes more by now."""
        unseen = must_see and seen(shown, actor.ref.id) is None
        return (unseen and shown.revision == click.revision) or (click.row and not quick(shown))

    async def _read(self, click: Click, answer: Answer, actor: Actor) -> None:
        """Shows the whole of it to those who may approve it, with the button at its end."""
        found = await self._door.approvals.may_decide(click.approval_id, actor, _approval(click, actor))
        await answer.ack()
        if isinstance(found, Refusal):
            await self._door.refuse(answer, found, click.approval_id, click.person)
        else:
            await self._reviewed(click, self._door.shown.approval(found), actor, approve=True)

    async def _reviewed(self, click: Click, shown: Approval, actor: Actor, *, approve: bool) -> None:
        await self._show(click, modals.review(shown, 0, click.action, approve=approve))
        await self._door.viewed(shown, actor.ref, 0)

    async def ask(self, body: Body, answer: Answer) -> None:
        """Opens the form that the decision needs, for those who may make it."""
        click = payloads.click(body)
        actor, approval = await self._door.actor(click.person, click.approval_id)
        if approval is None:
            await self._door.unknown(answer, click.person)
            return
        kind = DecisionType(click.verb)
        attempt = Attempt(type=kind, actor=actor.ref, action=click.action, revision=click.revision)
        found = await self._door.approvals.may_decide(click.approval_id, actor, attempt)
        await answer.ack()
        if isinstance(found, Refusal):
            await self._door.refuse(answer, found, click.approval_id, click.person)
            return
        await self._show(click, _form(kind, self._door.shown.approval(found), click.action))

    async def review(self, body: Body, answer: Answer) -> None:
        """Shows everything, whole, to whoever may see it; those who may approve can do so at its end."""
        click = payloads.click(body)
        await answer.ack()
        if await self._door.directory.standing(click.person.id, click.person.team_id) is not Standing.MEMBER:
            await answer.say(replies.MEMBERS_ONLY)
            return
        actor, approval = await self._door.actor(click.person, click.approval_id)
        if approval is None:
            await self._door.unknown(answer, click.person)
            return
        shown = self._door.shown.approval(approval)
        await self._reviewed(click, shown, actor, approve=await self._door.may_approve(approval, actor, click.action))

    async def retry(self, body: Body, answer: Answer) -> None:
        """Lets a failed graph go on."""
        click = payloads.click(body)
        actor, approval = await self._door.actor(click.person, click.approval_id)
        if approval is None:
            await self._door.unknown(answer, click.person)
            return
        done = await self._door.approvals.retry(click.approval_id, actor)
        await answer.ack()
        if isinstance(done, Refusal):
            await self._door.refuse(answer, done, click.approval_id, click.person)

    async def undo(self, body: Body, answer: Answer) -> None:
        """Takes a decision back that the agent was not given yet: the one that the card showed, and no later one."""
        click = payloads.click(body)
        actor, approval = await self._door.actor(click.person, click.approval_id)
        if approval is None:
            await self._door.unknown(answer, click.person)
            return
        stale = approval.revision != click.revision
        done = Refusal(Reason.CHANGED) if stale else await self._door.approvals.undo(approval.id, actor)
        await answer.ack()
        if isinstance(done, Refusal):
            await self._door.refuse(answer, done, approval.id, click.person)

    async def repair(self, body: Body, answer: Answer) -> None:
        """Drops an answer that the graph cannot take and has the thread ask anew, as `signoff repair` does."""
        click = payloads.click(body)
        actor, approval = await self._door.actor(click.person, click.approval_id)
        if approval is None:
            await self._door.unknown(answer, click.person)
            return
        found = await self._door.approvals.may_repair(click.approval_id, actor)
        done = found if isinstance(found, Refusal) else await self._repaired(found, actor)
        await answer.ack()
        if isinstance(done, Refusal):
            await self._door.refuse(answer, done, click.approval_id, click.person)

    async def _repaired(self, approval: Approval, actor: Actor) -> Thread | Refusal:
        return await self._door.core.threads.repair(approval.thread_id, actor=actor.ref)

    async def _show(self, click: Click, view: Mapping[str, Any]) -> None:
        await self._door.slack.open_view(click.trigger_id, view)


def _approval(click: Click, actor: Actor) -> Attempt:
    return Attempt(type=DecisionType.APPROVE, actor=actor.ref, action=click.action, revision=click.revision)


def _must_see(click: Click, shown: Approval) -> bool:
    """Whether what they clicked on leaves something out."""
    if click.row:
        return brief(shown) is None
    return hides(shown, click.action, in_details=click.aside)


def _form(kind: DecisionType, approval: Approval, action: int | None) -> Mapping[str, Any]:
    if kind is DecisionType.APPROVE:
        return modals.approve(approval, action)
    if kind is DecisionType.DENY:
        return modals.deny(approval, action)
    open_ones = [index for index, verdict in enumerate(verdicts(approval)) if verdict is None]
    which = action if action is not None else open_ones[0]
    if kind is DecisionType.EDIT:
        return modals.edit(approval, which)
    return modals.respond(approval, which)
