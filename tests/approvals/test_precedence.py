"""People first: what begins while somebody waits for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from approvals.precedence import Precedence


class Work:
    """Background work that goes on until it is let go; `running` is how much of it has begun and not ended."""

    def __init__(self, people: Precedence) -> None:
        self._people = people
        self._go = asyncio.Event()
        self._begun = asyncio.Condition()
        self.running = self.most = 0

    async def one(self) -> None:
        async with self._people.lane():
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
async def begun(people: Precedence, number: int, *, first: int) -> AsyncGenerator[Work]:
    """So much work, of which `first` has begun; at the end all of it is let go, and waited for."""
    work = Work(people)
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
