"""The audit on the real store: sealed by any replica, verified, tampered with by hand, archived and trimmed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from approvals.audit import archive as archives
from approvals.audit import seal as seals
from approvals.audit import signing
from approvals.audit.check import Finding, Kind
from approvals.audit.entries import at_of, seq_of
from approvals.audit.keeping import Retention, Sealer, trimmed
from approvals.audit.verifying import OfFile, Verification
from approvals.errors import InputError, StoreError
from approvals.events import Event, EventType
from approvals.model import Actor
from approvals.refusals import Refusal
from approvals.store.audit import RedisAudit
from approvals.store.keys import Keys
from approvals.store.redis import RedisStore, connect
from tests.approvals.build import ANA, Replica, say
from tests.conftest import VirtualClock

KEYS = Keys()
KEY = signing.generated()
FOREVER = datetime(9000, 1, 1, tzinfo=UTC)

Rows = list[tuple[str, dict[str, str]]]


@dataclass
class Desk:
    """A store with some events, its seals, and hands that reach into the server."""

    redis: Redis
    audit: RedisAudit
    store: RedisStore
    replica: Replica
    clock: VirtualClock

    def sealer(self, **more: Any) -> Sealer:
        return Sealer(self.audit, clock=self.clock, **more)

    async def fill(self, interrupt: str = "i1") -> str:
        """One approval from opening to decision; returns its id."""
        approval = await self.replica.open(interrupt=interrupt)
        await self.replica.approvals.decide(approval.id, say(), actor())
        await self.replica.effects.drain()
        return approval.id

    async def rows(self) -> Rows:
        return cast("Rows", await self.redis.xrange(KEYS.audit, "-", "+"))

    async def rewrite(self, change: Callable[[Rows], Rows]) -> Rows:
        """Makes the stream anew, as somebody with their hands on the server can."""
        rows = change(await self.rows())
        await self.redis.delete(KEYS.audit)
        for seq, fields in rows:
            await self.redis.xadd(KEYS.audit, cast("Any", fields), id=seq)
        return rows

    async def found(self, **more: Any) -> list[Finding]:
        return [one async for one in Verification(self.audit, **more).findings()]

    async def named(self, **more: Any) -> list[tuple[Kind, str | int | None]]:
        """Kind, and the event or the seal."""
        return [(one.kind, one.seq or one.seal) for one in await self.found(**more)]


def actor() -> Actor:
    return Actor(ANA, audiences=frozenset({"@finance"}))


@pytest.fixture
async def desk(redis_url: str, store: RedisStore, clock: VirtualClock) -> AsyncIterator[Desk]:
    redis = connect(redis_url)
    found = Desk(redis, RedisAudit(redis), store, Replica(store, clock), clock)
    await found.fill()
    await found.fill("i0")
    yield found
    await redis.aclose()
    await redis.connection_pool.aclose()


async def test_what_was_written_is_sealed_once_and_verified(desk: Desk) -> None:
    """Segments of a bounded size, one after the other; nothing new makes no seal."""
    rows = await desk.rows()
    assert await desk.sealer(segment=2, key=KEY).once() == (len(rows) + 1) // 2
    assert await desk.sealer(segment=2).once() == 0
    check = Verification(desk.audit, trusted=[KEY.public])
    assert [one async for one in check.findings()] == []
    assert (check.counts.events, check.counts.unsealed) == (len(rows), 0)
    await desk.fill("i2")
    check = Verification(desk.audit)
    assert [one async for one in check.findings()] == []
    assert check.counts.unsealed == len(await desk.rows()) - len(rows)


async def test_of_replicas_that_seal_at_once_each_seal_is_made_by_one(desk: Desk) -> None:
    """Compare-and-set: however many try, the chain is one."""
    sealers = [desk.sealer(segment=1, key=KEY) for _ in range(4)]
    while sum(await asyncio.gather(*(sealer.once() for sealer in sealers))):
        pass
    head = await desk.audit.head()
    assert head.number == len(await desk.rows()) == await desk.audit.how_many()
    assert await desk.found(trusted=[KEY.public]) == []


async def test_a_sealer_that_dies_between_reading_and_writing_leaves_nothing_behind(desk: Desk) -> None:
    """A seal is written in one step; whoever comes next makes it."""

    class Dies(RedisAudit):
        async def append(self, seal: seals.Seal, before: Any) -> bool:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await Sealer(Dies(desk.redis), clock=desk.clock).once()
    assert (await desk.audit.head()).number == 0
    assert await desk.sealer().once() == 1
    assert await desk.found() == []


async def test_a_late_sealer_neither_writes_over_nor_forks_the_chain(desk: Desk) -> None:
    """It lost the race: what stands, stands. A head that was turned back does not make it write over a seal."""
    before = await desk.audit.head()
    entries = await desk.audit.entries((0, 0), 2)
    late = seals.made(entries, of="signoff", number=1, before="", at=desk.clock())
    await desk.sealer(segment=3).once()
    assert await desk.audit.append(late, before) is False
    await desk.redis.delete(KEYS.sealed)
    with pytest.raises(StoreError, match="stands already"):
        await desk.sealer().once()
    assert [one.kind for one in await desk.found()] == [Kind.HEAD]


def _changed(rows: Rows, at: int) -> Rows:
    seq, fields = rows[at]
    event = json.loads(fields["e"])
    event["data"] = {**event.get("data", {}), "decision": "deny"}
    return [*rows[:at], (seq, {"e": json.dumps(event)}), *rows[at + 1 :]]


async def test_one_changed_field_names_the_event(desk: Desk) -> None:
    """Of a real event, in the middle of a segment."""
    await desk.sealer(segment=3).once()
    rows = await desk.rewrite(lambda rows: _changed(rows, 2))
    assert await desk.named() == [(Kind.CHANGED, rows[2][0])]


async def test_one_deleted_event_is_named_also_at_the_ends(desk: Desk) -> None:
    """The first, one within, the last."""
    rows = await desk.rows()
    await desk.sealer(segment=3).once()
    for at in (0, 3, len(rows) - 1):
        await desk.rewrite(lambda _, at=at: [*rows[:at], *rows[at + 1 :]])
        assert await desk.named() == [(Kind.REMOVED, rows[at][0])]


async def test_one_inserted_event_is_named(desk: Desk) -> None:
    """Between two that were written within one millisecond."""
    await desk.sealer(segment=3).once()
    rows = await desk.rows()
    taken = {at_of(seq) for seq, _ in rows}
    free = [(ms, count + 1) for ms, count in sorted(taken)[:-1] if (ms, count + 1) not in taken]
    forged = (seq_of(free[0]), rows[0][1])
    await desk.rewrite(lambda rows: sorted([*rows, forged], key=lambda row: at_of(row[0])))
    assert await desk.named() == [(Kind.INSERTED, forged[0])]


async def test_reordered_events_are_named_with_whose_content_they_have(desk: Desk) -> None:
    """Two of one segment swapped."""
    await desk.sealer().once()
    rows = await desk.rows()
    swapped = [(rows[1][0], rows[3][1]), rows[2], (rows[3][0], rows[1][1])]
    await desk.rewrite(lambda _: [rows[0], *swapped, *rows[4:]])
    found = await desk.found()
    assert [(one.kind, one.seq) for one in found] == [(Kind.MOVED, rows[1][0]), (Kind.MOVED, rows[3][0])]
    assert rows[3][0] in found[0].text


async def test_a_truncated_stream_names_every_event_that_is_gone(desk: Desk) -> None:
    """From the end, and all of it."""
    rows = await desk.rows()
    await desk.sealer(segment=3).once()
    await desk.rewrite(lambda rows: rows[:4])
    assert await desk.named() == [(Kind.REMOVED, seq) for seq, _ in rows[4:]]
    await desk.redis.delete(KEYS.audit)
    assert await desk.named() == [(Kind.REMOVED, seq) for seq, _ in rows]


async def test_bytes_that_are_no_text_and_entries_of_another_shape_are_named(desk: Desk) -> None:
    """Verification survives whatever was put there."""
    await desk.sealer().once()
    rows = await desk.rewrite(lambda rows: [*rows[:1], (rows[1][0], {"e": b"\xff\xfe"}), *rows[2:]])  # type: ignore[dict-item]
    more = (rows[2][0], {"e": rows[2][1]["e"], "x": "y"})
    await desk.redis.delete(KEYS.audit)
    for seq, fields in [*rows[:2], more, *rows[3:]]:
        await desk.redis.xadd(KEYS.audit, cast("Any", fields), id=seq)
    assert await desk.named() == [(Kind.CHANGED, rows[1][0]), (Kind.CHANGED, rows[2][0])]


async def test_a_replaced_a_missing_and_a_broken_seal_are_named(desk: Desk) -> None:
    """A seal that fits a changed event does not fit the seal after it."""
    await desk.sealer(segment=2).once()
    rows = await desk.rewrite(lambda rows: _changed(rows, 2))
    first, second = [seals.loaded(cast("bytes", text)) for text in await desk.audit.seals(1, 2)]
    entries = await desk.audit.entries(first.last, 2)
    forged = seals.made(entries, of="signoff", number=2, before=first.hash, at=desk.clock())
    await desk.redis.hset(KEYS.seals, "2", seals.dumped(forged))
    assert await desk.named() == [(Kind.SEAL_REPLACED, 2)]
    await desk.redis.hset(KEYS.seals, "2", seals.dumped(second))
    assert await desk.named() == [(Kind.CHANGED, rows[2][0])]
    await desk.redis.hset(KEYS.seals, "2", "{}")
    assert await desk.named() == [(Kind.SEAL_BROKEN, 2)]
    await desk.redis.hdel(KEYS.seals, "2")
    found = await desk.named()
    assert (Kind.SEAL_MISSING, 2) in found


async def test_the_last_seal_removed_with_its_events_is_told_by_the_head_and_by_a_pin(desk: Desk) -> None:
    """Cut at the end, and the head mended: only what was noted elsewhere tells."""
    await desk.sealer(segment=2).once()
    head = await desk.audit.head()
    last = seals.loaded(cast("bytes", (await desk.audit.seals(head.number, 1))[0]))
    await desk.redis.hdel(KEYS.seals, str(head.number))
    await desk.rewrite(lambda rows: [row for row in rows if at_of(row[0]) < last.first])
    assert await desk.named() == [(Kind.SEAL_MISSING, head.number), (Kind.HEAD, head.number)]
    await desk.redis.hset(KEYS.sealed, mapping={"n": head.number - 1, "hash": last.before})
    assert await desk.found() == []
    assert [one.kind for one in await desk.found(pins={head.number: head.hash})] == [Kind.PINNED]


async def test_an_event_deleted_before_it_was_sealed_is_told(desk: Desk) -> None:
    """Redis remembers the newest id that was deleted by itself."""
    await desk.sealer().once()
    await desk.fill("i2")
    seq = (await desk.rows())[-2][0]
    await desk.redis.xdel(KEYS.audit, seq)
    assert await desk.named() == [(Kind.DELETED, seq)]


# -- archives


def names(folder: Path) -> list[str]:
    """What is in it."""
    return sorted(path.name for path in folder.iterdir())


async def archived(desk: Desk, to: Path) -> archives.Archived:
    done = await archives.archive(desk.audit, to, FOREVER, ANA, desk.clock())
    assert isinstance(done, archives.Archived), done
    return done


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
async def test_an_archive_holds_what_was_sealed_and_verifies_across_the_boundary(
    desk: Desk, tmp_path: Path, name: str
) -> None:
    """Written, noted, trimmed: the seals stay, the rest verifies, and the file does too, with the server or without."""
    approval = (await desk.rows())[0] and await desk.fill("i2")
    await desk.sealer(segment=3, key=KEY).once()
    rows, file = await desk.rows(), tmp_path / name
    done = await archived(desk, file)
    assert (done.first, done.events) == (1, len(rows))
    assert await desk.named() == []
    assert await trimmed(desk.audit, FOREVER, ANA, desk.clock()) == len(rows)
    check = Verification(desk.audit, trusted=[KEY.public])
    assert [one async for one in check.findings()] == []
    assert (check.counts.archived, check.counts.events, check.counts.unsealed) == (len(rows), 0, 2)
    for store in (desk.audit, None):
        opened = OfFile(archives.opened(file), store, trusted=[KEY.public])
        assert [one async for one in opened.findings()] == []
        assert opened.counts.events == len(rows)
    types = [event.type for event in await desk.store.audit()]
    assert types == [EventType.ARCHIVED, EventType.TRIMMED]
    assert await desk.store.audit(approval) == []
    assert await desk.audit.missing(approval) == len(await desk.audit.trail(approval)) > 0


async def test_nothing_that_is_not_sealed_or_not_archived_is_ever_removed(desk: Desk, tmp_path: Path) -> None:
    """Not by the job, not by a call; events after the last seal stay out of the file."""
    job = Retention(desk.audit, clock=desk.clock, days=0.0001)
    desk.clock.turn(days=100_000)
    rows = await desk.rows()
    assert await job.once() == 0
    await desk.sealer().once()
    assert await job.once() == 0
    assert await desk.audit.trim(1, (2**50, 0), Event(type=EventType.TRIMMED, at=desk.clock(), thread_id="")) is None
    await desk.fill("i2")
    later = await desk.rows()
    await archived(desk, tmp_path / "a")
    assert await Retention(desk.audit, clock=desk.clock, days=None).once() == 0
    assert await job.once() == len(rows)
    assert [seq for seq, _ in await desk.rows()][: len(later) - len(rows)] == [seq for seq, _ in later[len(rows) :]]
    assert await job.once() == 0
    assert await desk.named() == []


async def test_the_next_archive_goes_on_where_the_last_one_ended(desk: Desk, tmp_path: Path) -> None:
    """And there is nothing to write where nothing is left; a file that is there is never written over."""
    await desk.sealer(segment=3).once()
    one = await archived(desk, tmp_path / "1")
    await desk.fill("i2")
    await desk.sealer(segment=3).once()
    with pytest.raises(InputError, match="never written over"):
        await archives.archive(desk.audit, tmp_path / "1", FOREVER, ANA, desk.clock())
    two = await archived(desk, tmp_path / "2")
    assert two.first == one.last + 1
    nothing = await archives.archive(desk.audit, tmp_path / "3", desk.clock.now.replace(year=2000), ANA, desk.clock())
    assert isinstance(nothing, Refusal)
    assert names(tmp_path) == ["1", "2"]


async def test_what_is_not_as_it_was_sealed_is_not_archived(desk: Desk, tmp_path: Path) -> None:
    """The event is named, and no file is left."""
    await desk.sealer(segment=3).once()
    rows = await desk.rewrite(lambda rows: _changed(rows, 4))
    refused = await archives.archive(desk.audit, tmp_path / "a", FOREVER, ANA, desk.clock())
    assert isinstance(refused, Refusal)
    assert rows[4][0] in refused.detail
    assert names(tmp_path) == []


async def test_a_trim_that_nobody_told_of_is_told(desk: Desk) -> None:
    """The marks set by hand, the events gone."""
    await desk.sealer().once()
    head = await desk.audit.head()
    await desk.redis.hset(KEYS.sealed, mapping={"archived": head.number, "trimmed": head.number})
    await desk.redis.xtrim(KEYS.audit, maxlen=0, approximate=False)
    assert await desk.named() == [(Kind.TRIMMED, head.number)]


def _lines(file: Path, change: Callable[[list[str]], list[str]]) -> None:
    file.write_text("\n".join(change(file.read_text().splitlines())) + "\n")


async def test_a_changed_archive_names_the_event(desk: Desk, tmp_path: Path) -> None:
    """Changed, removed, reordered, cut off; with the server's seals and with its own."""
    await desk.sealer(segment=4).once()
    rows, file = await desk.rows(), tmp_path / "a"
    await archived(desk, file)
    whole = file.read_text()
    line = {
        seq: next(i for i, text in enumerate(whole.splitlines()) if seq in text and '"e"' in text) for seq, _ in rows
    }
    at, after = line[rows[1][0]], line[rows[2][0]]

    async def named(store: RedisAudit | None = None) -> set[tuple[Kind, str | None]]:
        return {(one.kind, one.seq) async for one in OfFile(archives.opened(file), store).findings()}

    for store in (desk.audit, None):
        _lines(file, lambda lines: [*lines[:at], json.dumps({"seq": rows[1][0], "e": "{}"}), *lines[at + 1 :]])
        assert await named(store) == {(Kind.CHANGED, rows[1][0])}
        _lines(file, lambda _: [text for i, text in enumerate(whole.splitlines()) if i != at])
        assert await named(store) == {(Kind.REMOVED, rows[1][0])}
        _lines(file, lambda _: _swap(whole.splitlines(), at, after))
        assert (Kind.MOVED, rows[1][0]) in await named(store)
        file.write_text(whole)
    file.write_text(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="line"):
        await named()
    file.write_text("{}\n")
    with pytest.raises(InputError, match="no archive"):
        archives.opened(file)


def _swap(lines: list[str], one: int, other: int) -> list[str]:
    lines[one], lines[other] = lines[other], lines[one]
    return lines


async def test_another_signoffs_archive_is_told(desk: Desk, tmp_path: Path) -> None:
    """Seals name whose audit they are of."""
    await desk.sealer().once()
    await archived(desk, tmp_path / "a")
    file = replace(archives.opened(tmp_path / "a"), of="other")
    assert [one.kind async for one in OfFile(file, desk.audit).findings()] == [Kind.SEAL_BROKEN]
