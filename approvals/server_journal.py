"""What is written down of threads that run on a server elsewhere: `ports.ServerJournal`."""

from __future__ import annotations

from collections.abc import Sequence

from approvals import lifecycle
from approvals.journal import ThreadJournal
from approvals.model import Approval, Lease, Status

_DECIDED = (Status.RESOLVED, Status.RESUMING)


class ServerThreadJournal(ThreadJournal):
    """The same journal, for a driver whose graphs run where it does not."""

    async def unreached(self, lease: Lease, why: str) -> None:
        """See `ports.ServerJournal.unreached`."""
        for approval in await self.live(lease):
            if approval.status in _DECIDED and approval.held_until is None and not approval.unreachable:
                await self._change(lease, approval, lambda a: lifecycle.unreached(a, why, self._clock()))

    async def reached(self, lease: Lease) -> None:
        """See `ports.ServerJournal.reached`."""
        for approval in await self.live(lease):
            if approval.status in _DECIDED and approval.unreachable:
                await self._change(lease, approval, lambda a: lifecycle.reached_again(a, self._clock()))

    async def withheld(self, lease: Lease, approvals: Sequence[Approval], why: str) -> None:
        """See `ports.ServerJournal.withheld`."""
        for approval in approvals:
            if approval.status is Status.RESUMING:
                await self._change(lease, approval, lambda a: lifecycle.withheld(a, why, self._clock()))
