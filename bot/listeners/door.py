"""The door between Slack and the use cases: one error boundary, one acknowledgement, private answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from approvals.due import DueKind
from approvals.errors import InputError, Later
from approvals.lifecycle import Attempt
from approvals.model import Actor, ActorRef, Approval, DecisionType
from approvals.refusals import Reason, Refusal
from bot import modals, replies, review, texts
from bot.absences import Absences
from bot.blocks import Message
from bot.core import Core
from bot.directory import Directory
from bot.links import Links
from bot.listeners.telling import Telling
from bot.payloads import Body, Person
from bot.sight import Sight
from bot.slack import Slack
from bot.vitals import Vitals
from bot.waiting import Waiting

App = Any
"""Bolt's `AsyncApp`, whose decorators are untyped."""

ACK_WITHIN = 2.5
"""Seconds for everything before the acknowledgement. Slack waits 3, and the answer has to travel."""

SETTLED = 0.5
"""Seconds after an acknowledgement in which Slack has drawn what it said: Bolt sends it a moment after it was given."""

TAKEN = "signoff_taken"
"""Where Bolt's context has the answer of the listener that took a payload. After three seconds without acknowledgement
(the process stood still, and Bolt was sooner than we) Bolt goes on to the next one that matches, in the end to the one
for what nobody wanted; that one must not say that nothing was changed while the first still works."""

View = Mapping[str, Any]
Drawing = Callable[[Body], View]
"""What stands in the place of a form while it takes longer than Slack waits."""

log = structlog.get_logger()


class Answer:
    """How one listener answers: acknowledges once, and says something in private."""

    def __init__(
        self, ack: AsyncAck, telling: Telling, *, form: bool = False, slow: Callable[[], View] | None = None
    ) -> None:
        self._ack = ack
        self._telling = telling
        self._form = form
        self._slow = slow or _wait_for_the_card
        self.acked = False
        self.late: float | None = None
        """When it was acknowledged because time was up (by the clock of the loop), before anything was known."""
        self.told = False
        """Whether they were told already what went wrong."""

    async def ack(self, **what: Any) -> None:
        """Acknowledges; later calls do nothing. Nothing may raise after it: Bolt would lose it."""
        if not self.acked:
            self.acked = True
            await self._ack(**what)

    async def end(self, text: str) -> None:
        """The last word: in the form where one was sent, which would close as if all were well, else in private, by
        whichever way is open."""
        if self._form and not self.acked:
            await self.ack(response_action="update", view=modals.notice(replies.NOT_DONE, text))
        else:
            await self.ack()
            await self._settled()
            if not self.told:
                await self._telling.insist(text)

    async def in_time(self) -> None:
        """Acknowledges because time is up. A form says that more is to come."""
        if self.acked:
            return
        self.late = asyncio.get_running_loop().time()
        if self._form:
            await self.ack(response_action="update", view=self._slow())
        else:
            await self.ack()

    async def instead(self, view: View, redraw: Callable[[View], Awaitable[None]]) -> None:
        """Puts a view in the place of the form that was sent: with the acknowledgement, or by `redraw` where that was
        given before, once what it shows has surely arrived."""
        if self.late is None:
            await self.ack(response_action="update", view=view)
            return
        await self._settled()
        await redraw(view)

    async def _settled(self) -> None:
        if self._form and self.late is not None:
            await asyncio.sleep(max(0.0, self.late + SETTLED - asyncio.get_running_loop().time()))

    async def say(self, message: Message | str, *, replace: bool = False) -> None:
        """To that person only. `replace` redraws the private message that was clicked on."""
        await self._telling.say(message, replace=replace)


class Door:
    """What listeners reach."""

    def __init__(self, core: Core, slack: Slack, directory: Directory, absences: Absences, links: Links) -> None:
        self.core = core
        self.approvals = core.records.approvals
        self.slack = slack
        self.directory = directory
        self.clock = core.records.clock
        self.absences = absences
        self.links = links
        self.shown = core.records.shown
        self.vitals = Vitals(core)
        self.sight = Sight(self.approvals, directory, absences, core.settings.signoff_admins)
        self.waiting = Waiting(self.approvals, directory, absences, self.sight)

    async def actor(self, person: Person, approval_id: str, *, alone: bool = False) -> tuple[Actor, Approval | None]:
        """Who clicked, with Slack's facts about them as far as this approval's audience asks for them.

        Who is not asked themselves acts for somebody absent for whom they cover, unless it is to decide `alone`. The
        approval is `None` where there is none, and where it is not theirs to see: both are answered alike.
        """
        approval = await self.approvals.get(approval_id)
        audience = approval.named if approval is not None else ()
        actor = await self.directory.actor(person.id, person.team_id, audience)
        if approval is not None and not alone:
            actor = await self.absences.standing_in(actor, approval)
        if approval is not None and not actor.audiences and not await self.sight.sees(person, approval):
            return actor, None
        return actor, approval

    async def seen(self, person: Person, approval_id: str) -> Approval | None:
        """The approval for showing, secrets hidden; `None` where there is none that they may see."""
        approval = await self.approvals.get(approval_id)
        if approval is None or not await self.sight.sees(person, approval):
            return None
        return self.shown.approval(approval)

    async def viewed(self, shown: Approval, actor: ActorRef, page: int) -> None:
        """Writes down that somebody has this page of the full view before them: the first and the last count."""
        pages = len(review.pages(shown))
        last = page + 1 >= pages
        if page == 0 or last:
            done = review.digest(shown)
            await self.approvals.viewed(shown.id, actor, shown.revision, pages=pages, digest=done, whole=last)

    async def may_approve(self, approval: Approval, actor: Actor, action: int | None) -> bool:
        """Whether this person's approval would be taken now."""
        attempt = Attempt(type=DecisionType.APPROVE, actor=actor.ref, action=action, revision=approval.revision)
        return not isinstance(await self.approvals.may_decide(approval.id, actor, attempt), Refusal)

    async def redraw(self, approval_id: str) -> None:
        """Somebody clicked on a card that shows what is no longer so: it is drawn anew, soon."""
        await self.core.records.store.schedule(approval_id, DueKind.REFRESH, self.clock())

    async def refuse(self, answer: Answer, refusal: Refusal, approval_id: str, person: Person) -> None:
        """Says why, in private, as the record stands now; and redraws the card."""
        approval = await self.approvals.get(approval_id)
        await answer.say(self.refusal(refusal, approval, person))
        if approval is not None:
            await self.redraw(approval_id)

    async def unknown(self, answer: Answer, person: Person) -> None:
        """The answer to an id that there is not, and to one that is not theirs to see."""
        await answer.ack()
        await answer.say(self.refusal(Refusal(Reason.UNKNOWN), None, person))

    def refusal(self, refusal: Refusal, approval: Approval | None, person: Person) -> str:
        """The sentence, secrets hidden."""
        if approval is None:
            return texts.refusal(refusal, None, person.id)
        detail = str(self.shown.told(refusal.detail, approval))
        return texts.refusal(replace(refusal, detail=detail), self.shown.approval(approval), person.id)

    def listener(
        self, handle: Callable[[Body, Answer], Awaitable[None]], *, slow: Drawing | None = None
    ) -> Callable[..., Awaitable[None]]:
        """Wraps a handler in the error boundary. Whatever happens, Slack is acknowledged and the person is told.

        `slow` draws what a form says that takes longer than Slack waits, where no card will show what came of it; it
        raises for no body.
        """

        async def boundary(ack: AsyncAck, body: Mapping[str, Any], context: dict[str, Any]) -> None:
            taken: Answer | None = context.get(TAKEN)
            if taken is not None:
                await taken.in_time()
                return
            form = body.get("type") == "view_submission"
            telling = Telling(self.slack, self.directory, body)
            answer = context[TAKEN] = Answer(ack, telling, form=form, slow=partial(slow, body) if slow else None)
            try:
                with self.core.records.effects.people.person():
                    await self._handled(handle, body, answer)
            except Exception as failed:
                log.error("listener failed", action="listener.failed", what=handle.__name__, exc_info=failed)
                await self._apologise(answer, failed)

        return boundary

    @staticmethod
    async def _handled(handle: Callable[[Body, Answer], Awaitable[None]], body: Body, answer: Answer) -> None:
        async def acknowledged_in_time() -> None:
            await asyncio.sleep(ACK_WITHIN)
            log.warning("slow", action="listener.slow", what=handle.__name__)
            await answer.in_time()

        late = asyncio.create_task(acknowledged_in_time())
        try:
            await handle(body, answer)
        finally:
            late.cancel()

    @staticmethod
    async def _apologise(answer: Answer, failed: Exception) -> None:
        try:
            await answer.end(sorry(failed))
        except Exception as again:
            log.error("could not tell", action="listener.silent", exc_info=again)


def _wait_for_the_card() -> View:
    return modals.notice(replies.SLOW, replies.SLOW_FORM)


def sorry(failed: Exception) -> str:
    if isinstance(failed, Later):
        return replies.limited(failed.seconds)
    return replies.MALFORMED if isinstance(failed, InputError) else replies.BROKEN
