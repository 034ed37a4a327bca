"""`/metrics`, for Prometheus."""

from __future__ import annotations

import asyncio

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import choose_encoder

from approvals.store.survey import Survey, SurveyStore
from bot.metrics import Metrics
from bot.readiness import KEPT, PATIENCE, Readiness

log = structlog.get_logger()


class Waiting:
    """What waits in the store, read at most once a second however many ask."""

    def __init__(self, store: SurveyStore, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._found: tuple[float, Survey | None] | None = None
        self._looking = asyncio.Lock()

    async def look(self) -> Survey | None:
        """`None` where Redis does not answer in time."""
        now = asyncio.get_running_loop().time
        async with self._looking:
            if self._found is None or now() - self._found[0] > KEPT:
                found = await self._read()
                self._found = now(), found
            return self._found[1]

    async def _read(self) -> Survey | None:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._store.survey(self._metrics.graphs)
        except Exception as failed:
            log.warning("nothing to count", action="metrics.failed", exc_info=failed)
            return None


def metrics_router(metrics: Metrics, store: SurveyStore, readiness: Readiness) -> APIRouter:
    """Counters of this process; gauges of what waits for all of them, read now."""
    router = APIRouter(include_in_schema=False)
    waiting = Waiting(store, metrics)

    @router.get("/metrics")
    async def scrape(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        survey, found = await asyncio.gather(waiting.look(), readiness.look())
        metrics.surveyed(survey)
        for check, result in found.items():
            metrics.ready.labels(check).set(result.ok)
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(metrics.registry), headers={"Content-Type": kind})

    return router
