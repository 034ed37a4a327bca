"""A receipt: everything that proves one decision, in one document that is checked without a server. Pure.

It holds the approval's events as they are kept, the statements of the seals over them, the path from each event to its
seal's root, and what was shown. `summary` is for reading, and is recomputed when the receipt is verified.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import JsonValue

from approvals import evidence
from approvals.audit import merkle, reading
from approvals.audit import seal as seals
from approvals.audit.check import Finding, Kind
from approvals.audit.entries import BEGINNING, Entry, at_of
from approvals.audit.seal import BrokenSeal, Seal
from approvals.events import EventType

VERSION = 1
DECISIONS = (EventType.DECIDED, EventType.BROKE_GLASS)
_DECIDED = ("decision", "action", "reason", "args", "changed", "text", "revision", "approvals", "denials")
_ASKED = ("graph", "interrupt_id", "requester", "policy", "policy_source")


@dataclass(frozen=True, slots=True)
class Proof:
    """Where an event stands under its seal."""

    seal: Seal
    index: int
    path: Sequence[bytes]


def made(
    approval_id: str,
    entries: Sequence[Entry],
    proofs: Mapping[str, Proof],
    at: datetime,
    shown: Mapping[str, JsonValue] | None = None,
) -> dict[str, Any]:
    """The document. `proofs` by the event's id; one without a proof is not sealed yet. `shown` is what was put before
    people last, where it can still be told."""
    over = {proof.seal.number: proof.seal for proof in proofs.values()}
    return {
        "receipt": VERSION,
        "approval_id": approval_id,
        "made_at": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "sealed": _sealed(len(entries), len(proofs)),
        "summary": summary(entries),
        "shown": None if shown is None else dict(shown),
        "events": [_event(entry, proofs.get(entry.seq)) for entry in entries],
        "seals": [over[number].public for number in sorted(over)],
        "keys": sorted({seal.key for seal in over.values() if seal.key}),
    }


def _sealed(events: int, proofs: int) -> str:
    if proofs == events:
        return "all"
    return "some" if proofs else "none"


def _event(entry: Entry, proof: Proof | None) -> dict[str, Any]:
    told = {"seq": entry.seq, "text": entry.text.decode(errors="surrogateescape"), "sha256": entry.content.hex()}
    if proof is None:
        return {**told, "seal": None}
    return {**told, "seal": proof.seal.number, "index": proof.index, "path": [step.hex() for step in proof.path]}


def summary(entries: Sequence[Entry]) -> dict[str, Any]:
    """Who, when, on what, with what authority: from the events alone."""
    told: dict[str, Any] = {"asked": None, "shown": [], "told": [], "decisions": []}
    told |= {"resolution": None, "given": None, "carried_out": None, "history": []}
    for entry in entries:
        fields = reading.said(entry)
        kind, data = reading.type_of(fields), reading.data(fields)
        at = {"at": fields.get("at")}
        by = at | {"actor": fields.get("actor") or {"id": "system", "source": "system"}}
        told["history"].append({"type": kind, **by})
        if kind == EventType.OPENED:
            told["asked"] = {**at, "thread_id": fields.get("thread_id"), **_of(data, *_ASKED)}
        if "evidence" in data:
            told["shown"].append({**at, "revision": data.get("revision", 1), "evidence": data["evidence"]})
        if kind == EventType.ANNOUNCED:
            told["told"].append({**at, **_of(data, "messages", "to")})
        elif kind in DECISIONS:
            alone = {"alone": True} if kind == EventType.BROKE_GLASS else {}
            told["decisions"].append({**by, **alone, **_of(data, *_DECIDED)})
        elif kind == EventType.RESOLVED:
            told["resolution"] = {**by, **_of(data, "resolution", "policy", "policy_source", "answer")}
        elif kind == EventType.RESUMING:
            told["given"] = {**at, **_of(data, "checkpoint"), "sha256": data.get("given")}
        elif kind == EventType.RESUMED:
            told["carried_out"] = {**at, **_of(data, "checkpoint", "finished")}
    return told


def _of(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: data[name] for name in names if name in data}


# -- verifying


def verified(document: object, *, trusted: Collection[str] = ()) -> list[Finding]:
    """Everything that is wrong with a receipt. `trusted` as for a chain (`approvals.audit.check.Chain`)."""
    fields = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    approval = fields.get("approval_id")
    rows: object = fields.get("events")
    if fields.get("receipt") != VERSION or not isinstance(approval, str) or not isinstance(rows, list):
        return [_wrong("it is no receipt that `signoff receipt` wrote")]
    try:
        over, found = _seals(fields.get("seals"), trusted)
        entries = [_entry(row) for row in cast("list[object]", rows)]
    except (ValueError, KeyError, TypeError) as broken:
        return [_wrong(f"it cannot be read: {broken}")]
    before = BEGINNING
    for entry, row in zip(entries, cast("list[dict[str, Any]]", rows), strict=True):
        if entry.at <= before:
            found.append(Finding(Kind.MOVED, f"event {entry.seq} is out of its order", seq=entry.seq))
        before = entry.at
        if reading.said(entry).get("approval_id") != approval:
            found.append(Finding(Kind.INSERTED, f"event {entry.seq} is not of {approval}", seq=entry.seq))
        found += _proven(entry, row, over)
    found += _versions(entries, approval)
    said = summary(entries)
    if fields.get("summary") != json.loads(json.dumps(said)):
        found.append(_wrong("its summary is not what its events say"))
    shown, last = fields.get("shown"), said["shown"][-1]["evidence"] if said["shown"] else None
    if shown is not None and evidence.compact(shown) != last:
        found.append(_wrong("what it says was shown is not what the events have the hash of"))
    return found


def keys_of(document: object) -> list[str]:
    """The public keys that the seals of a receipt name."""
    rows: object = cast("dict[str, Any]", document).get("seals") if isinstance(document, dict) else None
    every = cast("list[object]", rows) if isinstance(rows, list) else []
    named = [cast("dict[str, Any]", row) for row in every if isinstance(row, dict)]
    return sorted({str(row["key"]) for row in named if row.get("key")})


def _wrong(text: str) -> Finding:
    return Finding(Kind.RECEIPT, f"the receipt was changed: {text}")


def _entry(row: object) -> Entry:
    fields = cast("dict[str, str]", row)
    at_of(fields["seq"])
    return Entry(fields["seq"], fields["text"].encode(errors="surrogateescape"))


def _seals(rows: object, trusted: Collection[str]) -> tuple[dict[int, Seal], list[Finding]]:
    over: dict[int, Seal] = {}
    found: list[Finding] = []
    for row in cast("list[object]", rows):
        try:
            seal = seals.of(row)
        except BrokenSeal as broken:
            found.append(Finding(Kind.SEAL_BROKEN, f"a seal of it cannot be used: {broken}"))
            continue
        over[seal.number] = seal
        number = seal.number
        if not seal.true:
            found.append(
                Finding(Kind.SEAL_CHANGED, f"seal {number} was changed: its hash is not of what it says", number)
            )
        elif seal.key and not seal.truly_signed:
            found.append(Finding(Kind.SIGNATURE_WRONG, f"the signature of seal {number} is not by its key", number))
        elif trusted and not seal.key:
            found.append(Finding(Kind.SIGNATURE_MISSING, f"seal {number} is not signed", number))
        elif trusted and seal.key not in trusted:
            found.append(
                Finding(Kind.SIGNATURE_FOREIGN, f"seal {number} is signed with {seal.key}, not trusted", number)
            )
    return over, found


def _proven(entry: Entry, row: Mapping[str, Any], over: Mapping[int, Seal]) -> list[Finding]:
    number = row.get("seal")
    if number is None:
        return [Finding(Kind.NOT_SEALED, f"event {entry.seq} is not sealed: nothing answers for it", seq=entry.seq)]
    seal = over.get(number) if isinstance(number, int) else None
    try:
        path = [bytes.fromhex(step) for step in row["path"]]
        root = merkle.climbed(entry.canonical, int(row["index"]), seal.count if seal else 0, path)
    except (ValueError, KeyError, TypeError):
        root = None
    if seal is None or root is None or root != seal.root:
        text = f"event {entry.seq} was changed: it does not lead to the root of seal {number}"
        return [Finding(Kind.CHANGED, text, number if isinstance(number, int) else None, entry.seq)]
    return []


def _versions(entries: Sequence[Entry], approval: str) -> list[Finding]:
    """Every change of a record has a number, one after the other, and at least one event."""
    found: list[Finding] = []
    before = 0
    for entry in entries:
        version: object = reading.said(entry).get("version")
        if not isinstance(version, int):
            continue
        if version > before + 1:
            text = f"events of {approval} are missing before {entry.seq}: version {before + 1} to {version - 1}"
            found.append(Finding(Kind.REMOVED, text, seq=entry.seq, approval=approval))
        before = max(before, version)
    return found
