"""What is read back along with the last write of a run: when it is asked for, and when it counts."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from agents.fence import Back, Fence, Key, Peek
from agents.graphs import triggers
from approvals.model import DecisionType, Status, ThreadState
from approvals.ports import Behind
from approvals.store.batch import Batch
from tests.agents.conftest import Desk
from tests.agents.graphs import Log

KEY: Key = ("t1", "", "")
PEEK = Peek(KEY, ("READ",), lambda answer: [answer])


def asking(_: Log) -> Log:
    return {"log": [str(interrupt("go?"))]}


GRAPH = StateGraph(Log).add_node("ask", asking).add_edge(START, "ask").add_edge("ask", END).compile()


async def nothing() -> None:
    """A lease that stands."""


@pytest.fixture
def fence() -> Fence:
    made = Fence(nothing)
    made.triggers = triggers(GRAPH)
    return made


def last(fence: Fence, back: list[Back]) -> Behind:
    """What goes along with a checkpoint after which no node runs."""
    found = fence.reading_back(PEEK, {"updated_channels": ["log"]}, back)  # type: ignore[typeddict-item]
    assert found is not None
    return found


@pytest.mark.parametrize("changed", [["branch:to:ask"], ["log", "__pregel_tasks"], ["__start__"], None])
def test_only_where_no_node_runs_next(fence: Fence, changed: Any) -> None:
    """A change that makes a node run, a `Send`, a checkpoint that does not say what it changed: nothing goes along."""
    assert fence.reading_back(PEEK, {"updated_channels": changed}, []) is None  # type: ignore[typeddict-item]
    assert last(fence, []).command == ("READ",)


def test_it_counts_once_everything_that_began_before_is_over(fence: Fence) -> None:
    """A node's result was sent before the checkpoint, over the same connection: it is in what was read."""
    with ExitStack() as first:
        first.enter_context(fence.writing())
        with fence.writing() as back:
            last(fence, back).told("as it stands")
            first.close()
    assert fence.seen == {KEY: ["as it stands"]}


def test_a_write_that_is_over_later_drops_it(fence: Fence) -> None:
    """It was sent once more, maybe after the read."""
    with fence.writing(), fence.writing() as back:
        last(fence, back).told("too early")
    assert fence.seen == {}


def test_a_write_that_began_later_drops_it(fence: Fence) -> None:
    """Whether it is over by then or not."""
    with fence.writing() as back:
        last(fence, back).told("too early")
        with fence.writing():
            pass
    assert fence.seen == {}


@pytest.mark.both_servers
async def test_a_decision_is_carried_out_in_few_round_trips(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record, the decision; the lease with the checkpoint, *resuming* with the checkpoint; the node's result with
    the last checkpoint, read back; the end. What was read back is what stands there."""
    await desk.answer(await desk.start(GRAPH))  # connections are open, scripts are known
    thread = await desk.start(GRAPH)
    trips: list[int] = []
    ours = Batch._together

    async def together(self: Batch, now: Any) -> None:
        trips.append(len(now))
        await ours(self, now)

    monkeypatch.setattr(Batch, "_together", together)
    approval = await desk.decide(await desk.the_one(thread), DecisionType.APPROVE)
    await desk.driver.drive(thread.id)
    assert trips == [1, 1, 2, 2, 3, 1]
    assert (await desk.get(approval)).status is Status.RESUMED
    assert (await desk.thread(thread.id)).state is ThreadState.DONE
