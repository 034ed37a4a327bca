"""Where paused threads live: which of two savers a server can have, and which one it was.

`AsyncRedisSaver` needs RedisJSON and RediSearch (Redis 8, Redis Stack). `AsyncValkeySaver` needs neither (Valkey,
ElastiCache, Memorystore, Redis 7), and the extra `valkey`. Neither reads what the other wrote.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import structlog
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError

from agents.outage import PASSING, CheckpointerDown
from agents.redis_saver import FencedRedisSaver
from approvals.errors import ConfigError
from approvals.store.address import ONE, SENTINEL, client
from approvals.store.kept import KeptBy

if TYPE_CHECKING:  # the extra may not be there
    from agents.valkey_saver import FencedValkeySaver

__all__ = ["CheckpointerDown", "FencedRedisSaver", "Kind", "choose", "open_checkpointer"]

CONNECTIONS = 32
WAIT_FOR_CONNECTION = 20.0
NEEDED = ("JSON.SET", "FT.CREATE")
EXTRA = ("langgraph_checkpoint_aws", "valkey", "orjson")
REMEDY = "use Redis 8 or Redis Stack"

log = structlog.get_logger()


class Kind(StrEnum):
    """Which saver, as `SIGNOFF_CHECKPOINTER` and the key that remembers it have it."""

    REDIS = "redis"
    VALKEY = "valkey"

    @property
    def library(self) -> str:
        """Its name in the library it comes from."""
        return "AsyncRedisSaver" if self is Kind.REDIS else "AsyncValkeySaver"


async def choose(redis_url: str, *, wanted: str = "auto", kept: KeptBy | None = None) -> Kind:
    """The saver for a server: by the commands that it knows, and `AsyncValkeySaver` also where `kept` remembers it.
    `wanted` is `SIGNOFF_CHECKPOINTER`.

    Raises `ConfigError`, with the remedy, if the server cannot be reached or cannot have that saver; and if threads are
    open that another one keeps.
    """
    missing = await _missing(redis_url, asked=wanted == "auto")
    before, threads = await kept.read() if kept is not None else (None, 0)
    # It stays what it was, also where the modules have come since: other replicas may be running.
    found = Kind.VALKEY if missing or before == Kind.VALKEY else Kind.REDIS
    kind = found if wanted == "auto" else Kind(wanted)
    if kept is not None and before not in (None, kind) and threads:
        raise ConfigError(_kept_elsewhere(Kind(before), kind, kept.namespace, threads, missing))
    if kind is Kind.REDIS and missing:
        raise ConfigError(f"{_lacks(missing)}, which SIGNOFF_CHECKPOINTER=redis needs: {REMEDY}, or set it to auto")
    if kind is Kind.VALKEY and not _installed():
        why = f"{_lacks(missing)}, so that " if missing else ""
        other = REMEDY if missing else "set SIGNOFF_CHECKPOINTER=redis"
        raise ConfigError(
            f"{why}paused threads are kept by AsyncValkeySaver, which is not installed: pip install 'signoff[valkey]', "
            f"or {other}"
        )
    return kind


@asynccontextmanager
async def open_checkpointer(
    redis_url: str, *, leases: bool = False, wanted: str = "auto", kept: KeptBy | None = None
) -> AsyncGenerator[FencedRedisSaver | FencedValkeySaver]:
    """The saver that `choose` names, ready for use; closed at the end. `leases`: they are kept there as well. `kept`
    remembers it from now on.

    Raises `ConfigError` as `choose` does, and if a server that has the commands does not make the indexes.
    """
    kind = await choose(redis_url, wanted=wanted, kept=kept)
    log.info("checkpointer chosen", action="checkpointer.chosen", checkpointer=kind.library)
    own = _client(redis_url)
    try:
        async with _opened(kind, own, redis_url, leases=leases) as saver:
            if kept is not None:
                await kept.write(kind)
            yield saver
    finally:
        if own is not None:
            await own.aclose()


@asynccontextmanager
async def _opened(
    kind: Kind, own: Redis | None, redis_url: str, *, leases: bool
) -> AsyncGenerator[FencedRedisSaver | FencedValkeySaver]:
    if kind is Kind.VALKEY and own is not None:
        from agents.valkey_saver import FencedValkeySaver

        plain = FencedValkeySaver(own, leases=leases)
        await plain.asetup()
        yield plain
    else:
        saver = FencedRedisSaver(None if own is not None else redis_url, redis_client=own, leases=leases)
        async with saver:
            yield saver


def _installed() -> bool:
    """Whether the extra `valkey` is. Nothing is imported for it."""
    return all(find_spec(name) is not None for name in EXTRA)


def _lacks(missing: Sequence[str]) -> str:
    return f"this Redis server does not know {' and '.join(missing)} (RedisJSON and RediSearch)"


def _kept_elsewhere(before: Kind, now: Kind, namespace: str, threads: int, missing: Sequence[str]) -> str:
    if before is Kind.REDIS and missing:
        remedy = "start the server with RedisJSON and RediSearch (Redis 8, Redis Stack)"
    else:
        remedy = f"set SIGNOFF_CHECKPOINTER={before}"
    return (
        f"{threads} open threads of the namespace “{namespace}” are kept by {before.library}, and {now.library} would "
        f"find none of them: {remedy}, until they have ended; or begin anew with another SIGNOFF_NAMESPACE"
    )


async def _missing(redis_url: str, *, asked: bool) -> list[str]:
    """Those of the needed commands that the server does not know. `asked`: it must tell."""
    own = _client(redis_url)
    if own is None:
        return []
    try:
        known = await _known(own)
    except AuthenticationError as error:
        raise ConfigError(f"Redis refuses the password: check REDIS_URL ({error})") from error
    except PASSING as error:
        raise ConfigError(f"Redis cannot be reached: check REDIS_URL and that the server runs ({error})") from error
    except RedisError as error:
        if not asked:
            return []
        raise ConfigError(
            f"Redis does not tell which commands it knows ({error}): allow COMMAND INFO, or set SIGNOFF_CHECKPOINTER "
            "to redis (the server has RedisJSON and RediSearch) or to valkey"
        ) from error
    finally:
        await own.aclose()
    return [name for name in NEEDED if name not in known]


async def _known(client: Redis) -> set[str]:
    """Which of the needed commands the server has: it answers `COMMAND INFO` with nothing for the others. (Managed
    servers refuse `MODULE LIST`, and have commands of the same name from other modules.)"""
    ask = cast("Callable[..., Awaitable[list[object]]]", client.execute_command)
    return {name for name, told in zip(NEEDED, await ask("COMMAND INFO", *NEEDED), strict=True) if told}


def _client(redis_url: str) -> Redis | None:
    """A client that waits for a free connection instead of failing; `None` for URLs that only the saver understands."""
    if urlsplit(redis_url).scheme not in (*ONE, SENTINEL):
        return None
    return client(redis_url, max_connections=CONNECTIONS, timeout=WAIT_FOR_CONNECTION)
