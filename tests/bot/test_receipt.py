"""Receipts: one document that proves a decision by itself, its golden form, and every change of it told."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from approvals import lifecycle
from approvals.audit import merkle, receipt, signing
from approvals.audit import seal as seals
from approvals.audit.check import Kind
from approvals.audit.entries import Entry, leaves
from approvals.audit.receipt import Proof
from approvals.events import Event
from approvals.model import DecisionType, Outcome, Reply
from approvals.shown import Shown
from approvals.store.codec import EVENTS
from bot import receipt_text
from tests.approvals.build import ANA, CARD, T0, at, changed, opening, say
from tests.bot.conftest import Run
from tests.bot.test_audit_cli import by_hand, decided

GOLDEN = Path(__file__).parent.parent / "approvals" / "golden"
KEY = signing.key_of(base64.b64encode(bytes(range(32))).decode())


def events() -> tuple[list[Event], Any]:
    """Of an approval that was edited, and carried out; with the record as it was shown."""
    shown, told = Shown(), list[Event]()
    change = opening()
    steps: list[Callable[[Any], Any]] = [
        lambda a: lifecycle.announced(a, [CARD], at(1)),
        lambda a: lifecycle.with_reply(
            changed(
                lifecycle.decide(
                    a, say(DecisionType.EDIT, ANA, args={"order": "42", "cents": 500}, reason="=Half of it"), at(60)
                )
            ),
            Reply({"cents": 500}),
        ),
        lambda a: lifecycle.resume(a, at(61), checkpoint="c1"),
        lambda a: lifecycle.complete(a, Outcome(finished=True), at(62), checkpoint="c2"),
    ]
    first = change.approval
    for step in (None, *steps):
        change = change if step is None else changed(step(change.approval))
        told += [shown.event(event, change.approval) for event in change.events]
    return told, first


def document() -> dict[str, Any]:
    """Its receipt, under a signed seal that covers another event too."""
    told, first = events()
    entries = [Entry(f"1762074000000-{n}", EVENTS.dump(event).encode()) for n, event in enumerate(told, 1)]
    members = [Entry("1762074000000-0", b"{}"), *entries]
    seal = seals.made(members, of="signoff", number=1, before="", at=at(100), key=KEY)
    proofs = {e.seq: Proof(seal, n, merkle.path(leaves(members), n)) for n, e in enumerate(entries, 1)}
    from approvals import evidence

    return receipt.made(first.id, entries, proofs, T0, evidence.shown(first))


def test_a_receipt_and_its_text_stay_what_they_are() -> None:
    """The golden files: who keeps a receipt can have it verified by later versions."""
    found = json.loads(json.dumps(document()))
    assert found == json.loads((GOLDEN / "receipt.json").read_text())
    assert receipt_text.text(found) + "\n" == (GOLDEN / "receipt.txt").read_text()
    assert receipt.verified(found, trusted=[KEY.public]) == []


def test_a_receipt_by_another_key_is_not_trusted() -> None:
    """It is whole by itself, and signed by somebody else."""
    other = signing.generated().public
    assert {one.kind for one in receipt.verified(document(), trusted=[other])} == {Kind.SIGNATURE_FOREIGN}


def _set(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        *into, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
        for part in into:
            found = found[part]  # type: ignore[index]
        found[last] = value  # type: ignore[index]

    return change


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (_set("summary.decisions.0.actor.id", "UBEN"), Kind.RECEIPT),
        (_set("shown.title", "x"), Kind.RECEIPT),
        (_set("events.1.text", "{}"), Kind.CHANGED),
        (_set("events.1.seq", "1762074000000-9"), Kind.CHANGED),
        (_set("events.1.index", 0), Kind.CHANGED),
        (_set("events.1.path.0", "00"), Kind.CHANGED),
        (_set("events.1.seal", 2), Kind.CHANGED),
        (_set("events.1.seal", None), Kind.NOT_SEALED),
        (_set("seals.0.count", 2), Kind.SEAL_CHANGED),
        (_set("seals.0.hash", "00"), Kind.SEAL_CHANGED),
        (_set("seals.0.sig", ""), Kind.SIGNATURE_WRONG),
        (_set("seals.0", {}), Kind.SEAL_BROKEN),
        (_set("approval_id", "AOTHER"), Kind.INSERTED),
        (_set("receipt", 2), Kind.RECEIPT),
        (_set("events", 3), Kind.RECEIPT),
        (_set("events.0", 3), Kind.RECEIPT),
        (lambda found: found["events"].pop(1), Kind.REMOVED),
        (lambda found: found["events"].reverse(), Kind.MOVED),
    ],
)
def test_whatever_is_changed_is_told(change: Callable[[dict[str, Any]], None], kind: Kind) -> None:
    """A field of the summary, an event, its path, the seal, the signature; events left out, or out of order."""
    found = document()
    change(found)
    assert kind in {one.kind for one in receipt.verified(found)}


def test_a_receipt_is_verified_anywhere(run: Run, tmp_path: Path) -> None:
    """Without a server; one that is not sealed says so and proves nothing."""
    key = json.loads(run("audit", "keygen", "--to", "seal.pem", "--json").out)["public"]
    approval = decided(run)
    early = run("receipt", approval)
    assert json.loads(early.out)["sealed"] == "none"
    assert "Not sealed yet" in run("receipt", approval, "--format", "text").out
    run("audit", "seal", SIGNOFF_SEAL_KEY="seal.pem")
    made = run("receipt", approval)
    assert made.status == 0
    (tmp_path / "early.json").write_text(early.out)
    (tmp_path / "receipt.json").write_text(made.out)
    away = {"REDIS_URL": "redis://127.0.0.1:1/0", "SIGNOFF_SEAL_KEY": ""}
    good = run("audit", "verify-receipt", "receipt.json", "--public-key", key, "--json", **away)
    assert (good.status, json.loads(good.out)["ok"]) == (0, True)
    assert run("audit", "verify-receipt", "early.json", **away).status == 1
    (tmp_path / "receipt.json").write_text(made.out.replace('"ops\\"', '"eve\\"'))
    assert run("audit", "verify-receipt", "receipt.json", **away).status == 1
    assert run("audit", "verify-receipt", "missing.json", **away).status == 2
    assert run("receipt", "AAAAAAAAAAAAAAAA").status == 1


def test_what_was_shown_is_in_the_receipt_and_hashes_to_what_was_written_down(run: Run) -> None:
    """On what information somebody decided."""
    approval = decided(run)
    found = json.loads(run("receipt", approval).out)
    assert found["shown"]["actions"][0]["args"]["amount"] == 340.0
    assert found["summary"]["shown"][-1]["revision"] == found["summary"]["decisions"][-1]["revision"] == 1
    assert found["summary"]["given"]["sha256"] == found["summary"]["resolution"]["answer"]
    assert found["summary"]["carried_out"]["checkpoint"]


def test_archived_events_are_taken_from_the_archive(run: Run, server_url: str) -> None:
    """Without the file it is refused, which names the seal; and so is an audit that is not as it was sealed."""
    approval = decided(run)
    run("audit", "seal")
    before = json.loads(run("receipt", approval).out)
    assert run("audit", "archive", "--until", "9000-01-01", "--to", "a.gz", "--trim").status == 0
    refused = run("receipt", approval)
    assert (refused.status, "--archive" in refused.err) == (1, True)
    after = json.loads(run("receipt", approval, "--archive", "a.gz").out)
    assert after | {"made_at": ""} == before | {"made_at": ""}
    other = decided(run)
    run("audit", "seal")

    async def work(redis: Any) -> None:
        (seq, _), *_ = await redis.xrevrange("{signoff}:audit", count=1)
        await redis.xdel("{signoff}:audit", seq)

    by_hand(server_url, work)
    refused = run("receipt", other)
    assert (refused.status, "not as they were sealed" in refused.err) == (1, True)
