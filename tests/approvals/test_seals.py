"""Seals by themselves: bytes that must never change, trees, signatures, and any single mutation of what was sealed."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals import evidence
from approvals.audit import merkle, signing
from approvals.audit import seal as seals
from approvals.audit.check import Chain, Check, Counts, Finding, Kind, each
from approvals.audit.entries import Entry, listed, seq_of, unlisted
from approvals.audit.seal import BrokenSeal, Seal
from approvals.errors import ConfigError
from approvals.model import Status
from approvals.redact import Redactor
from approvals.shown import Shown
from tests.approvals.build import REFUND, standing

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
KEY = signing.key_of(base64.b64encode(bytes(range(32))).decode())
ENTRIES = [
    Entry("1762074000000-0", b'{"_":1,"type":"registered"}'),
    Entry("1762074000000-1", b'{"_":1,"type":"started"}'),
    Entry("1762074000412-0", '{"_":1,"type":"opened","data":{"title":"später"}}'.encode()),
    Entry("1762074001000-0", b'{"_":1,"type":"decided"}'),
    Entry("1762074001000-7", b'{"_":1,"type":"resolved"}'),
]


def chain(entries: Sequence[Entry], *, size: int = 2, key: signing.SealKey | None = None) -> list[Seal]:
    """Seals of these, `size` at a time."""
    made: list[Seal] = []
    for at in range(0, len(entries), size):
        before = made[-1].hash if made else ""
        made.append(
            seals.made(entries[at : at + size], of="signoff", number=len(made) + 1, before=before, at=AT, key=key)
        )
    return made


async def _numbered(texts: Sequence[str | None]) -> AsyncIterator[tuple[int, str | None]]:
    for number, text in enumerate(texts, 1):
        yield number, text


def checked(
    texts: Sequence[str | None], entries: Sequence[Entry], trusted: Sequence[str] = (), **pins: str
) -> list[Finding]:
    """What a verification says of them."""
    by_number = {int(name[1:]): pin for name, pin in pins.items()}

    async def walk() -> list[Finding]:
        check = Check(Chain("signoff", Counts(), trusted=trusted, pins=by_number), Counts())
        return [one async for one in check.walk(_numbered(texts), each(entries)) if isinstance(one, Finding)]

    return asyncio.run(walk())


def test_canonical_bytes_and_a_seal_stay_what_they_are() -> None:
    """The golden file: whoever checks an old seal needs the very same bytes."""
    made = chain(ENTRIES, size=5, key=KEY)[0]
    found = {
        "canonical": [base64.b64encode(entry.canonical).decode() for entry in ENTRIES],
        "leaf": merkle.leaf(ENTRIES[0].canonical).hex(),
        "shown": evidence.canonical(evidence.shown(standing(Status.PENDING, REFUND))).decode(),
        "evidence": evidence.of(standing(Status.PENDING, REFUND)),
        "seal": json.loads(seals.dumped(made)),
    }
    assert found == json.loads((GOLDEN / "seal.json").read_text())
    assert (made.true, made.truly_signed) == (True, True)
    assert seals.loaded(seals.dumped(made)) == made


def test_evidence_is_of_what_people_see() -> None:
    """A hidden value does not show by its hash: another one gives the same; anything that is seen gives another."""
    secret = replace(REFUND, args={"order": "42", "password": "hunter22"})
    other = replace(REFUND, args={"order": "42", "password": "hunter23"})
    shown = Shown(Redactor())
    one, two = (standing(Status.PENDING, action) for action in (secret, other))
    assert evidence.of(shown.approval(one)) == evidence.of(shown.approval(two)) != evidence.of(one)
    for seen in (replace(one, title="x"), replace(one, revision=2), replace(one, description="x")):
        assert evidence.of(seen) != evidence.of(one)


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=40), st.data())
@settings(max_examples=60, deadline=None)
def test_a_path_leads_to_the_root_for_its_own_entry_alone(found: list[bytes], data: st.DataObject) -> None:
    """Every entry climbs to the root by its path; another entry, place or length does not."""
    index = data.draw(st.integers(0, len(found) - 1))
    path, root = merkle.path(found, index), merkle.root(found)
    assert merkle.climbed(found[index], index, len(found), path) == root
    assert merkle.climbed(found[index] + b"x", index, len(found), path) != root
    assert merkle.climbed(found[index], index, len(found), [*path, root]) is None
    assert merkle.climbed(found[index], len(found), len(found), path) is None


def test_lists_of_ids_are_read_back_and_nothing_else_is() -> None:
    """The compact list names every event; one that no stream could have is refused."""
    ids, marks = listed(ENTRIES)
    assert ids == "1762074000000 0.1 412 588 0.7"
    assert [(seq_of(at), mark) for at, mark in unlisted(ids, marks)] == [(e.seq, e.mark) for e in ENTRIES]
    for wrong in ("1 0", "1 x", "1 -1", "1", "1 2 3"):
        with pytest.raises(ValueError, match="list"):
            unlisted(wrong, base64.b64encode(bytes(16)).decode())


def test_keys_are_read_in_every_form_and_never_repeated(tmp_path: Path) -> None:
    """PEM or base64, a file or the value itself; a mistake names the setting and not the value."""
    file = tmp_path / "seal.pem"
    file.write_text(KEY.pem)
    raw = base64.b64encode(bytes(range(32))).decode()
    for value in (raw, KEY.pem, KEY.pem.replace("\n", "\\n"), str(file)):
        assert signing.key_of(value).public == KEY.public
    assert signing.public_of(KEY.public) == KEY.public
    for wrong in ("hunter2", base64.b64encode(b"hunter2").decode(), "-----BEGIN hunter2", str(tmp_path)):
        for read in (signing.key_of, signing.public_of):
            with pytest.raises(ConfigError) as said:
                read(wrong)
            assert "hunter2" not in str(said.value)
    assert KEY.public not in repr(KEY)


def test_what_was_sealed_and_left_alone_has_no_findings() -> None:
    """Signed or not, pinned or not."""
    for key in (None, KEY):
        made = chain(ENTRIES, key=key)
        assert checked([seals.dumped(one) for one in made], ENTRIES, [KEY.public] if key else [], n2=made[1].hash) == []


def test_a_forged_chain_is_told_by_the_key_that_is_trusted() -> None:
    """Rewritten from the changed event on, with another key, with none, or with a signature that is not one."""
    forged = [*ENTRIES[:2], replace(ENTRIES[2], text=b"{}"), *ENTRIES[3:]]
    own = signing.generated()
    assert checked([seals.dumped(one) for one in chain(forged, key=own)], forged) == []  # nothing to compare with
    found = checked([seals.dumped(one) for one in chain(forged, key=own)], forged, [KEY.public])
    assert [(one.kind, one.seal) for one in found] == [(Kind.SIGNATURE_FOREIGN, number) for number in (1, 2, 3)]
    found = checked([seals.dumped(one) for one in chain(forged)], forged, [KEY.public])
    assert [one.kind for one in found] == [Kind.SIGNATURE_MISSING]
    made = chain(ENTRIES, key=KEY)
    texts = [seals.dumped(one) for one in made]
    texts[1] = seals.dumped(replace(made[1], signature=made[0].signature))
    assert [(one.kind, one.seal) for one in checked(texts, ENTRIES, [KEY.public])] == [(Kind.SIGNATURE_WRONG, 2)]
    stripped = [made[0], *chain(ENTRIES)[1:]]
    kinds = {(one.kind, one.seal) for one in checked([seals.dumped(one) for one in stripped], ENTRIES)}
    assert {(Kind.SIGNATURE_MISSING, 2), (Kind.SIGNATURE_MISSING, 3), (Kind.SEAL_REPLACED, 1)} <= kinds


def test_a_chain_that_was_cut_or_rewritten_is_told_by_a_pin() -> None:
    """Without a signature only what was noted elsewhere tells: a hash of the log, say."""
    made = chain(ENTRIES)
    texts = [seals.dumped(one) for one in made]
    found = checked(texts[:2], ENTRIES[:4], n3=made[2].hash)
    assert [(one.kind, "removed" in one.text) for one in found] == [(Kind.PINNED, True)]
    other = chain([*ENTRIES[:4], replace(ENTRIES[4], text=b"{}")])
    found = checked(
        [seals.dumped(one) for one in other], [*ENTRIES[:4], replace(ENTRIES[4], text=b"{}")], n3=made[2].hash
    )
    assert [(one.kind, one.seal) for one in found] == [(Kind.PINNED, 3)]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"count": 3}, Kind.SEAL_CHANGED),
        ({"prev": "00"}, Kind.SEAL_CHANGED),
        ({"at": "2020"}, Kind.SEAL_CHANGED),
        ({"hash": "00"}, Kind.SEAL_CHANGED),
        ({"ids": "1 2"}, Kind.SEAL_CHANGED),
        ({"marks": "AAAA"}, Kind.SEAL_CHANGED),
        ({"root": "zz"}, Kind.SEAL_BROKEN),
        ({"n": "2"}, Kind.SEAL_BROKEN),
        ({"n": 7}, Kind.SEAL_BROKEN),
        ({"of": "other"}, Kind.SEAL_BROKEN),
        ({"v": 2}, Kind.SEAL_BROKEN),
        ({"more": 1}, Kind.SEAL_BROKEN),
    ],
)
def test_a_seal_that_was_changed_is_named(change: dict[str, object], kind: Kind) -> None:
    """Whatever field of it; its events are then not accused."""
    texts = [seals.dumped(one) for one in chain(ENTRIES)]
    texts[1] = json.dumps(json.loads(texts[1]) | change)
    found = checked(texts, ENTRIES)
    assert (found[0].kind, found[0].seal) == (kind, 2)
    assert {one.kind for one in found} <= {kind, Kind.SEAL_REPLACED, Kind.SEAL_ORDER}


def test_a_seal_that_is_no_seal_is_refused() -> None:
    """Texts of any kind."""
    for text in ("", "[]", "null", "{", '{"v":1}', "[" * 100_000, b"\xff"):
        with pytest.raises(BrokenSeal):
            seals.loaded(text)


_TEXT = st.binary(min_size=1, max_size=12)


@st.composite
def _streams(draw: st.DrawFn) -> list[Entry]:
    count = draw(st.integers(2, 14))
    steps = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), min_size=count, max_size=count))
    found: list[Entry] = []
    ms, place = 1_762_074_000_000, 0
    for index, (delta, more) in enumerate(steps):
        ms, place = ms + delta, more if delta else place + more
        found.append(Entry(f"{ms}-{place}", b"%d:" % index + draw(_TEXT)))
    return found


@given(_streams(), st.integers(1, 5), st.sampled_from(["change", "remove", "insert", "swap"]), st.data())
@settings(max_examples=150, deadline=None)
def test_any_single_mutation_is_found_and_named(stream: list[Entry], size: int, how: str, data: st.DataObject) -> None:
    """One event changed, removed, inserted, or two of them swapped: that very event, and what was done to it."""
    texts = [seals.dumped(one) for one in chain(stream, size=size)]
    at = data.draw(st.integers(0, len(stream) - 1))
    other = data.draw(st.integers(0, len(stream) - 1).filter(lambda found: found != at))
    after = list(stream)
    if how == "change":
        after[at] = replace(stream[at], text=data.draw(_TEXT))
        named = {(Kind.CHANGED, stream[at].seq)}
    elif how == "remove":
        del after[at]
        named = {(Kind.REMOVED, stream[at].seq)}
    elif how == "insert":
        ms, place = stream[at].at
        new = Entry(f"{ms}-{place - 1}", data.draw(_TEXT))
        if new.seq in {entry.seq for entry in stream}:
            return
        after.insert(at, new)
        named = {(Kind.INSERTED, new.seq)}
    else:
        after[at], after[other] = (
            replace(stream[at], text=stream[other].text),
            replace(stream[other], text=stream[at].text),
        )
        kind = Kind.MOVED if at // size == other // size else Kind.CHANGED
        named = {(kind, stream[at].seq), (kind, stream[other].seq)}
    found = checked(texts, after)
    assert {(one.kind, one.seq) for one in found} == named
