"""FastAPI under uvicorn, in the event loop of the process: one door, made of routers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator, Iterable

import uvicorn
from fastapi import APIRouter, FastAPI

from approvals.errors import ConfigError
from approvals.settings import Settings
from bot.http.api import problems
from bot.http.api.boundary import Boundary
from bot.http.api.routes import describe


def web_app(routers: Iterable[APIRouter]) -> FastAPI:
    """All that is served."""
    web = FastAPI(title="Signoff", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    for router in routers:
        web.include_router(router)
    problems.install(web)
    web.add_middleware(Boundary)
    plain = web.openapi
    web.openapi = lambda: describe(plain())
    return web


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the process has its own, and stops more than this."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class HttpServer:
    """Listens at the host and port of the settings."""

    def __init__(self, web: FastAPI, settings: Settings) -> None:
        self.web = web
        config = uvicorn.Config(
            web,
            host=settings.signoff_http_host,
            port=settings.signoff_http_port,
            log_config=None,
            access_log=False,
            lifespan="off",
        )
        self._host = settings.signoff_http_host
        self._port = settings.signoff_http_port
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when it listens. Raises `ConfigError` if the port is taken."""
        loop = asyncio.get_running_loop()
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((self._host, self._port))
        except OSError as taken:
            bound.close()
            raise ConfigError(
                f"SIGNOFF_HTTP_PORT: {self._host}:{self._port} cannot be listened on ({taken.strerror})"
            ) from taken
        self._port = int(bound.getsockname()[1])
        bound.listen(128)
        self._task = loop.create_task(self._server.serve(sockets=[bound]), name="http")

    @property
    def url(self) -> str:
        """Without a trailing slash."""
        return f"http://{self._host}:{self._port}"

    async def stop(self) -> None:
        """Finishes what is being answered."""
        if self._task is not None:
            self._server.should_exit = True
            await self._task
            self._task = None
