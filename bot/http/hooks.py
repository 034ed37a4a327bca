"""Where LangGraph Server calls when a run has ended: a hint to look now, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, BackgroundTasks, Response

from agents.remote.watch import ServerWatch


def hooks(watches: Sequence[ServerWatch]) -> APIRouter:
    """`POST /servers/{name}/hook/{secret}`: 204, or 404 for a server or a secret that is not known.

    The body is not read: what is true is asked of the server. (Its access log is off: the path holds the secret.)
    """
    router = APIRouter(include_in_schema=False)
    named = {watch.name: watch for watch in watches}

    @router.post("/servers/{name}/hook/{secret}")
    async def hook(name: str, secret: str, later: BackgroundTasks) -> Response:  # pyright: ignore[reportUnusedFunction]
        watch = named.get(name)
        if watch is None or not watch.takes(secret):
            return Response(status_code=404)
        later.add_task(watch.hint)
        return Response(status_code=204)

    return router
