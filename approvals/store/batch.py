"""Commands that are sent together: those of one turn of the event loop share a connection and one round trip."""

from __future__ import annotations

import asyncio
from typing import Any

from redis.asyncio import Redis

MOST = 64
"""Commands in one go."""

_Waiting = list[tuple[tuple[str | int, ...], asyncio.Future[Any]]]


class Batch:
    """Sends what is asked for in one turn of the loop as one pipeline, each answered for itself.

    Of what is sent together nothing depends on another: whoever asks waits for the answer before asking on. A
    connection that fails, fails for all of them, as it would for each.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: _Waiting = []
        self._sending: set[asyncio.Task[None]] = set()

    async def command(self, *args: str | int) -> Any:
        """What the server answers; raises what it answers with."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((args, answer))
        if len(self._waiting) == 1:
            loop.call_soon(self._flush)
        return await answer

    def _flush(self) -> None:
        while self._waiting:
            now, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            task = asyncio.get_running_loop().create_task(self._send(now))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, now: _Waiting) -> None:
        try:
            if len(now) == 1:
                answers: list[Any] = [await self._redis.execute_command(*now[0][0])]  # pyright: ignore[reportUnknownMemberType]
            else:
                async with self._redis.pipeline(transaction=False) as pipe:
                    for args, _ in now:
                        pipe.execute_command(*args)  # pyright: ignore[reportUnknownMemberType]
                    answers = await pipe.execute(raise_on_error=False)
        except BaseException as failed:
            for _, answer in now:
                if not answer.done():
                    answer.set_exception(failed) if isinstance(failed, Exception) else answer.cancel()
            if not isinstance(failed, Exception):
                raise
            return
        for (_, answer), said in zip(now, answers, strict=True):
            if not answer.done():
                answer.set_exception(said) if isinstance(said, Exception) else answer.set_result(said)
