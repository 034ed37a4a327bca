"""Effects: performed after the commit, put back when they fail, picked up by others when a process dies."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from approvals.due import Claim, Due, DueKind
from approvals.effects import Effects
from approvals.errors import Later
from approvals.lifecycle import ThreadChange
from approvals.model import Approval, Status
from approvals.performer import Performer
from approvals.ports import Commit, CommitStatus
from approvals.refusals import Reason, Refusal
from approvals.service import Done
from approvals.store.redis import RedisStore, connect
from tests.approvals.build import POLICY, T0, Recorder, Replica, at, member, opening, say, thread
from tests.conftest import VirtualClock

DRIVE = frozenset({DueKind.DRIVE})


@pytest.fixture
def replica(store: RedisStore, clock: VirtualClock) -> Replica:
    return Replica(store, clock)


async def claimed(store: RedisStore, subject: str = "t1", kind: DueKind = DueKind.DRIVE) -> Claim:
    """A claim to something that is due now."""
    commit = await store.commit(
        ThreadChange(thread(subject), 0, (), (Due(subject, kind, T0, immediate=True),)), perform=frozenset({kind})
    )
    return commit.claims[0]


async def test_a_crash_after_the_commit_loses_nothing(store: RedisStore, clock: VirtualClock) -> None:
    """A process commits a decision, claims its effects and dies: after the hold another process performs them."""
    dying, other = Replica(store, clock), Replica(store, clock)
    opened = await dying.open()
    dying.effects.start = lambda claims: None  # type: ignore[method-assign]
    assert isinstance(await dying.approvals.decide(opened.id, say(), member()), Done)
    clock.turn(seconds=29)
    assert await other.sweep() == 0
    clock.turn(seconds=1)
    assert await other.sweep() == 2
    assert (other.drives, other.notifier.said("refresh")) == (["t1"], 1)
    assert await store.due_at(opened.id) == await store.due_at("t1") == {}


async def test_a_crash_right_after_opening_still_shows_the_card(store: RedisStore, clock: VirtualClock) -> None:
    """No approval without a card: the announcement is part of the commit that opens it."""
    await store.commit(opening(), perform=frozenset(DueKind))
    other = Replica(store, clock)
    clock.turn(seconds=30)
    await other.sweep()
    assert other.notifier.said("announce") == 1


async def test_what_fails_is_put_back_with_growing_pauses(replica: Replica, clock: VirtualClock) -> None:
    """Each failure waits longer than the one before; the work stays due until it goes well, then it is gone."""
    replica.notifier.fail = [RuntimeError("slack is down") for _ in range(4)]
    opened = await replica.open()
    pauses: list[float] = []
    while DueKind.NOTIFY in (due := await replica.store.due_at(opened.id)):
        pauses.append((due[DueKind.NOTIFY] - clock()).total_seconds())
        clock.now = due[DueKind.NOTIFY]
        await replica.sweep()
    assert [round(pause / 2**n) for n, pause in enumerate(pauses)] == [1, 1, 1, 1]
    assert replica.notifier.said("announce") == 1


async def test_later_is_not_a_failure(replica: Replica, clock: VirtualClock) -> None:
    """Whoever asks to come back in 7 s is asked again then, as if for the first time."""
    replica.notifier.fail = [Later(7)]
    opened = await replica.open()
    assert (await replica.store.due_at(opened.id))[DueKind.NOTIFY] == at(7)
    clock.turn(seconds=7)
    (claim,) = await replica.store.claim_due(clock(), frozenset({DueKind.NOTIFY}), 5)
    assert claim.attempt == 0


class Contended(RedisStore):
    """The real store, at a time when somebody else always gets through first."""

    contended = False

    async def commit(self, change: Any, **options: Any) -> Commit:
        return Commit(CommitStatus.CONFLICT) if self.contended else await super().commit(change, **options)


@pytest.fixture
async def contended(redis_url: str, clock: VirtualClock) -> AsyncIterator[Contended]:
    opened = Contended(connect(redis_url), clock=clock)
    yield opened
    await opened.close()


async def test_work_that_could_not_be_written_stays_due(contended: Contended, clock: VirtualClock) -> None:
    """Where a record changes without end, people are told so, and the expiry is tried again instead of forgotten."""
    replica = Replica(contended, clock)
    opened = await replica.open()
    contended.contended = True
    busy = await replica.approvals.decide(opened.id, say(), member())
    assert isinstance(busy, Refusal)
    assert busy.reason is Reason.BUSY
    clock.turn(hours=4)
    claims = await contended.claim_due(clock(), frozenset({DueKind.EXPIRE}), 5)
    replica.effects.start(claims)
    await replica.effects.drain()
    contended.contended = False
    clock.turn(seconds=5)
    await replica.sweep()
    now = await replica.approvals.get(opened.id)
    assert now is not None
    assert now.status is Status.RESOLVED


async def test_work_that_asks_to_be_looked_at_again(store: RedisStore, clock: VirtualClock) -> None:
    """A performer's answer is the next time."""
    effects = Effects(store, clock=clock, rng=random.Random(1))

    async def again(subject: str) -> datetime | None:
        return at(50)

    effects.use({DueKind.DRIVE: again})
    await effects.run(await claimed(store))
    assert await store.due_at("t1") == {DueKind.DRIVE: at(50)}


async def test_no_more_at_once_than_there_are_slots(store: RedisStore, clock: VirtualClock) -> None:
    """Of seven drives three run at a time; work of the other sort does not wait for them."""
    effects = Effects(store, clock=clock, rng=random.Random(1), drives=3)
    gate, running, most = asyncio.Event(), 0, 0
    full, refreshed = asyncio.Event(), asyncio.Event()

    async def drive(subject: str) -> datetime | None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 3:
            full.set()
        await gate.wait()
        running -= 1
        return None

    async def refresh(subject: str) -> datetime | None:
        refreshed.set()
        return None

    effects.use({DueKind.DRIVE: drive, DueKind.REFRESH: refresh})
    assert effects.room(drives=True) == 6
    effects.start([await claimed(store, f"t{n}") for n in range(7)])
    effects.start([await claimed(store, "A1", DueKind.REFRESH)])
    async with asyncio.timeout(30):
        await asyncio.gather(full.wait(), refreshed.wait())
    assert effects.room(drives=True) == 0
    gate.set()
    assert await effects.drain()
    assert (most, running) == (3, 0)
    assert effects.room(drives=True) == 6


async def test_closing_leaves_what_runs_to_others(store: RedisStore, clock: VirtualClock) -> None:
    """What does not end in time is cancelled and stays due: after the hold another process performs it."""
    closing, other = Replica(store, clock), Replica(store, clock)
    closing.notifier.stop = asyncio.Event()
    commit = await store.commit(opening(), perform=closing.effects.kinds)
    closing.effects.start(commit.claims)
    assert not await closing.effects.drain(timedelta(seconds=0.01))
    async with asyncio.timeout(30):
        await closing.effects.close(timedelta(seconds=0.01))
    assert await closing.effects.drain()
    assert closing.effects.kinds == frozenset()
    clock.turn(seconds=30)
    await other.sweep()
    assert (closing.notifier.said("announce"), other.notifier.said("announce")) == (0, 1)


async def test_a_closing_process_leaves_new_work_to_others(store: RedisStore, clock: VirtualClock) -> None:
    """A decision that still comes through is committed, and its effects are due at once for anybody."""
    closing, other = Replica(store, clock), Replica(store, clock)
    opened = await closing.open()
    await closing.effects.close(timedelta(seconds=1))
    assert isinstance(await closing.approvals.decide(opened.id, say(), member()), Done)
    await other.sweep()
    assert (closing.drives, other.drives) == ([], ["t1"])


async def test_a_kind_nobody_here_performs_stays_due(store: RedisStore, clock: VirtualClock) -> None:
    """A claim that came here by mistake is put back, not lost."""
    effects = Effects(store, clock=clock, rng=random.Random(1))
    await effects.run(await claimed(store))
    assert DueKind.DRIVE in await store.due_at("t1")
    clock.turn(seconds=5)
    assert len(await store.claim_due(clock(), DRIVE, 5)) == 1


class Unsettling(RedisStore):
    """The real store, whose `settle` does not get through."""

    async def settle(self, claim: Claim, **options: Any) -> bool:
        raise ConnectionError("the server went away")


async def test_a_store_that_goes_away_is_survived(redis_url: str, clock: VirtualClock) -> None:
    """If not even putting back works, nothing is raised: the hold runs out and the work is found again."""
    store = Unsettling(connect(redis_url), clock=clock)
    replica = Replica(store, clock)
    await replica.effects.run(await claimed(store))
    clock.turn(seconds=30)
    assert [claim.subject for claim in await store.claim_due(clock(), DRIVE, 5)] == ["t1"]
    await store.close()


class Slow(Recorder):
    """A notifier that takes as long as many questions to the store."""

    def __init__(self, store: RedisStore) -> None:
        super().__init__()
        self.store = store

    async def _note(self, what: str, approval: Approval) -> None:
        for _ in range(50):
            await self.store.get(approval.id)
        await super()._note(what, approval)


async def test_a_place_gets_one_card(store: RedisStore, clock: VirtualClock) -> None:
    """A card that was never posted and a step that posts one more fall due together: each place gets one."""
    await store.commit(opening(policy=replace(POLICY, remind=())), perform=frozenset(DueKind))
    other = Replica(store, clock)
    other.effects.use(Performer(other.approvals, Slow(store), clock=clock).work())
    clock.turn(hours=1)
    await other.sweep()
    now = await store.get(opening().approval.id)
    assert now is not None
    assert sorted(message.place for message in now.messages) == ["#approvals", "#leads"]
