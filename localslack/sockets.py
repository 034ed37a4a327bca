"""The Socket Mode side: tickets, at most ten connections, envelopes and their acknowledgements."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from .core import Core
from .triggers import token
from .wire import Json, as_object

MAX_SOCKETS = 10
PING_SECONDS = 10.0
TICKET_SECONDS = 30.0


class NoConnectionError(Exception):
    """The app has no Socket Mode connection: what was sent is lost."""


@dataclass(eq=False)
class Socket:
    """One Socket Mode connection of the app."""

    ws: web.WebSocketResponse
    transport: asyncio.Transport | None
    leaving: bool = False
    waiting: dict[str, asyncio.Future[Json | None]] = field(default_factory=dict[str, "asyncio.Future[Json | None]"])


class Sockets:
    """Every connection of the app, and what is under way on each."""

    def __init__(self, core: Core, lifetime: float | None = None) -> None:
        self._core = core
        self._lifetime = lifetime
        self._tickets: dict[str, float] = {}
        self._late: dict[str, str] = {}
        self.open: list[Socket] = []

    def new_ticket(self) -> str:
        """A ticket for one connection; it expires unused after 30 s of real time."""
        key = token(self._core.rng, 32)
        self._tickets[key] = time.monotonic()
        return key

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The endpoint `apps.connections.open` hands out."""
        issued = self._tickets.pop(request.query.get("ticket", ""), None)
        if issued is None or time.monotonic() - issued > TICKET_SECONDS:
            self._core.misstep("bad_ticket", "a Socket Mode URL was used twice, too late, or never issued")
            return web.Response(status=403, text="ticket invalid")
        if (code := self._core.faults.take_handshake()) is not None:
            return web.Response(status=code, text="no connection today")
        ws = web.WebSocketResponse(autoping=True, heartbeat=PING_SECONDS)
        await ws.prepare(request)
        if len(self.open) >= MAX_SOCKETS:
            await ws.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": self._debug()})
            await ws.close()
            return ws
        socket = Socket(ws, request.transport)
        self.open.append(socket)
        self._core.changes.touch()
        ageing = asyncio.create_task(self._age(socket)) if self._lifetime is not None else None
        try:
            await ws.send_json(self._hello())
            async for message in ws:
                if message.type == aiohttp.WSMsgType.TEXT:
                    self._acknowledged(socket, message.data)
        finally:
            if ageing is not None:
                ageing.cancel()
            self._forget(socket)
        return ws

    async def _age(self, socket: Socket) -> None:
        """Ask this connection to come back on a new one when its time is over."""
        await asyncio.sleep(self._lifetime or 0)
        with contextlib.suppress(ConnectionError):
            await self._dismiss(socket, "refresh_requested")
        self._core.changes.touch()

    async def _dismiss(self, socket: Socket, reason: str) -> None:
        socket.leaving = True
        await socket.ws.send_json({"type": "disconnect", "reason": reason, "debug_info": self._debug()})

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.open),
            "debug_info": self._debug(),
            "connection_info": {"app_id": self._core.world.app.id},
        }

    def _debug(self) -> Json:
        return {"host": "localslack", "build_number": 1, "approximate_connection_time": 18060}

    def _forget(self, socket: Socket) -> None:
        if socket in self.open:
            self.open.remove(socket)
        for future in socket.waiting.values():
            if not future.done():
                future.set_exception(ConnectionResetError("the connection closed before the acknowledgement"))
        self._core.changes.touch()

    def _acknowledged(self, socket: Socket, text: str) -> None:
        try:
            message = as_object(json.loads(text))
        except ValueError:
            message = None
        envelope_id = None if message is None else message.get("envelope_id")
        if message is None or not isinstance(envelope_id, str):
            self._core.misstep("bad_ack", f"not an acknowledgement: {text[:200]}")
            return
        future = socket.waiting.pop(envelope_id, None)
        if future is not None and not future.done():
            future.set_result(as_object(message.get("payload")))
        elif envelope_id in self._late:
            self._core.misstep(
                "late_ack", f"{self._late.pop(envelope_id)} was acknowledged after {self._core.ack_seconds:g} s"
            )
        else:
            self._core.misstep("unknown_ack", f"no envelope {envelope_id} was waiting on this connection")

    async def send(
        self, envelope_type: str, payload: Json, *, accepts: bool, attempt: int, reason: str | None
    ) -> Json | None:
        """Hand the payload to one connection at random and wait for its acknowledgement.

        Raises `NoConnectionError`, `TimeoutError` after 3 s, `ConnectionError` if the connection closed
        first.
        """
        live = [socket for socket in self.open if not socket.ws.closed]
        if not live:
            raise NoConnectionError
        staying = [socket for socket in live if not socket.leaving]
        socket = self._core.rng.choice(staying or live)
        envelope_id = str(uuid.UUID(int=self._core.rng.getrandbits(128), version=4))
        envelope: Json = {
            "envelope_id": envelope_id,
            "payload": payload,
            "type": envelope_type,
            "accepts_response_payload": accepts,
        }
        if envelope_type == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason or ""}
        future: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        socket.waiting[envelope_id] = future
        try:
            await socket.ws.send_json(envelope)
            return await asyncio.wait_for(future, self._core.ack_seconds)
        except TimeoutError:
            self._late[envelope_id] = str(payload.get("type") or payload.get("command"))
            raise
        finally:
            socket.waiting.pop(envelope_id, None)

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Tell every connection to come back on a new one, as Slack does every few hours; they close when the app has
        left.
        """
        for socket in list(self.open):
            await self._dismiss(socket, reason)
        self._core.changes.touch()

    async def kill(self) -> int:
        """Break every connection without a word."""
        sockets = list(self.open)
        for socket in sockets:
            self._forget(socket)
            if socket.transport is not None:
                socket.transport.abort()
        return len(sockets)

    async def close(self) -> None:
        for socket in list(self.open):
            await socket.ws.close(code=1001, message=b"the local Slack stops")
