"""Which saver a server leads to: by its commands, by what was there before, or as the settings say. Never silently
another one than that which the open threads are kept by."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest
import structlog
from redis.asyncio import Redis

from agents import checkpointer
from agents.checkpointer import Kind, choose, open_checkpointer
from approvals.errors import ConfigError
from approvals.store.embedded import free_port
from approvals.store.kept import KeptBy


@pytest.fixture
def kept(redis: Redis) -> KeptBy:
    """What is remembered there."""
    return KeptBy(redis)


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if `signoff[valkey]` had not been installed."""
    monkeypatch.setattr(checkpointer, "find_spec", lambda name: None if name == "valkey" else find_spec(name))


async def open_thread(redis: Any) -> None:
    """One that waits for somebody, with its question."""
    await redis.zadd("{signoff}:index:threads", {"t": 1})
    await redis.zadd("{signoff}:index:all", {"A1": 1})


@pytest.mark.both_servers
async def test_the_server_decides(redis_url: str, saver_kind: str, kept: KeptBy) -> None:
    """With the modules it is AsyncRedisSaver, without them AsyncValkeySaver: said in the log, and remembered."""
    with structlog.testing.capture_logs() as lines:
        async with open_checkpointer(redis_url, kept=kept) as saver:
            assert type(saver).__mro__[1].__name__ == Kind(saver_kind).library
    assert [(line["action"], line["checkpointer"]) for line in lines] == [
        ("checkpointer.chosen", Kind(saver_kind).library)
    ]
    assert await kept.read() == (saver_kind, 0)


@pytest.mark.parametrize("saver_kind", ["valkey"])
async def test_without_the_extra_the_remedy_is_named(redis_url: str, without_extra: None) -> None:
    """A server that lacks the modules needs either the extra or another server."""
    with pytest.raises(ConfigError, match=r"JSON\.SET and FT\.CREATE.*signoff\[valkey\].*Redis 8"):
        await choose(redis_url)


@pytest.mark.parametrize("saver_kind", ["valkey"])
async def test_modules_that_vanished_are_noticed(redis_url: str, redis: Redis, kept: KeptBy) -> None:
    """The threads of a server that had them are not taken for lost: nothing starts until the modules are back."""
    await kept.write("redis")
    assert await choose(redis_url, kept=kept) is Kind.VALKEY, "no thread is open: nothing can be lost"
    await open_thread(redis)
    with pytest.raises(ConfigError, match=r"1 open threads .*“signoff”.* AsyncRedisSaver.*with RedisJSON"):
        async with open_checkpointer(redis_url, kept=kept):
            pass
    assert await kept.read() == ("redis", 1)


async def test_threads_from_before_there_was_a_choice(redis_url: str, redis: Redis, kept: KeptBy) -> None:
    """Nothing is remembered, and threads are open: AsyncRedisSaver keeps them."""
    assert await kept.read() == (None, 0)
    await open_thread(redis)
    assert await kept.read() == ("redis", 1)
    assert await choose(redis_url, kept=kept) is Kind.REDIS
    with pytest.raises(ConfigError, match="SIGNOFF_CHECKPOINTER=redis"):
        await choose(redis_url, wanted="valkey", kept=kept)


@pytest.mark.both_servers
async def test_threads_that_nobody_ran_yet(redis_url: str, redis: Any, saver_kind: str, kept: KeptBy) -> None:
    """They are registered before the first start: no saver has them, and either will do."""
    await redis.zadd("{signoff}:index:threads", {"t": 1})
    assert await kept.read() == (None, 1)
    assert await choose(redis_url, kept=kept) is Kind(saver_kind)


async def test_modules_that_appeared_change_nothing(redis_url: str, redis: Redis, kept: KeptBy) -> None:
    """After an upgrade to Redis 8 replicas go on with the saver they had, open threads or not: others may run."""
    await kept.write("valkey")
    for _ in range(2):
        async with open_checkpointer(redis_url, kept=kept) as saver:
            assert type(saver).__mro__[1].__name__ == "AsyncValkeySaver"
        await open_thread(redis)
    with pytest.raises(ConfigError, match="SIGNOFF_CHECKPOINTER=valkey"):
        await choose(redis_url, wanted="redis", kept=kept)
    await redis.delete("{signoff}:index:threads")
    assert await choose(redis_url, wanted="redis", kept=kept) is Kind.REDIS


async def test_the_extra_that_went_away_is_missed(
    redis_url: str, redis: Redis, kept: KeptBy, without_extra: None
) -> None:
    """The server could have the other saver, and other replicas may be running with this one."""
    await kept.write("valkey")
    with pytest.raises(ConfigError, match=r"AsyncValkeySaver.*pip install 'signoff\[valkey\]'"):
        await choose(redis_url, kept=kept)
    assert await choose(redis_url, wanted="redis", kept=kept) is Kind.REDIS, "said by somebody who knows"


@pytest.mark.parametrize("saver_kind", ["valkey"])
async def test_what_the_settings_say_must_be_possible(redis_url: str) -> None:
    """`redis` on a server that cannot."""
    with pytest.raises(ConfigError, match="SIGNOFF_CHECKPOINTER=redis needs"):
        await choose(redis_url, wanted="redis")


async def test_a_server_that_does_not_tell(redis: Any, redis_url: str) -> None:
    """Some servers refuse COMMAND INFO: then the settings have to say it."""
    await redis.execute_command("ACL", "SETUSER", "mute", "on", ">pw", "~*", "+@all", "-command")
    mute = redis_url.replace("redis://", "redis://mute:pw@")
    with pytest.raises(ConfigError, match="SIGNOFF_CHECKPOINTER"):
        await choose(mute)
    assert await choose(mute, wanted="valkey") is Kind.VALKEY
    assert await choose(mute, wanted="redis") is Kind.REDIS


async def test_a_search_that_makes_no_indexes_is_named(redis: Any, redis_url: str) -> None:
    """Commands of the same name are not the same search everywhere."""
    await redis.execute_command("ACL", "SETUSER", "few", "on", ">pw", "~*", "+@all", "-ft.create")
    with pytest.raises(ConfigError, match="SIGNOFF_CHECKPOINTER=valkey"):
        async with open_checkpointer(redis_url.replace("redis://", "redis://few:pw@")):
            pass


async def test_an_unreachable_server_is_named() -> None:
    """Nobody listens: a configuration error with the remedy."""
    with pytest.raises(ConfigError, match="REDIS_URL"):
        await choose(f"redis://127.0.0.1:{free_port()}/0")


@pytest.mark.parametrize("saver_kind", ["valkey"])
async def test_the_plain_server_is_plain(redis: Any) -> None:
    """What is tested on it is tested without modules."""
    assert {module["name"] for module in await redis.module_list()}.isdisjoint({"ReJSON", "search"})
