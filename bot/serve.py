"""`signoff serve`: one replica. Any number of them may run beside each other."""

from __future__ import annotations

import asyncio
import signal

from approvals.settings import Settings
from bot.app import serving
from bot.core import open_core


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
    async with open_core(settings) as core, serving(core):
        await stopped.wait()
