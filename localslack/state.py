"""The workspace in a file: messages, direct messages and Homes survive a restart, under the same timestamps."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

from .core import Core
from .entities import Message
from .views import View
from .wire import Json, as_list, as_object

FORMAT = 1
DEBOUNCE_SECONDS = 0.3


class StateFile:
    """Writes the file shortly after a change and at the stop, atomically; reads it at the start.

    Not kept: open modals, trigger ids, response URLs, ephemeral messages and the journal.
    """

    def __init__(self, core: Core, path: Path) -> None:
        self._core = core
        self._path = path
        self._written = ""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.load()
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
            self._write()

    async def _keep(self) -> None:
        while True:
            await self._core.changes.next()
            await asyncio.sleep(DEBOUNCE_SECONDS)
            if self._write():
                self._core.changes.touch()

    def _write(self) -> bool:
        text = json.dumps(self._snapshot())
        if text == self._written:
            return False
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(name).replace(self._path)
        self._written = text
        return True

    def _snapshot(self) -> Json:
        world = self._core.world
        return {
            "format": FORMAT,
            "team": world.team.id,
            "last_ts": world.last_ts,
            "dms": [channel.user for channel in world.channels.values() if channel.is_im],
            "messages": [asdict(message) for items in world.messages.values() for message in items if _kept(message)],
            "homes": [asdict(view) for view in self._core.views.homes.values()],
        }

    def load(self) -> None:
        """Take over what the file holds, if there is one; `ValueError` if it is of another workspace or format."""
        if not self._path.exists():
            return
        world = self._core.world
        data: Json = json.loads(self._path.read_text())
        if data.get("format") != FORMAT or data.get("team") != world.team.id:
            raise ValueError(f"{self._path} holds another workspace or format; move it away to start afresh")
        world.last_ts = int(data["last_ts"])
        for user in as_list(data.get("dms")) or []:
            world.dm(str(user))
        for item in as_list(data.get("messages")) or []:
            world.add(Message(**item))
        for item in as_list(data.get("homes")) or []:
            view = View(**(as_object(item) or {}))
            self._core.views.homes[view.user] = view


def _kept(message: Message) -> bool:
    return message.ephemeral_to is None and not message.deleted
