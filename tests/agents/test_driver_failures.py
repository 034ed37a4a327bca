"""Driving threads when things break: crashes, failures, lost leases, several drivers at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.types import interrupt
from redis.asyncio import Redis

from agents.checkpointer import open_checkpointer
from agents.examples import refund
from approvals.model import DecisionType, Status, ThreadState
from approvals.ports import Driven
from approvals.store.embedded import EmbeddedServer
from approvals.store.keys import Keys
from approvals.store.redis import RedisStore
from tests.agents.conftest import Desk
from tests.agents.graphs import Log, line
from tests.approvals.build import lease_of
from tests.conftest import VirtualClock

pytestmark = pytest.mark.both_servers

APPROVE, EDIT, DENY, RESPOND = DecisionType.APPROVE, DecisionType.EDIT, DecisionType.DENY, DecisionType.RESPOND


async def test_a_retry_tells_the_node_its_approval(desk: Desk) -> None:
    """The approval's id is there whenever the node acts on it, also when it is run again after a failure."""
    seen: list[str] = []

    def ask(state: Log) -> Log:
        return {"log": [str(interrupt("go?"))]}

    def act(state: Log, config: RunnableConfig) -> Log:
        seen.append(config["metadata"]["signoff_approval"])
        if len(seen) == 1:
            raise OSError("once")
        return {"log": ["acted"]}

    thread = await desk.start(line(("ask", ask), ("act", act)))
    approval = await desk.decide(await desk.the_one(thread), APPROVE)
    assert await desk.driver.drive(thread.id) is Driven.RETRY
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert seen == [approval.id, approval.id]


async def test_driving_twice_changes_nothing(desk: Desk) -> None:
    """A thread that waits for people can be driven any number of times: one approval, no node run again."""
    runs: list[str] = []

    def node(state: Log) -> Log:
        runs.append("n")
        return {"log": [str(interrupt("go?"))]}

    thread = await desk.start(line(("n", node)))
    for _ in range(3):
        assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert len(await desk.all(thread)) == 1
    assert runs == ["n"]


async def test_busy_while_somebody_holds_the_lease(desk: Desk) -> None:
    """A thread that another process drives is left alone."""
    thread = await desk.register(refund.graph, {"customer": "1", "amount": 1.0})
    async with desk.journal.hold(thread.id):
        assert await desk.driver.drive(thread.id) is Driven.BUSY
    assert await desk.all(thread) == []


async def test_crash_after_resuming_was_written(desk: Desk) -> None:
    """A process that dies between writing *resuming* and resuming leaves the answer to the next drive."""
    thread = await desk.start(refund.graph, {"customer": "1", "amount": 1.0})
    approval = await desk.decide(await desk.the_one(thread), APPROVE)
    async with desk.journal.hold(thread.id) as lease:
        assert lease is not None
        await desk.journal.resuming(lease, [approval])
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert (await desk.get(approval)).status is Status.RESUMED


async def test_crash_before_the_first_checkpoint(desk: Desk) -> None:
    """A new thread without a checkpoint is started; one that was started and is gone is lost, and never run anew."""
    runs: list[str] = []

    def node(state: Log) -> Log:
        runs.append("n")
        return {"log": [str(interrupt("go?"))]}

    thread = await desk.start(line(("n", node)))
    approval = await desk.the_one(thread)
    await desk.saver.adelete_thread(thread.id)
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert (await desk.thread(thread.id)).state is ThreadState.LOST
    assert (await desk.get(approval)).status is Status.SUPERSEDED
    assert runs == ["n"]


async def test_node_that_raises_after_the_answer(desk: Desk) -> None:
    """A failure after the answer is tried again with the same answer, without asking anybody again."""
    fails = [True, True]

    def node(state: Log) -> Log:
        answer = interrupt("go?")
        if fails:
            fails.pop()
            raise OSError("bank is closed\nsecond line")
        return {"log": [str(answer)]}

    thread = await desk.start(line(("n", node)))
    approval = await desk.decide(await desk.the_one(thread), APPROVE)
    assert await desk.driver.drive(thread.id) is Driven.RETRY
    assert (await desk.get(approval)).error == "OSError: bank is closed"
    assert await desk.driver.drive(thread.id) is Driven.RETRY
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert (await desk.values(thread))["log"] == ["True"]
    assert (await desk.get(approval)).status is Status.RESUMED
    assert len(await desk.all(thread)) == 1


async def test_second_question_after_a_failure(desk: Desk) -> None:
    """A stale error of the task does not keep the answer to its next question from being delivered."""
    fails = [True]

    def node(state: Log) -> Log:
        one = interrupt("first?")
        if fails:
            fails.pop()
            raise OSError("once")
        return {"log": [f"{one}/{interrupt('second?')}"]}

    thread = await desk.start(line(("n", node)))
    await desk.decide(await desk.the_one(thread), RESPOND, text="one")
    assert await desk.driver.drive(thread.id) is Driven.RETRY
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    thread = await desk.answer(thread, RESPOND, text="two")
    assert (await desk.values(thread))["log"] == ["one/two"]


async def test_gives_up(desk: Desk) -> None:
    """After so many attempts the approval and the thread are failed."""

    def node(state: Log) -> Log:
        interrupt("go?")
        raise OSError("never")

    thread = await desk.start(line(("n", node)))
    approval = await desk.decide(await desk.the_one(thread), APPROVE)
    driven = [await desk.driver.drive(thread.id) for _ in range(3)]
    assert driven == [Driven.RETRY, Driven.RETRY, Driven.SETTLED]
    assert (await desk.get(approval)).status is Status.FAILED
    assert (await desk.thread(thread.id)).state is ThreadState.FAILED


async def test_first_run_fails_and_goes_on(desk: Desk) -> None:
    """A node that fails before any question is run again from its step, not from the start."""
    runs: list[str] = []

    def first(state: Log) -> Log:
        runs.append("first")
        return {"log": ["first"]}

    def second(state: Log) -> Log:
        runs.append("second")
        if runs.count("second") == 1:
            raise OSError("once")
        return {"log": ["second"]}

    thread = await desk.register(line(("first", first), ("second", second)))
    assert await desk.driver.drive(thread.id) is Driven.RETRY
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert runs == ["first", "second", "second"]
    assert (await desk.thread(thread.id)).state is ThreadState.DONE


async def test_unknown_graph(desk: Desk) -> None:
    """A graph that is no longer in langgraph.json is a failure with its name, not a crash."""
    thread = await desk.start(refund.graph, {"customer": "1", "amount": 1.0})
    desk.graphs.found.clear()
    assert await desk.driver.drive(thread.id) is Driven.RETRY
    assert "there is no “g”" in str((await desk.thread(thread.id)).error)


async def test_lease_lost_while_the_graph_runs(desk: Desk, redis: Redis) -> None:
    """A run whose lease passed to somebody else writes no more checkpoints."""
    entered, go = asyncio.Event(), asyncio.Event()

    async def node(state: Log) -> Log:
        entered.set()
        await go.wait()
        return {"log": ["written"]}

    thread = await desk.register(line(("n", node)))
    drive = asyncio.create_task(desk.driver.drive(thread.id))
    await asyncio.wait_for(entered.wait(), 30)
    before = await desk.saver.aget_tuple({"configurable": {"thread_id": thread.id}})
    holder = await desk.store.acquire(thread.id, 30)
    assert holder is None
    await desk.store.release(await lease_of(redis, thread.id))
    taken = await desk.store.acquire(thread.id, 30)
    assert taken is not None
    go.set()
    assert await asyncio.wait_for(drive, 30) is Driven.BUSY
    after = await desk.saver.aget_tuple({"configurable": {"thread_id": thread.id}})
    assert before is not None
    assert after is not None
    assert (after.checkpoint["id"], after.pending_writes) == (before.checkpoint["id"], before.pending_writes)


async def test_lease_given_out_again_while_the_graph_runs(desk: Desk, redis: Redis) -> None:
    """A server that lost its last writes knows neither the lease nor its number, and gives the same number to the next:
    the first holder is fenced off all the same, and hands back nothing but its own."""
    entered, go = asyncio.Event(), asyncio.Event()

    async def node(state: Log) -> Log:
        entered.set()
        await go.wait()
        return {"log": ["written"]}

    thread = await desk.register(line(("n", node)))
    drive = asyncio.create_task(desk.driver.drive(thread.id))
    await asyncio.wait_for(entered.wait(), 10)
    lost = await lease_of(redis, thread.id)
    await redis.delete(Keys().lease(thread.id))
    await redis.decr(Keys().fence)
    taken = await desk.store.acquire(thread.id, 30)
    assert taken is not None
    assert taken.token == lost.token
    go.set()
    assert await asyncio.wait_for(drive, 10) is Driven.BUSY
    assert await desk.store.holds(taken)
    found = await desk.saver.aget_tuple({"configurable": {"thread_id": thread.id}})
    assert found is not None
    assert "written" not in found.checkpoint["channel_values"].get("log", [])
    assert not found.pending_writes


async def test_a_drive_that_is_cancelled_goes_on_later(desk: Desk) -> None:
    """A process that stops in the middle of a node leaves the answer to the next drive, and nobody is asked again."""
    entered: asyncio.Queue[str] = asyncio.Queue()
    stuck = asyncio.Event()

    async def node(state: Log) -> Log:
        answer = interrupt("go?")
        entered.put_nowait(answer)
        if not stuck.is_set():
            await asyncio.Event().wait()
        return {"log": [str(answer)]}

    thread = await desk.start(line(("n", node)))
    approval = await desk.decide(await desk.the_one(thread), RESPOND, text="yes please")
    drive = asyncio.create_task(desk.driver.drive(thread.id))
    assert await asyncio.wait_for(entered.get(), 30) == "yes please"
    drive.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drive
    assert (await desk.get(approval)).status is Status.RESUMING
    stuck.set()
    assert await desk.driver.drive(thread.id) is Driven.SETTLED
    assert (await desk.values(thread))["log"] == ["yes please"]
    assert [a.status for a in await desk.all(thread)] == [Status.RESUMED]


async def test_many_drives_at_once_act_once(desk: Desk) -> None:
    """However many replicas drive a resolved thread at the same time, the node goes on once."""
    paid: list[str] = []

    async def node(state: Log) -> Log:
        paid.append(interrupt("pay?"))
        await asyncio.sleep(0)
        return {"log": ["paid"]}

    thread = await desk.start(line(("n", node)))
    await desk.decide(await desk.the_one(thread), RESPOND, text="yes please")
    driven = await asyncio.gather(*(desk.driver.drive(thread.id) for _ in range(8)))
    assert paid == ["yes please"]
    assert Driven.SETTLED in driven
    assert set(driven) <= {Driven.SETTLED, Driven.BUSY}


async def test_a_server_that_goes_away_is_not_the_graphs_fault(
    store: RedisStore, clock: VirtualClock, tmp_path: Path, saver_kind: str
) -> None:
    """The checkpointer's server dies while the graph runs: the drive is to be repeated, and no attempt is counted."""
    with EmbeddedServer(tmp_path, persist=False, modules=saver_kind == "redis") as server:
        async with open_checkpointer(server.url) as saver:
            desk = Desk(store, saver, clock)

            def node(state: Log) -> Log:
                server.stop()
                return {"log": ["x"]}

            thread = await desk.register(line(("n", node)))
            assert await desk.driver.drive(thread.id) is Driven.RETRY
            thread = await desk.thread(thread.id)
            assert (thread.state, thread.attempts) == (ThreadState.NEW, 0)
