"""`REDIS_URL`: one server (`redis://`, `rediss://`, `unix://`), or the master that Sentinels name.

`redis+sentinel://user:password@host:26379,host2:26379/mymaster/0`: the Sentinels, the name of the master, the database.
User and password are those of the master; `?sentinel_password=…` is for the Sentinels themselves, `?ssl=true` for TLS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool

SENTINEL = "redis+sentinel"
ONE = ("redis", "rediss", "unix")
PORT = 26379


@dataclass(frozen=True, slots=True)
class Sentinels:
    """A `redis+sentinel` URL, understood. `options` go to the connections to the master, `own` to the Sentinels."""

    hosts: tuple[tuple[str, int], ...]
    master: str
    options: dict[str, Any]
    own: dict[str, Any]


def read(url: str) -> Sentinels:
    """Raises `ValueError` saying what is missing."""
    parts = urlsplit(url)
    rights, _, listed = parts.netloc.rpartition("@")
    user, _, password = rights.partition(":")
    master, _, database = parts.path.strip("/").partition("/")
    if not listed or not master:
        raise ValueError(f"{SENTINEL}://host:26379,host2:26379/MASTER/0 names no {'master' if listed else 'Sentinel'}")
    hosts: list[tuple[str, int]] = []
    for entry in listed.split(","):
        host, _, port = entry.rpartition(":") if entry.rpartition(":")[2].isdecimal() else (entry, "", "")
        hosts.append((host.strip("[]"), int(port or PORT)))
    if not (database or "0").isdecimal():
        raise ValueError("the database at its end is not a number")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    secure = {"ssl": True} if query.get("ssl", "").lower() in ("1", "true", "yes") else {}
    options = {"db": int(database or 0), "username": unquote(user) or None, "password": unquote(password) or None}
    return Sentinels(tuple(hosts), master, options | secure, {"password": query.get("sentinel_password"), **secure})


class MasterPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to whoever is master now; a command waits for a free one instead of failing."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """The last time, the connections to the Sentinels too."""
        await super().disconnect(inuse_connections)
        if inuse_connections:
            await self.sentinel_manager.aclose()  # pyright: ignore[reportUnknownMemberType]


def client(url: str, **options: Any) -> Redis:
    """A client whose commands wait for a free connection. Raises `ValueError` for a URL that cannot be read."""
    if urlsplit(url).scheme != SENTINEL:
        return Redis.from_pool(BlockingConnectionPool.from_url(url, **options))  # pyright: ignore[reportUnknownMemberType]
    found = read(url)
    own = {"socket_timeout": 2, "socket_connect_timeout": 2, **found.own}
    manager = Sentinel(found.hosts, sentinel_kwargs=own)
    return manager.master_for(  # pyright: ignore[reportUnknownMemberType]
        found.master, connection_pool_class=MasterPool, **{**found.options, **options}
    )
