"""The saver for plain servers lays checkpoints out as its library does, and each write compares the lease by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langgraph.types import Command
from langgraph_checkpoint_aws.checkpoint.valkey import AsyncValkeySaver
from redis.asyncio import Redis
from valkey.asyncio import Valkey

from agents import valkey_saver
from agents.fence import fenced
from agents.serde import WholeSerializer
from agents.valkey_saver import FencedValkeySaver
from approvals.errors import LeaseLost
from approvals.store.embedded import EmbeddedServer
from tests.agents.test_layout import LEASE, at, graph, held, walk


@pytest.fixture
def saver_kind() -> str:
    """All of them on the plain server."""
    return "valkey"


@pytest.fixture
async def stock(redis_url: str) -> AsyncIterator[AsyncValkeySaver]:
    """The library's own saver with the library's own client, on the same server, with our serializer."""
    client = Valkey.from_url(redis_url)
    yield AsyncValkeySaver(client, serde=WholeSerializer())
    await client.aclose()


@pytest.mark.parametrize("ours", [True, False])
async def test_both_savers_read_what_either_wrote(
    saver: FencedValkeySaver, stock: AsyncValkeySaver, redis: Any, ours: bool
) -> None:
    """Every checkpoint of a thread and of the graphs within it, whole, with its pending writes in order."""
    await walk(saver if ours else stock, "t")
    count = 0
    for key in await redis.keys("checkpoint:{t}:*"):
        namespace, _, checkpoint_id = key.removeprefix("checkpoint:{t}:").rpartition(":")
        there = at(checkpoint_id=checkpoint_id, checkpoint_ns=namespace)
        assert await saver.aget_tuple(there) == await stock.aget_tuple(there)
        assert await saver.aget_tuple(at(checkpoint_ns=namespace)) == await stock.aget_tuple(
            at(checkpoint_ns=namespace)
        )
        count += 1
    assert count >= 7
    assert await saver.aget_tuple(at("nobody")) is None
    assert [found async for found in saver.alist(at())] == [found async for found in stock.alist(at())]


async def test_both_savers_write_the_same(saver: FencedValkeySaver, stock: AsyncValkeySaver, redis: Any) -> None:
    """The same keys of the same kind, but for ids that chance makes."""

    async def layout(thread: str) -> list[tuple[str, str, int]]:
        rows = [(key.split(":")[0], await redis.type(key)) for key in await redis.keys(f"*:{{{thread}}}:*")]
        return sorted((name, kind, rows.count((name, kind))) for name, kind in set(rows))

    await walk(saver, "one")
    await walk(stock, "two")
    assert await layout("one") == await layout("two")


async def test_a_write_under_a_lost_lease_writes_nothing(saver: FencedValkeySaver, redis: Any) -> None:
    """The server compares the lease in the very step that writes: no look before it, and nothing gets through."""
    await redis.set(LEASE.key, LEASE.value)
    run, config = graph(saver), at()

    async def never() -> None:
        raise AssertionError("the lease was looked up")

    async def stored() -> dict[str, str]:
        script = "return redis.sha1hex(redis.call('DUMP', KEYS[1]))"
        return {key: await redis.eval(script, 1, key) for key in await redis.keys("*:{t}:*")}

    with fenced(never, LEASE):
        await run.ainvoke({"last": "x"}, config, durability="sync")
        state = await run.aget_state(config)
        before = await stored()
        for lease in ("8", None):
            await (redis.delete(LEASE.key) if lease is None else redis.set(LEASE.key, lease))
            with pytest.raises(LeaseLost):
                await saver.aput_writes(state.config, [("last", "y")], "task")
            with pytest.raises(LeaseLost):
                await run.ainvoke(Command(resume={state.interrupts[0].id: "yes"}), config, durability="sync")
    assert await stored() == before


async def test_what_is_sent_again_changes_nothing(saver: FencedValkeySaver, redis: Any) -> None:
    """A connection that broke after the server heard it: the same write comes twice, and stands once."""
    with fenced(held):
        await graph(saver).ainvoke({"last": "x"}, at(), durability="sync")
        found: Any = await saver.aget_tuple(at())
        ids = await redis.lrange("thread:{t}:", 0, -1)
        await saver.aput(found.parent_config, found.checkpoint, found.metadata, {})
        for _ in range(2):
            await saver.aput_writes(found.config, [("last", "y"), ("__resume__", "yes")], "task", "path")
        again: Any = await saver.aget_tuple(at())
    assert await redis.lrange("thread:{t}:", 0, -1) == ids
    assert [w for w in again.pending_writes if w[0] == "task"] == [("task", "last", "y"), ("task", "__resume__", "yes")]


async def test_an_answer_is_replaced_and_a_result_stays(saver: FencedValkeySaver) -> None:
    """As LangGraph's own savers do: what a task returned is written once, interrupts and answers are the latest."""
    with fenced(held):
        await graph(saver).ainvoke({"last": "x"}, at(), durability="sync")
        config: Any = (await saver.aget_tuple(at())).config  # type: ignore[union-attr]
        for value in ("first", "second"):
            await saver.aput_writes(config, [("last", value), ("__resume__", [value])], "task")
        found: Any = await saver.aget_tuple(at())
    assert [w for w in found.pending_writes if w[0] == "task"] == [
        ("task", "last", "first"),
        ("task", "__resume__", ["second"]),
    ]


async def test_many_tasks_write_at_once(saver: FencedValkeySaver) -> None:
    """Sixty at the same moment beside one checkpoint: none overwrites another. (The library's way gives up.)"""
    with fenced(held):
        await graph(saver).ainvoke({"last": "x"}, at(), durability="sync")
        config: Any = (await saver.aget_tuple(at())).config  # type: ignore[union-attr]
        await asyncio.gather(*(saver.aput_writes(config, [("last", n)], f"task {n}") for n in range(60)))
        found: Any = await saver.aget_tuple(at())
    assert {w for w in found.pending_writes if w[0].startswith("task ")} == {
        (f"task {n}", "last", n) for n in range(60)
    }


async def test_where_scripts_cannot_reach_all_keys_the_lease_is_looked_up(
    plain_server: EmbeddedServer, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys on several servers: a thread's own are on one of them, its lease may not be."""
    looked: list[str] = []

    async def look() -> None:
        looked.append("looked")

    async def several(_: Redis) -> bool:
        return False

    monkeypatch.setattr(valkey_saver, "one_server", several)
    client: Any = Redis.from_url(redis_url)
    saver = FencedValkeySaver(client, leases=True)
    await saver.asetup()
    run = graph(saver)
    with fenced(look, LEASE):
        await run.ainvoke({"last": "x"}, at(), durability="sync")
    assert len(looked) >= 4
    assert len((await run.aget_state(at())).interrupts) == 3
    await client.aclose()


async def test_what_cannot_be_read_is_not_an_empty_thread(saver: FencedValkeySaver, redis: Any) -> None:
    """Something else in the place of a checkpoint, or of the list of them: an error, never `None`."""
    with fenced(held):
        await graph(saver).ainvoke({"last": "x"}, at(), durability="sync")
    latest = await redis.lindex("thread:{t}:", 0)
    for broken in ("{", '"x"', "[]", ""):
        await redis.set(f"checkpoint:{{t}}::{latest}", broken)
        with pytest.raises(Exception):  # noqa: B017 - whatever it is, it is not taken for a thread without checkpoints
            await saver.aget_tuple(at())
    await redis.set("thread:{t}:", "no list")
    with pytest.raises(Exception, match="WRONGTYPE"):
        await saver.aget_tuple(at())
