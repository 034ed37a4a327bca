"""Slack's signed requests, where Slack comes over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

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
        refused = await _refused(request, verifier)
        return await handler.handle(request) if refused is None else Response(status_code=refused)

    return router


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
