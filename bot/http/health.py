"""Whether we are well, for those who watch processes."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from approvals.store.redis import RedisStore
from bot.readiness import PATIENCE, Readiness


def health(store: RedisStore, readiness: Readiness) -> APIRouter:
    """`/healthz`: 200 while Redis answers, 503 while it does not. `/readyz`: 200 while all we depend on is as it must
    be, else 503; each check with its reason. Both answer within a few seconds, whatever is wrong."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        try:
            async with asyncio.timeout(PATIENCE):
                alive = await store.alive()
        except TimeoutError:
            alive = False
        return JSONResponse({"status": "ok"}) if alive else JSONResponse({"status": "no redis"}, 503)

    @router.get("/readyz")
    async def readyz() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        found = await readiness.look()
        ready = all(result.ok for result in found.values())
        checks = {name: {"ok": result.ok, "why": result.why} for name, result in found.items()}
        return JSONResponse({"status": "ok" if ready else "not ready", "checks": checks}, 200 if ready else 503)

    return router
