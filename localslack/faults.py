"""Bad days, on order: errors, statuses, delays, lost answers, doubled deliveries, broken sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

ANY = "*"


@dataclass
class Planned:
    """What will happen to the next calls of a method. Each counts down and is gone at zero."""

    errors: list[str] = field(default_factory=list[str])
    statuses: list[tuple[int, int | None]] = field(default_factory=list[tuple[int, int | None]])
    drops: int = 0
    delay: float = 0.0


class Faults:
    """Faults by Web API method; `"*"` means any, `"response_url"` private answers. Nothing happens unless asked for."""

    def __init__(self, kill: Callable[[], Awaitable[int]], changed: Callable[[], None]) -> None:
        self._plans: dict[str, Planned] = {}
        self._kill = kill
        self._changed = changed
        self.duplicates = 0
        self.holds = 0
        self.handshakes: list[int] = []
        self.delayed = 0
        """How many calls are held up just now, and are still to be carried out."""

    def _plan(self, method: str) -> Planned:
        return self._plans.setdefault(method, Planned())

    def fail(self, method: str, error: str, times: int = 1) -> None:
        """The next calls answer `{"ok": false, "error": error}` and change nothing."""
        self._plan(method).errors += [error] * times
        self._changed()

    def status(self, method: str, code: int, times: int = 1, retry_after: int | None = None) -> None:
        """The next calls get this HTTP status (429 with `Retry-After` seconds) and change nothing."""
        self._plan(method).statuses += [(code, retry_after)] * times
        self._changed()

    def delay(self, method: str, seconds: float) -> None:
        """Every call waits this long (real seconds) before it is carried out, until `clear`."""
        self._plan(method).delay = seconds
        self._changed()

    def drop_after_commit(self, method: str, times: int = 1) -> None:
        """The next calls are carried out, and then the connection breaks without an answer."""
        self._plan(method).drops += times
        self._changed()

    def duplicate_delivery(self, times: int = 1) -> None:
        """The next payloads to the app are delivered twice, the copies at the same moment."""
        self.duplicates += times
        self._changed()

    def out_of_order(self, times: int = 1) -> None:
        """Each of the next payloads waits until the one after it was delivered (for 10 real seconds at most)."""
        self.holds += times
        self._changed()

    def refuse_handshake(self, code: int = 503, times: int = 1) -> None:
        """The next Socket Mode connections are answered with this HTTP status; their tickets are spent."""
        self.handshakes += [code] * times
        self._changed()

    async def kill_sockets(self) -> int:
        """Break every Socket Mode connection without a goodbye. Returns how many there were."""
        return await self._kill()

    def clear(self) -> None:
        self._plans.clear()
        self.duplicates = self.holds = 0
        self.handshakes = []
        self._changed()

    def planned(self) -> dict[str, Planned]:
        """What is still to come, by method."""
        return {
            name: plan for name, plan in self._plans.items() if plan.errors or plan.statuses or plan.drops or plan.delay
        }

    # -- asked by the server ----------------------------------------------------------------------------------

    def _plans_for(self, method: str) -> list[Planned]:
        return [plan for name in (method, ANY) if (plan := self._plans.get(name)) is not None]

    def take_error(self, method: str) -> str | None:
        return next((plan.errors.pop(0) for plan in self._plans_for(method) if plan.errors), None)

    def take_status(self, method: str) -> tuple[int, int | None] | None:
        return next((plan.statuses.pop(0) for plan in self._plans_for(method) if plan.statuses), None)

    def take_drop(self, method: str) -> bool:
        for plan in self._plans_for(method):
            if plan.drops:
                plan.drops -= 1
                return True
        return False

    def take_duplicate(self) -> bool:
        if not self.duplicates:
            return False
        self.duplicates -= 1
        return True

    def take_hold(self) -> bool:
        if not self.holds:
            return False
        self.holds -= 1
        self._changed()
        return True

    def take_handshake(self) -> int | None:
        if not self.handshakes:
            return None
        self._changed()
        return self.handshakes.pop(0)

    async def hold_up(self, method: str) -> None:
        """Waits as long as `delay` says."""
        seconds = max((plan.delay for plan in self._plans_for(method)), default=0.0)
        if not seconds:
            return
        self.delayed += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self.delayed -= 1
            self._changed()
