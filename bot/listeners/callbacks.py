"""Callbacks that were given up, in the Home of admins: listed, and sent again. Who may is asked of Slack each time."""

from __future__ import annotations

from approvals import calling
from approvals.model import ActorRef, Approval
from approvals.ports import Query
from approvals.refusals import Reason, Refusal
from approvals.transitions import Change
from bot import callbacks_views as views
from bot import payloads, replies, texts_health
from bot.listeners.door import Answer, App, Door, View
from bot.modals import notice
from bot.payloads import Body, Person

AT_ONCE = 100
"""Callbacks that one click sends again, at the most; the next click takes the next."""


def register(app: App, door: Door) -> None:
    """Registers the button of the Home and the form."""
    again = Again(door)
    app.action("callbacks:open")(door.listener(again.open))
    slow = notice(replies.SLOW, replies.SLOW_HERE)
    app.view(views.AGAIN)(door.listener(again.send, slow=lambda _: slow))


class Again:
    """One method a button or a form."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def _actor(self, person: Person) -> ActorRef | None:
        admins = self._door.core.settings.signoff_admins
        actor = await self._door.directory.actor(person.id, person.team_id, admins)
        return actor.ref if actor.audiences else None

    async def open(self, body: Body, answer: Answer) -> None:
        """Lists them, for admins."""
        await answer.ack()
        door = self._door
        loading = notice(texts_health.TITLE, texts_health.LOADING)
        view_id = await door.slack.open_view(payloads.trigger_id(body), loading)
        if await self._actor(payloads.person(body)) is None:
            await door.slack.update_view(view_id, notice(texts_health.TITLE, texts_health.NO_ADMIN))
            return
        page = await door.approvals.page(Query(status=None, undelivered=True, limit=views.MOST))
        shown = door.shown.page(page)
        await door.slack.update_view(view_id, views.listing(shown.approvals, page.total))

    async def send(self, body: Body, answer: Answer) -> None:
        """Has all of them sent once more, each by itself, in the name of whoever clicked."""
        door, person = self._door, payloads.person(body)
        actor, view_id = await self._actor(person), payloads.view_id(body)

        async def redraw(view: View) -> None:
            if view_id is not None:
                await door.slack.update_view(view_id, view)

        if actor is None:
            await answer.instead(notice(texts_health.TITLE, texts_health.NO_ADMIN), redraw)
            return
        page = await door.approvals.page(Query(status=None, undelivered=True, limit=AT_ONCE))
        done = [await self._again(approval, actor) for approval in page.approvals]
        text = texts_health.sent(done.count(True), done.count(False), max(0, page.total - len(done)))
        await answer.instead(notice(texts_health.TITLE, text), redraw)
        await door.core.records.homes.soon([person.id])

    async def _again(self, approval: Approval, actor: ActorRef) -> bool:
        """Whether it is sent again; not where somebody else has just seen to it."""
        now = self._door.clock()

        def step(one: Approval) -> Change | Refusal:
            if one.delivery is None or not one.delivery.dead:
                return Refusal(Reason.NOT_POSSIBLE)
            return calling.send_again(one, actor, now)

        return not isinstance(await self._door.approvals.change(approval.id, step), Refusal)
