"""`signoff audit` as others script it: sealed, verified, exported, archived, by exit status and document."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import stat
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from approvals.audit.entries import Entry
from approvals.audit.verifying import Verification, entries_of
from approvals.redact import MASK, Redactor
from approvals.store.audit import RedisAudit
from approvals.store.redis import connect
from bot import audit_rows
from bot.audit_rows import COLUMNS
from tests.bot.conftest import Run
from tests.bot.test_cli import refund


def by_hand(url: str, work: Callable[[Any], Any]) -> None:
    """Hands on the server."""

    async def done() -> None:
        redis = connect(url)
        await work(redis)
        await redis.aclose()
        await redis.connection_pool.aclose()

    asyncio.run(done())


def decided(run: Run) -> str:
    """A refund that was asked, approved and carried out; its id."""
    (approval,) = refund(run)["approvals"]
    assert run("decide", approval["id"], "approve", "--as", "ops").status == 0
    return approval["id"]


def test_sealed_and_verified_with_what_the_graph_was_given(run: Run) -> None:
    """0 where nothing was changed; the document says what was looked at."""
    assert "Nothing is sealed yet." in run("audit", "verify").out
    decided(run)
    made = json.loads(run("audit", "seal", "--json").out)
    assert (made["made"], made["seal"]) == (1, 1)
    verified = run("audit", "verify", "--json", "--pin", f"1={made['hash']}")
    told = json.loads(verified.out)
    assert (verified.status, told["ok"], told["seals"], told["findings"]) == (0, True, 1, [])
    assert told["answers"] == {"answers": 1, "not_kept": 0, "not_noted": 0}
    assert "Nothing was changed." in run("audit", "verify", "--no-checkpoints").out


def test_a_changed_event_ends_with_1_and_its_name(run: Run, server_url: str) -> None:
    """For people and for programs; --limit bounds what is named, not what is counted."""
    decided(run)
    run("audit", "seal")
    gone: list[str] = []

    async def work(redis: Any) -> None:
        gone.extend(seq for seq, _ in (await redis.xrange("{signoff}:audit", count=2)))
        await redis.xdel("{signoff}:audit", *gone)

    by_hand(server_url, work)
    verified = run("audit", "verify")
    assert verified.status == 1
    assert f"event {gone[0]} was removed" in verified.out
    told = run("audit", "verify", "--json", "--limit", "1")
    found = json.loads(told.out)
    assert (told.status, found["ok"], found["more"]) == (1, False, 1)
    assert [(one["kind"], one["seq"]) for one in found["findings"]] == [("event_removed", gone[0])]


def test_keys_are_made_for_their_owner_alone_and_sign(run: Run, tmp_path: Path) -> None:
    """The file of keygen is what SIGNOFF_SEAL_KEY names; another key is told."""
    made = json.loads(run("audit", "keygen", "--to", "seal.pem", "--json").out)
    assert stat.S_IMODE((tmp_path / "seal.pem").stat().st_mode) == 0o600
    assert run("audit", "keygen", "--to", "seal.pem").status == 2
    other = json.loads(run("audit", "keygen", "--json").out)
    assert other["private"].startswith("-----BEGIN PRIVATE KEY-----")
    decided(run)
    assert run("audit", "seal", SIGNOFF_SEAL_KEY="seal.pem").status == 0
    verified = json.loads(run("audit", "verify", "--json").out)
    assert (verified["signed"], verified["trusted"]) == (1, [made["public"]])
    assert run("audit", "verify", "--public-key", made["public"]).status == 0
    foreign = run("audit", "verify", "--public-key", other["public"])
    assert (foreign.status, "none of the keys that are trusted" in foreign.out) == (1, True)
    wrong = run("audit", "seal", SIGNOFF_SEAL_KEY="hunter2")
    assert (wrong.status, "keygen" in wrong.err, "hunter2" in wrong.err) == (2, True, False)


@pytest.mark.parametrize(
    "wrong",
    [
        ("verify", "--pin", "1=x"),
        ("verify", "--offline"),
        ("verify", "--archive", "missing"),
        ("export", "--since", "monday"),
        ("archive", "--until", "2026", "--to", "a"),
    ],
)
def test_usage_ends_with_2(run: Run, wrong: tuple[str, ...]) -> None:
    """And says what to write."""
    ran = run("audit", *wrong)
    assert (ran.status, ran.err.splitlines()[-1].startswith("signoff: ")) == (2, True)


def test_archived_trimmed_and_verified_across_the_boundary(run: Run, tmp_path: Path) -> None:
    """The trail of an archived approval says so, and the record is shown as ever."""
    approval = decided(run)
    assert run("audit", "archive", "--until", "9000-01-01", "--to", "a.jsonl").status == 1
    run("audit", "seal")
    done = json.loads(run("audit", "archive", "--until", "9000-01-01", "--to", "a.jsonl", "--trim", "--json").out)
    assert done["events"] == done["trimmed"] > 0
    trail = run("audit", "--approval", approval)
    assert (trail.status, trail.out) == (0, "")
    assert "earlier events of" in trail.err
    assert run("show", approval).status == 0
    verified = json.loads(run("audit", "verify", "--archive", "a.jsonl", "--json").out)
    assert (verified["ok"], verified["archived"], verified["archives"][0]["events"]) == (True, *[done["events"]] * 2)
    text = (tmp_path / "a.jsonl").read_text()
    (tmp_path / "a.jsonl").write_text(text.replace("resolved", "resolve!", 1))
    for how in ((), ("--offline",)):
        changed = run("audit", "verify", "--archive", "a.jsonl", *how, "--json")
        assert changed.status == 1
        assert [one["kind"] for one in json.loads(changed.out)["findings"]] == ["event_changed"]


def test_an_export_has_every_event_of_a_time_once(run: Run) -> None:
    """JSON lines and CSV have the same events; a time that nothing was written in is empty."""
    decided(run)
    lines = [json.loads(line) for line in run("audit", "export").out.splitlines()]
    rows = list(csv.DictReader(io.StringIO(run("audit", "export", "--format", "csv").out)))
    assert tuple(rows[0]) == COLUMNS
    assert [row["seq"] for row in rows] == [line["seq"] for line in lines]
    assert {"opened", "decided", "resumed"} <= {line["type"] for line in lines}
    assert next(line for line in lines if line["type"] == "decided")["actor"] == {"id": "ops", "source": "cli"}
    assert run("audit", "export", "--until", "2020-01-01").out == ""
    assert run("audit", "export", "--since", "9000-01-01").out == ""
    assert len(run("audit", "export", "--since", "2020-01-01", "--until", "9000-01-01").out.splitlines()) == len(lines)


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_spreadsheet_calculates_nothing(sign: str) -> None:
    """Every cell that is text of somebody else: names, threads, types."""
    event = {"type": f"{sign}1+1", "actor": {"id": f"{sign}cmd", "source": "cli"}, "thread_id": f"{sign}2"}
    entry = Entry("1-1", json.dumps(event).encode())
    (cells,) = csv.reader(io.StringIO(audit_rows.as_csv(audit_rows.row(entry, Redactor())), newline=""))
    assert [cell for cell in cells if cell.startswith(sign)] == []
    assert cells[COLUMNS.index("actor_id")] == f"'{sign}cmd"


def test_what_is_hidden_is_hidden_in_an_export_and_what_is_no_event_is_told() -> None:
    """Also in events that were written when less was hidden; tampered text breaks nothing."""
    event = {"type": "decided", "data": {"args": {"password": "hunter2"}, "reason": "token=abcdef123"}}
    found = audit_rows.row(Entry("1-1", json.dumps(event).encode()), Redactor())
    assert found["data"] == {"args": {"password": MASK}, "reason": f"token={MASK}"}
    for text in (b"\xff", b"[]", b"{", b"null", b'{"type": 1, "actor": 2, "data": 3}', b'"\\ud800"'):
        found = audit_rows.row(Entry("1-1", text), Redactor())
        assert (found["type"], audit_rows.as_csv(found).isprintable()) == ("unreadable", True)
        json.loads(audit_rows.as_json(found))


def test_memory_does_not_grow_with_the_number_of_events(run: Run, server_url: str) -> None:
    """Twenty megabytes of events are verified and exported with a page of them in memory."""
    text = json.dumps({"type": "decided", "at": "2026-11-02T09:00:00Z", "thread_id": "t", "data": {"n": "x" * 4000}})
    fill = "for _ = 1, 5000 do redis.call('XADD', KEYS[1], '*', 'e', ARGV[1]) end"

    async def work(redis: Any) -> None:
        await redis.eval(fill, 1, "{signoff}:audit", text)

    by_hand(server_url, work)
    assert json.loads(run("audit", "seal", "--json").out)["seal"] == 5

    async def walked(redis: Any) -> None:
        audit, redactor = RedisAudit(redis), Redactor()
        tracemalloc.start()
        try:
            whole = Verification(audit)
            assert [one async for one in whole.findings()] == []
            lines = 0
            async for entry in entries_of(audit):
                lines += bool(audit_rows.as_json(audit_rows.row(entry, redactor)))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert (whole.counts.events, lines) == (5000, 5000)
        assert peak < 14_000_000, peak

    by_hand(server_url, walked)
