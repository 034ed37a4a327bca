"""The safety net: finds records that wait for work which is not on the due list, and puts it there.

Every commit writes its due work in the same step, so there should be nothing to find; what is found is logged, because
it means that somebody changed the store by hand or that a rule is missing.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from approvals.due import DueKind, next_escalation, next_reminder
from approvals.model import Approval, Status
from approvals.ports import ApprovalStore, Clock, Query

PAGE = 500

log = structlog.get_logger()


class Reconcile:
    """Walks what is open, a page at a time, one page a pass, over and over."""

    def __init__(self, store: ApprovalStore, *, clock: Clock, page: int = PAGE) -> None:
        self._store = store
        self._clock = clock
        self._page = page
        self._approvals_at = 0
        self._threads_at = 0

    async def once(self) -> int:
        """How many items were put on the list."""
        return await self._approvals() + await self._threads()

    async def _approvals(self) -> int:
        found = await self._store.unsettled(self._approvals_at, self._page)
        self._approvals_at = self._approvals_at + self._page if len(found) == self._page else 0
        repaired = 0
        for approval in found:
            if approval.status is Status.PENDING or approval.held_until is not None:
                listed = await self._store.due_at(approval.id)
                for kind, at in self._wanted(approval).items():
                    if kind not in listed:
                        repaired += await self._repair(approval.id, kind, at)
            else:
                repaired += await self._drive(approval.thread_id)
        return repaired

    def _wanted(self, approval: Approval) -> dict[DueKind, datetime]:
        if approval.held_until is not None:
            return {DueKind.RELEASE: approval.held_until}
        wanted = {
            DueKind.REMIND: next_reminder(approval),
            DueKind.ESCALATE: next_escalation(approval),
            DueKind.EXPIRE: approval.expires_at,
            DueKind.LAPSE: approval.paused_until(self._clock()),
            DueKind.NOTIFY: None if approval.messages else self._clock(),
        }
        return {kind: at for kind, at in wanted.items() if at is not None}

    async def _threads(self) -> int:
        found = await self._store.open_threads(self._threads_at, self._page)
        self._threads_at = self._threads_at + self._page if len(found) == self._page else 0
        repaired = 0
        for thread in found:
            page = await self._store.page(Query(status=None, thread_id=thread.id, limit=1, newest_first=True))
            if not page.approvals or page.approvals[0].status.final:
                repaired += await self._drive(thread.id)
        return repaired

    async def _drive(self, thread_id: str) -> int:
        if DueKind.DRIVE in await self._store.due_at(thread_id):
            return 0
        return await self._repair(thread_id, DueKind.DRIVE, self._clock())

    async def _repair(self, subject: str, kind: DueKind, at: datetime) -> int:
        log.warning("due work was missing", action="reconcile.repaired", subject=subject, kind=kind.value)
        await self._store.schedule(subject, kind, at)
        return 1
