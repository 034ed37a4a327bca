"""The menu of a card: to hold it for a while, to ask back, and to decide alone."""

from __future__ import annotations

from approvals.hours import PauseKind
from approvals.lifecycle import Attempt
from approvals.model import Actor, Approval, DecisionType
from approvals.refusals import Refusal
from bot import asked, buttons, modals, payloads
from bot.listeners.door import Answer, App, Door
from bot.payloads import Body, Choice


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
