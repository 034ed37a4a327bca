"""How well things run, as this process can tell cheaply: for the Home of admins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from agents.remote.watch import ServerWatch
from approvals.errors import SignoffError
from bot.checks import SOON, TURNS_MISSED
from bot.core import Core
from bot.home import Health
from scheduler.ticker import Turn

SEAL_LATE = 900.0
SEALS_MISSED = 5
"""Seconds for which the audit may go without a seal in any case, and how many turns of the sealer may be missed."""


class Vitals:
    """Asks Redis a few short questions, and the clockwork of this process, once it has one."""

    def __init__(self, core: Core) -> None:
        self._records = core.records
        self._seal_seconds = core.settings.signoff_seal_seconds
        self._sweep: Turn | None = None
        self._servers: Sequence[ServerWatch] = ()

    def use(self, sweep: Turn, servers: Sequence[ServerWatch]) -> None:
        """From here on the clockwork and the servers can be told of."""
        self._sweep, self._servers = sweep, servers

    async def health(self) -> Health:
        """What is so now. Raises what Redis raises where it does not answer."""
        records = self._records
        start = time.monotonic()
        due, late = await records.homes.late(records.clock())
        took = time.monotonic() - start
        number = await records.book.number()
        try:
            count = len((await records.book.policies()).policies)
        except SignoffError:
            count = None
        since = self._since_sweep()
        broken, undelivered = await records.survey.troubled()
        return Health(
            number,
            count,
            took,
            due,
            late,
            broken=broken,
            undelivered=undelivered,
            sweep_seconds=since,
            sweep_late=since is not None and since > self._borne(),
            away=tuple(watch.name for watch in self._servers if watch.away),
            unsealed_seconds=await self._unsealed(records.clock()),
        )

    def _since_sweep(self) -> float | None:
        went = self._sweep.went_well if self._sweep is not None else None
        return None if went is None else asyncio.get_running_loop().time() - went

    def _borne(self) -> float:
        return max(SOON, TURNS_MISSED * self._sweep.seconds) if self._sweep is not None else SOON

    async def _unsealed(self, now: datetime) -> float:
        """For how many seconds the first event that is not sealed has waited for its seal, where that is too long."""
        audit = self._records.audit
        first = await audit.entries((await audit.head()).last, 1)
        if not first:
            return 0.0
        written = datetime.fromtimestamp(int(first[0].seq.partition("-")[0]) / 1000, UTC)
        waited = (now - written).total_seconds()
        return waited if waited > max(SEAL_LATE, SEALS_MISSED * self._seal_seconds) else 0.0
