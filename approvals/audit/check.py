"""Whether the audit is still what was sealed: walks seals and entries side by side, in constant memory.

One segment is held at a time. What is found is named: the very event or seal, and what was done to it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from approvals.audit import merkle, seal
from approvals.audit.entries import BEGINNING, At, Entry, seq_of
from approvals.audit.seal import BrokenSeal, Seal


class Kind(StrEnum):
    """What was done."""

    CHANGED = "event_changed"
    REMOVED = "event_removed"
    INSERTED = "event_inserted"
    MOVED = "event_moved"
    DIFFERENT = "events_differ"
    SEAL_MISSING = "seal_missing"
    SEAL_BROKEN = "seal_unreadable"
    SEAL_CHANGED = "seal_changed"
    SEAL_REPLACED = "seal_replaced"
    SEAL_ORDER = "seal_out_of_order"
    SIGNATURE_WRONG = "signature_wrong"
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_FOREIGN = "signature_foreign"
    HEAD = "head_changed"
    PINNED = "not_the_pinned_seal"
    TRIMMED = "trimmed_without_record"
    DELETED = "deleted_before_sealed"
    OTHER_ANSWER = "other_answer_given"
    OTHER_RECORD = "record_changed"
    RECEIPT = "receipt_changed"
    NOT_SEALED = "not_sealed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `seq` is the event's id, `seal` the number of the seal that it shows by."""

    kind: Kind
    text: str
    seal: int | None = None
    seq: str | None = None
    approval: str | None = None


@dataclass(slots=True)
class Counts:
    """What was looked at. `archived`: events that are in a file and were not looked at; `uncovered`: those whose seal
    cannot be read; `unsealed`: those after the newest seal."""

    seals: int = 0
    signed: int = 0
    events: int = 0
    archived: int = 0
    uncovered: int = 0
    unsealed: int = 0
    findings: int = 0
    last_seal: str = ""
    keys: set[str] = field(default_factory=set[str])


class Chain:
    """Seal after seal: each whole, following the one before, signed by whom it must be.

    `trusted` are public keys; without any, a signature is only compared with the key that the seal itself names. `pins`
    are hashes of seals by number, noted elsewhere.
    """

    def __init__(
        self, of: str, counts: Counts, *, trusted: Collection[str] = (), pins: dict[int, str] | None = None
    ) -> None:
        self._of = of
        self._counts = counts
        self._trusted = trusted
        self._pins = pins or {}
        self._before: Seal | None = None
        self._followed = True
        self._signing = False

    def look(self, number: int, text: bytes | str | None) -> tuple[Seal | None, list[Finding]]:
        """The seal, where it can be read and its list believed, and what is wrong with it."""
        self._counts.seals += 1
        gone = Kind.SEAL_MISSING if text is None else Kind.SEAL_BROKEN
        try:
            if text is None:
                raise BrokenSeal("it is gone")
            found = seal.loaded(text)
            if found.number != number or found.statement["of"] != self._of:
                raise BrokenSeal(f"it is seal {found.number} of {found.statement['of']}")
        except BrokenSeal as broken:
            self._before, self._followed = None, False
            return None, [Finding(gone, f"seal {number} cannot be used: {broken}", number)]
        problems = [*self._whole(found), *self._follows(found), *self._signature(found)]
        believed = found.true and _listed(found)
        self._before, self._followed = found, believed
        self._counts.last_seal = found.hash
        return (found if believed else None), problems

    def _whole(self, found: Seal) -> Iterator[Finding]:
        if not found.true:
            text = f"seal {found.number} was changed: its hash is not of what it says"
            yield Finding(Kind.SEAL_CHANGED, text, found.number)
        elif not _listed(found):
            text = f"seal {found.number} was changed: its list of events is not the one it was made with"
            yield Finding(Kind.SEAL_CHANGED, text, found.number)
        if (pin := self._pins.pop(found.number, None)) is not None and pin != found.hash:
            text = f"seal {found.number} is not the one that was noted: {found.hash} instead of {pin}"
            yield Finding(Kind.PINNED, text, found.number)

    def _follows(self, found: Seal) -> Iterator[Finding]:
        before = self._before
        if before is None:
            if found.number == 1 and found.before:
                yield Finding(Kind.SEAL_REPLACED, "seal 1 follows another: it is not the first of this chain", 1)
            return
        if found.before != before.hash:
            text = f"seal {before.number} is not the one that seal {found.number} follows: one of the two was replaced"
            yield Finding(Kind.SEAL_REPLACED, text, before.number)
        if found.first <= before.last:
            text = f"seal {found.number} begins before seal {before.number} ends"
            yield Finding(Kind.SEAL_ORDER, text, found.number)

    def _signature(self, found: Seal) -> Iterator[Finding]:
        number = found.number
        if not found.key and not found.signature:
            if self._signing:
                text = f"seal {number} is not signed, though an earlier one is"
                yield Finding(Kind.SIGNATURE_MISSING, text, number)
            return
        self._signing = True
        self._counts.keys.add(found.key)
        if not found.truly_signed:
            yield Finding(Kind.SIGNATURE_WRONG, f"the signature of seal {number} is not by the key it names", number)
        elif self._trusted and found.key not in self._trusted:
            text = f"seal {number} is signed with {found.key}, which is none of the keys that are trusted"
            yield Finding(Kind.SIGNATURE_FOREIGN, text, number)
        else:
            self._counts.signed += 1

    def end(self) -> Iterator[Finding]:
        """After the last seal."""
        if self._trusted and self._counts.seals and not self._signing:
            text = "no seal is signed, though a key is trusted; where the key is new, the next seal will be"
            yield Finding(Kind.SIGNATURE_MISSING, text)
        for number, pin in sorted(self._pins.items()):
            yield Finding(
                Kind.PINNED, f"seal {number} was noted as {pin}, and there is none: seals were removed", number
            )

    @property
    def start(self) -> At | None:
        """Where the next seal's events begin: after this id. `None` after a seal that cannot be read."""
        if not self._followed:
            return None
        return self._before.last if self._before else BEGINNING


def _listed(found: Seal) -> bool:
    try:
        found.listed()
    except BrokenSeal:
        return False
    return True


class Segment:
    """The events of one seal, compared one by one in their order with its list."""

    def __init__(self, found: Seal, counts: Counts, *, lenient: bool) -> None:
        """`lenient`: what comes before its first event may belong to a seal that cannot be read."""
        self._seal = found
        self._counts = counts
        self._lenient = lenient
        self._due = found.listed()
        self._place = 0
        self._by_mark = {mark: at for at, mark in self._due}
        self._marks = dict(self._due)
        self._leaves: list[bytes] = []
        self._clean = True

    def look(self, entry: Entry) -> Iterator[Finding]:
        """The next entry there is, at or before the seal's last."""
        at = entry.at
        if self._lenient and at < self._seal.first:
            self._counts.uncovered += 1
            return
        yield from self._missed(at)
        self._counts.events += 1
        if self._place < len(self._due) and self._due[self._place][0] == at:
            self._place += 1
            if entry.mark != self._marks[at]:
                yield self._differs(entry)
            elif self._clean:
                self._leaves.append(entry.canonical)
            return
        own = self._by_mark.get(entry.mark)
        if own == at:
            yield self._wrong(Kind.MOVED, entry.seq, f"event {entry.seq} was reordered: it stands too late")
            return
        was = f"; it has the content of {seq_of(own)}" if own else ""
        yield self._wrong(Kind.INSERTED, entry.seq, f"event {entry.seq} was inserted{was}")

    def _missed(self, until: At | None) -> Iterator[Finding]:
        while self._place < len(self._due) and (until is None or self._due[self._place][0] < until):
            seq = seq_of(self._due[self._place][0])
            self._place += 1
            yield self._wrong(Kind.REMOVED, seq, f"event {seq} was removed")

    def _differs(self, entry: Entry) -> Finding:
        own = self._by_mark.get(entry.mark)
        if own is not None:
            return self._wrong(
                Kind.MOVED, entry.seq, f"event {entry.seq} was reordered: it has the content of {seq_of(own)}"
            )
        return self._wrong(Kind.CHANGED, entry.seq, f"event {entry.seq} was changed")

    def _wrong(self, kind: Kind, seq: str, text: str) -> Finding:
        self._clean = False
        self._leaves.clear()
        return Finding(kind, f"{text} (seal {self._seal.number})", self._seal.number, seq)

    def end(self) -> Iterator[Finding]:
        """After its last entry."""
        yield from self._missed(None)
        if self._clean and merkle.root(self._leaves) != self._seal.root:
            number = self._seal.number
            text = f"an event of seal {number} was changed with its mark kept: the tree of hashes has another root"
            yield Finding(Kind.DIFFERENT, text, number)


class Entries:
    """Entries one after the other, with a look at the next."""

    def __init__(self, source: AsyncIterator[Entry]) -> None:
        self._source = source
        self._next: Entry | None = None

    async def upto(self, last: At | None) -> AsyncIterator[Entry]:
        """Those up to an id; all that are left for `None`."""
        while (entry := await self._peek()) is not None and (last is None or entry.at <= last):
            self._next = None
            yield entry

    async def _peek(self) -> Entry | None:
        if self._next is None:
            self._next = await anext(self._source, None)
        return self._next


@dataclass(slots=True)
class Check:
    """One verification. `archived` is the number of the last seal whose events were trimmed and are not given."""

    chain: Chain
    counts: Counts
    archived: int = 0
    trimmed_seen: int = 0

    async def walk(
        self, seals: AsyncIterator[tuple[int, bytes | str | None]], entries: AsyncIterator[Entry]
    ) -> AsyncIterator[Finding | Entry]:
        """What is wrong, as it is come by; and every entry after it was compared, for those who look on."""
        kept = Entries(entries)
        async for number, text in seals:
            start = self.chain.start
            found, problems = self.chain.look(number, text)
            for problem in problems:
                yield self._counted(problem)
            if number <= self.archived:
                self.counts.archived += found.count if found else 0
                continue
            if found is None:
                continue
            segment = Segment(found, self.counts, lenient=start is None)
            async for entry in kept.upto(found.last):
                for problem in segment.look(entry):
                    yield self._counted(problem)
                yield entry
            for problem in segment.end():
                yield self._counted(problem)
        covered = self.chain.start is not None
        async for entry in kept.upto(None):
            self.counts.unsealed += covered
            self.counts.uncovered += not covered
            yield entry
        for problem in self.chain.end():
            yield self._counted(problem)

    def _counted(self, problem: Finding) -> Finding:
        self.counts.findings += 1
        return problem


async def each(source: Iterable[Entry]) -> AsyncIterator[Entry]:
    """Entries at hand."""
    for entry in source:
        yield entry
