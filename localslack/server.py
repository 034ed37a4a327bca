"""The HTTP side: the Web API, response URLs, the Socket Mode endpoint and the page, on one port."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from .answers import to_response_url
from .api import METHODS, Call
from .core import Core
from .journal import Entry
from .sockets import Sockets
from .wire import Json, SlackError, as_object

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Answers what an app asks. One instance per local Slack."""

    def __init__(self, core: Core, sockets: Sockets) -> None:
        self._core = core
        self._sockets = sockets

    def routes(self) -> list[web.RouteDef]:
        receivers = [
            web.post(f"/{kind}/{{team}}/{{key}}", self.response_url) for kind in ("actions", "commands", "app")
        ]
        return [
            web.route("*", "/api/{method}", self.api),
            web.get("/link", self._sockets.serve),
            *receivers,
        ]

    # -- Web API ----------------------------------------------------------------------------------------------

    async def api(self, request: web.Request) -> web.StreamResponse:
        """Any method: faults first, then limits, token, scope and the method itself."""
        name = request.match_info["method"]
        args, token = await _arguments(request)
        entry = Entry(0, self._core.clock(), "call", name, args)
        started = time.perf_counter()
        await self._core.faults.hold_up(name)
        status, answer, headers = self._answer(name, args, token)
        entry.answer, entry.status = answer, status
        entry.ms = round((time.perf_counter() - started) * 1000, 1)
        self._core.record(entry)
        if answer.get("ok") and self._core.faults.take_drop(name):
            self._drop(entry, request)
        return web.json_response(answer, status=status, headers=headers)

    @staticmethod
    def _drop(entry: Entry, request: web.Request) -> None:
        """The answer is lost: never returns."""
        entry.status = 0
        if request.transport is not None:
            request.transport.abort()
        raise asyncio.CancelledError

    def _answer(self, name: str, args: Json, token: str | None) -> tuple[int, Json, dict[str, str]]:
        core = self._core
        if (planned := core.faults.take_status(name)) is not None:
            return _bad_day(*planned)
        if (error := core.faults.take_error(name)) is not None:
            return 200, {"ok": False, "error": error}, {}
        try:
            method = METHODS.get(name)
            if method is None:
                core.misstep("unknown_method", name)
                raise SlackError("unknown_method", req_method=name)
            if method.caller != "none":
                self._authorise(method.caller, method.scopes, token)
            wait = core.limits.wait_for(name, str(args.get("channel") or ""))
            if wait is not None:
                return 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(wait)}
            answer = method.handler(Call(core, name, args, token))
        except SlackError as refused:
            if refused.code in _MISSTEPS:
                core.misstep(refused.code, f"{name}: {json.dumps(refused.extra)}")
            answer = refused.answer()
        return 200, answer, self._headers(token)

    def _headers(self, token: str | None) -> dict[str, str]:
        headers = {"X-Slack-Req-Id": self._core.name_ids.next_id(16).lower()}
        if token == self._core.world.app.bot_token:
            headers["X-OAuth-Scopes"] = ",".join(self._core.world.app.scopes)
        elif token == self._core.world.app.app_token:
            headers["X-OAuth-Scopes"] = "connections:write"
        return headers

    def _authorise(self, kind: str, scopes: tuple[str, ...], token: str | None) -> None:
        app = self._core.world.app
        if not token:
            raise SlackError("not_authed")
        if token in self._core.dead_tokens:
            raise SlackError(self._core.dead_tokens[token])
        if token not in {app.bot_token, app.app_token}:
            raise SlackError("invalid_auth")
        if (kind == "bot" and token != app.bot_token) or (kind == "app" and token != app.app_token):
            raise SlackError("not_allowed_token_type")
        if scopes and not set(scopes) & set(app.scopes):
            raise SlackError("missing_scope", needed=scopes[0], provided=",".join(app.scopes))

    # -- response URLs ----------------------------------------------------------------------------------------

    async def response_url(self, request: web.Request) -> web.StreamResponse:
        """Where an app answers an interaction for 30 minutes, five times. Faults know it as `response_url`."""
        faults = self._core.faults
        entry = Entry(0, self._core.clock(), "response_url", RESPONSE_URL)
        body = await _json_body(request)
        entry.args = body or {}
        await faults.hold_up(RESPONSE_URL)
        if (planned := faults.take_status(RESPONSE_URL)) is not None:
            entry.status, entry.answer, headers = _bad_day(*planned)
            self._core.record(entry)
            return web.json_response(entry.answer, status=entry.status, headers=headers)
        try:
            url = self._core.response_urls.use(request.match_info["key"])
            if body is None:
                raise SlackError("invalid_payload")
            to_response_url(self._core, url, body)
            status, answer = 200, {"ok": True}
        except SlackError as refused:
            status = 404 if refused.code in {"invalid_url", "used_url", "expired_url"} else 200
            answer = refused.answer()
            self._core.misstep(refused.code, f"response_url: {json.dumps(refused.extra)}")
        entry.answer, entry.status = answer, status
        self._core.record(entry)
        if answer["ok"] and faults.take_drop(RESPONSE_URL):
            self._drop(entry, request)
        if answer["ok"]:
            return web.Response(text="ok")
        return web.json_response(answer, status=status)


RESPONSE_URL = "response_url"


def _bad_day(code: int, retry_after: int | None) -> tuple[int, Json, dict[str, str]]:
    headers = {"Retry-After": str(retry_after if retry_after is not None else 1)} if code == 429 else {}
    return code, {"ok": False, "error": "ratelimited" if code == 429 else "internal_error"}, headers


_MISSTEPS = {
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "invalid_arguments",
    "invalid_attachments",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "metadata_too_large",
    "view_too_large",
    "msg_too_long",
    "no_text",
    "missing_scope",
    "not_allowed_token_type",
    "exchanged_trigger_id",
    "expired_trigger_id",
    "invalid_trigger_id",
    "push_limit_reached",
    "duplicate_external_id",
    "mpim_not_supported_here",
}
"""Refusals that point at a defect of the app rather than at a state of the workspace."""


async def _json_body(request: web.Request) -> Json | None:
    try:
        return as_object(json.loads(await request.text()))
    except ValueError:
        return None


async def _arguments(request: web.Request) -> tuple[Json, str | None]:
    """Query, form and JSON body merged, and the token from the header or, as Slack still allows, an argument."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        args |= await _json_body(request) or {}
    elif request.can_read_body:
        form: Any = await request.post()
        args |= {key: value for key, value in form.items() if isinstance(value, str)}
    header = request.headers.get("Authorization", "")
    token = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else None
    named = args.pop("token", None)
    return args, token or (named if isinstance(named, str) else None)
