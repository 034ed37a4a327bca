"""Whether we are well, for those who watch processes."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from approvals.store.redis import RedisStore


def health(store: RedisStore) -> APIRouter:
    """`/healthz`: 200 while Redis answers, 503 while it does not."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse({"status": "ok"}) if await store.alive() else JSONResponse({"status": "no redis"}, 503)

    return router
