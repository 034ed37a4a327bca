"""Whom a question or an answer calls by name, and where: everybody once, however many cards there are."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from approvals import places
from approvals.errors import ConfigError
from approvals.model import Approval, MessageKind, MessageRef
from approvals.question import Question
from bot import asked
from bot.directory import Directory, is_user
from bot.rich import Message

MAX_CALLED = 10
"""People who are called by name, or told by direct message, about one question."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Calls:
    """Who is mentioned in the thread of which card (by its place), and who is told by direct message."""

    threads: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    direct: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Telling:
    """One message that is not posted yet: in the thread of a `card`, or to a `person`; and what is redrawn before."""

    kind: MessageKind
    about: int
    message: Message
    card: MessageRef | None = None
    person: str = ""
    redraw: Sequence[tuple[MessageRef, Message]] = ()


class Relay:
    """Asks the directory who is where."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def left(self, approval: Approval, kinds: Container[MessageKind]) -> list[Telling]:
        """What is still to be told, in its order. `kinds` are those of cards."""
        cards = [message for message in approval.messages if message.kind in kinds]
        found: list[Telling] = []
        for question in approval.questions:
            found += await self._question(approval, question, cards)
            if not question.open:
                found += await self._answer(approval, question, cards)
        return found

    async def _question(self, approval: Approval, question: Question, cards: Sequence[MessageRef]) -> list[Telling]:
        kind, about = MessageKind.QUESTION, question.number
        stands = _stands(approval, kind, about)
        if not question.open and all(card.place in stands for card in cards):
            return []
        calls, names = await self._calls(await self._people(question), cards), await self._names(question)
        direct = [
            Telling(kind, about, asked.question(approval, question, [person], names), person=person)
            for person in calls.direct
            if question.open and person not in stands
        ]
        return direct + [
            Telling(kind, about, asked.question(approval, question, calls.threads.get(card.place, ()), names), card)
            for card in cards
            if card.place not in stands
        ]

    async def _answer(self, approval: Approval, question: Question, cards: Sequence[MessageRef]) -> list[Telling]:
        kind, about = MessageKind.ANSWER, question.number
        stands = _stands(approval, kind, about)
        by = [question.by] if is_user(question.by) else []
        calls, names = await self._calls(by, cards), await self._names(question)
        left = [
            Telling(kind, about, asked.answer(question, [person], names), person=person)
            for person in calls.direct
            if person not in stands
        ] + [
            Telling(kind, about, asked.answer(question, calls.threads.get(card.place, ()), names), card)
            for card in cards
            if card.place not in stands
        ]
        # Redrawn, it tells nobody once more.
        over = asked.question(approval, question, [name for name in question.to if is_user(name)], names)
        asking = [ref for ref in approval.messages if (ref.kind, ref.about) == (MessageKind.QUESTION, about)]
        return [replace(one, redraw=[(ref, over) for ref in asking] if not at else ()) for at, one in enumerate(left)]

    async def _names(self, question: Question) -> Mapping[str, str]:
        """What those are called who asked and answered."""
        ids = [one for one in (question.by, question.answered_by) if one]
        return {one: await self._directory.name(one) for one in ids}

    async def _people(self, question: Question) -> list[str]:
        found: list[str] = []
        for entry in question.to:
            try:
                found += [entry] if is_user(entry) else await self._directory.people(entry)
            except ConfigError as wrong:
                log.warning("nobody to ask", action="directory.unresolved", entry=entry, why=str(wrong))
        return list(dict.fromkeys(found))[:MAX_CALLED]

    async def _calls(self, people: Sequence[str], cards: Sequence[MessageRef]) -> Calls:
        threads: dict[str, list[str]] = {}
        direct: list[str] = []
        for person in people:
            inside = await self._directory.belongs(person, [card.channel for card in cards])
            own = (card for card in cards if card.channel in inside or places.whose(card.place) == person)
            if (first := next(own, None)) is not None:
                threads.setdefault(first.place, []).append(person)
            else:
                direct.append(person)
        return Calls(threads, direct)


def _stands(approval: Approval, kind: MessageKind, about: int) -> frozenset[str]:
    return frozenset(ref.place for ref in approval.messages if (ref.kind, ref.about) == (kind, about))
