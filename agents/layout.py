"""How `AsyncRedisSaver` (0.5.2) lays out a checkpoint in Redis, and three scripts that read and write it in one step.

The layout is the library's own, key by key and field by field: what it wrote is read here, and the other way round (a
test compares both). Only the number of round trips differs: it takes five in a row to read a checkpoint, and writes
each in two.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.checkpoint.redis.util import to_storage_safe_id, to_storage_safe_str
from redis.asyncio import Redis
from redis.exceptions import ClusterCrossSlotError, MovedError

from agents.fence import Peek
from approvals.ports import Behind, Guard
from approvals.store.batch import Batch
from approvals.store.scripts import Script

WRITES = "write_keys_zset"
APART = "abcdefghijklmnop"
"""Makes sixteen keys in different slots."""


class Layout:
    """Reads and writes documents. A read or write is one script, which nothing interleaves with."""

    def __init__(self, redis: Redis, *, checkpoint: str, write: str) -> None:
        """`checkpoint` and `write` are the prefixes of the library's keys."""
        self._redis = redis
        self._checkpoint, self._write = checkpoint, write
        # A write is never sent again: a late one would undo what came after it. The drive begins anew, under another
        # lease.
        batch = Batch(redis, again=False)
        self._reading, self._saving, self._writing = (
            Script(batch, "agents", f"redis_{name}") for name in ("read", "save", "write")
        )

    async def read(self, thread_id: str, namespace: str, checkpoint_id: str | None) -> list[str]:
        """The document of a checkpoint (`None`: of the latest), then those of its writes; empty if there is none."""
        return texts(await self._reading(*self._where(thread_id, namespace, checkpoint_id)))

    def peek(self, thread_id: str) -> Peek:
        """The same of the latest, for somebody else to send."""
        return Peek((thread_id, "", ""), self._reading.command(*self._where(thread_id, "", None)), texts)

    def _where(self, thread_id: str, namespace: str, checkpoint_id: str | None) -> tuple[list[str], list[str]]:
        of = _safe(thread_id, namespace, checkpoint_id or "")
        latest = _key(f"{self._checkpoint}_latest", *of[:2])
        key = _key(self._checkpoint, *of) if checkpoint_id else latest
        return [key], ["" if checkpoint_id else "latest", self._checkpoint, WRITES]

    async def save(self, document: Mapping[str, Any], guard: Guard | None, behind: Behind | None = None) -> bool:
        """Stores a checkpoint as the latest. False if the lease that `guard` names is another's. `behind` goes
        along."""
        of = (document["thread_id"], document["checkpoint_ns"], document["checkpoint_id"])
        keys = [_key(self._checkpoint, *of), _key(f"{self._checkpoint}_latest", *of[:2])]
        keys += [_key(WRITES, *of), *([guard.key] if guard else [])]
        args = [guard.value if guard else "", json.dumps(document)]
        saved, tell = await self._saving.followed(keys, args, behind)
        if saved:
            tell()
        return bool(saved)

    async def write(self, documents: Sequence[Mapping[str, Any]], guard: Guard | None) -> bool:
        """Stores what a task wrote. False if the lease that `guard` names is another's."""
        first = documents[0]
        of = (first["thread_id"], first["checkpoint_ns"], first["checkpoint_id"])
        keys = [_key(self._checkpoint, *of), _key(WRITES, *of)]
        keys += [_key(self._write, *of, each["task_id"], each["idx"]) for each in documents]
        keys += [guard.key] if guard else []
        args = [guard.value if guard else "", *(json.dumps(each) for each in documents)]
        return bool(await self._writing(keys, args))


async def one_server(redis: Redis) -> bool:
    """Whether one script may use any keys. Not where keys are spread over several servers, a proxy before them."""
    try:
        await redis.eval("return 1", len(APART), *(f"checkpoint:{{{name}}}" for name in APART))
    except (ClusterCrossSlotError, MovedError):
        return False
    return True


def checkpoint_document(
    config: Mapping[str, Any], checkpoint: Mapping[str, Any], metadata: Mapping[str, Any], dumped: Any, told: str
) -> dict[str, Any]:
    """The document of a checkpoint; `dumped` and `told` are it and its metadata as the library stores them."""
    own, given = str(checkpoint["id"]), str(config.get("checkpoint_id") or "")
    run_id = config.get("run_id", metadata.get("run_id"))
    document: dict[str, Any] = {
        **_at(config, own),
        "run_id": str(run_id) if run_id else "",
        "parent_checkpoint_id": given if given != own else "",
        "checkpoint_ts": time.time() * 1000,  # only the library's own listing looks at it
        "checkpoint": dumped,
        "metadata": told,
        "has_writes": False,
    }
    if "source" in metadata and "step" in metadata:
        document |= {"source": metadata["source"], "step": metadata["step"]}
    return document


def write_document(
    config: Mapping[str, Any], task: tuple[str, str], index: int, channel: str, kind: str, blob: str
) -> dict[str, Any]:
    """The document of one write of a task (id and path)."""
    return {
        **_at(config, config["checkpoint_id"]),
        "task_id": task[0],
        "task_path": task[1],
        "idx": index,
        "channel": channel,
        "type": kind,
        "blob": blob,
    }


def _at(config: Mapping[str, Any], checkpoint_id: str) -> dict[str, str]:
    names = ("thread_id", "checkpoint_ns", "checkpoint_id")
    return dict(zip(names, _safe(config["thread_id"], config.get("checkpoint_ns", ""), checkpoint_id), strict=True))


def _safe(thread_id: object, namespace: str, checkpoint_id: str) -> tuple[str, str, str]:
    """As the library writes them: an empty text is not empty in a key."""
    return to_storage_safe_id(str(thread_id)), to_storage_safe_str(namespace), to_storage_safe_id(checkpoint_id)


def _key(prefix: str, *parts: object) -> str:
    return ":".join((prefix, *(str(part) for part in parts)))


def texts(found: Sequence[str | bytes | None]) -> list[str]:
    """What a script found, whatever the client that asked makes of text."""
    return [each.decode() if isinstance(each, bytes) else each for each in found if each]
