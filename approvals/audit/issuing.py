"""Makes a receipt of what a store keeps, and of archives where the events have left it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from approvals import evidence
from approvals.audit import merkle, receipt
from approvals.audit.archive import ArchiveFile
from approvals.audit.entries import At, Entry, at_of, is_seq, leaves
from approvals.audit.keeping import AuditStore, Head, seal_at
from approvals.audit.receipt import Proof
from approvals.audit.seal import Seal
from approvals.model import Approval
from approvals.refusals import Reason, Refusal


class TrailStore(AuditStore, Protocol):
    """What only a receipt asks of it."""

    async def trail(self, approval_id: str) -> Sequence[str]:
        """The ids of an approval's events, in order, also of those that left the store."""
        ...

    async def entry(self, seq: str) -> Entry | None: ...


async def issued(
    store: TrailStore, approval: Approval, now: datetime, archives: Sequence[ArchiveFile] = ()
) -> dict[str, Any] | Refusal:
    """The receipt of an approval, as people may see it (`approval` is the copy for them). Refused where its events have
    left the store and no archive holds them, and where the audit is not as it was sealed."""
    head = await store.head()
    entries: list[Entry] = []
    proofs: dict[str, Proof] = {}
    segments: dict[int, tuple[Seal, list[Entry]]] = {}
    for seq in await store.trail(approval.id):
        if not is_seq(seq):
            return Refusal(Reason.NOT_POSSIBLE, "its trail names what is no event; see `signoff audit verify`")
        number = await _over(store, head, at_of(seq))
        if number is None:
            entry = await store.entry(seq)
            if entry is None:
                return Refusal(Reason.NOT_POSSIBLE, f"event {seq} is gone; see `signoff audit verify`")
            entries.append(entry)
            continue
        if number not in segments:
            segments.clear()  # one at a time
            found = await _segment(store, head, number, archives)
            if isinstance(found, Refusal):
                return found
            segments[number] = found
        seal, members = segments[number]
        at = next((place for place, entry in enumerate(members) if entry.seq == seq), None)
        if at is None:
            return Refusal(Reason.NOT_POSSIBLE, f"event {seq} is not under seal {number}; see `signoff audit verify`")
        entries.append(members[at])
        proofs[seq] = Proof(seal, at, merkle.path(leaves(members), at))
    shown = receipt.summary(entries)["shown"]
    known = evidence.reproduced(approval, shown[-1]["evidence"]) if shown else None
    return receipt.made(approval.id, entries, proofs, now, known)


async def _over(store: AuditStore, head: Head, at: At) -> int | None:
    """The number of the seal over an event; `None` where it is not sealed yet."""
    if at > head.last:
        return None
    low, high = 1, head.number
    while low < high:
        middle = (low + high) // 2
        if (await seal_at(store, middle)).last < at:
            low = middle + 1
        else:
            high = middle
    return low


async def _segment(
    store: AuditStore, head: Head, number: int, archives: Sequence[ArchiveFile]
) -> tuple[Seal, list[Entry]] | Refusal:
    seal = await seal_at(store, number)
    if number > head.trimmed:
        ms, count = seal.first
        before = (ms, count - 1) if count else (ms - 1, 2**64 - 1)
        members = list(await store.entries(before, seal.count))
    else:
        file = next((one for one in archives if one.of == store.name and one.first <= number <= one.last), None)
        if file is None:
            return Refusal(
                Reason.NOT_POSSIBLE, f"its events are archived: name the file that has seal {number} (--archive)"
            )
        members = [entry for entry in file.entries() if seal.first <= entry.at <= seal.last]
    if merkle.root(leaves(members)) != seal.root:
        return Refusal(
            Reason.NOT_POSSIBLE, f"the events of seal {number} are not as they were sealed; see `audit verify`"
        )
    return seal, members
