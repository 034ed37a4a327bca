"""`signoff serve`: one replica. Any number of them may run beside each other."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import structlog

from approvals.settings import Settings
from bot.app import serving
from bot.core import open_core

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger()


class Workers(ThreadPoolExecutor):
    """The threads in which nodes run that are not `async`; knows which of them are at work."""

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="node")
        self.busy: set[Future[object]] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As ever, and remembered until it is done."""
        future = super().submit(fn, *args, **kwargs)
        self.busy.add(future)  # pyright: ignore[reportArgumentType]  a future only gives its value
        future.add_done_callback(self.busy.discard)  # pyright: ignore[reportArgumentType]  the same
        return future


def stop_on_signals() -> asyncio.Event:
    """Set by SIGINT or SIGTERM, so that what runs is finished and leases are handed back."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    return stopped


async def serve_until_stopped(settings: Settings) -> None:
    """Serves until a signal. What runs then is finished within SIGNOFF_SHUTDOWN_SECONDS; the rest stays due."""
    stopped = stop_on_signals()
    workers = Workers()
    asyncio.get_running_loop().set_default_executor(workers)
    async with open_core(settings) as core, serving(core):
        await stopped.wait()
    if workers.busy:
        # A thread cannot be cancelled, and Python would wait for it for ever. Its lease is handed back already.
        log.warning("nodes left behind", action="serve.left", nodes=len(workers.busy))
        sys.stderr.flush()
        os._exit(0)
