"""Messages about an approval: posted, and found again where nobody knows how a post ended."""

from __future__ import annotations

from datetime import timedelta

import structlog

from approvals.errors import ConfigError
from approvals.model import Approval, MessageKind, MessageRef
from bot.rich import Message
from bot.slack import Slack
from bot.slack_errors import GONE, SlackRefused

CARDS = (MessageKind.CARD, MessageKind.ESCALATION)
"""An approval's own messages."""

SHOWN = (*CARDS, MessageKind.DIGEST)
"""Wherever it is shown."""

EVENT = "signoff_approval"
"""The type of the metadata by which a message of ours is known."""

SKEW = timedelta(minutes=5)
"""How far our clock may be ahead of Slack's, at the most."""

log = structlog.get_logger()


class Posting:
    """Posts with metadata. What Slack refuses is raised."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack

    async def post(
        self,
        channel: str,
        message: Message,
        approval: Approval,
        kind: MessageKind,
        place: str,
        thread_ts: str | None = None,
        about: int = 0,
        *,
        broadcast: bool = False,
    ) -> MessageRef:
        payload = _known_by(approval, kind, place, about)
        metadata = {"event_type": EVENT, "event_payload": payload}
        where, ts = await self._slack.post(
            channel, message.text, message.blocks, metadata=metadata, thread_ts=thread_ts, broadcast=broadcast
        )
        log.info("posted", action="slack.posted", approval=approval.id, channel=where, kind=kind.value)
        return MessageRef(where, ts, kind, place, about)

    async def found(
        self,
        channel: str,
        approval: Approval,
        kind: MessageKind,
        place: str,
        thread_ts: str | None = None,
        about: int = 0,
    ) -> MessageRef | None:
        """A message of ours that the record does not know. Where the bot may not look, there is none to be found."""
        wanted = _known_by(approval, kind, place, about)
        since = approval.opened_at - SKEW
        try:
            ts = await self._slack.find(channel, EVENT, wanted, since=since.timestamp(), thread_ts=thread_ts)
        except ConfigError as closed:
            log.warning("cannot look for it", action="slack.unseen", approval=approval.id, why=str(closed))
            return None
        if ts is None:
            return None
        log.info("found again", action="slack.found", approval=approval.id, channel=channel, kind=kind.value)
        return MessageRef(channel, ts, kind, place, about)

    async def reply(
        self,
        card: MessageRef,
        message: Message,
        approval: Approval,
        kind: MessageKind,
        about: int = 0,
        *,
        broadcast: bool = False,
    ) -> MessageRef:
        """In the card's thread; in the channel itself if somebody deleted the card, and the thread with it."""
        try:
            return await self.post(
                card.channel, message, approval, kind, card.place, card.ts, about, broadcast=broadcast
            )
        except SlackRefused as refused:
            if refused.code not in GONE:
                raise
            log.info("card is gone", action="slack.gone", approval=approval.id, channel=card.channel)
            return await self.post(card.channel, message, approval, kind, card.place, about=about)


def _known_by(approval: Approval, kind: MessageKind, place: str, about: int) -> dict[str, str]:
    """The metadata by which a message is found again."""
    payload = {"approval": approval.id, "kind": kind.value, "place": place}
    return payload | {"about": str(about)} if about else payload
