"""The Socket Mode connection: slack-sdk's client, but each try has a URL of its own, and tries grow rarer.

slack-sdk would try a URL that is spent for ever, since it asks for one before its loop and not in it; and where Slack
gives out none, it would ask every five seconds.
"""

# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import timedelta
from typing import Any, cast

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from approvals.errors import SignoffError
from approvals.ports import Clock
from bot.patience import Patience
from bot.slack import Slack, SlackUnreachable

PING = 5.0
"""Seconds between pings of the connection, and how late a break without a goodbye is noticed."""

HANDSHAKE = 15.0
"""Seconds for a connection to be made."""

STEADY = timedelta(seconds=30)
"""A connection that stood for so long was a good one: the next is asked for at once. Where connections end sooner
(`too_many_websockets` does that), tries grow rarer as if they had failed."""

log = structlog.get_logger()


class Socket(SocketModeClient):
    """One replica's connection. `connect` is one try; once it went well, breaks lead to further ones until `close`."""

    def __init__(
        self, app: AsyncApp, token: str, slack: Slack, patience: Patience, *, clock: Clock, ping: float = PING
    ) -> None:
        super().__init__(token, app.logger, app.client, ping_interval=ping)
        self.socket_mode_request_listeners.append(cast("Any", self._received))
        self.why = ""
        """What the last try met; empty where it went well."""
        self._app = app
        self._slack = slack
        self._patience = patience
        self._clock = clock
        self._attempt = 0
        self._stands_since = clock() - STEADY
        self._url: str | None = None
        self._coming: asyncio.Task[None] | None = None

    async def _received(self, _: SocketModeClient, request: SocketModeRequest) -> None:
        start = time.time()
        await send_async_response(self, request, await run_async_bolt_app(self._app, request), start)

    async def issue_new_wss_url(self) -> str:
        """Good for one use. Raises as `Slack.open_connection` does."""
        return await self._slack.open_connection(self.app_token)

    async def prepare(self) -> None:
        """Asks for the URL of the first connection, so that a token that Slack refuses is told of before anything is
        served."""
        self._url = self._url or await self.issue_new_wss_url()

    async def connect(self) -> None:
        """One try, in the place of the connection that stands, if one does. Raises what it met."""
        url, self._url = self._url or await self.issue_new_wss_url(), None
        # Who holds an acknowledgement waits here for the connection, and only for as long as it is being made.
        async with self.connect_operation_lock:
            if self.current_session is not None:
                with contextlib.suppress(Exception):
                    await self.current_session.close()  # first: there may be too many
            try:
                async with asyncio.timeout(HANDSHAKE):
                    await self._shake_hands(url)
            except (aiohttp.ClientError, TimeoutError, OSError) as failed:
                why = getattr(failed, "status", None) or type(failed).__name__
                raise SlackUnreachable(f"connecting: there is no connection ({why})") from failed
        self.why = ""
        self._stands_since = self._clock()
        log.info("connected to Slack", action="slack.connected", attempts=self._attempt + 1)

    async def _shake_hands(self, url: str) -> None:
        ssl = self.web_client.ssl
        self.current_session = await self.aiohttp_client_session.ws_connect(
            url,
            autoping=False,
            heartbeat=max(self.ping_interval, PING),
            proxy=self.proxy,
            ssl=True if ssl is None else ssl,
        )
        self.wss_uri = None
        self.stale = False
        self.last_ping_pong_time = None
        for task in cast(
            "tuple[asyncio.Future[None] | None, ...]", (self.current_session_monitor, self.message_receiver)
        ):
            if task is not None:
                task.cancel()
        self.current_session_monitor = asyncio.ensure_future(self.monitor_current_session())
        self.message_receiver = asyncio.ensure_future(self.receive_messages())
        await self.current_session.ping(f"sdk-ping-pong:{time.time()}".encode())

    async def connect_to_new_endpoint(self, force: bool = False) -> None:
        """Called by slack-sdk, as often as it likes, when the connection broke, and with `force` when Slack asks for
        another one. One task comes back; nobody waits for it."""
        if self.closed or (not force and await self.is_connected()):
            return
        if self._coming is None or self._coming.done():
            self._coming = asyncio.create_task(self._come_back(), name="socket")

    async def _come_back(self) -> None:
        steady = self._clock() - self._stands_since >= STEADY
        self._attempt = 0 if steady else self._attempt + 1
        if self._attempt:
            await self._patience.pause(self._patience.seconds(self._attempt - 1))
        while not self.closed:
            try:
                await self.connect()
            except SignoffError as failed:
                self.why = str(failed)
                await self._patience.after(self._attempt, failed, what="socket")
                self._attempt += 1
            except Exception as failed:
                self.why = type(failed).__name__
                log.error("connection failed", action="slack.broken", exc_info=failed)
                await self._patience.pause(self._patience.seconds(self._attempt))
                self._attempt += 1
            else:
                return

    async def close(self) -> None:
        """For good."""
        self.closed = True
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.wait({self._coming})
        await super().close()
