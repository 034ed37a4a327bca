"""Where paused threads live: `AsyncRedisSaver`, fenced, with a serializer that keeps what it would lose, no expiry."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.redis.aio import AsyncRedisSaver
from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    ClusterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)
from redisvl.exceptions import RedisSearchError  # pyright: ignore[reportMissingTypeStubs]

from agents.fence import pass_fence
from agents.serde import KeepingSerializer
from approvals.errors import ConfigError, SignoffError
from approvals.points import Point, reached
from approvals.store.address import ONE, SENTINEL, client

CONNECTIONS = 32
WAIT_FOR_CONNECTION = 20.0
NEEDED = ("JSON.SET", "FT.CREATE")
_PASSING = (
    RedisConnectionError,
    RedisTimeoutError,
    ClusterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    TryAgainError,
)


class CheckpointerDown(SignoffError):
    """Redis cannot be read or written at present. Nothing is known of the thread: try again later."""


class FencedRedisSaver(AsyncRedisSaver):
    """Every write passes the fence of the drive it belongs to (`agents.fence`).

    A connection that fails is a `CheckpointerDown`, never an empty thread. Threads have no time to live: one that
    expires while it is paused would start anew.
    """

    def __init__(self, redis_url: str | None = None, *, redis_client: Redis | None = None) -> None:
        super().__init__(redis_url, redis_client=redis_client)
        self.serde = KeepingSerializer()

    async def asetup(self) -> None:
        """Makes the indexes. Of several processes that start at once on an empty server, each but the first finds an
        index made between its look and its try; it looks again, once for each index at the most."""
        for left in (2, 1, 0):
            try:
                await super().asetup()
            except RedisSearchError:
                if not left:
                    raise
            else:
                return

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The latest checkpoint with its pending writes, or `None` where there never was one."""
        with _connection_errors():
            return await super().aget_tuple(config)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
        stream_mode: str = "values",
    ) -> RunnableConfig:
        """Stores a checkpoint, if the lease stands."""
        await pass_fence()
        with _connection_errors():
            saved = await super().aput(config, checkpoint, metadata, new_versions, stream_mode)
        reached(Point.CHECKPOINT_SAVED, _thread(config))
        return saved

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Stores what a task wrote, interrupts and answers among it, if the lease stands."""
        await pass_fence()
        with _connection_errors():
            await super().aput_writes(config, writes, task_id, task_path)
        reached(Point.WRITES_SAVED, _thread(config))


@asynccontextmanager
async def open_checkpointer(redis_url: str) -> AsyncGenerator[FencedRedisSaver]:
    """The saver, ready for use, with its indexes made; closed at the end.

    Raises `ConfigError` if the server cannot be reached or lacks the modules.
    """
    own = _client(redis_url)
    try:
        if own is not None:
            await probe(own)
        saver = FencedRedisSaver(None if own is not None else redis_url, redis_client=own)
        async with saver:
            yield saver
    finally:
        if own is not None:
            await own.aclose()


async def probe(server: str | Redis) -> None:
    """Raises `ConfigError` unless the server answers and knows RedisJSON and RediSearch."""
    client = server if isinstance(server, Redis) else _client(server)
    if client is None:
        return
    try:
        known = await _known(client)
    except AuthenticationError as error:
        raise ConfigError(f"Redis refuses the password: check REDIS_URL ({error})") from error
    except _PASSING as error:
        raise ConfigError(f"Redis cannot be reached: check REDIS_URL and that the server runs ({error})") from error
    except RedisError as error:
        raise ConfigError(f"Redis does not tell which commands it knows ({error}): use Redis 8") from error
    finally:
        if client is not server:
            await client.aclose()
    missing = [name for name in NEEDED if name not in known]
    if missing:
        raise ConfigError(
            f"this Redis server does not know {' and '.join(missing)}: paused threads need RedisJSON and RediSearch. "
            "Use Redis 8 or Redis Stack"
        )


async def _known(client: Redis) -> set[str]:
    """Which of the needed commands the server has: it answers `COMMAND INFO` with nothing for the others."""
    ask = cast("Callable[..., Awaitable[list[object]]]", client.execute_command)
    return {name for name, told in zip(NEEDED, await ask("COMMAND INFO", *NEEDED), strict=True) if told}


def _client(redis_url: str) -> Redis | None:
    """A client that waits for a free connection instead of failing; `None` for URLs that only the saver understands."""
    if urlsplit(redis_url).scheme not in (*ONE, SENTINEL):
        return None
    return client(redis_url, max_connections=CONNECTIONS, timeout=WAIT_FOR_CONNECTION)


def _thread(config: RunnableConfig) -> str:
    return str(config.get("configurable", {}).get("thread_id", ""))


@contextmanager
def _connection_errors() -> Generator[None]:
    """Tells a server that is away from every other failure, also where a library wrapped it."""
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, _PASSING):
                raise CheckpointerDown(f"Redis: {cause}") from error
            cause = cause.__cause__ or cause.__context__
        raise
