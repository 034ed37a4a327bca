"""Where the audit and its seals are kept: the port, and the job that seals. `approvals.store.audit` implements it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from approvals.audit import seal as seals
from approvals.audit.entries import BEGINNING, At, Entry, at_of
from approvals.audit.seal import Seal
from approvals.audit.signing import SealKey
from approvals.errors import StoreError
from approvals.events import Event, EventType
from approvals.model import SYSTEM, ActorRef
from approvals.ports import Clock

SEGMENT = 1000
"""Events under one seal at the most: what is held in memory at a time."""

A_TURN = 50
"""Seals made in one turn at the most; what is left waits for the next."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Head:
    """How far the audit is sealed: number, hash and last event of the newest seal. Then how far it was archived and
    trimmed, by number of seal. Zero and empty where nothing was yet."""

    number: int = 0
    hash: str = ""
    to: str = ""
    archived: int = 0
    trimmed: int = 0

    @property
    def last(self) -> At:
        """The last event that is sealed."""
        return at_of(self.to) if self.to else BEGINNING


class AuditStore(Protocol):
    """Keeps entries and seals. Knows no rules: compares numbers and hashes."""

    @property
    def name(self) -> str:
        """Whose audit it is; stands in every seal."""
        ...

    async def head(self) -> Head: ...

    async def entries(self, after: At, limit: int) -> Sequence[Entry]:
        """Those after an id, in order."""
        ...

    async def seals(self, first: int, count: int) -> Sequence[bytes | None]:
        """Seals by number, from `first` on, as they are kept; `None` for one that is gone."""
        ...

    async def append(self, seal: Seal, before: Head) -> bool:
        """Adds a seal, if `before` is still the newest. Raises `StoreError` where one of its number stands already."""
        ...

    async def archived(self, before: Head, number: int, event: Event) -> bool:
        """Notes that all up to a seal is in a file, with its event, if nothing was archived since `before`."""
        ...

    async def trim(self, number: int, to: At, event: Event) -> int | None:
        """Drops the events up to a seal, whose last one is `to`, and writes its event, in one step; returns how many.
        `None`, and nothing is dropped, for what is not archived, or was dropped before. The seals stay."""
        ...


class Sealer:
    """Seals what was written since the last seal. Every replica may, at any time: of two at once one does."""

    def __init__(
        self,
        store: AuditStore,
        *,
        clock: Clock,
        key: SealKey | None = None,
        segment: int = SEGMENT,
        a_turn: int = A_TURN,
    ) -> None:
        self._store = store
        self._clock = clock
        self._key = key
        self._segment = segment
        self._a_turn = a_turn

    async def once(self) -> int:
        """How many seals were made. The log names each: kept elsewhere, that pins the chain."""
        made = 0
        while made < self._a_turn:
            head = await self._store.head()
            entries = await self._store.entries(head.last, self._segment)
            if not entries:
                break
            seal = seals.made(
                entries,
                of=self._store.name,
                number=head.number + 1,
                before=head.hash,
                at=self._clock(),
                key=self._key,
            )
            if not await self._store.append(seal, head):
                break  # another replica has sealed them
            made += 1
            log.info("audit sealed", action="audit.sealed", number=seal.number, events=seal.count, hash=seal.hash)
            if len(entries) < self._segment:
                break
        return made


class Retention:
    """Trims what is both older than so many days and in an archive. Nothing else is ever removed."""

    def __init__(self, store: AuditStore, *, clock: Clock, days: float | None) -> None:
        self._store = store
        self._clock = clock
        self._days = days

    async def once(self) -> int:
        """How many events were dropped."""
        if self._days is None:
            return 0
        return await trimmed(self._store, self._clock() - timedelta(days=self._days), SYSTEM, self._clock())


async def trimmed(store: AuditStore, until: datetime, actor: ActorRef, now: datetime) -> int:
    """Drops archived events, a whole segment at a time, whose last one is older than `until`; returns how many."""
    head = await store.head()
    found = await last_before(store, head.trimmed + 1, head.archived, until)
    if found is None:
        return 0
    data = {"seal": found.number, "to": found.to}
    event = Event(type=EventType.TRIMMED, at=now, actor=actor, thread_id="", data=data)
    dropped = await store.trim(found.number, found.last, event)
    if dropped:
        log.info("audit trimmed", action="audit.trimmed", seal=found.number, events=dropped)
    return dropped or 0


async def last_before(store: AuditStore, first: int, last: int, until: datetime) -> Seal | None:
    """The last of these seals whose events are all older than `until`. Raises `StoreError` for one that is damaged."""
    bound = int(until.timestamp() * 1000)
    low, found = first, None
    while low <= last:
        middle = (low + last) // 2
        seal = await seal_at(store, middle)
        if seal.last[0] < bound:
            low, found = middle + 1, seal
        else:
            last = middle - 1
    return found


async def seal_at(store: AuditStore, number: int) -> Seal:
    """One seal. Raises `StoreError` where it is gone or damaged."""
    text = (await store.seals(number, 1))[0]
    if text is None:
        raise StoreError(f"seal {number} of the audit is gone: see `signoff audit verify`")
    try:
        return seals.loaded(text)
    except seals.BrokenSeal as broken:
        raise StoreError(f"seal {number} of the audit is damaged ({broken}): see `signoff audit verify`") from broken
