"""One line of the audit as it is kept: the store's id of it and the text, byte by byte. What is hashed is this.

An *entry* is bytes, an event is what they say. Hashes are of bytes, so that nobody needs our reader to check them.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MARK = 8
"""Bytes of an entry's hash that a seal keeps of it: enough to tell which one was changed."""

_SEQ = re.compile(r"(\d{1,20})-(\d{1,20})", re.ASCII)

At = tuple[int, int]
"""An id as it is compared: milliseconds, and a count within them."""

BEGINNING: At = (0, 0)


def at_of(seq: str) -> At:
    """Raises `ValueError` for what is no id of the stream."""
    found = _SEQ.fullmatch(seq)
    if found is None:
        raise ValueError(f"{seq[:60]!r} is no id of an event")
    return int(found[1]), int(found[2])


def is_seq(seq: str) -> bool:
    """Whether it is an id of the stream."""
    return _SEQ.fullmatch(seq) is not None


def seq_of(at: At) -> str:
    """And back."""
    return f"{at[0]}-{at[1]}"


@dataclass(frozen=True, slots=True)
class Entry:
    """`seq` is the stream's id, `text` the event's JSON as it was written."""

    seq: str
    text: bytes

    @property
    def at(self) -> At:
        """Its place in the order."""
        return at_of(self.seq)

    @property
    def content(self) -> bytes:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text).digest()

    @property
    def mark(self) -> bytes:
        """What a seal keeps of it."""
        return self.content[:MARK]

    @property
    def canonical(self) -> bytes:
        """What a seal answers for: id and hash of the text, so that neither can change without the other's leave."""
        return self.seq.encode() + b"\n" + self.content


def listed(entries: Sequence[Entry]) -> tuple[str, str]:
    """Ids and marks of entries in order, as a seal keeps them.

    Ids: for each the milliseconds since the one before, and `.count` where that is not 0, with a space between; the
    first counts from 0. Marks: base64 of one after the other.
    """
    parts: list[str] = []
    before = 0
    for entry in entries:
        ms, count = entry.at
        parts.append(f"{ms - before}.{count}" if count else f"{ms - before}")
        before = ms
    return " ".join(parts), base64.b64encode(b"".join(entry.mark for entry in entries)).decode()


def unlisted(ids: str, marks: str) -> list[tuple[At, bytes]]:
    """And back. Raises `ValueError` where they do not fit each other, or an order that no stream has."""
    raw = base64.b64decode(marks, validate=True)
    found: list[tuple[At, bytes]] = []
    ms, last = 0, BEGINNING
    for index, part in enumerate(ids.split(" ") if ids else []):
        delta, _, count = part.partition(".")
        if not (delta.isdecimal() and (count or "0").isdecimal()):
            raise ValueError("its list of ids cannot be read")
        ms += int(delta)
        at = (ms, int(count or 0))
        if at <= last:
            raise ValueError("its list of ids is not in order")
        found.append((at, raw[index * MARK : (index + 1) * MARK]))
        last = at
    if len(found) * MARK != len(raw):
        raise ValueError("its lists of ids and of marks differ in length")
    return found


def leaves(entries: Iterable[Entry]) -> list[bytes]:
    """What the tree of a seal is made of."""
    return [entry.canonical for entry in entries]
