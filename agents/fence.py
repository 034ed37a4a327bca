"""The fence: no checkpoint is written unless the thread's lease still stands.

LangGraph has no mutual exclusion. Two runs of one thread fork its history without an error, so a run whose lease
passed to somebody else must not write any more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointTuple, PendingWrite

from approvals.errors import LeaseLost, SignoffError
from approvals.ports import Behind, Guard

Key = tuple[str, str, str]
"""Of what was read: thread, namespace, checkpoint id (empty for the latest)."""

Back = tuple[Key, Sequence[str]]
"""What was read back of it."""


@dataclass(slots=True)
class Fence:
    """What stands around one drive.

    `check` returns if the lease stands, and raises `LeaseLost` if not. With a `guard` the write itself compares the
    lease, in the same step of the server: then nothing can come in between, and `check` is not asked.

    `seen` is what was last read, as text, by thread, namespace and checkpoint id. While the lease stands nobody else
    who asks for it writes, so what one look at the thread asks for again is not read again. A run begins by dropping
    it: LangGraph then finds a thread that somebody moved without a lease, and its strict resume refuses our answer. The
    first write drops it too: what follows is read back from the server. `writes` counts, so that a read which began
    before a write is not kept after it. `fresh`: it was read for the run that begins next. The writes that came with it
    are in `pending`, for whoever only looks at those.

    `triggers` are the channels that make a node of the graph run, where that is known. A checkpoint that changes none
    of them is most likely the last of a run: it is read back along with the write, after it, since the driver will ask.
    """

    check: Callable[[], Awaitable[None]]
    guard: Guard | None = None
    seen: dict[Key, Sequence[str]] = field(default_factory=dict[Key, Sequence[str]])
    writes: int = 0
    fresh: bool = False
    pending: dict[Key, Sequence[PendingWrite]] = field(default_factory=dict[Key, Sequence[PendingWrite]])
    triggers: frozenset[str] | None = None
    _begun: int = 0

    @contextmanager
    def writing(self) -> Generator[list[Back]]:
        """Around a write, from before it is sent until it was answered. What was read back behind it is kept if no
        other began since: those that began before were sent before, over the same connection, or are over later than
        this, and then it is forgotten."""
        self.forget()
        self._begun += 1
        mine, back = self._begun, list[Back]()
        try:
            yield back
        finally:
            self.forget()
            if self._begun == mine:
                self.seen.update(back)

    def reading_back(self, peek: Peek | None, checkpoint: Checkpoint, back: list[Back]) -> Behind | None:
        """What goes along with the write of that checkpoint, and ends up in `back`."""
        changed = checkpoint.get("updated_channels")
        if peek is None or self.triggers is None or changed is None or not self.triggers.isdisjoint(changed):
            return None
        return Behind(peek.command, lambda answer: back.append((peek.key, peek.texts(answer))))

    async def passed(self, thread_id: str, write: Callable[[Guard | None], Awaitable[bool]], *, here: bool) -> None:
        """Writes; raises `LeaseLost` where the lease was another's, and nothing was written. `here`: leases are kept
        where the checkpoints are, so that the write itself can compare."""
        guard = self.guard if here else None
        if guard is None:
            await self.check()
        if not await write(guard):
            raise LeaseLost(f"the lease of thread {thread_id} passed to somebody else")

    def forget(self) -> None:
        """What is asked for next is read from the server."""
        self.writes += 1
        self.fresh = False
        self.seen.clear()
        self.pending.clear()

    def begin(self) -> None:
        """A run begins: on what was read for it, or it reads."""
        if not self.fresh:
            self.forget()
        self.fresh = False


@dataclass(frozen=True, slots=True)
class Peek:
    """How to read the latest checkpoint of a thread on the server where leases are kept, and what to make of the
    answer."""

    key: Key
    command: tuple[str | int, ...]
    texts: Callable[[Any], Sequence[str]]

    def ahead(self) -> Behind:
        """To be sent behind the step that hands over an answer: the run that begins then looks at nothing older."""
        fence = the_fence()
        fence.forget()

        def told(answer: object) -> None:
            fence.seen[self.key], fence.fresh = self.texts(answer), True

        return Behind(self.command, told)


@runtime_checkable
class Peeking(Protocol):
    """A checkpointer that tells how it reads."""

    def peek(self, thread_id: str) -> Peek | None: ...


current_fence: ContextVar[Fence | None] = ContextVar("signoff_fence", default=None)
"""Set while a thread is driven. LangGraph copies the context into its background tasks and its worker threads."""


@contextmanager
def fenced(check: Callable[[], Awaitable[None]], guard: Guard | None = None) -> Generator[None]:
    """Checkpoint writes made in this context, and in what it starts, pass the fence."""
    token = current_fence.set(Fence(check, guard))
    try:
        yield
    finally:
        current_fence.reset(token)


def the_fence() -> Fence:
    """Raises `SignoffError` if there is none: a run that nobody drives."""
    fence = current_fence.get()
    if fence is None:
        raise SignoffError("a checkpoint was written outside a drive: run graphs through Signoff (agents.runner)")
    return fence


def seen_writes(config: RunnableConfig) -> Sequence[PendingWrite] | None:
    """What tasks wrote at a checkpoint, as the drive saw it since its last write; `None`: the server must be asked."""
    fence, given = current_fence.get(), config.get("configurable", {})
    at = (str(given.get("thread_id", "")), str(given.get("checkpoint_ns", "")), str(given.get("checkpoint_id", "")))
    return fence.pending.get(at) if fence is not None else None


async def look(
    key: Key,
    read: Callable[[str, str, str], Awaitable[Sequence[str]]],
    build: Callable[[Sequence[str]], CheckpointTuple],
) -> CheckpointTuple | None:
    """A checkpoint with its pending writes, or `None` where there never was one.

    Within a drive, what was read is handed out again until something is written.
    """
    fence = current_fence.get()
    seen = fence.seen.get(key) if fence is not None else None
    began = fence.writes if fence is not None else 0
    found = seen if seen is not None else await read(*key)
    built = build(found) if found else None
    if fence is not None and fence.writes == began:
        fence.seen[key] = found
        if built is not None:  # it is asked for by its own id as well
            own = (*key[:2], str(built.config.get("configurable", {})["checkpoint_id"]))
            fence.seen[own] = found
            fence.pending[own] = built.pending_writes or ()
    return built
