"""The app's Home tab."""

from __future__ import annotations

from approvals.model import Standing
from approvals.ports import Query
from bot import bulk, home, payloads, replies
from bot.listeners.door import Answer, App, Door
from bot.payloads import Body, Person


def register(app: App, door: Door) -> None:
    """Registers the listener."""

    async def opened(body: Body, answer: Answer) -> None:
        """Draws what is pending, for full members."""
        await answer.ack()
        user = payloads.home_opened(body)
        if user is not None:
            await draw(door, user)

    app.event("app_home_opened")(door.listener(opened))


async def draw(door: Door, user: str) -> None:
    """What waits, and whether they are away or cover for somebody; for full members."""
    if await door.directory.standing(user, None) is not Standing.MEMBER:
        await door.slack.publish(user, home.closed(replies.MEMBERS_ONLY))
        return
    seen = await door.sight.window(Person(user, None), Query(limit=home.MAX_ROWS))
    more = not seen.everything and seen.after is not None
    away = (await door.absences.of(user)).get(user)
    covering = await door.absences.covered_by(user)
    page = door.shown.page(seen.page)
    ids = await door.waiting.decidable(Person(user, None), seen.page.approvals)
    links = await door.links.cards(user, seen.page.approvals)
    able = bulk.several(pair for pair in zip(seen.page.approvals, page.approvals, strict=True) if pair[0].id in ids)
    view = home.home(
        page,
        door.clock(),
        viewer=user,
        more=more,
        away=away,
        covering=covering,
        decidable=ids,
        links=links,
        several=able,
    )
    await door.slack.publish(user, view)
