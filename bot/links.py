"""Links that open a card where it stands. A message keeps its link for ever, so each is asked for once; and only for
what somebody is about to read."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from approvals.errors import Later, SignoffError
from approvals.model import Approval, MessageKind, MessageRef
from approvals.places import whose
from approvals.ports import Clock
from bot.directory import Directory
from bot.slack import Slack

CARDS = (MessageKind.CARD, MessageKind.ESCALATION)
SHOWN = (*CARDS, MessageKind.DIGEST)
"""Where it is seen, alone or among others."""

KEPT = 5000
"""Links that are remembered; those go first that nobody asked for the longest."""

AT_ONCE = 4
"""Calls under way at a time: Slack does not say how many of chat.getPermalink it takes (a special tier)."""

WITHIN = 2.0
"""Seconds in which a page of links is there, or is drawn without."""

log = structlog.get_logger()


class Links:
    """A link that cannot be had is left out: nothing here raises what Slack refuses."""

    def __init__(self, slack: Slack, directory: Directory, *, clock: Clock) -> None:
        self._slack = slack
        self._directory = directory
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._few = asyncio.Semaphore(AT_ONCE)
        self._not_before: datetime | None = None

    async def message(self, channel: str, ts: str) -> str | None:
        """To a message; `None` if it is gone, or Slack does not say in time."""
        if (known := self._kept.get((channel, ts))) is not None:
            self._kept.move_to_end((channel, ts))
            return known
        try:
            async with asyncio.timeout(WITHIN), self._few:
                link = None if self._waits() else await self._slack.permalink(channel, ts)
        except (SignoffError, TimeoutError) as refused:
            if isinstance(refused, Later):
                self._not_before = self._clock() + timedelta(seconds=refused.seconds)
            log.warning("no link to a message", action="slack.no_link", channel=channel, why=str(refused))
            return None
        if link is not None:
            self._kept[channel, ts] = link
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return link

    def _waits(self) -> bool:
        """Slack asked us to."""
        return self._not_before is not None and self._clock() < self._not_before

    async def card(self, person: str, approval: Approval) -> str | None:
        """To the latest card that this person (a user id) can open."""
        ref = await self._reachable(person, approval.messages)
        return None if ref is None else await self.message(ref.channel, ref.ts)

    async def shared(self, person: str, messages: Sequence[MessageRef]) -> str | None:
        """To the first card in a channel that this person is in."""
        for ref in messages:
            if ref.kind in CARDS and await self._in(person, ref.channel):
                return await self.message(ref.channel, ref.ts)
        return None

    async def cards(self, person: str, approvals: Sequence[Approval]) -> Mapping[str, str]:
        """The same as `card` for a page of them, by the approval's id; without those that are not there in time."""
        found: dict[str, str] = {}

        async def look(approval: Approval) -> None:
            if link := await self.card(person, approval):
                found[approval.id] = link

        try:
            async with asyncio.timeout(WITHIN):
                await asyncio.gather(*map(look, approvals))
        except TimeoutError:
            log.warning("not all links in time", action="slack.no_link", found=len(found), of=len(approvals))
        return found

    async def _reachable(self, person: str, messages: Sequence[MessageRef]) -> MessageRef | None:
        for ref in reversed(messages):
            if ref.kind in SHOWN and (whose(ref.place) == person or await self._in(person, ref.channel)):
                return ref
        return None

    async def _in(self, person: str, channel: str) -> bool:
        try:
            return bool(await self._directory.belongs(person, [channel]))
        except SignoffError as refused:
            log.warning("members not known", action="slack.no_link", channel=channel, why=str(refused))
            return False
