"""Whether a server can be worked with: for `signoff doctor`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.remote.client import RunRefused, Server, ServerAway, ThreadBusy, ThreadGone
from approvals.errors import ConfigError

STRICT_SINCE = (1, 2, 20)
"""The LangGraph that first refused an answer to a question that is gone."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a server says of itself; empty where it does not."""

    server: str
    langgraph: str

    @property
    def strict(self) -> bool:
        """Whether a resume can be refused. (A server for JavaScript has no LangGraph of Python.)"""
        numbers = tuple(int(part) for part in re.findall(r"\d+", self.langgraph)[:3])
        return numbers >= STRICT_SINCE

    def __str__(self) -> str:
        return f"LangGraph Server {self.server or '?'}, langgraph {self.langgraph or '?'}"


async def version(server: Server) -> Version:
    """Asks the server who it is, and for threads, which needs the key. Raises `ConfigError` saying why not."""
    try:
        told = await server.info()
        await server.search(status="interrupted", metadata=server.config.entry.metadata)
    except (ServerAway, ThreadGone, ThreadBusy, RunRefused) as wrong:
        raise ConfigError(f"{server.config.entry.url}: {wrong}") from None
    return Version(str(told.get("version") or ""), str(told.get("langgraph_py_version") or ""))
