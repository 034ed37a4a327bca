"""Checkpoints are laid out as the library lays them out; a write compares the lease in its own step; reads are few."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import AsyncIterator
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.redis.aio import AsyncRedisSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt
from redis.asyncio import Redis

from agents.fence import current_fence, fenced
from agents.layout import Layout, one_server
from agents.redis_saver import FencedRedisSaver
from agents.serde import KeepingSerializer
from approvals.errors import LeaseLost
from approvals.ports import Guard

LEASE = Guard("lease of t", "7")


class State(TypedDict, total=False):
    """A channel with a reducer, and one without."""

    log: Annotated[list[str], operator.add]
    last: str


def graph(saver: Any) -> Any:
    """Three parallel questions by `Send`, then one in a subgraph, then the end."""

    def ask(state: State) -> State:
        return {"log": [str(interrupt({"asked": state.get("last")}))]}

    inner = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").compile()
    outer = (
        StateGraph(State).add_node("ask", ask).add_node("inner", inner).add_node("end", lambda state: {"last": "é\0"})
    )
    outer.add_conditional_edges(START, lambda state: [Send("ask", {"last": str(n)}) for n in range(3)])
    return outer.add_edge("ask", "inner").add_edge("inner", "end").add_edge("end", END).compile(checkpointer=saver)


async def held() -> None:
    """A lease that nobody takes."""


@pytest.fixture
async def stock(saver: FencedRedisSaver, redis_url: str) -> AsyncIterator[AsyncRedisSaver]:
    """The library's own saver on the same server, with our serializer."""
    client = Redis.from_url(redis_url)
    async with AsyncRedisSaver(redis_client=client) as opened:
        opened.serde = KeepingSerializer()
        yield opened
    await client.aclose()


def at(thread: str = "t", **more: str) -> Any:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": "", **more}}


async def walk(saver: Any, thread: str) -> list[Any]:
    """Runs the graph to its end, answering everything; what was found at each pause, by whichever saver."""
    run, config, found = graph(saver), at(thread), list[Any]()
    with fenced(held):
        result: Any = await run.ainvoke({"last": "x"}, config, durability="sync")
        while asked := result.get("__interrupt__"):
            found.append(await saver.aget_tuple(config))
            result = await run.ainvoke(Command(resume={asked[0].id: "yes"}), config, durability="sync")
    return [*found, await saver.aget_tuple(config)]


@pytest.mark.parametrize("ours", [True, False])
async def test_both_savers_read_what_either_wrote(saver: FencedRedisSaver, stock: AsyncRedisSaver, ours: bool) -> None:
    """Every checkpoint of a thread, whole: config, values, versions, metadata, parent and pending writes, in order."""
    await walk(saver if ours else stock, "t")
    count = 0
    for namespace in ("", *await namespaces(stock)):
        async for listed in stock.alist(at()):
            there = at(checkpoint_id=listed.config["configurable"]["checkpoint_id"], checkpoint_ns=namespace)
            assert await saver.aget_tuple(there) == await stock.aget_tuple(there)
            count += 1
        assert await saver.aget_tuple(at(checkpoint_ns=namespace)) == await stock.aget_tuple(
            at(checkpoint_ns=namespace)
        )
    assert count >= 5
    assert await saver.aget_tuple(at("nobody")) is None


async def namespaces(stock: AsyncRedisSaver) -> set[str]:
    """Of the graphs within."""
    found: Any = await stock._redis.keys("checkpoint_latest:t:*")
    names = {(key if isinstance(key, str) else key.decode()).removeprefix("checkpoint_latest:t:") for key in found}
    return names - {"__empty__"}


async def test_both_savers_write_the_same(saver: FencedRedisSaver, stock: AsyncRedisSaver, redis: Any) -> None:
    """The same keys, but for ids that chance makes; the same fields, but for those that tell the time or an id."""

    async def layout(thread: str) -> list[tuple[str, list[str], list[Any]]]:
        rows: list[tuple[str, list[str], list[Any]]] = []
        for key in sorted(await redis.keys(f"*:{thread}:*")):
            kind = key.split(":")[0]
            doc = await redis.json().get(key) if kind in ("checkpoint", "checkpoint_write") else {}
            steady = [doc.get(name) for name in ("source", "step", "channel", "type", "idx", "blob", "has_writes")]
            rows.append((kind, sorted(doc), steady))
        return sorted(rows, key=repr)

    await walk(saver, "one")
    await walk(stock, "two")
    one, two = await layout("one"), await layout("two")
    assert [row[:2] for row in one] == [row[:2] for row in two]
    channels = [[row[2][2:5] for row in rows if row[0] == "checkpoint_write"] for rows in (one, two)]
    assert channels[0] == channels[1]


async def test_a_write_under_a_lost_lease_writes_nothing(saver: FencedRedisSaver, redis: Any) -> None:
    """The server compares the lease in the very step that writes: no look before it, and nothing gets through."""
    await redis.set(LEASE.key, LEASE.value)
    run, config = graph(saver), at()

    async def never() -> None:
        raise AssertionError("the lease was looked up")

    with fenced(never, LEASE):
        await run.ainvoke({"last": "x"}, config, durability="sync")
        before = {key: await redis.object("encoding", key) for key in await redis.keys("*:t:*")}
        state = await run.aget_state(config)
        await redis.set(LEASE.key, "8")
        with pytest.raises(LeaseLost):
            await saver.aput_writes(state.config, [("last", "y")], "task")
        with pytest.raises(LeaseLost):
            await run.ainvoke(Command(resume={state.interrupts[0].id: "yes"}), config, durability="sync")
        await redis.delete(LEASE.key)
        with pytest.raises(LeaseLost):
            await run.ainvoke(Command(resume={state.interrupts[0].id: "yes"}), config, durability="sync")
    assert set(await redis.keys("*:t:*")) == set(before)
    assert (await run.aget_state(config)).interrupts == state.interrupts


async def test_a_checkpoint_knows_of_writes_that_came_before_it(saver: FencedRedisSaver, redis: Any) -> None:
    """LangGraph stores a step's writes and its checkpoint side by side: whichever comes first, both are listed."""
    run = graph(saver)
    with fenced(held):
        await run.ainvoke({"last": "x"}, at(), durability="sync")
    assert [len(found.pending_writes or ()) > 0 async for found in saver.alist(at())] == [True, True]


class Counting(Layout):
    """Counts what is read, and can hold a read back until it is told to go on."""

    reads = 0
    hold: asyncio.Event | None = None
    reading = asyncio.Event()

    async def read(self, thread_id: str, namespace: str, checkpoint_id: str | None) -> list[str]:
        self.reads += 1
        found = await super().read(thread_id, namespace, checkpoint_id)
        if self.hold is not None:
            self.reading.set()
            await self.hold.wait()
        return found


def counting(saver: FencedRedisSaver) -> Counting:
    layout: Any = Counting(saver._redis, checkpoint="checkpoint", write="checkpoint_write")
    saver._layout = layout
    layout.reading = asyncio.Event()
    return layout


async def test_a_drive_reads_once_what_nobody_wrote(saver: FencedRedisSaver) -> None:
    """State, answers and the run itself see one and the same read; after a write it is read back from the server."""
    run, config, layout = graph(saver), at(), counting(saver)
    with fenced(held):
        await run.ainvoke({"last": "x"}, config, durability="sync")
        layout.reads = 0
        state = await run.aget_state(config)
        await saver.aget_tuple(state.config)
        assert layout.reads == 1
        await run.ainvoke(Command(resume={state.interrupts[0].id: "yes"}), config, durability="sync")
        assert layout.reads == 1, "the run saw another state than the one that was looked at"
        assert len((await run.aget_state(config)).interrupts) == 2
        assert layout.reads == 2
    await run.aget_state(config)
    await run.aget_state(config)
    assert layout.reads == 4, "outside a drive nothing is kept"


async def test_what_was_handed_out_is_not_shared(saver: FencedRedisSaver) -> None:
    """LangGraph changes the checkpoint that it is given: the next one gets it as it was read."""
    with fenced(held):
        await graph(saver).ainvoke({"last": "x"}, at(), durability="sync")
        first: Any = await saver.aget_tuple(at())
        first.checkpoint["channel_values"]["last"] = "changed"
        first.checkpoint["versions_seen"].clear()
        first.pending_writes.clear()
        second: Any = await saver.aget_tuple(at())
    assert second.checkpoint["channel_values"].get("last") != "changed"
    assert second.checkpoint["versions_seen"]
    assert second.pending_writes


async def test_a_read_that_a_write_overtook_is_not_kept(saver: FencedRedisSaver) -> None:
    """It began before the write and came back after it: what it found is no longer so."""
    run, layout = graph(saver), counting(saver)
    with fenced(held):
        await run.ainvoke({"last": "x"}, at(), durability="sync")
        fence, state = current_fence.get(), await run.aget_state(at())
        assert fence is not None
        fence.seen.clear()
        layout.hold = asyncio.Event()
        late = asyncio.create_task(saver.aget_tuple(at()))
        await layout.reading.wait()
        await saver.aput_writes(state.config, [("last", "y")], "task")
        layout.hold.set()
        assert await late is not None
        layout.hold = None
        found = await saver.aget_tuple(at())
    assert found is not None
    assert ("task", "last", "y") in (found.pending_writes or ())


async def test_where_scripts_cannot_reach_all_keys_the_library_writes(saver: FencedRedisSaver) -> None:
    """Keys on several servers: the lease is looked up before each write, and all goes the library's way."""
    looked: list[str] = []

    async def look() -> None:
        looked.append("looked")

    saver._layout = None
    run = graph(saver)
    with fenced(look, LEASE):
        result: Any = await run.ainvoke({"last": "x"}, at(), durability="sync")
    assert len(looked) >= 4
    assert len((await run.aget_state(at())).interrupts) == len(result["__interrupt__"]) == 3


async def test_one_server_is_told_from_several(saver: FencedRedisSaver) -> None:
    """On a server that keeps all keys itself one script may use any of them."""
    assert await one_server(saver._redis) is True  # pyright: ignore[reportArgumentType]
