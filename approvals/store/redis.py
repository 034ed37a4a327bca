"""`ApprovalStore` on Redis. Knows no rules: it compares versions and writes what it is handed in one step."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from approvals.due import Claim, Due, DueKind
from approvals.events import Event
from approvals.lifecycle import Change, ThreadChange
from approvals.metering import Committing, Metering
from approvals.model import Approval, Lease, Status, Thread
from approvals.ports import Behind, Clock, Commit, CommitStatus, Guard, Page, Query, Taken
from approvals.store.address import client
from approvals.store.batch import Batch
from approvals.store.codec import APPROVALS, EVENTS, THREADS
from approvals.store.keys import Keys
from approvals.store.packed import DueRow, Packed, score
from approvals.store.scripts import Scripts

HOLD = 30.0
"""Seconds for which a claimed due item is ours. Who takes longer may be doubled, so every effect bears that."""

DRIVES = frozenset({DueKind.DRIVE})

POOL = 64
"""Connections at most; one more command waits for a free one instead of failing (redis-py's default pool raises)."""


def connect(url: str) -> Redis:
    """A client that waits for a free connection, speaks text, and keeps idle connections checked.

    A server that is away is asked three times within about a second, then the command raises: a click has three seconds
    to be answered in, and what is due is tried again by itself. (redis-py's own default goes on for half a minute.)
    """
    return client(
        url,
        max_connections=POOL,
        timeout=20,
        decode_responses=True,
        health_check_interval=30,
        socket_connect_timeout=5,
        socket_timeout=10,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), retries=3),
    )


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """How a server keeps what it is given."""

    policy: str
    durable: bool


async def facts(redis: Redis) -> ServerFacts:
    """Reads the server's settings. Managed servers that hide them are taken at their word: they keep data."""
    try:
        reply = await redis.config_get("maxmemory-policy", "appendonly")  # pyright: ignore[reportUnknownMemberType]
    except RedisError:
        return ServerFacts("noeviction", durable=True)
    found = cast("dict[str, str]", reply)
    return ServerFacts(found.get("maxmemory-policy", "noeviction"), durable=found.get("appendonly", "yes") == "yes")


class RedisStore:
    """The store. `token` makes the tokens of claims, `nonce` letters and digits for leases and commits: neither may
    repeat. `audited`: an event as the audit keeps it. Each commit is told to `meter`."""

    def __init__(
        self,
        redis: Redis,
        *,
        clock: Clock,
        keys: Keys | None = None,
        hold: float = HOLD,
        token: Callable[[], str] = lambda: secrets.token_hex(8),
        nonce: Callable[[], str] = lambda: secrets.token_hex(4),
        audited: Callable[[Event, Approval | Thread], Event] = lambda event, _: event,
        meter: Metering | None = None,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._keys = keys or Keys()
        self._hold = timedelta(seconds=hold)
        self._token = token
        self._nonce = nonce
        self._audited = audited
        self._meter = meter or Metering()
        self._batch = Batch(redis)
        self._scripts = Scripts(self._batch)

    # -- reading

    async def get(self, approval_id: str) -> Approval | None:
        """The record, or `None`."""
        doc = await self._batch.command("HGET", self._keys.approval(approval_id), "doc")
        return None if doc is None else APPROVALS.load(doc)

    async def thread(self, thread_id: str) -> Thread | None:
        """The thread, or `None`."""
        doc = await self._batch.command("HGET", self._keys.thread(thread_id), "doc")
        return None if doc is None else THREADS.load(doc)

    async def page(self, query: Query) -> Page:
        """Approvals by opening time, or by when they were decided. Cost grows with the page, not with all there is."""
        name = "pending" if query.status is Status.PENDING else "all"
        if query.undelivered:
            index = self._keys.index("undelivered")
        elif query.decided:
            index = self._keys.index("decided")
        elif query.thread_id is not None:
            index = self._keys.index("thread", query.thread_id)
        elif query.graph is not None:
            index = self._keys.index(name, query.graph)
        else:
            index = self._keys.index(name)
        last = query.offset + query.limit - 1
        ids = await self._ids(index, query.offset, last, newest_first=query.newest_first)
        found = await self._load(ids)
        wanted = tuple(a for a in found if query.status is None or a.status is query.status)
        # A page that is not full is the last one: it tells how many there are.
        known = len(ids) < query.limit and (ids or not query.offset)
        total = query.offset + len(ids) if known else int(await self._redis.zcard(index))
        return Page(wanted, total, query.offset)

    async def unsettled(self, offset: int, limit: int) -> Sequence[Approval]:
        """Approvals that are pending, resolved or resuming, oldest first."""
        return await self._load(await self._ids(self._keys.index("open"), offset, offset + limit - 1))

    async def open_threads(self, offset: int, limit: int) -> Sequence[Thread]:
        """Threads that are new or started, oldest first."""
        ids = await self._ids(self._keys.index("threads"), offset, offset + limit - 1)
        async with self._redis.pipeline(transaction=False) as pipe:
            for thread_id in ids:
                pipe.hget(self._keys.thread(thread_id), "doc")
            return [THREADS.load(doc) for doc in await pipe.execute() if doc is not None]

    async def _ids(self, index: str, first: int, last: int, *, newest_first: bool = False) -> list[str]:
        reply = await self._redis.zrange(index, first, last, desc=newest_first)  # pyright: ignore[reportUnknownMemberType]
        return cast("list[str]", reply)

    async def _load(self, ids: Sequence[str]) -> list[Approval]:
        if not ids:
            return []
        async with self._redis.pipeline(transaction=False) as pipe:
            for approval_id in ids:
                pipe.hget(self._keys.approval(approval_id), "doc")
            return [APPROVALS.load(doc) for doc in await pipe.execute() if doc is not None]

    async def audit(self, approval_id: str | None = None, *, after: str = "-", limit: int = 1000) -> Sequence[Event]:
        """Events in the order they were written, `limit` at most; `after` is the `seq` of the last one seen."""
        if approval_id is None:
            start = after if after == "-" else f"({after}"
            rows = await self._redis.xrange(self._keys.audit, start, "+", count=limit)
        else:
            seqs = cast("list[str]", await self._redis.lrange(self._keys.trail(approval_id), 0, -1))
            rows = await self._trail(seqs[seqs.index(after) + 1 if after in seqs else 0 :], limit)
        entries = cast("list[tuple[str, dict[str, str]]]", rows)
        return [replace(EVENTS.load(fields["e"]), seq=seq) for seq, fields in entries]

    async def _trail(self, seqs: Sequence[str], limit: int) -> list[Any]:
        """The events of these ids. Those that were archived are gone: what comes after them is found all the same."""
        for at in range(0, len(seqs), limit):
            async with self._redis.pipeline(transaction=False) as pipe:
                for seq in seqs[at : at + limit]:
                    pipe.xrange(self._keys.audit, seq, seq)
                if rows := list(chain.from_iterable(await pipe.execute())):
                    return rows
        return []

    # -- writing

    async def commit(
        self,
        *changes: Change | ThreadChange,
        perform: frozenset[DueKind] = frozenset(),
        lease: Lease | None = None,
        releasing: bool = False,
        behind: Behind | None = None,
    ) -> Commit:
        """See `ports.ApprovalStore.commit`."""
        claims: list[Claim] = []
        packed = Packed(self._keys, changes[0], lease, nonce=self._nonce(), releasing=releasing)
        for change in changes:
            about = change.approval if isinstance(change, Change) else change.thread
            events = [EVENTS.dump(self._audited(event, about)) for event in change.events]
            packed.add(change, events, [self._due(item, perform, claims) for item in change.due])
        with self._meter.around(Committing(changes)) as said:
            answer, tell = await self._scripts.commit(packed.keys, packed.args, behind)
            status = CommitStatus(answer)
            said.word = status.value
        if status is CommitStatus.DONE:
            tell()
        return Commit(status, tuple(claims) if status is CommitStatus.DONE else ())

    def _due(self, item: Due, perform: frozenset[DueKind], claims: list[Claim]) -> DueRow:
        line = self._keys.line(item.kind)
        if item.at is None:
            return (line, item.member, "", "")
        if not (item.immediate and item.kind in perform):
            return (line, item.member, score(item.at), "")
        claims.append(Claim(item.subject, item.kind, self._token()))
        return (line, item.member, score(item.at + self._hold), claims[-1].token)

    # -- due work

    async def claim_due(self, now: datetime, kinds: frozenset[DueKind], limit: int) -> Sequence[Claim]:
        """What is due by `now` and of those kinds, `limit` at most, earliest first; ours for `hold` seconds."""
        claims: list[Claim] = []
        for line, wanted in ((self._keys.drives, kinds & DRIVES), (self._keys.due, kinds - DRIVES)):
            if wanted and len(claims) < limit:
                claims += await self._claim(line, now, wanted, limit - len(claims))
        return claims

    async def _claim(self, line: str, now: datetime, kinds: frozenset[DueKind], limit: int) -> list[Claim]:
        wanted = "|" + "|".join(sorted(kinds)) + "|"
        args = [score(now), score(now + self._hold), limit, self._token(), wanted]
        flat = await self._scripts.claim([line, self._keys.claims, self._keys.attempts], args)
        claims: list[Claim] = []
        for member, token, attempts in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
            subject, _, kind = member.rpartition("|")
            claims.append(Claim(subject, DueKind(kind), token, int(attempts)))
        return claims

    async def settle(self, claim: Claim, *, again: datetime | None = None, failed: bool = False) -> bool:
        """Takes the item off the list, or puts it back for `again`. False if it was scheduled anew meanwhile."""
        keys = [self._keys.line(claim.kind), self._keys.claims, self._keys.attempts]
        return await self._scripts.settle(
            keys, [claim.member, claim.token, score(again) if again else "", "1" if failed else "0"]
        )

    async def due_at(self, subject: str) -> dict[DueKind, datetime]:
        """What is on the list for a subject, and when."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for kind in DueKind:
                pipe.zscore(self._keys.line(kind), f"{subject}|{kind}")
            scores = await pipe.execute()
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return {
            kind: epoch + timedelta(microseconds=int(score))
            for kind, score in zip(DueKind, scores, strict=True)
            if score is not None
        }

    async def schedule(self, subject: str, kind: DueKind, at: datetime) -> None:
        """Puts an item on the list, unless it is there already. For repairs: changes bring their own due work."""
        await self._redis.zadd(self._keys.line(kind), {f"{subject}|{kind}": int(score(at))}, nx=True)

    async def soon(self, subject: str, kind: DueKind, at: datetime) -> None:
        """Puts an item on the list, unless it waits there already; once more if it is being performed just now: what it
        looks at may have changed since it looked."""
        await self._scripts.soon([self._keys.line(kind), self._keys.claims], [f"{subject}|{kind}", score(at)])

    # -- leases

    async def _lease(self, verb: str, lease: Lease, ttl: float = 0) -> bool:
        return bool(await self._scripts.lease([self._keys.lease(lease.thread_id)], [verb, lease.mark, int(ttl * 1000)]))

    async def acquire(self, thread_id: str, ttl: float) -> Lease | None:
        """The thread's lease for `ttl` seconds, or `None` if somebody holds it."""
        taken = await self.take(thread_id, ttl)
        return taken and taken.lease

    async def take(self, thread_id: str, ttl: float, *, behind: Behind | None = None) -> Taken | None:
        """See `ports.ApprovalStore.take`."""
        proof = self._nonce()
        token, thread, live = await self._taken(thread_id, str(int(ttl * 1000)), proof, behind)
        return Taken(Lease(thread_id, token, proof), thread, live) if token else None

    async def look(self, thread_id: str) -> tuple[Thread | None, Sequence[Approval] | None]:
        """See `ports.ApprovalStore.look`."""
        _, thread, live = await self._taken(thread_id, "", "")
        return thread, live

    async def _taken(
        self, thread_id: str, ttl: str, proof: str, behind: Behind | None = None
    ) -> tuple[int, Thread | None, Sequence[Approval] | None]:
        keys = [self._keys.lease(thread_id), self._keys.fence, self._keys.thread(thread_id)]
        (token, *rest), tell = await self._scripts.take(keys, [ttl, self._keys.approval(""), proof], behind)
        if token:
            tell()
        doc, docs = rest or (None, None)
        live = None if docs is None else tuple(APPROVALS.load(each) for each in docs if each is not None)
        return token, None if doc is None else THREADS.load(doc), live

    async def renew(self, lease: Lease, ttl: float) -> bool:
        """Another `ttl` seconds from now. False if it is no longer ours."""
        return await self._lease("renew", lease, ttl)

    async def release(self, lease: Lease) -> None:
        """Hands it back, if it is still ours."""
        await self._lease("release", lease)

    async def holds(self, lease: Lease) -> bool:
        """Whether it is still ours."""
        return bool(await self._batch.command("GET", self._keys.lease(lease.thread_id)) == lease.mark)

    def guard(self, lease: Lease) -> Guard:
        """See `ports.Guard`."""
        return Guard(self._keys.lease(lease.thread_id), lease.mark)

    async def alive(self) -> bool:
        """Whether the server answers."""
        try:
            return bool(await self._redis.ping())  # pyright: ignore[reportUnknownMemberType]
        except (RedisError, OSError):
            return False

    async def close(self) -> None:
        """Closes the connections."""
        await self._redis.aclose()
        await self._redis.connection_pool.aclose()
