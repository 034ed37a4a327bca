"""What somebody may see: one approval, and pages of those that wait, without going through all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from approvals.model import Approval, Standing
from approvals.ports import Page, Query
from approvals.service import Approvals
from approvals.visibility import Viewer, questions, visible
from bot.absences import Absences
from bot.directory import Directory
from bot.payloads import Person

Wanted = Callable[[Approval], bool]
"""Whether a record is among those that are looked for."""

CHUNK = 50
"""Records read at once."""

BUDGET = 400
"""Records looked through for one page at the most: who may see few of very many turns the page to look further."""


@dataclass(frozen=True, slots=True)
class Window:
    """One page for one viewer. `before` and `after` are the offsets of the pages around it; `None` where there is none.

    `page.total` counts what is on the page, and all there is only for those who see everything.
    """

    page: Page
    everything: bool
    before: int | None = None
    after: int | None = None


class Sight:
    """Asks the directory, and judges by `approvals.visibility`."""

    def __init__(self, approvals: Approvals, directory: Directory, absences: Absences, admins: Sequence[str]) -> None:
        self._approvals = approvals
        self._directory = directory
        self._absences = absences
        self._admins = tuple(admins)

    async def viewer(self, person: Person, approvals: Sequence[Approval]) -> Viewer:
        """Somebody, with what has to be known of them for these."""
        standing = await self._directory.standing(person.id, person.team_id)
        member = standing is Standing.MEMBER
        admin = member and bool(await self._directory.belongs(person.id, self._admins))
        asked = frozenset[str]() if admin else frozenset[str]().union(*map(questions, approvals))
        belongs = await self._directory.belongs(person.id, sorted(asked))
        if member and not admin and approvals:
            belongs |= await self._in_place_of(person, approvals)
        return Viewer(person.id, standing, belongs, admin)

    async def _in_place_of(self, person: Person, approvals: Sequence[Approval]) -> frozenset[str]:
        """What those are asked for whom they cover."""
        asked = frozenset[str]().union(*(approval.audience for approval in approvals))
        found = [
            await self._directory.belongs(away.user_id, sorted(asked))
            for away in await self._absences.covered_by(person.id)
        ]
        return frozenset[str]().union(*found)

    async def sees(self, person: Person, approval: Approval) -> bool:
        """Whether they may know of it."""
        return visible(approval, await self.viewer(person, [approval]))

    async def window(self, person: Person, query: Query, *, skip: int = 0, wanted: Wanted | None = None) -> Window:
        """The page at `query.offset` of what they may see, and is `wanted`; `skip` so many of those first."""
        if wanted is None and (await self.viewer(person, ())).admin:
            page = await self._approvals.page(replace(query, offset=query.offset + skip))
            last, first = page.offset + len(page.approvals), page.offset
            back = max(0, first - query.limit) if first else None
            return Window(page, everything=True, before=back, after=last if last < page.total else None)
        found, end, total = await self._forward(person, query, skip + query.limit, wanted)
        start = found[skip][0] if len(found) > skip else end if skip else query.offset
        shown = tuple(approval for _, approval in found[skip:])
        page = Page(shown, len(shown), start)
        before = await self._backward(person, query, start, wanted) if start else None
        return Window(page, everything=False, before=before, after=end if end < total else None)

    async def _forward(
        self, person: Person, query: Query, most: int, wanted: Wanted | None
    ) -> tuple[list[tuple[int, Approval]], int, int]:
        """What they may see from the offset on, each with its place; where the search ended; how many there are."""
        found: list[tuple[int, Approval]] = []
        at, stop, total = query.offset, query.offset + BUDGET, query.offset + 1
        while at < min(stop, total) and len(found) < most:
            page, seen = await self._chunk(person, query, at, CHUNK, wanted)
            total = page.total
            if len(found) + len(seen) >= most:
                found += seen[: most - len(found)]
                return found, found[-1][0] + 1, total
            found += seen
            at += CHUNK
        return found, min(at, total), total

    async def _backward(self, person: Person, query: Query, start: int, wanted: Wanted | None) -> int:
        """Where the page before `start` begins."""
        at, left = start, query.limit
        while at > max(0, start - BUDGET):
            first = max(0, at - CHUNK)
            _, seen = await self._chunk(person, query, first, at - first, wanted)
            if len(seen) >= left:
                return seen[-left][0]
            at, left = first, left - len(seen)
        return at

    async def _chunk(
        self, person: Person, query: Query, offset: int, limit: int, wanted: Wanted | None
    ) -> tuple[Page, list[tuple[int, Approval]]]:
        page = await self._approvals.page(replace(query, offset=offset, limit=limit))
        some = [(place, one) for place, one in enumerate(page.approvals, offset) if wanted is None or wanted(one)]
        viewer = await self.viewer(person, [one for _, one in some])
        return page, [(place, one) for place, one in some if visible(one, viewer)]
