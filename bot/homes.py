"""Keeps Home tabs up to date: whoever opened theirs lately sees what changed, soon, on any replica."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from approvals.effects import Perform
from approvals.errors import SignoffError
from approvals.model import Approval
from approvals.service import Approvals
from approvals.store.homes import HomeStore
from bot.absences import Absences
from bot.directory import Directory

log = structlog.get_logger()


class Homes:
    """Finds whom a change concerns, and has their Homes drawn as due work."""

    def __init__(self, store: HomeStore, approvals: Approvals, directory: Directory, absences: Absences) -> None:
        self._store = store
        self._approvals = approvals
        self._directory = directory
        self._absences = absences

    def after(self, perform: Perform) -> Perform:
        """The same work; after it, the Homes of those whom it concerns are due."""

        async def performed(subject: str) -> datetime | None:
            again = await perform(subject)
            await self.changed(subject)
            return again

        return performed

    async def changed(self, approval_id: str) -> None:
        """Something about an approval is no longer as it was drawn."""
        readers = await self._store.readers()
        approval = await self._approvals.get(approval_id) if readers else None
        if approval is not None:
            await self._store.soon([user for user in readers if await self._concerns(user, approval)])

    async def _concerns(self, user: str, approval: Approval) -> bool:
        """Whether they asked, decided, or are asked, themselves or for somebody. Where Slack does not say, they are."""
        actors = {said.actor.id for said in approval.decisions}
        if user in actors or user == approval.requester:
            return True
        try:
            if await self._directory.belongs(user, approval.audience):
                return True
            covered = [away.user_id for away in await self._absences.covered_by(user)]
            return any([await self._directory.belongs(one, approval.audience) for one in covered])
        except SignoffError as refused:
            log.info("cannot tell whom it concerns", action="home.unclear", approval=approval.id, why=str(refused))
            return True

    def drawing(self, draw: Callable[[str], Awaitable[None]]) -> Perform:
        """Due work of the kind `home`: draws the Home of one who still looks at it."""

        async def home(user: str) -> datetime | None:
            if user in await self._store.readers():
                await draw(user)
            return None

        return home
