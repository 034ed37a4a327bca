"""A door in front of a server on loopback: it can be slammed at a chosen request, before or after that took effect."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Door:
    """Passes bytes both ways. Used as `async with`."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._left: int | None = None
        self._answered = False
        self._shut = self._closed = 0
        self.slams = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Door:
        self._server = await asyncio.start_server(self._enter, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """For `REDIS_URL`."""
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    def slam(self, *, after: int, answered: bool, shut: int) -> None:
        """The connection of the request that comes `after` so many breaks: before the server saw it, or once it has
        `answered`, which nobody hears. The next `shut` connections break at once."""
        self._left, self._answered, self._shut = after, answered, shut

    def open(self) -> None:
        """Lets everything through."""
        self._left, self._closed = None, 0

    def _slams(self) -> bool:
        if self._left is None:
            return False
        self._left -= 1
        if self._left >= 0:
            return False
        self._left, self._closed = None, self._shut
        self.slams += 1
        return True

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self._closed:
                self._closed -= 1
                return
            inner, outer = await asyncio.open_connection("127.0.0.1", self._target)
            await self._both(reader, writer, inner, outer)
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _both(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        inner: asyncio.StreamReader,
        outer: asyncio.StreamWriter,
    ) -> None:
        silent = asyncio.Event()

        async def requests() -> None:
            while data := await reader.read(1 << 16):
                if self._slams():
                    if not self._answered:
                        return
                    silent.set()
                outer.write(data)
                await outer.drain()

        async def replies() -> None:
            while (data := await inner.read(1 << 16)) and not silent.is_set():
                writer.write(data)
                await writer.drain()

        ways = [asyncio.create_task(requests()), asyncio.create_task(replies())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            with suppress(ConnectionError):
                await asyncio.gather(*ways, return_exceptions=True)
            outer.close()
