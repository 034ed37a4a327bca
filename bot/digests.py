"""Bursts: what comes faster than people read is collected in one message a channel, redrawn as things change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from approvals.due import DueKind
from approvals.errors import ConfigError, Later, SignoffError
from approvals.model import Approval, MessageKind, MessageRef
from approvals.policy import Urgency
from approvals.ports import ApprovalStore, Clock
from approvals.shown import Shown
from approvals.store.pacing import BurstStore
from approvals.store.redis import RedisStore
from bot import digest
from bot.blocks import Message
from bot.slack import Slack

EVENT = "signoff_digest"
"""The type of the metadata by which such a message is known."""

SOON = timedelta(seconds=2)
"""How long changes are gathered before the message is redrawn: the last state wins."""

REMIND = timedelta(minutes=5)
"""How often its thread is reminded at the most, however many approvals ask for it."""

POSTING = 1.0
"""Seconds until whoever posts the message has done so, most likely."""

log = structlog.get_logger()


class Digests:
    """`limit`: how many cards a channel gets within a minute before the rest is collected; 0 collects nothing."""

    def __init__(
        self, bursts: BurstStore, store: RedisStore, slack: Slack, *, clock: Clock, shown: Shown, limit: int
    ) -> None:
        self._bursts = bursts
        self._store: ApprovalStore = store
        self._soon = store.soon
        self._slack = slack
        self._clock = clock
        self._shown = shown
        self._limit = limit

    async def place(self, approval: Approval, channel: str, place: str) -> MessageRef | None:
        """The message that the approval is shown in, together with others; `None`: it gets a card of its own.

        Raises `Later` while somebody else posts that message.
        """
        if not self._limit:
            return None
        alone = approval.urgency is Urgency.CRITICAL
        number, ts = await self._bursts.enter(channel, approval.id, limit=self._limit, alone=alone)
        if not number:
            return None
        ts = ts or await self._posted(channel, number)
        await self._redraw_soon(channel, number, ts)
        return MessageRef(channel, ts, MessageKind.DIGEST, place)

    async def _posted(self, channel: str, number: int) -> str:
        tries, there = await self._bursts.posting(channel, number)
        if there:
            return there
        if not tries:
            raise Later(POSTING, f"the digest in {channel} is being posted")
        known = {"channel": channel, "number": str(number)}
        try:
            ts = await self._found(channel, known) if tries > 1 else None
            if ts is None:
                message = await self._message(channel, number)
                metadata = {"event_type": EVENT, "event_payload": known}
                _, ts = await self._slack.post(channel, message.text, message.blocks, metadata=metadata)
        except SignoffError:
            await self._bursts.not_posted(channel, number)
            raise
        await self._bursts.posted(channel, number, ts)
        log.info("posted", action="slack.posted", channel=channel, kind=MessageKind.DIGEST.value)
        return ts

    async def _found(self, channel: str, known: dict[str, str]) -> str | None:
        """One that somebody posted and could not write down."""
        since = self._clock() - BurstStore.KEPT
        try:
            return await self._slack.find(channel, EVENT, known, since=since.timestamp())
        except ConfigError as closed:
            log.warning("cannot look for it", action="slack.unseen", channel=channel, why=str(closed))
            return None

    async def changed(self, ref: MessageRef) -> None:
        """Something that the message shows has changed: it is redrawn soon, once for all that changes until then."""
        if number := await self._bursts.number(ref.channel, ref.ts):
            await self._redraw_soon(ref.channel, number, ref.ts)

    async def _redraw_soon(self, channel: str, number: int, ts: str) -> None:
        at = self._clock() + SOON
        await self._soon(f"{channel}/{number}/{ts}", DueKind.DIGEST, at)

    async def redraw(self, subject: str) -> datetime | None:
        """Due work of the kind `digest`."""
        channel, number, ts = subject.split("/")
        message = await self._message(channel, int(number))
        if not await self._slack.update(channel, ts, message.text, message.blocks):
            log.info("digest is gone", action="slack.gone", channel=channel)
        return None

    async def reminder(self, ref: MessageRef, called: Sequence[str] = ()) -> Message | None:
        """What its thread is reminded with; `None` where it was a short time ago, or where nothing waits."""
        number = await self._bursts.number(ref.channel, ref.ts)
        if not number or not await self._bursts.first(ref.channel, ref.ts, "reminded", REMIND):
            return None
        ids, _ = await self._bursts.waiting(ref.channel, number)
        return digest.reminder(len(ids), called) if ids else None

    async def _message(self, channel: str, number: int) -> Message:
        ids, total = await self._bursts.waiting(channel, number)
        found = [await self._store.get(one) for one in ids[: digest.FIRST]]
        first = [self._shown.approval(approval) for approval in found if approval is not None]
        return digest.digest(first, len(ids), total)
