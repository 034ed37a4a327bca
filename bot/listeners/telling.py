"""Saying something in private to whoever acted: by the response URL, else in the form that is open, else beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from bot import modals, payloads, replies
from bot.blocks import Message
from bot.directory import Directory
from bot.payloads import Body
from bot.slack import Blocks, Slack, SlackUnreachable

WITHIN = 20.0
"""Seconds for all ways together."""

Way = tuple[str, Callable[[], Awaitable[None]]]
"""One way to somebody, and its name in the log."""

log = structlog.get_logger()


class Telling:
    """The ways to one person, after one action of theirs. Nothing here raises: it comes after the acknowledgement."""

    def __init__(self, slack: Slack, directory: Directory, body: Body) -> None:
        self._slack = slack
        self._directory = directory
        self._body = body
        # Only what came from a message or a command has a response_url; a form or the Home tab has none.
        self._url = str(body.get("response_url") or "")

    async def say(self, message: Message | str, *, replace: bool = False) -> None:
        """To that person only, where the action came from a message or a command. `replace` redraws the private message
        that was clicked on. Where Slack does not take it there, it is said in the channel, seen by them alone."""
        if self._url:
            await self._first(message, [self._answer(message, replace=replace), self._beside(message)])

    async def insist(self, text: str) -> None:
        """The same for what went wrong, wherever the action came from: a form that is open says it itself."""
        if self._body.get("type") == "event_callback":
            return  # nobody asked for anything
        view = payloads.view(self._body)
        ways = [self._beside(text)]
        if self._url:
            ways.insert(0, self._answer(text, replace=False))
        elif view.get("type") == "modal" and view.get("id"):
            ways.insert(0, ("view", lambda: self._slack.update_view(str(view["id"]), self._word(view, text))))
        await self._first(text, ways)

    async def _first(self, message: Message | str, ways: list[Way]) -> None:
        last: Exception | None = None
        try:
            async with asyncio.timeout(WITHIN):
                for name, way in ways:
                    try:
                        await way()
                    except SlackUnreachable as unknown:
                        # It may be there: said once more, it would be there twice.
                        log.warning("perhaps not told", action="listener.untold", way=name, why=str(unknown))
                        return
                    except Exception as failed:
                        last = failed
                        log.warning("not told there", action="listener.untold", way=name, exc_info=failed)
                    else:
                        return
        except TimeoutError as late:
            last = late
        log.error("could not tell", action="listener.silent", text=_parts(message)[0], exc_info=last)

    def _word(self, view: Mapping[str, Any], text: str) -> Mapping[str, Any]:
        """The view that was clicked in says it on top; what was sent is gone from the screen: to be copied."""
        if self._body.get("type") == "view_submission":
            return modals.notice(replies.NOT_DONE, text, payloads.typed(self._body))
        return modals.saying(view, text)

    def _answer(self, message: Message | str, *, replace: bool) -> Way:
        text, blocks = _parts(message)
        return "response_url", lambda: self._slack.respond(self._url, text, blocks, replace=replace)

    def _beside(self, message: Message | str) -> Way:
        async def beside() -> None:
            text, blocks = _parts(message)
            person = payloads.person(self._body).id
            channel = payloads.channel(self._body) or await self._directory.direct(person)
            await self._slack.post_privately(channel, person, text, blocks)

        return "ephemeral", beside


def _parts(message: Message | str) -> tuple[str, Blocks | None]:
    return (message, None) if isinstance(message, str) else (message.text, message.blocks)
