"""Slack's signed requests, where Slack comes over HTTP."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier
from starlette.requests import ClientDisconnect
from starlette.types import Message

EVENTS_PATH = "/slack/events"
"""Where Slack sends everything: interactivity, slash commands and events."""

MOST = 2_000_000
"""Bytes of a request at the most; the largest that Slack sends, a form's state, stays far below."""


def slack_router(app: AsyncApp, signing_secret: str) -> APIRouter:
    """The signature of each request is checked, and that it is less than five minutes old."""
    router = APIRouter(include_in_schema=False)
    handler = AsyncSlackRequestHandler(app)
    verifier = SignatureVerifier(signing_secret)

    @router.post(EVENTS_PATH)
    async def slack(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        try:
            raw = await _read(request)
        except ClientDisconnect:  # or what it sent was no HTTP any more
            return Response(status_code=400)
        if raw is None:
            return Response(status_code=413)
        refused = _refused(raw, dict(request.headers), verifier)
        return await handler.handle(_of(request, raw)) if refused is None else Response(status_code=refused)

    return router


async def _read(request: Request) -> bytes | None:
    """The body, whatever it is said to be; `None` for one that is too large, of which no more is read than that."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MOST:
        return None
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST:
            return None
    return bytes(body)


def _of(request: Request, raw: bytes) -> Request:
    """The same, to be read once more."""

    async def again() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    return Request(request.scope, again)


def _refused(raw: bytes, headers: dict[str, Any], verifier: SignatureVerifier) -> int | None:
    """The status for what Bolt must not see: it reads a body before it checks who sent it."""
    try:
        body = raw.decode()
        signed = verifier.is_valid_request(body, headers)
    except (ValueError, TypeError):  # no UTF-8, a timestamp that is no number, a signature that is no ASCII
        return 401
    if not signed and not body.startswith("ssl_check=1"):  # which Slack sends without a signature
        return 401
    try:
        AsyncBoltRequest(body=body, headers=headers)
    except Exception:  # noqa: BLE001 - whatever Bolt's reader trips over, it is no payload
        return 400
    return None
