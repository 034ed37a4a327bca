"""Commands sent together: each is answered for itself, whatever becomes of the others."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from approvals.store.batch import Batch
from approvals.store.embedded import EmbeddedServer
from approvals.store.redis import connect


async def test_each_gets_its_own_answer(redis: Any) -> None:
    """A hundred and fifty at once over few connections, more than go in one round trip, in the order of asking."""
    before = len(await redis.client_list())  # others may not have left yet
    batch = Batch(redis)
    found = await asyncio.gather(*(batch.command("SET", f"k{n}", n, "GET") for n in range(150)))
    assert found == [None] * 150
    found = await asyncio.gather(*(batch.command("GET", f"k{n}") for n in range(150)))
    assert found == [str(n) for n in range(150)]
    assert len(await redis.client_list()) < before + 10
    assert await batch.command("GET", "k7") == "7"


async def test_an_error_is_the_one_that_asked_for_it(redis: Any) -> None:
    """One of three is refused by the server, the others are done; a lone one raises as well."""
    batch = Batch(redis)
    set_, bad, got = await asyncio.gather(
        batch.command("SET", "k", "v"),
        batch.command("LPUSH", "k", "x"),
        batch.command("GET", "k"),
        return_exceptions=True,
    )
    assert set_ in (True, "OK", b"OK")
    assert isinstance(bad, ResponseError)
    assert got == "v"
    with pytest.raises(ResponseError):
        await batch.command("LPUSH", "k", "x")


async def test_who_stops_waiting_stops_nobody(redis: Any) -> None:
    """One of those that wait is cancelled: the others are answered."""
    batch = Batch(redis)
    waiting = [asyncio.create_task(batch.command("INCR", "n")) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(found[1], asyncio.CancelledError)
    assert found[0] == 1
    assert found[2] in (2, 3)


async def test_a_server_that_is_away_is_told_to_all(tmp_path: Path) -> None:
    """Whoever waited gets the error of the connection, and the next command tries again."""
    with EmbeddedServer(tmp_path, persist=False) as server:
        client = connect(server.url)
        batch = Batch(client)
        assert await batch.command("GET", "k") is None
        server.stop()
        found = await asyncio.gather(*(batch.command("GET", "k") for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in found] == [RedisConnectionError] * 3
        server.start()
        assert await batch.command("GET", "k") is None
        await client.aclose()
        await client.connection_pool.aclose()
