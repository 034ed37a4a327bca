"""Glass that was broken: everybody who was asked is told in the thread of their card, and whoever requested it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from approvals import places
from approvals.errors import ConfigError, SignoffError
from approvals.model import ActorRef, Approval, MessageKind, MessageRef
from bot import blocks
from bot.directory import Directory, is_user
from bot.links import Links
from bot.mentions import Mentions, Words
from bot.posting import SHOWN, Posting
from bot.slack_errors import SlackRefused

KIND = MessageKind.NOTICE

log = structlog.get_logger()


class Glass:
    """Each of them is told once, however often it is tried."""

    def __init__(self, posting: Posting, directory: Directory, mentions: Mentions, links: Links) -> None:
        self._posting = posting
        self._directory = directory
        self._mentions = mentions
        self._links = links

    async def tell(self, approval: Approval, *, again: bool) -> Sequence[MessageRef]:
        """See `ports.Notifier.tell`, of an approval as people may see it."""
        alone = [decision.actor for decision in approval.decisions if decision.alone]
        if not alone:
            return []  # it was taken back
        who, by = alone[-1], await self._name(alone[-1])
        posted: list[MessageRef] = []
        refused: SignoffError | None = None
        words = await self._words(approval, who)
        for card in approval.messages:
            if card.place in words and card.kind in SHOWN:
                try:
                    posted.append(await self._in_thread(approval, card, by, words[card.place], again=again))
                except SignoffError as failed:
                    refused = failed
        try:
            posted += await self._requester(approval, who, by, again=again)
        except (ConfigError, SlackRefused) as gone:
            # Somebody who cannot be told by direct message (they have left) keeps nobody else from being told.
            log.warning("not told", action="slack.refused", approval=approval.id, why=str(gone))
        except SignoffError as failed:
            refused = failed
        if refused is not None and not posted:
            raise refused
        return posted

    async def _name(self, actor: ActorRef) -> str:
        """Who decided alone, without a mention, which tells them what they did; empty where that needs more words."""
        return await self._mentions.name(actor.id) if is_user(actor.id) and actor.behalf is None else ""

    async def _words(self, approval: Approval, who: ActorRef) -> Mapping[str, Words]:
        """Who is called in the threads in which it is not said yet, by place.

        Whoever requested it is told by themselves, whether or not they are in one of the channels.
        """
        stands = {ref.place for ref in approval.messages if ref.kind is KIND}
        cards = [ref for ref in approval.messages if ref.kind in SHOWN]
        left = {ref.place for ref in cards if ref.place not in stands}
        if not left:
            return {}
        found = await self._mentions.in_threads(approval, cards, spared={who.id, approval.requester or ""}, away=False)
        return {place: words for place, words in found.items() if place in left}

    async def _in_thread(
        self, approval: Approval, card: MessageRef, by: str, words: Words, *, again: bool
    ) -> MessageRef:
        if again and (found := await self._posting.found(card.channel, approval, KIND, card.place, card.ts)):
            return found
        message = blocks.glass(approval, by, words.asked, words.said)
        return await self._posting.reply(card, message, approval, KIND, broadcast=words.short)

    async def _requester(self, approval: Approval, who: ActorRef, by: str, *, again: bool) -> Sequence[MessageRef]:
        """By direct message, unless they did it themselves, were told already, or have a card there."""
        person = approval.requester or ""
        told = {places.whose(ref.place) for ref in approval.messages if ref.kind in (*SHOWN, KIND)}
        if not is_user(person) or person == who.id or person in told:
            return []
        channel = await self._directory.direct(person)
        if again and (found := await self._posting.found(channel, approval, KIND, person)):
            return [found]
        message = blocks.glass_for_requester(approval, by, await self._links.shared(person, approval.messages))
        return [await self._posting.post(channel, message, approval, KIND, person)]
