"""The fence: every checkpoint write asks first whether the thread's lease still stands.

LangGraph has no mutual exclusion. Two runs of one thread fork its history without an error, so a run whose lease
passed to somebody else must not write any more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

from approvals.errors import SignoffError

Fence = Callable[[], Awaitable[None]]
"""Returns if the lease stands, raises `LeaseLost` if not."""

current_fence: ContextVar[Fence | None] = ContextVar("signoff_fence", default=None)
"""Set while a thread is driven. LangGraph copies the context into its background tasks and its worker threads."""


@contextmanager
def fenced(fence: Fence) -> Generator[None]:
    """Checkpoint writes made in this context, and in what it starts, pass the fence first."""
    token = current_fence.set(fence)
    try:
        yield
    finally:
        current_fence.reset(token)


async def pass_fence() -> None:
    """Raises `LeaseLost` if the lease is gone, and `SignoffError` if there is no fence: a run that nobody drives."""
    fence = current_fence.get()
    if fence is None:
        raise SignoffError("a checkpoint was written outside a drive: run graphs through Signoff (agents.runner)")
    await fence()
