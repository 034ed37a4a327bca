"""What nobody else wanted. Unanswered, Slack would show “this app did not respond” and say no more."""

from __future__ import annotations

import re

import structlog

from bot import replies
from bot.listeners.door import Answer, App, Door
from bot.payloads import Body

log = structlog.get_logger()


def register(app: App, door: Door) -> None:
    """Registers the listeners."""
    anything = re.compile(".*")

    async def stray(body: Body, answer: Answer) -> None:
        log.warning("stray payload", action="listener.stray", type=str(body.get("type")))
        await answer.end(replies.STRAY)

    async def event(_: Body, answer: Answer) -> None:
        await answer.ack()

    app.action(anything)(door.listener(stray))
    app.view(anything)(door.listener(stray))
    app.view_closed(anything)(door.listener(event))
    app.shortcut(anything)(door.listener(stray))
    app.command(anything)(door.listener(stray))
    app.event(anything)(door.listener(event))
