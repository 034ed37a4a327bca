"""Sealed events in a file, a JSON object a line: a head, then each seal followed by its events, then an end.

What stands there is byte by byte what stood in the store, so that the seals answer for it as before. A name that ends
in `.gz` is compressed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

from approvals.audit import seal as seals
from approvals.audit.check import Counts, Segment
from approvals.audit.entries import At, Entry, at_of
from approvals.audit.keeping import AuditStore, Head, last_before, seal_at
from approvals.audit.seal import Seal
from approvals.errors import InputError, StoreError
from approvals.events import Event, EventType
from approvals.model import ActorRef
from approvals.refusals import Reason, Refusal

VERSION = 1


@dataclass(frozen=True, slots=True)
class Archived:
    """What was written: seals from `first` to `last`. `sha256` is of the file's bytes."""

    first: int
    last: int
    events: int
    sha256: str


# -- writing


async def archive(store: AuditStore, to: Path, until: datetime, actor: ActorRef, now: datetime) -> Archived | Refusal:
    """Writes what was sealed, not archived yet, and older than `until`, a whole segment at a time; then notes it.

    Every event is compared with its seal on the way: what is not as it was sealed is never archived. The file is whole
    on the disk before the note is written. Nothing is removed from the store. Raises `InputError` for a file that
    cannot be written or is there, `StoreError` for a damaged seal.
    """
    head = await store.head()
    last = await last_before(store, head.archived + 1, head.number, until)
    if last is None:
        return Refusal(Reason.NOT_POSSIBLE, "nothing that is sealed and not archived yet is as old as that")
    if to.exists():  # noqa: ASYNC240 - a command's own loop, in which nothing else runs
        raise InputError(f"{to} is there already; an archive is never written over")
    part = to.with_name(f"{to.name}.part")
    try:
        done = await _filled(store, part, head, last, packed=to.suffix == ".gz")
        if not isinstance(done, Refusal):
            part.rename(to)
            _synced(to.parent)
            told = {
                "file": to.name,
                "first": done.first,
                "last": done.last,
                "events": done.events,
                "sha256": done.sha256,
            }
            event = Event(type=EventType.ARCHIVED, at=now, actor=actor, thread_id="", data=told)
            if not await store.archived(head, done.last, event):
                to.unlink()  # noqa: ASYNC240 - the same
                return Refusal(Reason.BUSY, "somebody else archived meanwhile; look what is left, and try again")
    except OSError as wrong:
        raise InputError(f"{to} cannot be written: {wrong.strerror or wrong}") from wrong
    finally:
        part.unlink(missing_ok=True)
    return done


async def _filled(store: AuditStore, part: Path, head: Head, last: Seal, *, packed: bool) -> Archived | Refusal:
    first = head.archived + 1
    events, digest = 0, hashlib.sha256()
    with part.open("wb") as file:
        with _lines(_Hashed(file, digest), packed=packed) as line:
            line({"signoff_audit": VERSION, "of": store.name, "first": first, "last": last.number})
            before: At = (await seal_at(store, first - 1)).last if first > 1 else (0, 0)
            for number in range(first, last.number + 1):
                seal = await seal_at(store, number)
                entries = await store.entries(before, seal.count)
                if wrong := _wrong(seal, entries):
                    return wrong
                line({"seal": json.loads(seals.dumped(seal))})
                for entry in entries:
                    line({"seq": entry.seq, "e": entry.text.decode(errors="surrogateescape")})
                events, before = events + seal.count, seal.last
            line({"end": events})
        file.flush()
        os.fsync(file.fileno())
    return Archived(first, last.number, events, digest.hexdigest())


def _wrong(seal: Seal, entries: Any) -> Refusal | None:
    try:
        segment = Segment(seal, Counts(), lenient=False)
    except seals.BrokenSeal as broken:
        raise StoreError(f"seal {seal.number} of the audit is damaged ({broken})") from broken
    found = [problem for entry in entries if entry.at <= seal.last for problem in segment.look(entry)]
    found += segment.end()
    return Refusal(Reason.NOT_POSSIBLE, f"{found[0].text}; see `signoff audit verify`") if found else None


class _Hashed:
    """A file that is hashed as it is written."""

    def __init__(self, file: IO[bytes], digest: Any) -> None:
        self._file, self._digest = file, digest

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


@contextmanager
def _lines(file: _Hashed, *, packed: bool) -> Generator[Any]:
    """Writes objects, a line each."""
    out: Any = gzip.GzipFile(fileobj=cast("IO[bytes]", file), mode="wb", mtime=0, filename="") if packed else file

    def line(found: dict[str, Any]) -> None:
        out.write(json.dumps(found, separators=(",", ":")).encode() + b"\n")

    yield line
    if packed:
        out.close()


def _synced(folder: Path) -> None:
    """The name of the file is on the disk too."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


# -- reading


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """An archive, by its head. Lines are read one at a time."""

    path: Path
    of: str
    first: int
    last: int

    def seals(self) -> Iterator[tuple[int, str | None]]:
        """Its seals by number, `None` for one that is not there."""
        due = self.first
        for line in _read(self.path):
            found: object = line.get("seal")
            number: object = cast("dict[str, object]", found).get("n") if isinstance(found, dict) else None
            if isinstance(number, int):
                for missing in range(due, min(number, self.last + 1)):
                    yield missing, None
                due = max(due, number + 1)
                yield number, json.dumps(found)
        for missing in range(due, self.last + 1):
            yield missing, None

    def entries(self) -> Iterator[Entry]:
        """Its events, in the order in which they stand there."""
        for line in _read(self.path):
            match line:
                case {"seq": str(seq), "e": str(text)}:
                    yield _entry(self.path, seq, text)
                case _:
                    continue

    async def all_seals(self) -> AsyncIterator[tuple[int, str | None]]:
        """The same, for those who walk."""
        for found in self.seals():
            yield found

    async def all_entries(self) -> AsyncIterator[Entry]:
        """The same, for those who walk."""
        for found in self.entries():
            yield found


def _entry(path: Path, seq: str, text: str) -> Entry:
    try:
        at_of(seq)
        return Entry(seq, text.encode(errors="surrogateescape"))
    except ValueError as wrong:
        raise InputError(f"{path}: {wrong}") from wrong


def opened(path: Path) -> ArchiveFile:
    """Raises `InputError` for what is no archive."""
    match next(_read(path), None):
        case {"signoff_audit": 1, "of": str(of), "first": int(first), "last": int(last)} if 0 < first <= last:
            return ArchiveFile(path, of, first, last)
        case _:
            raise InputError(f"{path} is no archive that `signoff audit archive` wrote")


def _read(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    found: object = json.loads(line)
                except (ValueError, RecursionError):
                    found = None
                if not isinstance(found, dict):
                    raise InputError(f"{path}, line {number}, is not as an archive is written")
                yield cast("dict[str, Any]", found)
    except (OSError, EOFError, zlib.error) as wrong:
        raise InputError(f"{path} cannot be read: {wrong}") from wrong
