"""The lists of `/approvals`: what waits for whoever asks, what waits at all, what was decided; page by page."""

from __future__ import annotations

from dataclasses import replace

from approvals.errors import InputError
from approvals.model import Approval
from approvals.ports import Query
from bot import blocks, bulk, find, payloads, replies_find
from bot.blocks import Found, Message, Turn
from bot.find import Find, Scope, Wrong
from bot.listeners.door import Door
from bot.payloads import Body, Person
from bot.sight import BUDGET, Wanted

PAGE_SIZE = 8
"""Rows a page: what fits a phone without scrolling for long."""


class Finder:
    """Shows only what its reader may see."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def said(self, asked: Find, person: Person) -> Message | str:
        """The page that was typed for."""
        return await self._page(asked, person, Turn(), (asked.page - 1) * PAGE_SIZE)

    async def turned(self, body: Body, person: Person) -> Message | str:
        """The page that a button leads to. Raises `InputError` for one that is not of our making."""
        at = payloads.list_page(body)
        asked = find.parse(at.find)
        if isinstance(asked, Wrong):
            raise InputError("a list button is not of our making: what is looked for cannot be read")
        return await self._page(asked, person, Turn(at.offset, at.skip))

    async def waiting(self, text: str, person: Person) -> tuple[Approval, ...]:
        """All that this person may decide of what a list looked for: among the first `BUDGET` that wait, the first
        deadline on top. Raises `InputError` for what is not of our making."""
        asked = find.parse(text)
        named = asked if isinstance(asked, Wrong) else await self._named(asked)
        if isinstance(named, Wrong | str) or named.scope is Scope.HISTORY:
            raise InputError("a list button is not of our making: what is looked for cannot be read")
        wanted = find.wanted(named, person.id, self._door.clock(), self._door.shown.approval)
        return (await self._door.waiting.queue(person, Query(graph=named.graph), wanted)).approvals

    async def _page(self, asked: Find, person: Person, at: Turn, skip: int = 0) -> Message | str:
        named = await self._named(asked)
        if isinstance(named, str):
            return named
        query = Query(graph=named.graph, offset=at.offset, limit=PAGE_SIZE)
        if named.scope is Scope.HISTORY:
            query = replace(query, status=None, graph=None, decided=True, newest_first=True)
        wanted = find.wanted(named, person.id, self._door.clock(), self._door.shown.approval)
        if named.scope is Scope.WAITING:
            found = await self._queue(named, person, query, wanted, at.skip + skip)
        else:
            found = await self._window(named, person, query, wanted, at.skip + skip)
        ids = await self._door.waiting.decidable(person, found.approvals)
        shown = tuple(map(self._door.shown.approval, found.approvals))
        links = await self._door.links.cards(person.id, found.approvals)
        rows = [(approval, self._door.shown.approval(approval)) for approval in found.approvals if approval.id in ids]
        found = replace(found, several=found.several or (named.scope is not Scope.HISTORY and bulk.several(rows)))
        return blocks.listing(replace(found, approvals=shown, decidable=ids, links=links), self._door.clock())

    async def _named(self, asked: Find) -> Find | str:
        """The same with ids for people; a sentence where somebody cannot be told."""
        ids: list[str | None] = []
        for typed in (asked.requester, asked.by):
            found = () if typed is None else await self._door.directory.called(typed)
            if typed is not None and len(found) != 1:
                return replies_find.unclear_person(typed, len(found))
            ids.append(found[0] if found else None)
        return replace(asked, requester=ids[0], by=ids[1])

    async def _queue(self, asked: Find, person: Person, query: Query, wanted: Wanted, skip: int) -> Found:
        """A page of what they may decide."""
        queue = await self._door.waiting.queue(person, query, wanted)
        count, last = len(queue.approvals), skip + PAGE_SIZE
        after = Turn(query.offset, last) if last < count else Turn(queue.end) if queue.end is not None else None
        before = Turn(query.offset, max(0, skip - PAGE_SIZE)) if skip else None
        if before is None and query.offset:
            before = Turn(max(0, query.offset - BUDGET))
        whole = queue.end is None and not query.offset
        return Found(
            find=asked,
            approvals=queue.approvals[skip:last],
            first=skip,
            total=count if whole else None,
            before=before,
            after=after,
            others=queue.others if whole else 0,
            several=bulk.several((approval, self._door.shown.approval(approval)) for approval in queue.approvals),
        )

    async def _window(self, asked: Find, person: Person, query: Query, wanted: Wanted, skip: int) -> Found:
        """A page of what they may see."""
        seen = await self._door.sight.window(person, query, skip=skip, wanted=wanted if asked.narrow else None)
        return Found(
            find=asked,
            approvals=seen.page.approvals,
            first=seen.page.offset,
            total=seen.page.total if seen.everything else None,
            before=None if seen.before is None else Turn(seen.before),
            after=None if seen.after is None else Turn(seen.after),
        )
