"""Whom a message calls by name. Only the entries of a policy are ever called, never anybody whom an agent's text names.

A user group is mentioned as a whole as long as everybody in it is still asked; where some have voted or are told
elsewhere, the others are called one by one. So are the members of a channel, whom no mention stands for. Where that
would be too many, nobody is: the reply is shown in the channel too. Never `@channel` or `@here`: they call people whom
the policy does not name, and those who are just away from their desk learn nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

import structlog

from approvals import covering, entries, places
from approvals.away import Away
from approvals.errors import SignoffError
from approvals.model import Approval, MessageRef, Status
from approvals.policy import MANAGER, for_requester
from bot import texts, texts_asked
from bot.absences import Absences
from bot.directory import Directory, is_channel, is_user

MAX_EACH = 10
"""People of one entry who are called one by one."""

MAX_ALL = 30
"""The same of one message."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Words:
    """How those who are asked are called in the thread of one card.

    `asked` are the entries that are named there, `said` how each is drawn, `called` the mentions in it. `short`:
    somebody is asked there who is not called.
    """

    asked: Sequence[str]
    said: texts.Said = field(default_factory=dict[str, str])
    called: Sequence[str] = ()
    short: bool = False


@dataclass(frozen=True, slots=True)
class _Call:
    """One entry as it is drawn, with the mentions in it and the people whom they tell."""

    text: str
    called: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    short: bool = False


class Mentions:
    """What cannot be looked up is drawn as it is written, and keeps no message from being posted."""

    def __init__(self, directory: Directory, absences: Absences) -> None:
        self._directory = directory
        self._absences = absences
        self._reading = asyncio.Lock()

    async def absent(self, *people: str) -> Mapping[str, Away]:
        """Those who are away; where that cannot be told, nobody is."""
        if not people:
            return {}
        try:
            return await self._absences.of(*dict.fromkeys(people))
        except SignoffError as wrong:
            log.warning("absences not known", action="directory.unresolved", why=str(wrong))
            return {}

    async def drawn(self, approval: Approval) -> texts.Said:
        """Each entry as the mention that stands for it: for where a mention tells nobody, as in a card redrawn."""
        return {entry: found for entry in approval.audience if (found := await self._tried(entry))}

    async def on_card(self, approval: Approval, place: str) -> texts.Said:
        """For a new card: those are called whose home it is. The members of the channel in which it is posted are not,
        since the card is a message to them; nor is anybody for what is decided already."""
        if is_user(places.whose(place)):
            return await self.drawn(approval)
        voted, said = covering.voters(approval), dict[str, str]()
        left = MAX_ALL
        for entry, home in _homes(approval).items():
            if approval.status is not Status.PENDING or home != place or entry == place:
                said[entry] = await self._label(entry, on_card=True)
                continue
            call = await self._call(entry, approval, told=voted, most=left, on_card=True)
            said[entry], left = call.text, left - len(call.called)
        return said

    async def in_threads(
        self, approval: Approval, cards: Sequence[MessageRef], *, spared: Set[str] = frozenset(), away: bool = True
    ) -> Mapping[str, Words]:
        """For a reply to each of the cards, by its place: everybody who is asked is called in one of them, but for
        those `spared`, the absent (unless `away` is false), and the requester where they may not decide.

        Whoever has a card by direct message is told there. If everybody is away, they are called all the same.
        """
        direct = {ref.place: places.whose(ref.place) for ref in cards if is_user(places.whose(ref.place))}
        channels = [ref.place for ref in cards if ref.place not in direct]
        own = {person for place, person in direct.items() if places.for_whom(place) is None}
        found = await self._shared(approval, channels, spared | own, away=away)
        if away and not own and not any(words.called or words.short for words in found.values()):
            found = await self._shared(approval, channels, spared | own, away=False)
        return found | {place: Words([person], called=[texts.person(person)]) for place, person in direct.items()}

    async def _shared(
        self, approval: Approval, channels: Sequence[str], told: Set[str], *, away: bool
    ) -> dict[str, Words]:
        told, left = set(told), MAX_ALL
        said = {place: dict[str, str]() for place in channels}
        called = {place: list[str]() for place in channels}
        short = set[str]()
        for entry, home in list(_homes(approval).items())[: texts.MOST_SAID] if channels else ():
            here = home if home in said else channels[0]
            call = await self._call(entry, approval, told=told, most=left, away=away)
            told |= set(call.people)
            left -= len(call.called)
            for place in channels:
                said[place][entry] = call.text if place == here else await self._label(entry)
            called[here] += call.called
            short |= {here} if call.short else set()
        return {place: Words(approval.audience, said[place], called[place], place in short) for place in channels}

    async def _call(
        self, entry: str, approval: Approval, *, told: Set[str], most: int, on_card: bool = False, away: bool = False
    ) -> _Call:
        """An entry that is called; whoever is `told` already is not, and nor who is `away` where that counts."""
        whole = ""
        try:
            whole = await self._whole(entry)
            people = await self._people(entry) if told or not (on_card and whole) else ()
        except SignoffError as wrong:
            log.warning("members not known", action="directory.unresolved", entry=entry, why=str(wrong))
            if not whole or told:
                return _Call(await self._label(entry, on_card=on_card), short=True)
            people = ()
        if whole and not people:
            return _Call(whole, (whole,))
        few = len(people) <= MAX_EACH
        absent = await self.absent(*people if few and away else ())
        own = None if approval.policy.self_approval else approval.requester
        asked = [person for person in people if person != own]
        left = [person for person in covering.there(asked, absent) if person not in told and person != own]
        if whole and left and left == asked and told.isdisjoint(people):
            return _Call(whole, (whole,), people)
        label = await self._label(entry, on_card=on_card)
        if not left or len(left) > min(MAX_EACH, most):
            return _Call(label, short=bool(left))
        called = tuple(texts.person(person) for person in left)
        one = is_user(entries.head(entry)) or _is_address(entry)
        text = ", ".join(called) if one else f"{label} ({', '.join(called)})"
        return _Call(text, called, tuple(left))

    async def _people(self, entry: str) -> tuple[str, ...]:
        if is_user(entry):
            return (entry,)
        return () if entry.startswith(entries.API) else await self._directory.people(entry)

    async def _whole(self, entry: str) -> str:
        """The one mention that stands for an entry; empty where none does."""
        name = entries.head(entry)
        if is_user(name):
            return texts.person(name)
        if name != entry or is_channel(name) or name.startswith((entries.API, MANAGER)):
            return ""
        if _is_address(name):
            return texts.person((await self._directory.members(name))[0])
        async with self._reading:  # cards that are posted together ask for the list of groups once
            return texts.entry(await self._directory.group(name))

    async def _tried(self, entry: str) -> str:
        try:
            return await self._whole(entry)
        except SignoffError as wrong:
            log.warning("not found", action="directory.unresolved", entry=entry, why=str(wrong))
            return ""

    async def _label(self, entry: str, *, on_card: bool = False) -> str:
        """An entry without a mention: it tells nobody, but for the requester, whom a card names anyway."""
        name = entries.head(entry)
        if is_user(name):
            return await self.name(name)
        if name.startswith(MANAGER):
            whose = name.partition(":")[2]
            named = is_user(whose) and not on_card
            return f"the manager of {await self.name(whose)}" if named else texts.entry(name)
        if is_channel(name) or name.startswith(("@", entries.API)) or _is_address(name):
            return texts.entry(name)
        try:
            return f"@{await self._directory.handle(name)}"
        except SignoffError as wrong:
            log.warning("group not known", action="directory.unresolved", entry=entry, why=str(wrong))
            return "a user group"

    async def name(self, user_id: str) -> str:
        """Somebody without a mention."""
        try:
            return texts_asked.name(user_id, {user_id: await self._directory.name(user_id)})
        except SignoffError as wrong:
            log.warning("name not known", action="directory.unresolved", entry=user_id, why=str(wrong))
            return texts_asked.name(user_id, {})


def _homes(approval: Approval) -> Mapping[str, str]:
    return for_requester(approval.policy, approval.requester).homes(approval.level)


def _is_address(entry: str) -> bool:
    return "@" in entry[1:]
