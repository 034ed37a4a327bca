"""The menu of a card: to hold it for a while, to ask back, and to decide alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from approvals.hours import PauseKind
from approvals.lifecycle import Attempt
from approvals.model import Actor, Approval, DecisionType, Standing
from approvals.refusals import Reason, Refusal
from bot import asked, buttons, modals, payloads, replies, texts_why, why
from bot.listeners.door import Answer, App, Door
from bot.payloads import Body, Choice, Person


def register(app: App, door: Door) -> None:
    """Registers the listener."""
    app.action("more")(door.listener(Menu(door).choose))


class Menu:
    """One method a kind of option."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def choose(self, body: Body, answer: Answer) -> None:
        """Does what was chosen; a refusal is said in private."""
        chosen = payloads.choice(body)
        if chosen.verb == buttons.WHY:
            await self._why(chosen, answer)
            return
        actor, approval = await self._door.actor(chosen.person, chosen.approval_id)
        if approval is None:
            await self._door.unknown(answer, chosen.person)
        elif chosen.verb == buttons.GLASS:
            await self._glass(chosen, actor, approval, answer)
        elif chosen.verb == buttons.ASK:
            await self._ask(chosen, actor, approval, answer)
        else:
            await self._hold(chosen, actor, approval, answer)

    async def _hold(self, chosen: Choice, actor: Actor, approval: Approval, answer: Answer) -> None:
        """Holds the next reminder and step; the card says so."""
        kind, seconds = PauseKind.SNOOZED, chosen.seconds
        if seconds is None:
            kind, seconds = PauseKind.ACKNOWLEDGED, approval.policy.acknowledge or 0.0
        done = await self._door.approvals.hold(approval.id, actor, kind, seconds)
        await answer.ack()
        if isinstance(done, Refusal):
            await self._door.refuse(answer, done, approval.id, chosen.person)

    async def _why(self, chosen: Choice, answer: Answer) -> None:
        """Shows what was said before. A trigger is good for three seconds and a checkpoint may be slow: the view is
        opened first and filled in later; it never stays at *reading*."""
        await answer.ack()
        view_id = await self._door.slack.open_view(chosen.trigger_id, why.loading())
        try:
            view = await self._said(chosen.person, chosen.approval_id)
        except Exception:
            await self._door.slack.update_view(view_id, modals.notice(texts_why.TITLE, replies.BROKEN))
            raise
        await self._door.slack.update_view(view_id, view)

    async def _said(self, person: Person, approval_id: str) -> Mapping[str, Any]:
        if await self._door.directory.standing(person.id, person.team_id) is not Standing.MEMBER:
            return modals.notice(texts_why.TITLE, replies.MEMBERS_ONLY)
        approval = await self._door.seen(person, approval_id)
        thread = await self._door.core.records.store.thread(approval.thread_id) if approval is not None else None
        if approval is None or thread is None:
            return modals.notice(texts_why.TITLE, self._door.refusal(Refusal(Reason.UNKNOWN), None, person))
        talk = await self._door.core.history.last(thread, why.LAST)
        real = await self._door.approvals.get(approval_id)
        if talk is not None and real is not None:
            talk = self._door.shown.talk(talk, real)
        return why.view(approval, talk)

    async def _ask(self, chosen: Choice, actor: Actor, approval: Approval, answer: Answer) -> None:
        """Opens the form for a question, for those who may decide."""
        found = await self._door.approvals.may_ask(approval.id, actor)
        await answer.ack()
        if isinstance(found, Refusal):
            await self._door.refuse(answer, found, approval.id, chosen.person)
        else:
            await self._door.slack.open_view(chosen.trigger_id, asked.ask_form(self._door.shown.approval(found)))

    async def _glass(self, chosen: Choice, actor: Actor, approval: Approval, answer: Answer) -> None:
        """Opens the form for those who may decide alone. Which way they decide they say in it."""
        kind = next(iter(buttons.alone(approval)), DecisionType.APPROVE)
        attempt = Attempt(type=kind, actor=actor.ref, revision=chosen.revision, alone=True)
        found = await self._door.approvals.may_decide(approval.id, actor, attempt)
        await answer.ack()
        if isinstance(found, Refusal):
            await self._door.refuse(answer, found, approval.id, chosen.person)
        else:
            view = modals.glass(self._door.shown.approval(found))
            await self._door.slack.open_view(chosen.trigger_id, view)
