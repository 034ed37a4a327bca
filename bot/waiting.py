"""What waits for somebody: those that they may decide now, the first deadline on top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from approvals import covering, eligibility, lifecycle
from approvals.model import Approval
from approvals.ports import Query
from approvals.service import Approvals
from approvals.visibility import visible
from bot.absences import Absences
from bot.directory import Directory
from bot.payloads import Person
from bot.sight import BUDGET, CHUNK, Sight

_NEVER = datetime.max.replace(tzinfo=UTC)


def by_deadline(approval: Approval) -> tuple[datetime, datetime]:
    """The order in which what waits is shown."""
    return approval.expires_at or _NEVER, approval.opened_at


@dataclass(frozen=True, slots=True)
class Queue:
    """What was found among at most `BUDGET` records from the query's offset on; `others` may be seen, not decided.

    `end`: where the search ended, if there is more behind it; else `None`.
    """

    approvals: tuple[Approval, ...]
    others: int
    end: int | None


class Waiting:
    """Judges by `approvals.eligibility`, with Slack's facts of the last minute."""

    def __init__(self, approvals: Approvals, directory: Directory, absences: Absences, sight: Sight) -> None:
        self._approvals = approvals
        self._directory = directory
        self._absences = absences
        self._sight = sight

    async def decidable(self, person: Person, approvals: Sequence[Approval]) -> frozenset[str]:
        """Those that this person may decide now, in their own name or for somebody for whom they cover, and whom their
        vote would still change."""
        covered = await self._absences.covered_by(person.id) if approvals else ()
        found: set[str] = set()
        for approval in approvals:
            actor = await self._directory.actor(person.id, person.team_id, approval.audience)
            actor = await self._absences.standing_in(actor, approval, covered)
            no = lifecycle.refusal(approval, lifecycle.Input.DECIDE) or eligibility.refusal(approval, actor)
            if no is None and not covering.voted(approval, actor):
                found.add(approval.id)
        return frozenset(found)

    async def queue(self, person: Person, query: Query, wanted: Callable[[Approval], bool]) -> Queue:
        """Everything that waits for this person, from `query.offset` on; what expires first stands first."""
        mine: list[Approval] = []
        others, at, total = 0, query.offset, query.offset + 1
        while at < min(query.offset + BUDGET, total):
            page = await self._approvals.page(replace(query, offset=at, limit=CHUNK))
            at, total = at + CHUNK, page.total
            some = [approval for approval in page.approvals if wanted(approval)]
            viewer = await self._sight.viewer(person, some)
            seen = [approval for approval in some if visible(approval, viewer)]
            ids = await self.decidable(person, seen)
            mine += [approval for approval in seen if approval.id in ids]
            others += len(seen) - len(ids)
        mine.sort(key=by_deadline)
        return Queue(tuple(mine), others, at if at < total else None)
