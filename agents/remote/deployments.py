"""The servers of this process, put together: their drivers and their watches."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from agents.dialects.replies import Replies
from agents.driver import GraphDriver
from agents.remote.client import Server
from agents.remote.config import load_servers
from agents.remote.driver import RemoteDriver
from agents.remote.router import Router
from agents.remote.watch import Records, Registrar, ServerWatch
from approvals.ports import Clock, ServerJournal


class Deployments:
    """None, one or several servers."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self.servers = {server.name: server for server in servers}

    def driver(self, local: GraphDriver, journal: ServerJournal, replies: Replies) -> Router:
        """The one driver for the graphs here and there. `replies`: what `langgraph.json` states of graphs by name."""
        return Router(local, RemoteDriver(self.servers, journal, replies), self.servers)

    def watches(self, records: Records, registrar: Registrar, *, clock: Clock) -> Sequence[ServerWatch]:
        """One for each server."""
        return [ServerWatch(server, records, registrar, clock=clock) for server in self.servers.values()]


@asynccontextmanager
async def open_deployments(path: Path | None, *, clock: Clock) -> AsyncGenerator[Deployments]:
    """Those that the file names; none without one. Raises `ConfigError` for a file with mistakes."""
    configs = load_servers(path) if path else ()
    servers = [Server(config, clock=clock) for config in configs]
    try:
        yield Deployments(servers)
    finally:
        for server in servers:
            await server.aclose()
