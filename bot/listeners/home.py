"""The app's Home tab."""

from __future__ import annotations

from approvals.model import Standing
from approvals.ports import Query
from bot import home, payloads, replies
from bot.listeners.door import Answer, App, Door
from bot.payloads import Body


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
            page = await door.approvals.page(Query(limit=20))
            await door.slack.publish(user, home.home(page, door.clock(), viewer=user))
        else:
            await door.slack.publish(user, home.closed(replies.MEMBERS_ONLY))

    app.event("app_home_opened")(door.listener(opened))
