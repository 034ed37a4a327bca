"""Where paused threads live: `AsyncRedisSaver`, fenced, with a serializer that keeps what it would lose, no expiry."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
)
from langgraph.checkpoint.redis.aio import AsyncRedisSaver
from langgraph.checkpoint.redis.util import from_storage_safe_id
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

from agents.fence import Fence, current_fence, the_fence
from agents.layout import Layout, checkpoint_document, write_document
from agents.serde import KeepingSerializer
from approvals.errors import ConfigError, LeaseLost, SignoffError
from approvals.points import Point, reached
from approvals.ports import Guard
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
    """Every write passes the fence of the drive it belongs to (`agents.fence`), in the same step of the server.

    Reads and writes are one script each (`agents.layout`). Where a script may not use all keys, that is where they are
    spread over several servers, the library's own way is gone, and the lease is looked up before each write.

    A connection that fails is a `CheckpointerDown`, never an empty thread. Threads have no time to live: one that
    expires while it is paused would start anew.
    """

    def __init__(
        self, redis_url: str | None = None, *, redis_client: Redis | None = None, leases: bool = False
    ) -> None:
        """`leases`: they are kept on this very server, so that a write can compare one in the same step."""
        super().__init__(redis_url, redis_client=redis_client)
        self.serde = KeepingSerializer()
        self._leases = leases
        self._layout: Layout | None = None

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
                break
        if not self.cluster_mode:
            prefixes = {"checkpoint": self._checkpoint_prefix, "write": self._checkpoint_write_prefix}
            layout = Layout(cast("Redis", self._redis), **prefixes)
            self._layout = layout if await layout.whole() else None

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The latest checkpoint with its pending writes, or `None` where there never was one.

        Within a drive, what was read is handed out again until something is written.
        """
        with _connection_errors():
            if self._layout is None:
                return await super().aget_tuple(config)
            given, fence = config.get("configurable", {}), current_fence.get()
            key = (_thread(config), str(given.get("checkpoint_ns", "")), str(get_checkpoint_id(config) or ""))
            found = fence.seen.get(key) if fence is not None else None
            if found is not None:
                return self._tuple(config, found) if found else None
            began = fence.writes if fence is not None else 0
            found = await self._layout.read(*key)
        read = self._tuple(config, found) if found else None
        if fence is not None and fence.writes == began:
            fence.seen[key] = found
            if read is not None:  # it is asked for by its own id as well
                fence.seen[(*key[:2], read.config.get("configurable", {})["checkpoint_id"])] = found
        return read

    def _tuple(self, config: RunnableConfig, found: Sequence[str]) -> CheckpointTuple:
        document, *writes = (cast("dict[str, Any]", json.loads(text)) for text in found)
        stored = cast("dict[str, Any]", document["checkpoint"])
        values = self._recursive_deserialize(stored.get("channel_values", {}))
        by_task = {(str(each["task_id"]), str(each["idx"])): each for each in writes}
        parent = from_storage_safe_id(document.get("parent_checkpoint_id") or "")
        return CheckpointTuple(
            config=self._at(config, from_storage_safe_id(document["checkpoint_id"])),
            # No `pending_sends`: LangGraph has kept them in a channel since its checkpoints are of version 4.
            checkpoint=self._load_checkpoint(stored, values, []),
            metadata=cast("CheckpointMetadata", json.loads(document["metadata"])),
            parent_config=self._at(config, parent) if parent else None,
            pending_writes=self._load_writes(self.serde, by_task),  # pyright: ignore[reportUnknownMemberType]
        )

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
        stream_mode: str = "values",
    ) -> RunnableConfig:
        """Stores a checkpoint, if the lease stands."""
        fence = the_fence()
        with _connection_errors(), fence.writing():
            if (layout := self._layout) is None:
                await fence.check()
                saved = await super().aput(config, checkpoint, metadata, new_versions, stream_mode)
            else:
                dumped, told = self._dump_checkpoint(checkpoint.copy()), self._dump_metadata(metadata)
                document = checkpoint_document(config.get("configurable", {}), checkpoint, metadata, dumped, told)
                await self._passed(fence, config, lambda guard: layout.save(document, guard))
                saved = self._at(config, checkpoint["id"])
        reached(Point.CHECKPOINT_SAVED, _thread(config))
        return saved

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Stores what a task wrote, interrupts and answers among it, if the lease stands."""
        fence = the_fence()
        with _connection_errors(), fence.writing():
            if (layout := self._layout) is None:
                await fence.check()
                await super().aput_writes(config, writes, task_id, task_path)
            elif writes:
                documents = [
                    self._write_of(config, (task_id, task_path), at, channel, value)
                    for at, (channel, value) in enumerate(writes)
                ]
                await self._passed(fence, config, lambda guard: layout.write(documents, guard))
        reached(Point.WRITES_SAVED, _thread(config))

    async def adelete_thread(self, thread_id: str) -> None:
        """Deletes everything of a thread. (Nothing in Signoff does.)"""
        with (current_fence.get() or Fence(_nobody)).writing():
            await super().adelete_thread(thread_id)

    async def aprune(self, thread_ids: Sequence[str], **how: Any) -> None:
        """Deletes older checkpoints. (Nothing in Signoff does.)"""
        with (current_fence.get() or Fence(_nobody)).writing():
            await super().aprune(thread_ids, **how)

    def _write_of(
        self, config: RunnableConfig, task: tuple[str, str], at: int, channel: str, value: object
    ) -> dict[str, Any]:
        kind, blob = self.serde.dumps_typed(value)
        index = WRITES_IDX_MAP.get(channel, at)
        return write_document(config.get("configurable", {}), task, index, channel, kind, self._encode_blob(blob))

    async def _passed(
        self, fence: Fence, config: RunnableConfig, write: Callable[[Guard | None], Awaitable[bool]]
    ) -> None:
        """Writes; raises `LeaseLost` where the lease was another's, and nothing was written."""
        guard = fence.guard if self._leases else None
        if guard is None:
            await fence.check()
        if not await write(guard):
            raise LeaseLost(f"the lease of thread {_thread(config)} passed to somebody else")

    @staticmethod
    def _at(config: RunnableConfig, checkpoint_id: str) -> RunnableConfig:
        given = config.get("configurable", {})
        at = {"thread_id": given["thread_id"], "checkpoint_ns": given.get("checkpoint_ns", "")}
        return {"configurable": {**at, "checkpoint_id": checkpoint_id}}


async def _nobody() -> None:
    """Where nobody drives there is no lease to lose."""


@asynccontextmanager
async def open_checkpointer(redis_url: str, *, leases: bool = False) -> AsyncGenerator[FencedRedisSaver]:
    """The saver, ready for use, with its indexes made; closed at the end. `leases`: they are kept there as well.

    Raises `ConfigError` if the server cannot be reached or lacks the modules.
    """
    own = _client(redis_url)
    try:
        if own is not None:
            await probe(own)
        saver = FencedRedisSaver(None if own is not None else redis_url, redis_client=own, leases=leases)
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
