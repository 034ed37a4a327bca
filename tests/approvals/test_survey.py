"""How much waits: counted by the server in one step, by age and by line."""

from __future__ import annotations

from typing import Any

from approvals.due import DueKind
from approvals.store.redis import RedisStore
from approvals.store.survey import AGES, OTHER, Line, SurveyStore
from tests.approvals.build import T0, at, thread
from tests.approvals.test_store import opened
from tests.conftest import VirtualClock

HOURS = 3600


async def test_an_empty_store(redis: Any, clock: VirtualClock) -> None:
    """Nothing waits, and nothing is late."""
    survey = await SurveyStore(redis, clock=clock).survey(["refund"])
    assert survey.pending == {"refund": (0, 0, 0, 0, 0), OTHER: (0, 0, 0, 0, 0)}
    assert survey.lines == {"people": Line(0, 0.0), "drives": Line(0, 0.0)}


async def test_what_is_pending_by_age_and_graph(store: RedisStore, redis: Any, clock: VirtualClock) -> None:
    """Each is counted once, in its age; the edges belong to the younger. Graphs that are not asked for are added up."""
    ages = [0, 600, 601, 1 * HOURS, 2 * HOURS, 4 * HOURS + 1, 24 * HOURS, 25 * HOURS]
    clock.now = at(30 * HOURS)
    for number, age in enumerate(ages):
        await opened(store, f"i{number}", thread(f"t{number}"), at(30 * HOURS - age))
    looking = SurveyStore(redis, clock=clock)
    graph = thread().graph
    known, unknown = await looking.survey([graph]), await looking.survey([])
    assert dict(zip(AGES, known.pending[graph], strict=True)) == {
        "under_10m": 2,
        "under_1h": 2,
        "under_4h": 1,
        "under_24h": 2,
        "over_24h": 1,
    }
    assert known.pending[OTHER] == (0, 0, 0, 0, 0)
    assert unknown.pending == {OTHER: known.pending[graph]}


async def test_what_is_due_and_since_when(store: RedisStore, redis: Any, clock: VirtualClock) -> None:
    """The line of drives by itself; what is due later does not count, nor what somebody performs now."""
    clock.now = T0
    await store.schedule("t1", DueKind.DRIVE, at(-90))
    await store.schedule("t2", DueKind.DRIVE, at(10))
    await store.schedule("A1", DueKind.REMIND, at(-1.5))
    await store.schedule("A2", DueKind.REMIND, at(-1))
    looking = SurveyStore(redis, clock=clock)
    assert (await looking.survey([])).lines == {"people": Line(2, 1.5), "drives": Line(1, 90.0)}
    await store.claim_due(T0, frozenset({DueKind.DRIVE}), 1)
    assert (await looking.survey([])).lines["drives"] == Line(0, 0.0)


async def test_how_full_the_server_is(redis: Any, clock: VirtualClock) -> None:
    """As it says itself."""
    memory = (await SurveyStore(redis, clock=clock).survey([])).memory
    assert memory is not None
    assert memory.used > 100_000
    assert memory.limit >= 0
    assert not memory.failing
