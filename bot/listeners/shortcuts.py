"""The menu of a message: the link to its approval, and what was written down about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import structlog

from approvals.errors import ConfigError, InputError
from approvals.model import Approval, Standing
from bot import payloads, replies, replies_find, trail
from bot.digests import EVENT as DIGEST
from bot.listeners.door import Answer, App, Door
from bot.manifest import AUDIT_TRAIL, COPY_LINK
from bot.payloads import Body, Pointed
from bot.posting import EVENT
from bot.rich import Block

log = structlog.get_logger()


def register(app: App, door: Door) -> None:
    """Registers the listeners."""
    shortcuts = Shortcuts(door)
    app.shortcut(COPY_LINK)(door.listener(shortcuts.link))
    app.shortcut(AUDIT_TRAIL)(door.listener(shortcuts.trail))
    app.action(re.compile(r"^trail:(prev|next)$"))(door.listener(shortcuts.page))


class Shortcuts:
    """Which approval a message is about its metadata says, and nothing else of it is read."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def link(self, body: Body, answer: Answer) -> None:
        """The link to the card where they look at it, the id, and the command that shows it."""
        await answer.ack()
        at = payloads.pointed(body)
        if (approval := await self._about(at, answer)) is None:
            return
        link = await self._door.links.message(at.channel, at.thread_ts or at.ts)
        await self._door.slack.open_view(at.trigger_id, trail.linked(approval, link))

    async def trail(self, body: Body, answer: Answer) -> None:
        """Who did what, and when."""
        await answer.ack()
        at = payloads.pointed(body)
        if (approval := await self._about(at, answer)) is not None:
            await self._door.slack.open_view(at.trigger_id, await self._trail(approval, 0))

    async def page(self, body: Body, answer: Answer) -> None:
        """Another page of it."""
        await answer.ack()
        found, view_id = trail.turned(payloads.json_value(body)), payloads.view_id(body)
        if found is None or view_id is None:
            raise InputError("a page button is not of our making")
        approval = await self._door.seen(payloads.person(body), found[0])
        if approval is not None:
            await self._door.slack.update_view(view_id, await self._trail(approval, found[1]))

    async def _trail(self, approval: Approval, page: int) -> Block:
        events = await self._door.approvals.audit(approval.id, limit=trail.MOST)
        return trail.trail(approval, events, page, await self._door.core.records.audit.missing(approval.id))

    async def _about(self, at: Pointed, answer: Answer) -> Approval | None:
        """The approval, secrets hidden; `None` where there is none that they may see, and they were told."""
        if await self._door.directory.standing(at.person.id, at.person.team_id) is not Standing.MEMBER:
            await answer.say(replies.MEMBERS_ONLY)
            return None
        event, told = await self._told(at) or ("", {})
        named = told.get("approval")
        if event != EVENT or not isinstance(named, str):
            await answer.say(replies_find.MANY if event == DIGEST else replies_find.NOT_OURS)
            return None
        approval = await self._door.seen(at.person, named)
        if approval is None:
            await self._door.unknown(answer, at.person)
        return approval

    async def _told(self, at: Pointed) -> tuple[str, Mapping[str, Any]] | None:
        if not at.by_bot:
            return None
        try:
            return await self._door.slack.told(at.channel, at.ts, thread_ts=at.thread_ts)
        except ConfigError as closed:  # the bot is not in that channel: another app's message, most likely
            log.info("cannot look", action="shortcut.unseen", channel=at.channel, why=str(closed))
            return None
