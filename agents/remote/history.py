"""What was said in a thread, wherever it runs: `approvals.history.History`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import structlog

from agents.history import ThreadHistory, talk
from agents.remote.client import RunRefused, Server, ServerAway, ThreadBusy, ThreadGone
from agents.remote.names import home_of
from agents.remote.state import snapshot
from approvals.history import History, Talk
from approvals.model import Thread

log = structlog.get_logger()


class ServersHistory:
    """Implements `approvals.history.History` for threads of the servers; the others are left to `local`."""

    def __init__(self, local: ThreadHistory, servers: Mapping[str, Server]) -> None:
        self._local: History = local
        self._servers = servers

    async def last(self, thread: Thread, limit: int) -> Talk | None:
        """See `History.last`. Of a graph within a graph nothing is read: the outer one is asked."""
        name, there = home_of(thread.id)
        server = self._servers.get(name)
        if server is None:
            return await self._local.last(thread, limit)
        try:
            state = await server.state(there)
        except (ServerAway, ThreadGone, ThreadBusy, RunRefused) as unread:
            log.warning("history not read", action="history.unread", thread=thread.id, why=str(unread))
            return None
        return talk(snapshot(cast("Any", state.get("values")), finished=not state["next"]), limit)
