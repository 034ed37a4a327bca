"""Redis that is late, full, read-only or restarted: waited for, said, and nothing lost. And with few rights."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as RedisConnectionError

from approvals.errors import ConfigError
from approvals.events import EventType
from approvals.model import Status
from approvals.settings import Settings
from approvals.store.embedded import EmbeddedServer, free_port
from bot.core import open_records
from bot.manifest import manifest
from bot.serve import redis_is_up
from localslack import LocalSlack, Seed
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, CHANNEL, REFUND, House
from tests.scenarios.play import told

ACL = (
    "~{signoff}:* ~checkpoint* ~write_keys_zset:* "
    "-@all +@string +@hash +@set +@sortedset +@list +@stream +@connection +@transaction -@dangerous "
    "+del +unlink +exists +expire +pexpire +ttl +pttl +eval +evalsha +script|load "
    "+info +config|get +command|info +command|docs +module|list "
    "+json.set +json.get +json.merge +json.del +json.mget +json.numincrby +json.type "
    "+ft.create +ft.search +ft.info +ft._list"
)
"""What docs/security.md tells operators to grant."""
SLOWLY = {"key-load-delay": "10000", "loading-process-events-interval-bytes": "1024", "rdbcompression": "no"}
"""How the server loads what it has, where it is started again: 10 ms for each key, and it answers now and then."""
PLAIN_KEYS = "~{signoff}:* ~checkpoint:* ~thread:* ~writes:*"
"""The keys on a server without the modules, whose commands are not granted then."""


def settings(url: str, **over: Any) -> Settings:
    """A server, and nothing else."""
    return Settings.model_validate({"redis_url": url, **over})


@pytest.fixture
async def own(tmp_path: Path, saver_kind: str) -> AsyncIterator[tuple[EmbeddedServer, House]]:
    """A server of this test's own, to be mistreated."""
    async with contextlib.AsyncExitStack() as stack:
        server = stack.enter_context(EmbeddedServer(tmp_path / "data", modules=saver_kind == "redis", config=SLOWLY))
        slack = await stack.enter_async_context(LocalSlack(Seed.default().with_manifest(manifest())))
        yield server, House(slack, server.url, tmp_path, stack)


async def test_a_start_waits_for_redis_and_says_so(tmp_path: Path) -> None:
    """The server comes up a second later: the start goes on then."""
    port = free_port()
    with structlog.testing.capture_logs() as lines:
        waiting = asyncio.create_task(redis_is_up(settings(f"redis://127.0.0.1:{port}/0"), asyncio.Event()))
        async with asyncio.timeout(30):
            while not lines:  # noqa: ASYNC110 - what is logged sets no event
                await asyncio.sleep(0.01)
    assert not waiting.done()
    assert {line["action"] for line in lines} == {"serve.waiting"}
    server = EmbeddedServer(tmp_path / "data", port=port, persist=False)
    await asyncio.to_thread(server.start)
    try:
        assert await asyncio.wait_for(waiting, 30) is True
    finally:
        server.stop()


async def test_a_start_does_not_wait_for_ever_and_can_be_stopped() -> None:
    """After the limit `open_core` says what is wrong; a signal ends the wait at once."""
    away = f"redis://127.0.0.1:{free_port()}/0"
    assert await redis_is_up(settings(away, signoff_redis_wait_seconds=0.2), asyncio.Event()) is True
    stopped = asyncio.Event()
    waiting = asyncio.create_task(redis_is_up(settings(away, signoff_redis_wait_seconds=3600), stopped))
    await asyncio.sleep(0)
    stopped.set()
    assert await asyncio.wait_for(waiting, 30) is False


@pytest.mark.both_servers
@pytest.mark.parametrize("fault", ["read-only", "full", "paused", "killed connections"])
async def test_a_server_that_refuses_for_a_while(own: tuple[EmbeddedServer, House], fault: str) -> None:
    """READONLY, OOM, a pause, reset connections: a click then changes nothing or counts; afterwards all goes on."""
    server, house = own
    desk = await house.desk()
    card = await desk.ask()
    await desk.core.records.effects.drain()
    redis: Any = Redis.from_url(server.url, decode_responses=True)
    if fault == "read-only":
        await redis.execute_command("REPLICAOF", "127.0.0.1", free_port())
        await redis.config_set("replica-serve-stale-data", "yes")
    elif fault == "full":
        await redis.config_set("maxmemory", "1")
    elif fault == "paused":
        await redis.execute_command("CLIENT", "PAUSE", "1000", "ALL")
    else:
        await redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    during = await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    assert during.ok, "acknowledged in time, whatever Redis does"
    if fault == "read-only":
        await redis.execute_command("REPLICAOF", "NO", "ONE")
    elif fault == "full":
        await redis.config_set("maxmemory", "0")
    assert fault in ("paused", "killed connections") or (await desk.only()).status is Status.PENDING
    async with asyncio.timeout(60):
        # Acknowledged in time, it may still be under way.
        while not house.slack.ephemerals(ANA) and (await desk.only()).status is Status.PENDING:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    if (await desk.only()).status is Status.PENDING:
        assert await desk.told(ANA), "who clicked for nothing was told so"
        await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await redis.aclose()
    approval = await desk.resumed(card.ts)
    assert len(approval.decisions) == 1
    assert len(house.slack.messages(CHANNEL)) == 1


@contextlib.asynccontextmanager
async def loading(server: EmbeddedServer) -> AsyncIterator[None]:
    """Kills it, and starts it with so much to load that it loads as long as the body lasts."""
    async with Redis.from_url(server.url, decode_responses=True) as given:
        redis: Any = given
        await redis.mset({f"filler:{number}": "x" * 1024 for number in range(4000)})
        await redis.execute_command("BGREWRITEAOF")
        async with asyncio.timeout(60):
            while (await redis.info("persistence"))["aof_rewrite_in_progress"]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)  # a process of its own writes it
    server.kill()
    starting = asyncio.create_task(asyncio.to_thread(server.start))
    async with Redis.from_url(server.url, decode_responses=True, retry=None) as given:
        redis = given
        async with asyncio.timeout(60):
            while True:
                try:
                    await redis.ping()
                except BusyLoadingError:
                    break
                except (RedisConnectionError, OSError):
                    await asyncio.sleep(0.02)  # until it listens
        assert not starting.done(), "it was loaded before anybody looked"
        yield
        assert not starting.done(), "it was loaded before the end"
        await redis.config_set("key-load-delay", "0")
        await starting


@pytest.mark.both_servers
async def test_a_server_that_loads_its_data(own: tuple[EmbeddedServer, House], clock: VirtualClock) -> None:
    """LOADING: whoever clicks is told that nothing was decided, a start waits and says so, a command says what to do;
    once it is loaded, what fell due meanwhile is done, and the click counts."""
    server, house = own
    desk = await house.desk(clock=clock)
    card = await desk.ask()
    await desk.core.records.effects.drain()
    async with loading(server):
        clock.turn(minutes=10)
        assert (await desk.slack.click(ANA, CHANNEL, card.ts, "approve")).ok
        assert "nothing was decided" in await desk.told(ANA)
        with pytest.raises(ConfigError, match=r"still loads its data .* SIGNOFF_REDIS_WAIT_SECONDS"):
            async with open_records(desk.settings):
                pass
        with structlog.testing.capture_logs() as lines:
            waiting = asyncio.create_task(redis_is_up(desk.settings, asyncio.Event()))
            async with asyncio.timeout(30):
                while "serve.waiting" not in {line["action"] for line in lines}:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        assert not waiting.done()
    assert await waiting is True
    await told(desk, EventType.REMINDED)
    assert (await desk.only()).status is Status.PENDING
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "approve")).ok
    await desk.core.records.effects.drain()
    clock.turn(minutes=1)  # should anything have to be tried again
    approval = await told(desk, EventType.REPORTED)
    assert (approval.status, len(approval.decisions)) == (Status.RESUMED, 1)
    assert len(house.slack.messages(CHANNEL)) == 1


async def test_more_at_once_than_there_are_connections(own: tuple[EmbeddedServer, House]) -> None:
    """Five hundred commands at once wait for a free connection; none fails."""
    _, house = own
    desk = await house.desk()
    await desk.ask()
    one = await desk.only()
    found = await asyncio.gather(*(desk.core.records.approvals.get(one.id) for _ in range(500)))
    assert {approval.id for approval in found if approval} == {one.id}


@pytest.mark.both_servers
async def test_a_user_with_few_rights_is_enough(own: tuple[EmbeddedServer, House], saver_kind: str) -> None:
    """The ACL of docs/security.md: the whole story works, and other keys and dangerous commands are refused."""
    server, house = own
    told = (Path(__file__).parents[2] / "docs" / "security.md").read_text().replace("\n", " ")
    assert ACL in told
    assert PLAIN_KEYS in told
    rules = ACL.split()
    if saver_kind == "valkey":
        rules = PLAIN_KEYS.split() + [rule for rule in rules if not rule.startswith(("~", "+json", "+ft", "+module"))]
    redis: Any = Redis.from_url(server.url, decode_responses=True)
    await redis.execute_command("ACL", "SETUSER", "signoff", "on", ">pw", *rules)
    house.redis_url = server.url.replace("redis://", "redis://signoff:pw@")
    desk = await house.desk()
    card = await desk.ask(given=REFUND)
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await desk.resumed(card.ts)
    few: Any = Redis.from_url(house.redis_url, decode_responses=True)
    for command in (
        ("SET", "other", "1"),
        ("FLUSHALL",),
        ("CONFIG", "SET", "maxmemory", "1"),
        ("KEYS", "*"),
        ("SCAN", "0"),
        ("CLIENT", "LIST"),
        ("SWAPDB", "0", "1"),
    ):
        with pytest.raises(Exception, match=r"(?i)permission"):
            await few.execute_command(*command)
    denied = list(await redis.execute_command("ACL", "LOG"))
    assert len(denied) == 7, denied
    await few.aclose()
    await redis.aclose()
