"""Takes what is due off the list and hands it to be performed."""

from __future__ import annotations

from approvals.due import DueKind
from approvals.effects import Effects
from approvals.metering import Metering, Sweeping
from approvals.ports import ApprovalStore, Clock

_DRIVE = frozenset({DueKind.DRIVE})


class Sweep:
    """One pass claims no more than this process has room for; the rest is left to other replicas or to the next pass.

    Graphs and everything else have room of their own, so that long runs never hold up a reminder.
    """

    def __init__(self, store: ApprovalStore, effects: Effects, *, clock: Clock, meter: Metering | None = None) -> None:
        self._store = store
        self._meter = meter or Metering()
        self._effects = effects
        self._clock = clock

    async def once(self) -> int:
        """How many items were claimed; they are performed in the background."""
        with self._meter.around(Sweeping()):
            return await self._swept()

    async def _swept(self) -> int:
        claimed = 0
        for drives, kinds in ((True, self._effects.kinds & _DRIVE), (False, self._effects.kinds - _DRIVE)):
            room = self._effects.room(drives=drives)
            if kinds and room:
                claims = await self._store.claim_due(self._clock(), kinds, room)
                self._effects.start(claims)
                claimed += len(claims)
        return claimed
