"""The two clients. What can be sent twice is sent again when no answer comes: asking has an idempotency key."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self, Unpack

import httpx

from agents.client import wire
from agents.client.wire import LONG_POLL, TIMEOUT, TRIES, Asked, Call, Decision, Undecided, Unreachable

PAUSE = 0.5
"""Seconds before the second attempt; each further pause is twice as long."""


def new_key() -> str:
    """An idempotency key that nobody had before."""
    return secrets.token_urlsafe(24)


def _pause(attempt: int, asked: float | None) -> float:
    return max(asked or 0.0, PAUSE * 2.0**attempt)


class Client:
    """For plain code. `base_url` is where Signoff serves HTTP, `key` what `signoff keys create` printed.

    Every method raises `ApiError` for a no, `Unreachable` where no answer comes. Close it, or use it in a `with`.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = httpx.Client(base_url=base_url, headers=wire.headers(key), transport=transport)
        self._sleep = sleep
        self._clock = clock

    def ask(
        self,
        action: str,
        *,
        idempotency_key: str | None = None,
        wait: float | None = None,
        **asked: Unpack[Asked],
    ) -> Decision:
        """Asks, and waits for the end: `wait` seconds, for ever without it. Raises `Undecided` when they are over.

        With an `idempotency_key` of your own (an order's number, say) it is asked once however often this is called,
        also after a crash of the caller.
        """
        given = self.create(action, idempotency_key=idempotency_key, **asked)
        return self.wait(given.id, wait)

    def create(self, action: str, *, idempotency_key: str | None = None, **asked: Unpack[Asked]) -> Decision:
        """Asks, and does not wait. Takes what `ask` takes; a `callback_url` is told of the end."""
        return self._send(wire.create(action, idempotency_key or new_key(), asked))

    def get(self, decision_id: str, *, wait: float = 0.0) -> Decision:
        """As it stands; `wait`: seconds to wait for the end, at most 60."""
        return self._send(wire.get(decision_id, wait))

    def wait(self, decision_id: str, timeout: float | None = None) -> Decision:
        """Waits for the end. Raises `Undecided` after `timeout` seconds."""
        end = None if timeout is None else self._clock() + timeout
        while True:
            left = LONG_POLL if end is None else min(LONG_POLL, max(0.0, end - self._clock()))
            found = self.get(decision_id, wait=left)
            if not found.pending:
                return found
            if end is not None and self._clock() >= end:
                raise Undecided(found)

    def cancel(self, decision_id: str, reason: str = "") -> Decision:
        """No answer is needed any more."""
        return self._send(wire.cancel(decision_id, reason))

    def _send(self, call: Call) -> Decision:
        for attempt in range(TRIES):
            try:
                answer = self._http.request(**_request(call))
            except httpx.TransportError as away:
                if attempt == TRIES - 1:
                    raise Unreachable(f"Signoff does not answer ({type(away).__name__})") from away
                self._sleep(_pause(attempt, None))
                continue
            asked = wire.retry_after(answer.status_code, answer.headers)
            if asked is None or attempt == TRIES - 1:
                return _read(answer)
            self._sleep(_pause(attempt, asked))
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient:
    """The same for coroutines. Use it in an `async with`, or `await` its `aclose`."""

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, headers=wire.headers(key), transport=transport)
        self._sleep = sleep
        self._clock = clock

    async def ask(
        self,
        action: str,
        *,
        idempotency_key: str | None = None,
        wait: float | None = None,
        **asked: Unpack[Asked],
    ) -> Decision:
        """See `Client.ask`."""
        given = await self.create(action, idempotency_key=idempotency_key, **asked)
        return await self.wait(given.id, wait)

    async def create(self, action: str, *, idempotency_key: str | None = None, **asked: Unpack[Asked]) -> Decision:
        """See `Client.create`."""
        return await self._send(wire.create(action, idempotency_key or new_key(), asked))

    async def get(self, decision_id: str, *, wait: float = 0.0) -> Decision:
        """See `Client.get`."""
        return await self._send(wire.get(decision_id, wait))

    async def wait(self, decision_id: str, timeout: float | None = None) -> Decision:
        """See `Client.wait`."""
        end = None if timeout is None else self._clock() + timeout
        while True:
            left = LONG_POLL if end is None else min(LONG_POLL, max(0.0, end - self._clock()))
            found = await self.get(decision_id, wait=left)
            if not found.pending:
                return found
            if end is not None and self._clock() >= end:
                raise Undecided(found)

    async def cancel(self, decision_id: str, reason: str = "") -> Decision:
        """See `Client.cancel`."""
        return await self._send(wire.cancel(decision_id, reason))

    async def _send(self, call: Call) -> Decision:
        for attempt in range(TRIES):
            try:
                answer = await self._http.request(**_request(call))
            except httpx.TransportError as away:
                if attempt == TRIES - 1:
                    raise Unreachable(f"Signoff does not answer ({type(away).__name__})") from away
                await self._sleep(_pause(attempt, None))
                continue
            asked = wire.retry_after(answer.status_code, answer.headers)
            if asked is None or attempt == TRIES - 1:
                return _read(answer)
            await self._sleep(_pause(attempt, asked))
        raise AssertionError("the last attempt returns or raises")

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _request(call: Call) -> dict[str, Any]:
    """As httpx takes it."""
    return {
        "method": call.method,
        "url": call.path,
        "content": call.content,
        "params": dict(call.query) or None,
        "headers": dict(call.headers),
        "timeout": TIMEOUT + call.wait,
    }


def _read(answer: httpx.Response) -> Decision:
    if not answer.is_success:
        raise wire.problem(answer.status_code, answer.text)
    return wire.decision(answer.text)
