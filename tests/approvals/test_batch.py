"""Commands sent together: each is answered for itself, whatever becomes of the others."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio.connection import Connection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from approvals.store.address import client as client_of
from approvals.store.batch import Batch, packed
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


async def test_what_goes_along_comes_after(redis: Any) -> None:
    """The second command sees what the first did, a hundred times at once. A first that is refused raises; a second
    that is refused is nothing."""
    batch = Batch(redis)
    found = await asyncio.gather(*(batch.both(("SET", f"k{n}", n), ("GETDEL", f"k{n}")) for n in range(100)))
    assert [behind for _, behind in found] == [str(n) for n in range(100)]
    assert await batch.both(("SET", "k", "v"), ("LPUSH", "k", "x")) == ("OK", None)
    with pytest.raises(ResponseError):
        await batch.both(("LPUSH", "k", "x"), ("GET", "k"))


async def test_what_goes_along_is_never_sent_by_itself(redis: Any) -> None:
    """The connection is gone: the first is asked again, the second is not, since it might come before the first."""
    batch = Batch(redis)
    await batch.command("SET", "before", "1")
    own = await batch.command("CLIENT", "ID")
    await redis.client_kill_filter(_id=own)
    assert await batch.both(("SET", "k", "v", "GET"), ("INCR", "along")) == (None, None)
    assert await batch.command("MGET", "k", "along") == ["v", None]


async def test_one_connection_is_kept_and_a_broken_one_given_back(redis_url: str) -> None:
    """A pool of two: twenty commands one after the other go over the same one, and after each of five breaks there is
    still one to be had."""
    client = client_of(redis_url, max_connections=2, timeout=1, decode_responses=True)
    batch = Batch(client)
    ids = [await batch.command("CLIENT", "ID") for _ in range(20)]
    assert len(set(ids)) == 1
    for _ in range(5):
        await client.client_kill_filter(_id=await batch.command("CLIENT", "ID"))  # pyright: ignore
        assert await batch.command("ECHO", "there") == "there"
    await client.aclose()
    await client.connection_pool.aclose()


async def test_a_connection_that_was_closed_while_nobody_used_it_is_noticed(
    redis_url: str, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the server, or by something between: the kept one, and those that the pool has, also where nothing is sent
    again."""
    monkeypatch.setattr("approvals.store.batch.IDLE", 0.0)
    client = client_of(redis_url, max_connections=2, timeout=1, decode_responses=True)
    batch = Batch(client, again=False)
    await client.ping()  # pyright: ignore
    for own in (None, batch):
        if own is not None:
            assert await batch.command("SET", "k", "v") == "OK"
        before = await redis.client_list()
        await redis.client_kill_filter(_type="normal", skipme=True)
        assert len(await redis.client_list()) < len(before)
        assert await batch.command("GET", "k") == (None if own is None else "v")
    await client.aclose()
    await client.connection_pool.aclose()


async def test_a_silent_server_is_asked_once_more(redis_url: str, redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer within the limit: the connection is dropped, and redis-py asks in its own way until there is one."""
    monkeypatch.setattr("approvals.store.batch.LIMIT", 0.02)
    client = connect(redis_url)
    batch = Batch(client)
    before = await batch.command("CLIENT", "ID")
    await redis.client_pause(200)
    assert await batch.command("SET", "k", "v") in ("OK", True)
    assert await batch.command("GET", "k") == "v"
    assert await batch.command("CLIENT", "ID") != before
    await client.aclose()
    await client.connection_pool.aclose()


@given(st.lists(st.text(st.characters(codec="utf-8")) | st.integers(), max_size=20))
def test_commands_are_packed_as_redis_py_does(args: list[str | int]) -> None:
    """Byte for byte, whatever the arguments are."""
    assert packed(("SET", *args)) == b"".join(Connection().pack_command("SET", *args))


async def test_an_argument_that_is_no_text_fails_for_whoever_gave_it(redis: Any) -> None:
    """Half a surrogate pair: its own asker is told, those who ask at the same moment are answered."""
    batch = Batch(redis)
    found = await asyncio.gather(
        batch.command("SET", "k", "v"),
        batch.command("GET", "\ud800"),
        batch.command("GET", "k"),
        return_exceptions=True,
    )
    assert isinstance(found[1], UnicodeEncodeError)
    assert found[2] == "v"
