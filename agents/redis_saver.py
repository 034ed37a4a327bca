"""`AsyncRedisSaver`, fenced, with a serializer that keeps what it would lose, no expiry. Needs RedisJSON and
RediSearch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

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
from redis.exceptions import ResponseError
from redisvl.exceptions import RedisSearchError  # pyright: ignore[reportMissingTypeStubs]

from agents.fence import Fence, Peek, current_fence, look, the_fence
from agents.layout import Layout, checkpoint_document, one_server, write_document
from agents.outage import connection_errors
from agents.serde import KeepingSerializer
from approvals.errors import ConfigError
from approvals.points import Point, reached


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
        index made between its look and its try; it looks again, once for each index at the most.

        Raises `ConfigError` if the server does not make them.
        """
        for left in (2, 1, 0):
            try:
                with connection_errors():
                    await super().asetup()
            except (RedisSearchError, ResponseError) as error:
                if not left:
                    raise ConfigError(
                        f"the server has the commands of RediSearch, but does not make the indexes that "
                        f"AsyncRedisSaver needs ({error}): set SIGNOFF_CHECKPOINTER=valkey, or use Redis 8"
                    ) from error
            else:
                break
        if not self.cluster_mode:
            prefixes = {"checkpoint": self._checkpoint_prefix, "write": self._checkpoint_write_prefix}
            layout = Layout(cast("Redis", self._redis), **prefixes)
            self._layout = layout if await one_server(cast("Redis", self._redis)) else None

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The latest checkpoint with its pending writes, or `None` where there never was one.

        Within a drive, what was read is handed out again until something is written.
        """
        with connection_errors():
            if self._layout is None:
                return await super().aget_tuple(config)
            given = config.get("configurable", {})
            key = (_thread(config), str(given.get("checkpoint_ns", "")), str(get_checkpoint_id(config) or ""))
            return await look(key, self._layout.read, lambda found: self._tuple(config, found))

    def peek(self, thread_id: str) -> Peek | None:
        """How to read the latest checkpoint of a thread; `None` where leases are kept on another server."""
        return self._layout.peek(thread_id) if self._leases and self._layout is not None else None

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
        with connection_errors(), fence.writing() as back:
            if (layout := self._layout) is None:
                await fence.check()
                saved = await super().aput(config, checkpoint, metadata, new_versions, stream_mode)
            else:
                dumped, told = self._dump_checkpoint(checkpoint.copy()), self._dump_metadata(metadata)
                document = checkpoint_document(config.get("configurable", {}), checkpoint, metadata, dumped, told)
                outermost = not config.get("configurable", {}).get("checkpoint_ns")
                behind = fence.reading_back(self.peek(_thread(config)), checkpoint, back) if outermost else None
                await fence.passed(
                    _thread(config), lambda guard: layout.save(document, guard, behind), here=self._leases
                )
                saved = self._at(config, checkpoint["id"])
        reached(Point.CHECKPOINT_SAVED, _thread(config))
        return saved

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Stores what a task wrote, interrupts and answers among it, if the lease stands."""
        fence = the_fence()
        with connection_errors(), fence.writing():
            if (layout := self._layout) is None:
                await fence.check()
                await super().aput_writes(config, writes, task_id, task_path)
            elif writes:
                documents = [
                    self._write_of(config, (task_id, task_path), at, channel, value)
                    for at, (channel, value) in enumerate(writes)
                ]
                await fence.passed(_thread(config), lambda guard: layout.write(documents, guard), here=self._leases)
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

    @staticmethod
    def _at(config: RunnableConfig, checkpoint_id: str) -> RunnableConfig:
        given = config.get("configurable", {})
        at = {"thread_id": given["thread_id"], "checkpoint_ns": given.get("checkpoint_ns", "")}
        return {"configurable": {**at, "checkpoint_id": checkpoint_id}}


async def _nobody() -> None:
    """Where nobody drives there is no lease to lose."""


def _thread(config: RunnableConfig) -> str:
    return str(config.get("configurable", {}).get("thread_id", ""))
