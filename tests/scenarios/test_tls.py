"""The URL of Sentinels, and servers behind TLS: one of its own, and one that Sentinels name."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from approvals.store import address
from approvals.store.embedded import EmbeddedServer, free_port
from approvals.store.redis import connect
from tests.scenarios.conftest import ANA, CHANNEL
from tests.scenarios.test_failover import Pair, Watched, house_at, sentinel, stack, until

__all__ = ["stack"]  # a fixture, known here by being imported


def test_a_sentinel_url_is_read_or_refused() -> None:
    """Hosts with and without ports, the master's name, rights of both; what is missing is named."""
    found = address.read("redis+sentinel://u:p%40@a:1,b,[::1]:3/main/2?sentinel_password=s&ssl=true")
    assert found.hosts == (("a", 1), ("b", 26379), ("::1", 3))
    assert found.master == "main"
    assert found.options == {"db": 2, "username": "u", "password": "p@", "ssl": True}
    assert found.own == {"password": "s", "ssl": True}
    private = address.read("redis+sentinel://h/main/0?ssl_ca_certs=/etc/ca.pem&ssl_certfile=c&ssl_keyfile=k")
    files = {"ssl_ca_certs": "/etc/ca.pem", "ssl_certfile": "c", "ssl_keyfile": "k"}
    assert private.own == {"password": None, "ssl": True, **files}
    assert private.options == {"db": 0, "username": None, "password": None, "ssl": True, **files}
    for wrong in ("redis+sentinel://h:1", "redis+sentinel:///main/0", "redis+sentinel://h/main/zero"):
        with pytest.raises(ValueError, match=r"names no|not a number"):
            address.read(wrong)


async def test_sentinels_that_are_away_hold_nobody_up() -> None:
    """Neither is waited for: the command ends as soon as one does whose server is away."""
    away = connect(f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{free_port()}/mymaster/0")
    async with asyncio.timeout(5):
        with pytest.raises(RedisConnectionError):
            await away.ping()  # pyright: ignore
    await away.aclose()
    await away.connection_pool.aclose()


@pytest.fixture
def vouched(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of this test's own for 127.0.0.1, and what a server behind it needs."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("makes its certificate with openssl")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    asked = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert]
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([openssl, *asked, *subject], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return cert, context


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


@asynccontextmanager
async def tls_door(target: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """Speaks TLS before a server that does not; where it listens. Who begins without TLS is let through as well: a
    Sentinel, which has to know the master by the address that it names to others."""
    loop, ends, inside = asyncio.get_running_loop(), list[asyncio.StreamWriter](), set[asyncio.Task[None]]()

    async def enter(sock: socket.socket) -> None:
        began = asyncio.Event()
        loop.add_reader(sock, began.set)
        await began.wait()
        loop.remove_reader(sock)
        secure = sock.recv(1, socket.MSG_PEEK) == b"\x16"  # a handshake begins so
        protocol = asyncio.StreamReaderProtocol(reader := asyncio.StreamReader())
        with contextlib.suppress(OSError):  # a client that does not trust us ends the handshake
            way, _ = await loop.connect_accepted_socket(lambda: protocol, sock, ssl=context if secure else None)
            writer = asyncio.StreamWriter(way, protocol, reader, loop)
            inner, outer = await asyncio.open_connection("127.0.0.1", target)
            ends.extend((writer, outer))
            await asyncio.gather(pump(reader, outer), pump(inner, writer))

    async def listen(at: socket.socket) -> None:
        while True:
            inside.add(asyncio.create_task(enter((await loop.sock_accept(at))[0])))

    with socket.create_server(("127.0.0.1", 0)) as at:
        at.setblocking(False)
        listening = asyncio.create_task(listen(at))
        yield at.getsockname()[1]
        listening.cancel()
        for end in ends:
            end.close()
        await asyncio.gather(*(end.wait_closed() for end in ends), return_exceptions=True)
        for task in inside:
            task.cancel()
        await asyncio.gather(listening, *inside, return_exceptions=True)


@pytest.fixture
async def behind_tls(
    request: pytest.FixtureRequest,
    server: EmbeddedServer,
    redis_url: str,
    tmp_path: Path,
    stack: AsyncExitStack,
    vouched: tuple[Path, ssl.SSLContext],
) -> str:
    """The shared server behind TLS, and where it is to be found through a Sentinel, that as well; the URL."""
    assert redis_url
    cert, context = vouched
    door = await stack.enter_async_context(tls_door(server.port, context))
    if request.param == "rediss":
        return f"rediss://127.0.0.1:{door}/0?ssl_ca_certs={cert}"
    watcher = Watched(Pair(tmp_path), free_port())
    stack.enter_context(sentinel(tmp_path, watcher.port, door))
    await until(lambda: watcher.up(door))
    seen = await stack.enter_async_context(tls_door(watcher.port, context))
    return f"redis+sentinel://127.0.0.1:{seen}/mymaster/0?ssl=true&ssl_ca_certs={cert}"


@pytest.mark.parametrize("behind_tls", ["rediss", "Sentinel"], indirect=True)
async def test_the_story_over_tls(behind_tls: str, tmp_path: Path) -> None:
    """`rediss://`, and Sentinel with TLS to it and to the master, for the records and for the checkpoints; a
    certificate that nobody vouches for is refused."""
    async with AsyncExitStack() as stack:
        desk = await (await house_at(behind_tls, tmp_path, stack)).desk()
        card = await desk.ask()
        await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
        await desk.resumed(card.ts)
        await desk.core.records.effects.drain()
    stranger = connect(re.sub("[?&]ssl_ca_certs=.*", "", behind_tls))
    with pytest.raises(Exception, match=r"(?i)certificate|No master found"):
        await stranger.ping()  # pyright: ignore
    await stranger.aclose()
    await stranger.connection_pool.aclose()
