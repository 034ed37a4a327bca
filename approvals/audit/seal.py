"""A seal: what answers for a segment of the audit, and follows the seal before it. Pure.

Its *statement* says which events (first and last id, how many), the root of the tree of their hashes, the hash of the
list of them, the seal before, when, and with which key. Its hash is of the statement, its signature of that hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from approvals.audit import entries as kept
from approvals.audit import merkle
from approvals.audit.entries import At, Entry, at_of
from approvals.audit.signing import SealKey, signed
from approvals.evidence import canonical

VERSION = 1
DOMAIN = b"signoff-seal-1\n"
"""Stands before what is hashed and what is signed, so that neither can be taken for something else."""

_TEXTS = ("of", "at", "from", "to", "root", "list", "prev", "key")
_NUMBERS = ("v", "n", "count")


class BrokenSeal(ValueError):
    """It cannot be read. The text says why."""


@dataclass(frozen=True, slots=True)
class Seal:
    """`statement` as it was hashed; `ids` and `marks` are the list of its events, empty where only the statement is
    known (in a receipt)."""

    statement: Mapping[str, str | int]
    hash: str
    signature: str = ""
    ids: str = ""
    marks: str = ""

    @property
    def number(self) -> int:
        """From 1, without gaps."""
        return int(self.statement["n"])

    @property
    def first(self) -> At:
        """Of the first event."""
        return at_of(str(self.statement["from"]))

    @property
    def last(self) -> At:
        """Of the last event."""
        return at_of(str(self.statement["to"]))

    @property
    def to(self) -> str:
        """The id of the last event."""
        return str(self.statement["to"])

    @property
    def count(self) -> int:
        """How many events."""
        return int(self.statement["count"])

    @property
    def root(self) -> bytes:
        """Of the tree of their hashes."""
        return bytes.fromhex(str(self.statement["root"]))

    @property
    def before(self) -> str:
        """The hash of the seal before; empty for the first."""
        return str(self.statement["prev"])

    @property
    def key(self) -> str:
        """The public key it says it is signed with; empty where it is not signed."""
        return str(self.statement["key"])

    @property
    def true(self) -> bool:
        """Whether its hash is that of its statement."""
        return self.hash == hash_of(self.statement)

    @property
    def truly_signed(self) -> bool:
        """Whether its signature is one by its key."""
        return signed(self.key, self.signature, message(self.hash))

    def listed(self) -> list[tuple[At, bytes]]:
        """The events it answers for, by id, with their marks. Raises `BrokenSeal` where that is not its list."""
        if _list_hash(self.ids, self.marks) != self.statement["list"]:
            raise BrokenSeal("its list of events is not the one that it was made with")
        try:
            found = kept.unlisted(self.ids, self.marks)
        except ValueError as wrong:
            raise BrokenSeal(str(wrong)) from wrong
        if len(found) != self.count or (found and (found[0][0], found[-1][0]) != (self.first, self.last)):
            raise BrokenSeal("its list of events is not of the events that it names")
        return found

    @property
    def public(self) -> dict[str, Any]:
        """The statement with its hash and signature: what a receipt holds."""
        told: dict[str, Any] = {**self.statement, "hash": self.hash}
        return told | {"sig": self.signature} if self.signature else told


def message(digest: str) -> bytes:
    """What is signed."""
    return DOMAIN + digest.encode()


def hash_of(statement: Mapping[str, str | int]) -> str:
    """The hash of a statement."""
    return hashlib.sha256(DOMAIN + canonical(dict(statement))).hexdigest()


def _list_hash(ids: str, marks: str) -> str:
    return hashlib.sha256(f"{ids}\n{marks}".encode()).hexdigest()


def made(
    entries: Sequence[Entry], *, of: str, number: int, before: str, at: datetime, key: SealKey | None = None
) -> Seal:
    """The seal of these entries, which are in order and at least one. `of` names whose audit it is."""
    ids, marks = kept.listed(entries)
    statement: dict[str, str | int] = {
        "v": VERSION,
        "of": of,
        "n": number,
        "at": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "from": entries[0].seq,
        "to": entries[-1].seq,
        "count": len(entries),
        "root": merkle.root(kept.leaves(entries)).hex(),
        "list": _list_hash(ids, marks),
        "prev": before,
        "key": key.public if key else "",
    }
    digest = hash_of(statement)
    return Seal(statement, digest, key.sign(message(digest)) if key else "", ids, marks)


def dumped(seal: Seal) -> str:
    """One line of JSON."""
    return json.dumps({**seal.public, "ids": seal.ids, "marks": seal.marks}, separators=(",", ":"))


def loaded(text: str | bytes) -> Seal:
    """And back. Raises `BrokenSeal`."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        raise BrokenSeal("it is not JSON") from None
    return of(found)


def of(found: object) -> Seal:
    """A seal of parsed JSON. Raises `BrokenSeal`."""
    fields = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    statement: dict[str, str | int] = {}
    for names, kind in ((_NUMBERS, int), (_TEXTS, str)):
        for name in names:
            value = fields.get(name)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise BrokenSeal(f"its field “{name}” is missing or of another kind")
            statement[name] = value
    if statement["v"] != VERSION:
        raise BrokenSeal(f"it is of version {statement['v']}, this Signoff reads {VERSION}")
    rest = {name: fields.get(name, "") for name in ("hash", "sig", "ids", "marks")}
    if not all(isinstance(value, str) for value in rest.values()) or set(fields) - set(statement) - set(rest):
        raise BrokenSeal("it has fields that no seal has")
    try:
        for name in ("from", "to"):
            at_of(str(statement[name]))
        bytes.fromhex(str(statement["root"]))
    except ValueError as wrong:
        raise BrokenSeal(str(wrong)) from None
    return Seal(statement, rest["hash"], rest["sig"], rest["ids"], rest["marks"])
