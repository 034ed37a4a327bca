"""The app's Home tab."""

from __future__ import annotations

from approvals.model import Standing
from approvals.ports import Query
from bot import home, payloads, replies
from bot.listeners.door import Answer, App, Door
from bot.payloads import Body, Person


def register(app: App, door: Door) -> None:
    """Registers the listener."""

    async def opened(body: Body, answer: Answer) -> None:
        """Draws what is pending, for full members."""
        await answer.ack()
        user = payloads.home_opened(body)
        if user is None:
            return
        standing = await door.directory.standing(user, None)
        if standing is Standing.MEMBER:
            seen = await door.sight.window(Person(user, None), Query(limit=home.MAX_ROWS))
            more = not seen.everything and seen.after is not None
            await door.slack.publish(user, home.home(door.shown.page(seen.page), door.clock(), viewer=user, more=more))
        else:
            await door.slack.publish(user, home.closed(replies.MEMBERS_ONLY))

    app.event("app_home_opened")(door.listener(opened))
