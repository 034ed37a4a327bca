"""Brings payloads to the app: over one Socket Mode connection picked at random, or by signed HTTP.

Both have 3 s to answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from .core import Core
from .journal import Delivery, Entry
from .retries import Retries
from .sockets import NoConnectionError, Sockets
from .wire import Json, as_object

HOLD_SECONDS = 10.0


class Deliverer:
    """Decides the way a payload goes, keeps the time and writes the journal."""

    def __init__(self, core: Core, request_url: str | None, socket_seconds: float | None = None) -> None:
        self._core = core
        self.request_url = request_url
        self.sockets = Sockets(core, socket_seconds)
        self.retries = Retries(core.clock, self._again)
        core.attach(self)
        self._held: list[asyncio.Event] = []
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        await self.retries.close()
        await self.sockets.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def new_ticket(self) -> str:
        return self.sockets.new_ticket()

    async def kill_sockets(self) -> int:
        return await self.sockets.kill()

    def connections(self) -> int:
        """Open connections that were not asked to leave."""
        return sum(1 for socket in self.sockets.open if not socket.leaving)

    def over_http(self) -> bool:
        return self.request_url is not None

    async def deliver(
        self, kind: str, payload: Json, user: str | None, *, attempt: int = 0, reason: str | None = None
    ) -> Delivery:
        """Send one payload and wait for what becomes of it. Never raises for what the app does."""
        if self._core.faults.take_hold():
            await self._hold()
        delivery = await self._perhaps_twice(kind, payload, user, attempt, reason)
        for event in self._held:
            event.set()
        return delivery

    async def _hold(self) -> None:
        """Wait until another payload was delivered."""
        overtaken = asyncio.Event()
        self._held.append(overtaken)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(overtaken.wait(), HOLD_SECONDS)
        self._held.remove(overtaken)

    async def _perhaps_twice(
        self, kind: str, payload: Json, user: str | None, attempt: int, reason: str | None
    ) -> Delivery:
        if self._core.faults.take_duplicate():
            first, _ = await asyncio.gather(
                self._once(kind, payload, user, attempt, reason), self._once(kind, payload, user, attempt, reason)
            )
            return first
        return await self._once(kind, payload, user, attempt, reason)

    async def deliver_event(self, payload: Json, user: str | None) -> Delivery:
        """Send an event and return the first attempt; if it fails, three more follow: at once, after 1 and 5 min."""
        delivery = await self.deliver("events_api", payload, user)
        if not delivery.ok and not delivery.no_retry:
            self.retries.plan(payload, user, delivery)
        return delivery

    async def _again(self, payload: Json, user: str | None, attempt: int, last: Delivery) -> Delivery:
        reason = _reason(last)
        return await self.deliver("events_api", payload, user, attempt=attempt, reason=reason)

    async def _once(self, kind: str, payload: Json, user: str | None, attempt: int, reason: str | None) -> Delivery:
        delivery = Delivery(kind, payload, user=user, attempt=attempt)
        entry = Entry(0, self._core.clock(), "delivery", kind, delivery=delivery)
        self._core.record(entry)
        started = time.perf_counter()
        try:
            if self.request_url is not None:
                delivery.transport = "http"
                delivery.ack = await self._post(delivery, self.request_url, reason)
            else:
                delivery.transport = "socket"
                delivery.ack = await self.sockets.send(
                    _envelope(kind),
                    payload,
                    accepts=kind in {"slash_commands", "view_submission", "block_suggestion"},
                    attempt=attempt,
                    reason=reason,
                )
            delivery.ok = True
        except NoConnectionError:
            delivery.transport, delivery.error = "none", "no_connection"
        except TimeoutError:
            delivery.error = "timeout"
        except _BadStatusError as error:
            delivery.error = f"http_{error.status}"
        except (ConnectionError, aiohttp.ClientError):
            delivery.error = "connection_lost"
        delivery.ms = round((time.perf_counter() - started) * 1000, 1)
        if delivery.error not in (None, "no_connection", "connection_lost"):
            self._core.misstep("not_acknowledged", f"{_what(payload)}: {delivery.error}")
        self._core.changes.touch()
        return delivery

    # -- HTTP -------------------------------------------------------------------------------------------------

    def signed_headers(self, body: bytes, *, timestamp: int | None = None) -> dict[str, str]:
        """Slack's signature over the raw body.

        The timestamp is real time, since the app compares it with its own clock.
        """
        stamp = str(int(time.time()) if timestamp is None else timestamp)
        base = b"v0:" + stamp.encode() + b":" + body
        digest = hmac.new(self._core.world.app.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    async def post_raw(
        self, url: str, body: bytes, content_type: str, headers: dict[str, str] | None = None
    ) -> HttpAnswer:
        """POST these bytes, signed, and read the answer; `TimeoutError` after 3 s."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        sent = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (localslack)", **self.signed_headers(body)}
        timeout = aiohttp.ClientTimeout(total=self._core.ack_seconds)
        async with self._session.post(
            url, data=body, headers=sent | (headers or {}), timeout=timeout, allow_redirects=False
        ) as response:
            text = await response.text()
            no_retry = response.headers.get("X-Slack-No-Retry") == "1"
            return HttpAnswer(response.status, text, response.content_type, no_retry)

    async def _post(self, delivery: Delivery, url: str, reason: str | None) -> Json | None:
        attempt, payload = delivery.attempt, delivery.payload
        headers = (
            {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason or "http_error"} if attempt else None
        )
        if _envelope(delivery.type) == "events_api":
            body, content_type = json.dumps(payload).encode(), "application/json"
        else:
            form = payload if delivery.type == "slash_commands" else {"payload": json.dumps(payload)}
            body, content_type = urlencode(form).encode(), "application/x-www-form-urlencoded"
        answer = await self.post_raw(url, body, content_type, headers)
        delivery.no_retry = answer.no_retry
        if answer.status != 200:
            raise _BadStatusError(answer.status)
        return answer.body()

    async def verify_url(self) -> bool:
        """What Slack does when a request URL is saved: the app must send the challenge back within 3 s."""
        challenge = self._core.name_ids.next_id(32)
        body = {"token": self._core.world.app.verification_token, "challenge": challenge, "type": "url_verification"}
        answer = await self.post_raw(self._must_have_url(), json.dumps(body).encode(), "application/json")
        return answer.status == 200 and challenge in answer.text

    async def ssl_check(self) -> bool:
        """The empty form Slack sends to a slash command's URL from time to time."""
        form = {"ssl_check": "1", "token": self._core.world.app.verification_token}
        answer = await self.post_raw(
            self._must_have_url(), urlencode(form).encode(), "application/x-www-form-urlencoded"
        )
        return answer.status == 200

    def _must_have_url(self) -> str:
        if self.request_url is None:
            raise ValueError("there is no request URL: deliveries go over Socket Mode")
        return self.request_url


@dataclass(frozen=True)
class HttpAnswer:
    """What an app answered to a signed request."""

    status: int
    text: str
    content_type: str
    no_retry: bool

    def body(self) -> Json | None:
        """The JSON object, or `{"text": ...}` for plain text, or None for nothing."""
        if not self.text:
            return None
        if self.content_type != "application/json":
            return {"text": self.text}
        try:
            return as_object(json.loads(self.text))
        except ValueError:
            return None


class _BadStatusError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _envelope(kind: str) -> str:
    return kind if kind in {"slash_commands", "events_api"} else "interactive"


def _what(payload: Json) -> str:
    event = as_object(payload.get("event"))
    if event is not None:
        return f"event {event.get('type')}"
    if "command" in payload:
        return f"command {payload['command']}"
    actions: Any = payload.get("actions") or [{}]
    return f"{payload.get('type')} {actions[0].get('action_id', '')}".strip()


def _reason(last: Delivery) -> str:
    """The retry reason: HTTP has Slack's documented names; for sockets the SDK's tests show `timeout`."""
    error = last.error or ""
    if last.transport == "http":
        return {"timeout": "http_timeout", "connection_lost": "connection_failed"}.get(error, "http_error")
    return "timeout"
