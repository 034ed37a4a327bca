"""The page in the browser: static files, one WebSocket with what is true now, and one door for what people do."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

from aiohttp import web

from ..core import Core
from ..people import UNSET, People
from ..wire import Json, NotPossible, as_list, as_object
from .snapshot import journal_since, snapshot

HERE = Path(__file__).parent
GATHER_SECONDS = 0.03


class Page:
    """Serves the page and keeps every open one up to date."""

    def __init__(self, core: Core, people: People) -> None:
        self._core = core
        self._people = people
        self._viewers: dict[web.WebSocketResponse, int] = {}
        self._task: asyncio.Task[None] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._file),
            web.get("/static/{name}", self._file),
            web.get("/page", self._live),
            web.post("/page/act", self._act),
            web.get("/archives/{channel}/{ts}", self._permalink),
        ]

    def start(self) -> None:
        self._task = asyncio.create_task(self._tell())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        for viewer in list(self._viewers):
            await viewer.close()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info.get("name", "index.html")
        path = HERE / name
        if path.parent != HERE or path.suffix not in {".html", ".css", ".js", ".svg"} or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Cache-Control": "no-cache"})

    async def _permalink(self, request: web.Request) -> web.StreamResponse:
        channel, ts = request.match_info["channel"], request.match_info["ts"].removeprefix("p")
        thread = request.query.get("thread_ts")
        beside = f"&thread={thread}" if thread else ""
        raise web.HTTPFound(f"/#channel={channel}&ts={ts[:-6]}.{ts[-6:]}{beside}")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        viewer = web.WebSocketResponse(heartbeat=20)
        await viewer.prepare(request)
        self._viewers[viewer] = 0
        try:
            await self._send(viewer)
            async for _ in viewer:
                pass
        finally:
            self._viewers.pop(viewer, None)
        return viewer

    async def _tell(self) -> None:
        told = -1
        while True:
            # A change that comes while a page is being told wakes nobody: the count says that there was one.
            if self._core.changes.count == told:
                await self._core.changes.next()
            await asyncio.sleep(GATHER_SECONDS)
            told = self._core.changes.count
            for viewer in list(self._viewers):
                with contextlib.suppress(ConnectionError):
                    await self._send(viewer)

    async def _send(self, viewer: web.WebSocketResponse) -> None:
        lines, self._viewers[viewer] = journal_since(self._core, self._viewers[viewer])
        await viewer.send_str(json.dumps({"state": snapshot(self._core), "journal": lines}))

    # -- what people do ---------------------------------------------------------------------------------------

    async def _act(self, request: web.Request) -> web.StreamResponse:
        """`{"do": name, "user": id, ...}`: the same doors the tests use. 409 says why something was not possible."""
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        body = as_object(await request.json()) or {}
        try:
            result = await self._do(str(body.get("do")), str(body.get("user")), body)
        except (NotPossible, KeyError, ValueError, TypeError) as error:
            return web.json_response({"ok": False, "error": "not_possible", "detail": str(error)}, status=409)
        return web.json_response(result)

    async def _do(self, what: str, user: str, body: Json) -> Json:
        people = self._people
        value: Any = body.get("value", UNSET)
        block_id = body.get("block_id")
        match what:
            case "click":
                seen = people.drawn(user, body["channel"], body["ts"], as_list(body.get("blocks")))
                sent = await people.click(
                    user, body["channel"], body["ts"], body["action_id"], block_id=block_id, value=value, seen=seen
                )
            case "click_view":
                sent = await people.click_view(user, body["view_id"], body["action_id"], block_id=block_id, value=value)
            case "fill":
                people.forms.fill(user, body["view_id"], _values(body))
                return {"ok": True}
            case "submit":
                sent = await people.forms.submit(user, body["view_id"], _values(body))
            case "close_view":
                sent = await people.forms.close_view(user, body["view_id"])
            case "suggest":
                return {
                    "ok": True,
                    "options": await people.forms.suggest(user, body["view_id"], body["action_id"], body["query"]),
                }
            case "suggest_in_message":
                options = await people.forms.suggest_in_message(
                    user, body["channel"], body["ts"], body["action_id"], body["query"]
                )
                return {"ok": True, "options": options}
            case "slash":
                sent = await people.slash(user, body["channel"], body["text"])
            case "open_home":
                sent = await people.open_home(user)
            case "say":
                sent = await people.say(user, body["channel"], body["text"], body.get("thread_ts"))
            case "shortcut":
                sent = await people.shortcut(user, body["callback_id"], body.get("channel"), body.get("ts"))
            case "fault":
                await self._fault(body)
                return {"ok": True}
            case _:
                raise ValueError(f"nobody can {what}")
        if sent is None:
            return {"ok": True}
        return {"ok": sent.ok, "error": sent.error, "errors": sent.errors, "ms": sent.ms}

    async def _fault(self, body: Json) -> None:
        faults = self._core.faults
        method, times = str(body.get("method") or "*"), int(body.get("times") or 1)
        match body.get("kind"):
            case "fail":
                faults.fail(method, str(body.get("error") or "internal_error"), times)
            case "status":
                faults.status(method, int(body.get("code") or 500), times, body.get("retry_after"))
            case "delay":
                faults.delay(method, float(body.get("seconds") or 0))
            case "drop":
                faults.drop_after_commit(method, times)
            case "duplicate":
                faults.duplicate_delivery(times)
            case "order":
                faults.out_of_order(times)
            case "handshake":
                faults.refuse_handshake(int(body.get("code") or 503), times)
            case "kill":
                await faults.kill_sockets()
            case "clear":
                faults.clear()
            case _:
                raise ValueError("no such fault")


def _values(body: Json) -> dict[Any, Any]:
    """`[[block_id, action_id, value], ...]` as the keys people.submit takes."""
    return {(item[0], item[1]): item[2] for item in map(as_list, as_list(body.get("values")) or []) if item}
