"""Traces, where the standard OTEL_* variables ask for them, and nothing at all where they do not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import structlog

from approvals.metering import Metering

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

FLUSH = 5.0
"""Seconds at the end for what was not sent yet."""

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
GRPC = "grpc"

log = structlog.get_logger()


def wanted(env: Mapping[str, str]) -> list[str]:
    """The exporters that the environment names, by their entry points: OTEL_TRACES_EXPORTER, or `otlp` where an
    endpoint is set. None where OTEL_SDK_DISABLED is `true`, or the exporter `none`."""
    if env.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    named = [name.strip() for name in env.get("OTEL_TRACES_EXPORTER", "").split(",") if name.strip()]
    if not named and any(env.get(name) for name in ENDPOINTS):
        named = ["otlp"]
    protocol = next((env[name] for name in PROTOCOLS if env.get(name)), "")
    otlp = "otlp_proto_grpc" if protocol == GRPC else "otlp_proto_http"
    return [otlp if name == "otlp" else name for name in named if name != "none"]


def provider_of(env: Mapping[str, str]) -> TracerProvider | None:
    """Where traces go. One that the process has already (set by a graph, or by `opentelemetry-instrument`) is used as
    it is; else ours is made, and graphs that trace by themselves find it. What is missing is logged."""
    names = wanted(env)
    if not names:
        return None
    try:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider

        from bot.traces import Ids
    except ImportError as missing:
        log.warning("no traces", action="traces.off", why=str(missing), remedy="install the extra: signoff[otel]")
        return None
    present = trace.get_tracer_provider()
    if isinstance(present, TracerProvider):
        return present
    provider = TracerProvider(resource=_resource(env), id_generator=Ids())
    for name in names:
        _export(provider, name)
    trace.set_tracer_provider(provider)
    return provider


def _resource(env: Mapping[str, str]) -> Any:
    from opentelemetry.sdk.resources import Resource

    named = env.get("OTEL_SERVICE_NAME") or "service.name=" in env.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return Resource.create({} if named else {"service.name": "signoff"})


def _export(provider: TracerProvider, name: str) -> None:
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

    if name == "console":  # stdout belongs to the command's answer
        provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(out=sys.stderr)))
        return
    found = list(entry_points(group="opentelemetry_traces_exporter", name=name))
    if not found:
        why = f"OTEL_TRACES_EXPORTER: there is no exporter {name}"
        log.warning("no traces", action="traces.off", why=why, remedy="install its package, or signoff[otel] for otlp")
        return
    provider.add_span_processor(BatchSpanProcessor(found[0].load()()))


@asynccontextmanager
async def traced(meter: Metering, env: Mapping[str, str] = os.environ) -> AsyncGenerator[None]:
    """While the body runs, what `meter` is told of is traced, if the environment says where to."""
    provider = provider_of(env)
    if provider is None:
        yield
        return
    from bot.traces import Traces

    meter.add(Traces(provider))
    try:
        yield
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH):
                await asyncio.to_thread(provider.force_flush)


def current() -> dict[str, str]:
    """`trace_id` and `span_id` of what goes on now, in hexadecimal; nothing where nothing is traced."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return {}
    at = api.get_current_span().get_span_context()
    return {"trace_id": f"{at.trace_id:032x}", "span_id": f"{at.span_id:016x}"} if at.is_valid else {}
