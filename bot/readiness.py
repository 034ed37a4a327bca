"""What a serving process depends on, looked at: each check has its time, and says why where it does not pass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

PATIENCE = 2.0
"""Seconds for one check. What takes longer has not passed."""

KEPT = 1.0
"""Seconds for which what was found is handed out again: whoever asks often costs no more."""

Look = Callable[[], Awaitable[str]]
"""One check: says what is wrong, nothing where it is as it must be. What it raises is wrong too."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found. `why` is empty where it passed."""

    ok: bool
    why: str = ""


class Readiness:
    """Makes all checks side by side, at most once a second however many ask."""

    def __init__(self, checks: Mapping[str, Look]) -> None:
        self._checks = checks
        self._found: tuple[float, Mapping[str, Found]] | None = None
        self._looking = asyncio.Lock()

    async def look(self) -> Mapping[str, Found]:
        """By the name of the check. Raises nothing, and takes no longer than `PATIENCE`, plus that of who asked
        before."""
        now = asyncio.get_running_loop().time
        async with self._looking:
            if self._found is None or now() - self._found[0] > KEPT:
                results = await asyncio.gather(*(_made(check) for check in self._checks.values()))
                self._found = now(), dict(zip(self._checks, results, strict=True))
            return self._found[1]


async def _made(check: Look) -> Found:
    try:
        async with asyncio.timeout(PATIENCE):
            why = await check()
    except TimeoutError:
        return Found(ok=False, why=f"no answer within {PATIENCE:g} s")
    except Exception as failed:  # noqa: BLE001 - it is what we were asked about
        return Found(ok=False, why=type(failed).__name__)
    return Found(ok=not why, why=why)
