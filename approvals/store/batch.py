"""Commands that are sent together, over a connection that is kept: those that are asked for while others are under way
share the next round trip.

redis-py takes a connection out of its pool for each command, looks whether it is alive, and makes a task and two
timers: twice the time of the round trip itself. A decision that is carried out is eleven commands in a row.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

MOST = 64
"""Commands in one go."""

LIMIT = 10.0
"""Seconds in which the server must have answered them."""

IDLE = 1.0
"""Seconds after which the server, or something between, may have closed a connection that nobody used."""

_BROKEN = (RedisConnectionError, RedisTimeoutError, OSError, TimeoutError)
Command = tuple[str | int, ...]
"""Its name and arguments."""


@dataclass(frozen=True, slots=True)
class _Asked:
    command: Command
    packed: bytes
    answer: asyncio.Future[Any]
    behind: bool = False


class Batch:
    """Sends what waits as one pipeline over a connection of its own, each command answered for itself.

    Of what is sent together nothing depends on another: whoever asks waits for the answer before asking on. They are
    carried out in the order in which they were asked for.

    Where the connection breaks, or is silent for too long, what was not answered is asked `again` in redis-py's own
    way: with its pauses, as often as the client was told, by Sentinel where there is one. So each command must bear
    being sent twice, as with redis-py, and the first to be carried out after the second. Without `again` it raises.

    The connection is one of the client's pool, and is closed with it.
    """

    def __init__(self, redis: Redis, *, again: bool = True) -> None:
        self._redis = redis
        self._resend = again
        self._used = 0.0
        self._waiting: list[_Asked] = []
        self._connection: AbstractConnection | None = None
        self._timeout: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending = False

    async def command(self, *args: str | int) -> Any:
        """What the server answers; raises what it answers with."""
        return await self._ask(args)

    async def both(self, first: Command, second: Command) -> tuple[Any, Any]:
        """What the server answers to either; raises what it answers to the first with.

        The second is carried out after the first, and right behind it but for what others ask of the server meanwhile.
        It is never sent again by itself: `None` if it failed, or if the connection did.
        """
        answers: list[Any] = [self._ask(first), self._ask(second, behind=True)]
        one, other = await asyncio.gather(*answers, return_exceptions=True)
        if isinstance(one, BaseException):
            raise one
        return one, None if isinstance(other, BaseException) else other

    def _ask(self, command: Command, *, behind: bool = False) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Asked(command, packed(command), answer, behind))
        if not self._sending:
            self._sending = True
            self._start(self._send())
        return answer

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self) -> None:
        """Until nothing waits."""
        now: list[_Asked] = []
        try:
            while self._waiting:
                now, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._together(now)
        except BaseException:  # cancelled, with the loop
            for asked in (*now, *self._waiting):
                asked.answer.cancel()
            self._waiting.clear()
            raise
        finally:
            self._sending = False

    async def _together(self, now: list[_Asked]) -> None:
        answered = 0
        try:
            connection = await self._ready()
            async with asyncio.timeout(LIMIT):
                await connection.send_packed_command(b"".join([asked.packed for asked in now]))
                for asked in now:
                    try:
                        said: Any = await cast("Any", connection).read_response()
                    except ResponseError as refused:
                        _raises(asked.answer, refused)
                    else:
                        _is(asked.answer, said)
                    answered += 1
        except _BROKEN as broken:
            await self._drop()
            for asked in now[answered:]:
                if asked.behind or not self._resend:  # by itself it might come before what it follows
                    _raises(asked.answer, broken)
            if left := [asked for asked in now[answered:] if not asked.answer.done()]:
                self._start(self._again(left))
        except Exception as error:  # noqa: BLE001 - whoever asked for it is told
            await self._drop()
            for asked in now[answered:]:
                _raises(asked.answer, error)

    async def _ready(self) -> AbstractConnection:
        """The connection, made anew if it was closed while nobody used it."""
        now, connection = asyncio.get_running_loop().time(), self._connection
        if connection is None:
            connection = await self._open()
        elif now - self._used > IDLE:
            await _connected(connection)
        self._used = now
        return connection

    async def _open(self) -> AbstractConnection:
        connection = await self._redis.connection_pool.get_connection()
        await _connected(connection)
        # A timer for all of them, not two and a task for each.
        self._timeout, connection.socket_timeout = connection.socket_timeout, None
        self._connection = connection
        return connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)
            connection.socket_timeout = self._timeout
            await self._redis.connection_pool.release(connection)

    async def _again(self, commands: list[_Asked]) -> None:
        await asyncio.gather(*(self._alone(asked.command, asked.answer) for asked in commands))

    async def _alone(self, command: Command, answer: asyncio.Future[Any]) -> None:
        try:
            said: Any = await cast("Any", self._redis).execute_command(*command)
        except Exception as error:  # noqa: BLE001 - whoever asked for it is told
            _raises(answer, error)
        except BaseException:
            answer.cancel()
            raise
        else:
            _is(answer, said)


def packed(command: Command) -> bytes:
    """As the protocol has it. (redis-py looks at the type of each argument four times, and a commit has fifty.)"""
    args = [str(each).encode() for each in command]
    return b"*%d\r\n%b" % (len(args), b"".join([b"$%d\r\n%b\r\n" % (len(arg), arg) for arg in args]))


async def _connected(connection: AbstractConnection) -> None:
    """Connects anew what the other side has closed. (The pool's own look passes over it in redis-py 8.1, where it
    listens for notices of maintenance, as it does by default.)"""
    await connection.connect()
    if await cast("Any", connection).can_read():  # nothing is awaited: it is its end
        await connection.disconnect()
        await connection.connect()


def _is(answer: asyncio.Future[Any], said: Any) -> None:
    if not answer.done():  # whoever asked may be gone
        answer.set_result(said)


def _raises(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
