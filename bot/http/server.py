"""FastAPI under uvicorn, in the event loop of the process: Slack's signed requests, and whether we are well."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from approvals.errors import ConfigError
from approvals.settings import Settings
from approvals.store.redis import RedisStore

EVENTS_PATH = "/slack/events"
"""Where Slack sends everything: interactivity, slash commands and events."""


MOST = 2_000_000
"""Bytes of a request at the most; the largest that Slack sends, a form's state, stays far below."""


def web_app(app: AsyncApp, store: RedisStore, signing_secret: str) -> FastAPI:
    """The routes. The signature of each Slack request is checked, and that it is less than five minutes old."""
    web = FastAPI(title="Signoff", docs_url=None, redoc_url=None, openapi_url=None)
    handler = AsyncSlackRequestHandler(app)
    verifier = SignatureVerifier(signing_secret)

    @web.post(EVENTS_PATH)
    async def slack(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        refused = await _refused(request, verifier)
        return await handler.handle(request) if refused is None else Response(status_code=refused)

    @web.get("/healthz")
    async def health() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse({"status": "ok"}) if await store.alive() else JSONResponse({"status": "no redis"}, 503)

    return web


async def _refused(request: Request, verifier: SignatureVerifier) -> int | None:
    """The status for what Bolt must not see: it reads a body before it checks who sent it."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MOST:
        return 413
    try:
        body = (await request.body()).decode()
        signed = verifier.is_valid_request(body, dict(request.headers))
    except ValueError:  # no UTF-8, or a timestamp that is no number
        return 401
    if not signed and not body.startswith("ssl_check=1"):  # which Slack sends without a signature
        return 401
    try:
        AsyncBoltRequest(body=body, headers=dict(request.headers))
    except Exception:  # noqa: BLE001 - whatever Bolt's reader trips over, it is no payload
        return 400
    return None


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the process has its own, and stops more than this."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class HttpServer:
    """Listens at the host and port of the settings."""

    def __init__(self, app: AsyncApp, store: RedisStore, settings: Settings) -> None:
        assert settings.slack_signing_secret is not None  # `build` says so where it is missing
        config = uvicorn.Config(
            web_app(app, store, settings.slack_signing_secret.get_secret_value()),
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
