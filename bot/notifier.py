"""Tells people in Slack: `ports.Notifier`. A message is a view of the record, and is never read back."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from approvals import covering, places
from approvals.entries import API
from approvals.errors import ConfigError, Later, SignoffError
from approvals.model import Approval, MessageKind, MessageRef, Status
from approvals.ports import Clock
from approvals.shown import Shown
from bot import blocks
from bot.absences import Absences
from bot.blocks import Message
from bot.digests import Digests
from bot.directory import Directory, is_channel, is_user
from bot.glass import Glass
from bot.links import Links
from bot.mentions import Mentions
from bot.posting import CARDS, SHOWN, Posting
from bot.progress import Progress
from bot.relay import Relay, Telling
from bot.slack import Slack
from bot.slack_errors import SlackRefused
from bot.texts import Said

STAND_INS = "stand-ins"
"""In the list of places: those who cover for somebody absent."""

log = structlog.get_logger()


class SlackNotifier:
    """Posts and redraws cards. What Slack refuses is raised: due work is tried again by whoever performs it."""

    def __init__(
        self,
        slack: Slack,
        directory: Directory,
        absences: Absences,
        digests: Digests,
        links: Links,
        *,
        clock: Clock,
        shown: Shown,
    ) -> None:
        self._slack = slack
        self._directory = directory
        self._absences = absences
        self._digests = digests
        self._links = links
        self._clock = clock
        self._shown = shown
        self._relay = Relay(directory)
        self._mentions = Mentions(directory, absences)
        self._posting = Posting(slack)
        self._glass = Glass(self._posting, directory, self._mentions, links)
        self._progress = Progress()

    async def announce(self, approval: Approval, *, again: bool = False) -> Sequence[MessageRef]:
        """See `ports.Notifier.announce`. What was posted before Slack refused the rest is returned all the same, to be
        written down; the next call then meets the refusal.

        Posting has no idempotency key in Slack, so a post whose outcome nobody knows is looked for by its metadata
        before it is made once more.
        """
        stands = {places.whose(message.place) for message in approval.messages if message.kind in SHOWN}
        posted: list[MessageRef] = []
        refused: SignoffError | None = None
        for entry in (*approval.reach, STAND_INS):
            kind = MessageKind.CARD if entry == approval.places[0] else MessageKind.ESCALATION
            try:
                for place, channel in await self._channels(entry, approval):
                    if places.whose(place) not in stands:
                        stands.add(places.whose(place))
                        posted.append(await self._placed(approval, channel, kind, place, posted, again=again))
            except SignoffError as failed:
                refused = failed
                if isinstance(failed, Later):
                    continue  # which is no trouble
                log.warning("card not posted", action="slack.refused", approval=approval.id, why=str(failed))
        if refused is not None and not posted:
            raise refused
        return posted

    async def _placed(
        self,
        approval: Approval,
        channel: str,
        kind: MessageKind,
        place: str,
        posted: Sequence[MessageRef],
        *,
        again: bool,
    ) -> MessageRef:
        """By a card of its own, or together with others where too many come at once. A step up is never collected."""
        if again and (found := await self._posting.found(channel, approval, kind, place)):
            return found
        if kind is MessageKind.CARD and (among := await self._digests.place(approval, channel, place)):
            return among
        said = await self._mentions.on_card(approval, place)
        card = await self._card(approval, place, posted, said=said)
        return await self._posting.post(channel, card, approval, kind, place)

    async def _stand_ins(self, approval: Approval) -> list[tuple[str, str]]:
        """Those who cover for somebody absent, while it can still be decided."""
        if approval.status is not Status.PENDING:
            return []
        found = await self._absences.stand_ins(approval)
        return [(places.stand_in(cover, who), await self._directory.direct(cover)) for cover, who in found.items()]

    async def _card(
        self,
        approval: Approval,
        place: str,
        posted: Sequence[MessageRef] = (),
        *,
        said: Said,
        passed_on: bool = False,
    ) -> Message:
        """The card as it stands in a place: whoever covers is told for whom, where others are asked now that, and in a
        direct message where the card stands before others. `posted`: messages that the record does not know yet;
        `said`: how those who are asked are called there."""
        card = blocks.card(self._shown.approval(approval), self._clock(), passed_on=passed_on, said=said)
        absent, person = places.for_whom(place), places.whose(place)
        if absent:
            card = blocks.asked_for(card, absent)
        link = await self._links.shared(person, (*approval.messages, *posted)) if is_user(person) else None
        return blocks.stands_in(card, link) if link else card

    async def _channels(self, entry: str, approval: Approval) -> list[tuple[str, str]]:
        """Where an entry is told: a channel itself, people by direct message. Each with the name of the place."""
        if entry == STAND_INS:
            return await self._stand_ins(approval)
        if is_channel(entry):
            return [(entry, await self._directory.channel(entry))]
        if entry.startswith(API):
            return []
        people = await self._directory.people(entry)
        return [(person, await self._directory.direct(person)) for person in people]

    async def refresh(self, approval: Approval) -> None:
        """See `ports.Notifier.refresh`. A copy that somebody deleted is left alone."""
        reach, said = await self._reach(approval), await self._mentions.drawn(approval)
        with self._progress.round(f"refresh {approval.id} {approval.version}") as now:
            for ref in approval.messages:
                if ref.kind is MessageKind.DIGEST:
                    await self._digests.changed(ref)
                if ref.kind not in CARDS or not now.left(f"{ref.channel}/{ref.ts}"):
                    continue
                message = await self._card(approval, ref.place, said=said, passed_on=not _reached(reach, ref.place))
                with now.once(f"{ref.channel}/{ref.ts}"):
                    if not await self._slack.update(ref.channel, ref.ts, message.text, message.blocks):
                        log.info("card is gone", action="slack.gone", approval=approval.id, channel=ref.channel)

    async def _reach(self, approval: Approval) -> frozenset[str] | None:
        """The places of those who are asked now, where others were asked before; `None` where every copy counts.

        An entry that cannot be resolved leaves every copy as it is: better a button that is refused than none.
        """
        if approval.status is not Status.PENDING or approval.reach == approval.places:
            return None
        try:
            return frozenset([place for entry in approval.reach for place, _ in await self._channels(entry, approval)])
        except ConfigError as wrong:
            log.warning("cannot tell who is asked now", action="slack.unreached", approval=approval.id, why=str(wrong))
            return None

    async def remind(self, approval: Approval) -> None:
        """See `ports.Notifier.remind`: a reply in the thread of every card before people who are asked now, but for
        those who are away and those who have voted. Whatever of that cannot be told, it is posted all the same.
        """
        voted = covering.voters(approval)
        cards = await self._reminded(approval, voted)
        words = await self._mentions.in_threads(approval, cards, spared=voted)
        shown = self._shown.approval(approval)
        with self._progress.round(f"remind {approval.id} {approval.revision}.{approval.reminders}") as now:
            for ref in filter(lambda one: now.left(f"{one.channel}/{one.ts}"), cards):
                told = words[ref.place]
                with now.once(f"{ref.channel}/{ref.ts}"):
                    message: Message | None = blocks.reminder(shown, self._clock(), told.asked, told.said)
                    if ref.kind is MessageKind.DIGEST:
                        message = await self._digests.reminder(ref, told.called)
                    if message is not None:
                        await self._posting.reply(ref, message, approval, MessageKind.REMINDER, broadcast=told.short)

    async def _reminded(self, approval: Approval, voted: frozenset[str]) -> list[MessageRef]:
        """The cards before people who have still to say something; all that are left if that is nobody."""
        try:
            reach = await self._reach(approval)
        except SignoffError as wrong:
            log.warning("cannot tell who is asked now", action="slack.unreached", approval=approval.id, why=str(wrong))
            reach = None
        cards = [ref for ref in approval.messages if ref.kind in SHOWN and _reached(reach, ref.place)]
        absent = await self._mentions.absent(*(name for ref in cards for name in places.people(ref.place)))
        awake = [ref for ref in cards if places.reached(ref.place, absent) and places.whose(ref.place) not in voted]
        return awake or cards

    async def tell(self, approval: Approval, *, again: bool = False) -> Sequence[MessageRef]:
        """See `ports.Notifier.tell`. What was posted before Slack refused the rest is returned all the same."""
        return await self._glass.tell(self._shown.approval(approval), again=again)

    async def relay(self, approval: Approval, *, again: bool = False) -> Sequence[MessageRef]:
        """See `ports.Notifier.relay`. What was posted before Slack refused the rest is returned all the same."""
        posted: list[MessageRef] = []
        refused: SignoffError | None = None
        for telling in await self._relay.left(self._shown.approval(approval), SHOWN):
            try:
                with self._progress.round(f"answer {approval.id} {telling.about}") as now:
                    for ref, message in telling.redraw:
                        if now.left(f"{ref.channel}/{ref.ts}"):
                            with now.once(f"{ref.channel}/{ref.ts}"):
                                await self._slack.update(ref.channel, ref.ts, message.text, message.blocks)
                posted.append(await self._tell_once(telling, approval, again=again))
            except (ConfigError, SlackRefused) as failed:
                # Somebody who cannot be told by direct message (they have left) keeps nobody else from being told.
                refused = refused if telling.card is None else failed
                log.warning("not told", action="slack.refused", approval=approval.id, why=str(failed))
            except SignoffError as failed:
                refused = failed
                log.warning("not told", action="slack.refused", approval=approval.id, why=str(failed))
        if refused is not None and not posted:
            raise refused
        return posted

    async def _tell_once(self, telling: Telling, approval: Approval, *, again: bool) -> MessageRef:
        """In the thread of a card, or to somebody by direct message."""
        kind, about, card = telling.kind, telling.about, telling.card
        if card is not None:
            found = (
                await self._posting.found(card.channel, approval, kind, card.place, card.ts, about) if again else None
            )
            return found or await self._posting.reply(card, telling.message, approval, kind, about)
        channel = await self._directory.direct(telling.person)
        found = await self._posting.found(channel, approval, kind, telling.person, None, about) if again else None
        return found or await self._posting.post(channel, telling.message, approval, kind, telling.person, about=about)

    async def report(self, approval: Approval, *, again: bool = False) -> Sequence[MessageRef]:
        """See `ports.Notifier.report`: a reply in the first card's thread."""
        card = next((message for message in approval.messages if message.kind in SHOWN), None)
        if card is None:
            return []
        if again and (
            found := await self._posting.found(card.channel, approval, MessageKind.REPORT, card.place, card.ts)
        ):
            return [found]
        message = blocks.report(self._shown.approval(approval))
        return [await self._posting.reply(card, message, approval, MessageKind.REPORT)]


def _reached(reach: frozenset[str] | None, place: str) -> bool:
    """Whether a place is one of those; whoever covers is reached with the absent."""
    return reach is None or (places.for_whom(place) or place) in reach
