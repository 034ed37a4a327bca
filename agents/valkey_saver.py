"""`AsyncValkeySaver`, fenced, for servers without RedisJSON and RediSearch. Needs the extra `valkey`.

The layout and the listing are the library's own (langgraph-checkpoint-aws 1.2.6). Its reads are not: they take every
error for an empty thread, which LangGraph then starts anew. And it is given the client of the other saver instead of
valkey's, so that an error that the library would swallow is not one that it knows.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
)
from langgraph_checkpoint_aws.checkpoint.valkey.async_saver import (  # pyright: ignore[reportMissingTypeStubs]
    AsyncValkeySaver,
)
from redis.asyncio import Redis

from agents.fence import Fence, Peek, current_fence, look, the_fence
from agents.layout import one_server, texts
from agents.outage import connection_errors
from agents.serde import WholeSerializer
from approvals.points import Point, reached
from approvals.ports import Guard
from approvals.store.batch import Batch
from approvals.store.scripts import Script


class FencedValkeySaver(AsyncValkeySaver):
    """Every write passes the fence of the drive it belongs to (`agents.fence`), in the same step of the server.

    Reads and writes are one script each. Where a script may not use all keys, that is where they are spread over
    several servers, the lease is looked up before each write.

    A read that fails raises: `CheckpointerDown` if the server is away, else what is wrong with what it holds. Only a
    thread that has no checkpoint is an empty one. Threads have no time to live.
    """

    def __init__(self, client: Redis, *, leases: bool = False) -> None:
        """`client` speaks bytes. `leases`: they are kept on this very server, so that a write can compare one."""
        super().__init__(cast("Any", client), serde=WholeSerializer())
        self._leases = leases
        self._redis = client
        # A write is never sent again: a late one would undo what came after it. The drive begins anew, under another
        # lease.
        batch = Batch(client, again=False)
        self._reading, self._saving, self._writing = (
            Script(batch, "agents", f"valkey_{name}") for name in ("read", "save", "write")
        )

    async def asetup(self) -> None:
        """Looks whether one script may use any keys. There is nothing to make."""
        with connection_errors():
            self._leases = self._leases and await one_server(self._redis)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The latest checkpoint with its pending writes, or `None` where there never was one.

        Within a drive, what was read is handed out again until something is written.
        """
        with connection_errors():
            thread_id, namespace = _at(config)
            key = (thread_id, namespace, str(get_checkpoint_id(config) or ""))
            return await look(key, self._read, lambda found: self._tuple(thread_id, namespace, found))

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """The checkpoints of a thread, newest first. One that fails in the middle raises, instead of ending early."""
        with connection_errors():
            async for found in super().alist(config, filter=filter, before=before, limit=limit):
                yield found

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,  # noqa: ARG002 - LangGraph's protocol
    ) -> RunnableConfig:
        """Stores a checkpoint, if the lease stands."""
        thread_id, namespace = _at(config)
        document = json.dumps(self._serialize_checkpoint_data(config, checkpoint, metadata))
        keys = [
            self._make_checkpoint_key(thread_id, namespace, checkpoint["id"]),
            self._make_thread_key(thread_id, namespace),
        ]

        fence = the_fence()

        async def save(guard: Guard | None) -> bool:
            behind = None if namespace else fence.reading_back(self.peek(thread_id), checkpoint, back)
            saved, tell = await self._saving.followed(*_guarded(guard, keys, [checkpoint["id"], document]), behind)
            if saved:
                tell()
            return bool(saved)

        with connection_errors(), fence.writing() as back:
            await fence.passed(thread_id, save, here=self._leases)
        reached(Point.CHECKPOINT_SAVED, thread_id)
        return _config(thread_id, namespace, checkpoint["id"])

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",  # noqa: ARG002 - LangGraph's protocol
    ) -> None:
        """Stores what a task wrote, interrupts and answers among it, if the lease stands."""
        fence = the_fence()
        thread_id, namespace = _at(config)
        checkpoint_id = str(config.get("configurable", {})["checkpoint_id"])
        rows = json.dumps(self._serialize_writes_data(writes, task_id))
        keys = [self._make_writes_key(thread_id, namespace, checkpoint_id)]

        async def write(guard: Guard | None) -> bool:
            return bool(await self._writing(*_guarded(guard, keys, [rows])))

        if writes:
            with connection_errors(), fence.writing():
                await fence.passed(thread_id, write, here=self._leases)
        reached(Point.WRITES_SAVED, thread_id)

    async def adelete_thread(self, thread_id: str) -> None:
        """Deletes everything of a thread. (Nothing in Signoff does.)"""
        with connection_errors(), (current_fence.get() or Fence(_nobody)).writing():
            await super().adelete_thread(thread_id)

    async def _read(self, thread_id: str, namespace: str, checkpoint_id: str) -> list[str]:
        """Id, document and writes of a checkpoint (empty id: of the latest); nothing if there is none."""
        return texts(await self._reading(*self._where(thread_id, namespace, checkpoint_id)))

    def peek(self, thread_id: str) -> Peek | None:
        """How to read the latest checkpoint of a thread; `None` where leases are kept on another server."""
        return (
            Peek((thread_id, "", ""), self._reading.command(*self._where(thread_id, "", "")), texts)
            if self._leases
            else None
        )

    def _where(self, thread_id: str, namespace: str, checkpoint_id: str) -> tuple[list[str], list[str]]:
        prefixes = [make(thread_id, namespace, "") for make in (self._make_checkpoint_key, self._make_writes_key)]
        return [self._make_thread_key(thread_id, namespace)], [checkpoint_id, *prefixes]

    def _tuple(self, thread_id: str, namespace: str, found: Sequence[str]) -> CheckpointTuple:
        checkpoint_id, document, writes = found
        return self._deserialize_checkpoint_data(
            json.loads(document),
            json.loads(writes),
            thread_id,
            namespace,
            checkpoint_id,
            _config(thread_id, namespace, checkpoint_id),
        )


async def _nobody() -> None:
    """Where nobody drives there is no lease to lose."""


def _at(config: RunnableConfig) -> tuple[str, str]:
    given = config.get("configurable", {})
    return str(given["thread_id"]), str(given.get("checkpoint_ns", ""))


def _config(thread_id: str, namespace: str, checkpoint_id: str) -> RunnableConfig:
    at = {"thread_id": thread_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint_id}
    return {"configurable": at}


def _guarded(guard: Guard | None, keys: Sequence[str], args: Sequence[str]) -> tuple[list[str], list[str]]:
    """Keys and arguments of a write, with the lease that it compares."""
    return [*keys, *([guard.key] if guard else [])], [guard.value if guard else "", *args]
