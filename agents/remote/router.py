"""One `Driver` for all threads: those of the servers, and those that run in this process."""

from __future__ import annotations

import re
from collections.abc import Mapping

import structlog

from agents.driver import GraphDriver
from agents.remote.client import Server
from agents.remote.driver import RemoteDriver
from agents.remote.names import home_of
from approvals.errors import ConfigError
from approvals.model import JsonValue, Thread
from approvals.ports import Driven

_ELSEWHERE = re.compile(r"[a-z0-9-]+/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

log = structlog.get_logger()


class Router:
    """Picks the driver by the thread's name: `<server>/<id>` is a thread of that server."""

    def __init__(self, local: GraphDriver, remote: RemoteDriver, servers: Mapping[str, Server]) -> None:
        self._local = local
        self._remote = remote
        self._servers = servers

    def _is_remote(self, name: str) -> bool:
        return home_of(name)[0] in self._servers

    async def drive(self, thread_id: str) -> Driven:
        """See `approvals.ports.Driver`. A thread of a server that this process does not know is left to others."""
        if not self._is_remote(thread_id) and _ELSEWHERE.fullmatch(thread_id):
            log.warning("server not known here", action="server.unknown", thread=thread_id)
            return Driven.BUSY
        return await (self._remote if self._is_remote(thread_id) else self._local).drive(thread_id)

    async def check(self, graph: str) -> None:
        """Raises `ConfigError` if there is no such graph here. Those of a server are started there."""
        if self._is_remote(graph):
            raise ConfigError(f"{graph} runs on a server: start it there, and its questions are found")
        await self._local.check(graph)

    async def values(self, thread: Thread) -> JsonValue:
        """The thread's state as JSON, for people. Reads only."""
        return await (self._remote if self._is_remote(thread.id) else self._local).values(thread)
