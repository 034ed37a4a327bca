"""Working time: a clock that stands still outside working hours, and while somebody holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class PauseKind(StrEnum):
    """Why a clock is held."""

    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    ASKED_BACK = "asked_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Working days (0 = Monday) and minutes after local midnight."""

    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    start: int = 540
    end: int = 1020
    zone: str = "team"
    holidays: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Somebody holds the clock, until a time or until further notice."""

    since: datetime
    until: datetime | None
    kind: PauseKind
    by: str


def elapse(
    start: datetime,
    seconds: float,
    *,
    hours: Hours | None = None,  # noqa: ARG001 - comes with working time
    zones: tuple[str, ...] = (),  # noqa: ARG001
    pauses: Sequence[Pause] = (),
) -> datetime | None:
    """When a clock that started then shows so many seconds."""
    at, left = start, timedelta(seconds=seconds)
    for pause in sorted(pauses, key=lambda one: one.since):
        if pause.since > at + left:
            break
        left -= max(pause.since - at, timedelta())
        if pause.until is None:
            return None
        at = max(at, pause.until)
    return at + left
