"""Who is away now: what people said with `/approvals away`, else what their Slack status says."""

from __future__ import annotations

from approvals.away import Away
from approvals.model import Standing
from approvals.store.away import AwayStore
from bot.directory import Directory


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
        standings = [await self._directory.standing(away.user_id, None) for away in found]
        return tuple(away for away, is_ in zip(found, standings, strict=True) if is_ is Standing.MEMBER)
