"""People first: what begins while somebody waits for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from approvals.precedence import Precedence


class Work:
    """Background work that goes on until it is let go; `running` is how much of it has begun and not ended."""

    def __init__(self, people: Precedence, *, graph: bool = False) -> None:
        self._people = people
        self._graph = graph
        self._go = asyncio.Event()
        self._begun = asyncio.Condition()
        self.running = self.most = 0

    async def one(self) -> None:
        async with self._people.lane(graph=self._graph):
            self.running += 1
            self.most = max(self.most, self.running)
            async with self._begun:
                self._begun.notify_all()
            await self._go.wait()
            self.running -= 1

    async def until(self, number: int) -> None:
        async with asyncio.timeout(30), self._begun:
            await self._begun.wait_for(lambda: self.running >= number)

    def end(self) -> None:
        self._go.set()


@asynccontextmanager
async def begun(people: Precedence, number: int, *, first: int, graph: bool = False) -> AsyncGenerator[Work]:
    """So much work, of which `first` has begun; at the end all of it is let go, and waited for."""
    work = Work(people, graph=graph)
    async with asyncio.TaskGroup() as group:
        for _ in range(number):
            group.create_task(work.one())
        await work.until(first)
        yield work
        work.end()


async def test_nobody_clicks_and_everything_begins() -> None:
    """Without anybody who waits there is no limit."""
    async with begun(Precedence(), 9, first=9) as work:
        assert work.running == 9


async def test_while_somebody_waits_little_begins_and_all_is_done() -> None:
    """Two at a time, one after the other, until all of it was done."""
    people = Precedence(lanes=2, patience=60)
    with people.person():
        async with begun(people, 9, first=2) as work:
            assert work.running == 2
    assert (work.most, work.running) == (2, 0)


async def test_a_long_run_does_not_hold_up_the_rest() -> None:
    """What has waited long enough begins outside the lanes, and gives back nothing that it did not take."""
    people = Precedence(lanes=1, patience=0.01)
    with people.person():
        async with begun(people, 3, first=3) as work:
            assert work.running == 3
        async with begun(people, 1, first=1) as after:
            assert after.running == 1


@pytest.mark.parametrize("press", [0.0, 60.0])
async def test_others_may_click_as_well(press: float) -> None:
    """The press lasts for a while after the last answer, however it ended."""
    people = Precedence(press=press)
    assert not people.pressed
    answer = people.person()
    answer.__enter__()
    assert people.pressed
    assert not answer.__exit__(LookupError, LookupError(), None)
    assert people.pressed is (press > 0)


async def test_work_that_fails_gives_its_lane_back() -> None:
    """An error in the work costs no lane."""
    people = Precedence(lanes=1, patience=60)
    with people.person():
        for _ in range(3):
            with pytest.raises(LookupError):
                async with people.lane():
                    raise LookupError


async def test_a_graph_begins_at_once_while_the_process_is_in_time() -> None:
    """However many; and a little late is in time."""
    people = Precedence(late=1.0, calm=60, bear=60)
    people.turned(0.9)
    async with asyncio.timeout(5), begun(people, 9, first=9, graph=True) as work:
        assert work.running == 9


async def test_while_the_process_is_late_graphs_wait_and_nothing_else_does() -> None:
    """Other work goes on; a graph begins once the process has been in time for a while."""
    people = Precedence(late=0.1, calm=0.3, bear=60)
    loop = asyncio.get_running_loop()
    people.turned(0.5)
    since = loop.time()
    async with begun(people, 1, first=1, graph=True), begun(people, 5, first=5):
        assert loop.time() - since >= 0.3


async def test_a_process_that_stays_late_runs_graphs_all_the_same() -> None:
    """One at times: what computes without end must not stop the others, and all of them at once would be late again."""
    people = Precedence(late=0.1, calm=3600, bear=0.2)
    people.turned(0.5)
    since = asyncio.get_running_loop().time()
    async with begun(people, 3, first=3, graph=True) as work:
        assert work.running == 3
    assert asyncio.get_running_loop().time() - since >= 0.6
