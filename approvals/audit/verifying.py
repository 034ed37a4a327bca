"""The verification of what a store keeps: the chain, the events under it, and that nothing vanished around it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from approvals.audit import reading
from approvals.audit.archive import ArchiveFile
from approvals.audit.check import Chain, Check, Counts, Finding, Kind
from approvals.audit.entries import BEGINNING, At, Entry, at_of
from approvals.audit.keeping import AuditStore, Head
from approvals.errors import StoreError
from approvals.events import EventType

PAGE = 1000
SEALS = 50
"""Read at a time."""

ABOUT_EVENTS = frozenset({Kind.CHANGED, Kind.REMOVED, Kind.INSERTED, Kind.MOVED, Kind.DIFFERENT})

Look = Callable[[Entry], Awaitable[Sequence[Finding]]]
"""Somebody who compares an event with something else: what the graph was given, say."""


class VerifiedStore(AuditStore, Protocol):
    """What only a verification asks of it."""

    async def deleted(self) -> str:
        """The newest id that was ever deleted by itself; empty where none was."""
        ...

    async def how_many(self) -> int:
        """How many seals there are, whatever the head says."""
        ...


async def entries_of(store: AuditStore, after: At = BEGINNING) -> AsyncIterator[Entry]:
    """All entries after an id, a page at a time."""
    while page := await store.entries(after, PAGE):
        for entry in page:
            yield entry
        after = page[-1].at


async def seals_of(store: AuditStore, first: int, last: int) -> AsyncIterator[tuple[int, bytes | None]]:
    """Seals by number, a few at a time."""
    for at in range(first, last + 1, SEALS):
        for number, text in enumerate(await store.seals(at, min(SEALS, last + 1 - at)), at):
            yield number, text


class Verification:
    """One walk over all there is. `counts` grow as it goes."""

    def __init__(
        self,
        store: VerifiedStore,
        *,
        trusted: Collection[str] = (),
        pins: Mapping[int, str] | None = None,
        look: Look | None = None,
    ) -> None:
        self._store = store
        self._look = look
        self.counts = Counts()
        self._chain = Chain(store.name, self.counts, trusted=trusted, pins=dict(pins or {}))
        self._trimmed = 0

    async def findings(self) -> AsyncIterator[Finding]:
        """What is wrong, as it is come by. Memory does not grow with what there is."""
        many = await self._store.how_many()
        head = await self._store.head()  # after the count: what is sealed meanwhile is no surprise
        last = max(head.number, many)
        check = Check(self._chain, self.counts, archived=head.trimmed)
        async for found in check.walk(seals_of(self._store, 1, last), entries_of(self._store)):
            if isinstance(found, Finding):
                await self._undisturbed(found, head)
                yield found
                continue
            self._note(found)
            for problem in await self._look(found) if self._look else ():
                yield self._counted(problem)
        for problem in [*self._head(head, last), *await self._around(head)]:
            yield self._counted(problem)

    async def _undisturbed(self, found: Finding, head: Head) -> None:
        if found.kind is Kind.REMOVED and (await self._store.head()).trimmed != head.trimmed:
            raise StoreError("the audit was trimmed while it was verified; start again")

    def _note(self, entry: Entry) -> None:
        if b'"trimmed"' in entry.text and reading.type_of(fields := reading.said(entry)) == EventType.TRIMMED:
            seal = reading.data(fields).get("seal")
            self._trimmed = max(self._trimmed, seal if isinstance(seal, int) else 0)

    def _head(self, head: Head, last: int) -> list[Finding]:
        if head.number == last and (not last or head.hash == self.counts.last_seal):
            return []
        text = f"the head of the chain says seal {head.number}, {head.hash or 'none'}; the newest seal is {last}"
        return [Finding(Kind.HEAD, text, last)]

    async def _around(self, head: Head) -> list[Finding]:
        found: list[Finding] = []
        if head.trimmed > self._trimmed:
            text = f"events up to seal {head.trimmed} are gone, and no event tells that they were trimmed"
            found.append(Finding(Kind.TRIMMED, text, head.trimmed))
        deleted = await self._store.deleted()
        if deleted and at_of(deleted) > head.last:
            text = f"event {deleted} was deleted before it was sealed"
            found.append(Finding(Kind.DELETED, text, seq=deleted))
        return found

    def _counted(self, problem: Finding) -> Finding:
        self.counts.findings += 1
        return problem


class OfFile:
    """The verification of an archive: against the store's seals, or where there is no store against its own."""

    def __init__(self, file: ArchiveFile, store: AuditStore | None = None, *, trusted: Collection[str] = ()) -> None:
        self._file = file
        self._store = store
        self.counts = Counts()
        self._chain = Chain(file.of, self.counts, trusted=trusted)

    async def findings(self) -> AsyncIterator[Finding]:
        """What is wrong with its events; and, without a store, with its seals."""
        file, store = self._file, self._store
        if store is not None and store.name != file.of:
            self.counts.findings += 1
            yield Finding(Kind.SEAL_BROKEN, f"{file.path.name} is an archive of {file.of}, not of {store.name}")
            return
        seals = file.all_seals() if store is None else seals_of(store, file.first, file.last)
        last: Entry | None = None
        async for found in Check(self._chain, self.counts).walk(seals, file.all_entries()):
            if isinstance(found, Entry):
                last = found
            elif store is None or found.kind in ABOUT_EVENTS:
                yield replace(found, text=f"{file.path.name}: {found.text}")
            else:
                self.counts.findings -= 1  # of the store's seals: told where the store is verified
        if self.counts.unsealed:
            self.counts.findings += 1
            text = f"{file.path.name}: {self.counts.unsealed} events stand beyond its last seal"
            yield Finding(Kind.INSERTED, text, file.last, last.seq if last else None)
