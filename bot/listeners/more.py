"""The menu of a card: to hold it for a while, and to decide alone."""

from __future__ import annotations

from approvals.hours import PauseKind
from approvals.lifecycle import Attempt
from approvals.model import Actor, Approval, DecisionType
from approvals.refusals import Refusal
from bot import buttons, modals, payloads
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
        if chosen.verb == buttons.GLASS:
            await self._glass(chosen, actor, approval, answer)
            return
        looks = approval.policy.acknowledge if approval is not None else None
        kind = PauseKind.SNOOZED if chosen.seconds is not None else PauseKind.ACKNOWLEDGED
        done = await self._door.approvals.hold(chosen.approval_id, actor, kind, chosen.seconds or looks or 0.0)
        await answer.ack()
        if isinstance(done, Refusal):
            await self._door.refuse(answer, done, chosen.approval_id, chosen.person)

    async def _glass(self, chosen: Choice, actor: Actor, approval: Approval | None, answer: Answer) -> None:
        """Opens the form for those who may decide alone. Which way they decide they say in it."""
        kind = next(iter(buttons.alone(approval)), DecisionType.APPROVE) if approval else DecisionType.APPROVE
        attempt = Attempt(type=kind, actor=actor.ref, revision=chosen.revision, alone=True)
        found = await self._door.approvals.may_decide(chosen.approval_id, actor, attempt)
        await answer.ack()
        if isinstance(found, Refusal):
            await self._door.refuse(answer, found, chosen.approval_id, chosen.person)
        else:
            await self._door.slack.open_view(chosen.trigger_id, modals.glass(found))
