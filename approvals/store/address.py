"""`REDIS_URL`: one server (`redis://`, `rediss://`, `unix://`), or the master that Sentinels name.

`redis+sentinel://user:password@host:26379,host2:26379/mymaster/0`: the Sentinels, the name of the master, the database.
User and password are those of the master; `?sentinel_password=…` is for the Sentinels themselves. `?ssl=true` is for
TLS, to them and to the master; `?ssl_ca_certs=FILE`, `ssl_certfile` and `ssl_keyfile` as well, as in a `rediss://` URL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

SENTINEL = "redis+sentinel"
ONE = ("redis", "rediss", "unix")
PORT = 26379
TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
"""Who vouches for the servers, and what we are known by to them."""


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
    secure: dict[str, Any] = {name: query[name] for name in TLS_FILES if name in query}
    if secure or query.get("ssl", "").lower() in ("1", "true", "yes"):
        secure["ssl"] = True
    options = {"db": int(database or 0), "username": unquote(user) or None, "password": unquote(password) or None}
    return Sentinels(tuple(hosts), master, options | secure, {"password": query.get("sentinel_password"), **secure})


class MasterPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to whoever is master now; a command waits for a free one instead of failing."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """The last time, the connections to the Sentinels too."""
        await super().disconnect(inuse_connections)
        if inuse_connections:
            await self.sentinel_manager.aclose()  # pyright: ignore[reportUnknownMemberType]


def _pool(url: str, options: dict[str, Any]) -> BlockingConnectionPool:
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError(
            "no port stands where it should; / ? # and @ in a password are written %2F %3F %23 %40"
        ) from None
    pool: Any = BlockingConnectionPool.from_url(url, **options)  # pyright: ignore[reportUnknownMemberType]
    try:
        pool.connection_class(**pool.connection_kwargs)  # connects to nothing yet
    except TypeError:
        raise ValueError("it names an option after its ? that there is none of") from None
    return pool


def client(url: str, **options: Any) -> Redis:
    """A client whose commands wait for a free connection. Raises `ValueError` for a URL that cannot be read, without
    any part of it: a password that is not written as it must be may stand anywhere."""
    if urlsplit(url).scheme != SENTINEL:
        return Redis.from_pool(_pool(url, options))
    found = read(url)
    # One that does not answer is passed over for the next, and asked again with the command. (redis-py's own default
    # waits for each of them for seconds.) The second try is for a connection that was closed while nobody used it.
    own = {"socket_timeout": 2, "socket_connect_timeout": 2, "retry": Retry(NoBackoff(), 1), **found.own}
    manager = Sentinel(found.hosts, sentinel_kwargs=own)
    return manager.master_for(  # pyright: ignore[reportUnknownMemberType]
        found.master, connection_pool_class=MasterPool, **{**found.options, **options}
    )
