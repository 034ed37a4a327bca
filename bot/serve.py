"""`signoff serve`: one replica. Any number of them may run beside each other."""

from __future__ import annotations

import asyncio
import contextlib
import signal

import structlog
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from approvals.settings import Settings
from approvals.store.redis import connect
from bot.app import Runtime, serving
from bot.core import open_core
from bot.workers import Workers

LOOK_AGAIN = 1.0
"""Seconds between two looks at a server that is not up."""

log = structlog.get_logger()


def stop_on_signals() -> asyncio.Event:
    """Set by SIGINT or SIGTERM, so that what runs is finished and leases are handed back."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    return stopped


async def redis_is_up(settings: Settings, stopped: asyncio.Event) -> bool:
    """Waits for a server that is starting, SIGNOFF_REDIS_WAIT_SECONDS at the most; False if we were stopped meanwhile.

    What is wrong for another reason than not being there yet is left to `open_core`, which names the remedy.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + settings.signoff_redis_wait_seconds
    try:
        redis = connect(settings.redis_url.get_secret_value())
    except ValueError:
        return True
    try:
        while not stopped.is_set():
            try:
                await redis.ping()  # pyright: ignore[reportUnknownMemberType]
            except AuthenticationError:
                return True
            except (RedisConnectionError, RedisTimeoutError, OSError) as away:
                left = deadline - loop.time()
                if left <= 0:
                    return True
                log.warning("waiting for Redis", action="serve.waiting", why=str(away), left_s=round(left))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopped.wait(), min(LOOK_AGAIN, left))
            else:
                return True
        return False
    finally:
        await redis.aclose()
        await redis.connection_pool.aclose()


async def serve_until_stopped(settings: Settings) -> None:
    """Serves until a signal. What runs then is finished within SIGNOFF_SHUTDOWN_SECONDS; the rest stays due."""
    stopped = stop_on_signals()
    workers = Workers.here()  # before anything looks up a name
    if not await redis_is_up(settings, stopped):
        return
    async with open_core(settings) as core, serving(core) as runtime:
        await _end(stopped, runtime)
    workers.leave()


async def _end(stopped: asyncio.Event, runtime: Runtime) -> None:
    """Returns once we were stopped; raises `ConfigError` where Slack, when it came at last, refused a token."""
    ends = {asyncio.create_task(stopped.wait()), asyncio.create_task(runtime.refused())}
    done, left = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    for task in done:
        task.result()
