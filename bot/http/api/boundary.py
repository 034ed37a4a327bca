"""What every request to the API passes first: how large a body may be, what JSON is; and what nobody else caught."""

from __future__ import annotations

import structlog
from redis.exceptions import RedisError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from approvals.errors import Later, SignoffError
from bot import strict_json
from bot.http.api.problems import ProblemError

PREFIX = "/decisions"
PREFIXES = (PREFIX, "/audit")
MOST = 262_144
"""Bytes of a request's body at the most."""

log = structlog.get_logger()


class Boundary:
    """The API's error boundary: ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the module."""
        path = str(scope.get("path", ""))
        if scope["type"] != "http" or not any(path == one or path.startswith(f"{one}/") for one in PREFIXES):
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, await _checked(scope, receive), sending)
        except Exception as failed:  # whatever it was, the caller is told, and not what it was
            wrong = _problem(failed)
            if wrong.status >= 500:
                log.error("request failed", action="api.failed", path=path, exc_info=failed)
            if begun:
                raise
            await wrong.response()(scope, receive, send)


def _problem(failed: Exception) -> ProblemError:
    if isinstance(failed, ProblemError):
        return failed
    if isinstance(failed, Later | RedisError | OSError | SignoffError):
        return ProblemError(
            503, "unavailable", "Something that is needed is away; try again.", headers={"Retry-After": "2"}
        )
    return ProblemError(500, "defect", "This is a defect; it is in the log.")


async def _checked(scope: Scope, receive: Receive) -> Receive:
    """The body, read once, known to be JSON that can be kept; then handed on."""
    if scope["method"] not in ("POST", "PUT", "PATCH"):
        return receive
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    body = await _read(headers.get("content-length", ""), receive)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != "application/json" and not kind.endswith("+json"):
        raise ProblemError(415, "not_json", "Send JSON, with Content-Type: application/json.")
    if body:
        try:
            strict_json.parse(body.decode())
        except ValueError as wrong:
            raise ProblemError(400, "not_json", f"The body is not JSON: {wrong}"[:300]) from None
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _read(length: str, receive: Receive) -> bytes:
    if length and (not length.isdecimal() or int(length) > MOST):
        raise ProblemError(413, "too_large", f"A body has {MOST} bytes at the most.")
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), bool(message.get("more_body"))
        if size > MOST:
            raise ProblemError(413, "too_large", f"A body has {MOST} bytes at the most.")
    return b"".join(parts)
