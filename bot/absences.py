"""Who is away now: what people said with `/approvals away`, else what their Slack status says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from approvals import covering
from approvals.away import Away
from approvals.errors import ConfigError
from approvals.model import Actor, Approval, Standing
from approvals.store.away import AwayStore
from bot.directory import Directory

log = structlog.get_logger()


class Absences:
    """Reads both. What somebody said goes before their status: it names the cover."""

    def __init__(self, store: AwayStore, directory: Directory) -> None:
        self.store = store
        self._directory = directory

    async def of(self, *user_ids: str) -> dict[str, Away]:
        """Those of them who are away now, by id."""
        found = await self.store.get(*user_ids)
        for user_id in user_ids:
            if user_id not in found and (by_status := await self._directory.absence(user_id)) is not None:
                found[user_id] = by_status
        return found

    async def covered_by(self, user_id: str) -> tuple[Away, ...]:
        """The absences in which this person may stand in: of full members only, one step, the first to end in front."""
        found = await self.store.covering(user_id)
        return tuple([away for away in found if await self._able(away.user_id)])

    async def _able(self, user_id: str) -> bool:
        return await self._directory.standing(user_id, None) is Standing.MEMBER

    async def standing_in(self, actor: Actor, approval: Approval, covered: Sequence[Away] | None = None) -> Actor:
        """The same actor, or acting for somebody absent whom the audience names, where it does not name themselves.

        `covered`, where it is known already: the absences in which they may stand in.
        """
        if actor.standing is not Standing.MEMBER or not actor.audiences.isdisjoint(approval.audience):
            return actor
        candidates: list[Actor] = []
        for away in await self.covered_by(actor.ref.id) if covered is None else covered:
            theirs = (await self._directory.actor(away.user_id, None, approval.audience)).audiences
            if theirs:
                ref = replace(actor.ref, behalf=away.user_id)
                candidates.append(Actor(ref, actor.standing, actor.audiences | theirs))
        return covering.chosen(approval, candidates) or actor

    async def stand_ins(self, approval: Approval) -> dict[str, str]:
        """Who is asked besides, for whom: those who cover for people whom the audience names."""
        absent = await self.store.covered()
        if not absent:
            return {}
        asked: set[str] = set()
        for entry in approval.audience:
            try:
                asked.update(await self._directory.members(entry))
            except ConfigError as wrong:
                log.warning("audience entry not resolved", action="directory.unresolved", entry=entry, why=str(wrong))
        found = covering.stand_ins(approval, frozenset(asked), absent)
        return {cover: who for cover, who in found.items() if await self._able(cover) and await self._able(who)}
