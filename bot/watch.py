"""Tells admins, once a day, which policies nobody could finish any more: people leave, groups empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from approvals.book import PolicyBook
from approvals.errors import ConfigError, SignoffError
from approvals.store.told import ToldStore
from bot import replies_ahead
from bot.coverage import Coverage
from bot.directory import Directory
from bot.rich import Message
from bot.slack import Slack

EVERY: Final = 86400.0
"""Seconds between two looks."""

FIRST: Final = 60.0
"""Seconds from the start of a replica to its first look."""

EVENT: Final = "signoff_coverage"
"""The type of the metadata by which these messages are known."""

log = structlog.get_logger()


class Watch:
    """Each admin hears of each finding once, however many replicas look; and again once it was gone and came back."""

    def __init__(
        self,
        coverage: Coverage,
        book: PolicyBook,
        told: ToldStore,
        slack: Slack,
        directory: Directory,
        admins: Sequence[str],
    ) -> None:
        self._coverage = coverage
        self._book = book
        self._told = told
        self._slack = slack
        self._directory = directory
        self._admins = tuple(admins)

    async def once(self) -> int:
        """Looks, and tells what is new; returns how many messages were sent. Raises where Slack cannot be asked: then
        nothing is told and nothing forgotten."""
        admins = await self._people()
        if not admins:
            return 0
        rules, _ = await self._book.current()
        found = await self._coverage.findings(rules)
        names = {f"{admin}|{one.key}": (admin, replies_ahead.uncovered(one)) for one in found for admin in admins}
        await self._told.keep(names)
        sent = 0
        for name, (admin, message) in names.items():
            if await self._told.claim(name):
                sent += await self._tell(name, admin, message)
        if found:
            log.warning("policies not covered", action="policies.uncovered", findings=len(found), told=sent)
        return sent

    async def _people(self) -> tuple[str, ...]:
        found: list[str] = []
        for entry in self._admins:
            try:
                found += await self._directory.people(entry)
            except ConfigError as wrong:
                log.warning("admin not found", action="directory.unresolved", entry=entry, why=str(wrong))
        return tuple(dict.fromkeys(found))

    async def _tell(self, name: str, admin: str, message: Message) -> bool:
        try:
            channel = await self._directory.direct(admin)
            metadata = {"event_type": EVENT, "event_payload": {"person": admin}}
            await self._slack.post(channel, message.text, message.blocks, metadata=metadata)
        except SignoffError as failed:
            await self._told.forget(name)
            log.warning("admin not told", action="slack.refused", person=admin, why=str(failed))
            return False
        return True
