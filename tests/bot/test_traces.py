"""Ids of traces, sampling, what hangs where; and which exporters the environment asks for."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

from approvals import lifecycle
from approvals.metering import Committing, Driving, Metering, Running
from approvals.model import Outcome, Reply
from approvals.transitions import Change
from bot import tracing
from bot.traces import Ids, Traces, ids
from tests.approvals.build import POLICY, T0, at, draft, say, thread


def opened(approval_id: str) -> Change:
    return lifecycle.open_(approval_id, draft(), thread(), POLICY, T0)


class Desk:
    """A provider that keeps what it is given."""

    def __init__(self, provider: TracerProvider) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = provider
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meter = Metering()
        self.meter.add(Traces(provider))

    def commit(self, *changes: object) -> None:
        with self.meter.around(Committing([change for change in changes if isinstance(change, Change)])):
            pass

    def names(self) -> list[str]:
        return [span.name for span in self.exporter.get_finished_spans()]


def over(approval_id: str) -> list[Change]:
    """From the opening to the resumption."""
    steps = [opened(approval_id)]
    for step in (
        lambda a: lifecycle.with_reply(lifecycle.decide(a, say(), at(60)), Reply(True)),
        lambda a: lifecycle.resume(a, at(61)),
        lambda a: lifecycle.complete(a, Outcome(finished=True), at(62)),
    ):
        change = step(steps[-1].approval)
        assert isinstance(change, Change), change
        steps.append(change)
    return steps


def test_ids_follow_from_the_approval() -> None:
    """Always the same, never the same for two, never zero, and spread over all bits."""
    found = [ids(f"A{number}") for number in range(500)]
    assert ids("A7") == found[7]
    assert len(set(found)) == 500
    assert all(0 < trace_id < 2**128 and 0 < span_id < 2**64 for trace_id, span_id in found)
    assert 150 < sum(trace_id & 1 for trace_id, _ in found) < 350


def test_the_root_lasts_from_the_opening_to_the_end() -> None:
    """By the record's own times; written once it is over, and not before."""
    desk = Desk(TracerProvider(id_generator=Ids(), shutdown_on_exit=False))
    *before, last = over("A1")
    for change in before:
        desk.commit(change)
    assert "approval" not in desk.names()
    desk.commit(last)
    (root,) = [span for span in desk.exporter.get_finished_spans() if span.name == "approval"]
    assert (root.start_time, root.end_time) == (T0.timestamp() * 1e9, at(62).timestamp() * 1e9)


def test_an_approval_is_sampled_whole_or_not_at_all() -> None:
    """By its id, the same on every replica: a part of the approvals, each with all of its spans."""
    half = ParentBasedTraceIdRatio(0.5)
    desks = [Desk(TracerProvider(half, id_generator=Ids(), shutdown_on_exit=False)) for _ in range(2)]
    for number in range(40):
        for count, change in enumerate(over(f"A{number}")):
            desks[count % 2].commit(change)
    counts: dict[int, int] = {}
    for desk in desks:
        for span in desk.exporter.get_finished_spans():
            counts[span.context.trace_id] = counts.get(span.context.trace_id, 0) + 1
    assert set(counts.values()) == {5}
    assert 8 < len(counts) < 32


def test_another_provider_gets_no_roots() -> None:
    """Where ids are not ours to choose: the spans in their trace, and no root, since nothing would hang on it."""
    desk = Desk(TracerProvider(shutdown_on_exit=False))
    for change in over("A1"):
        desk.commit(change)
    assert len(desk.names()) == 4
    assert "approval" not in desk.names()
    assert {span.context.trace_id for span in desk.exporter.get_finished_spans()} == {ids("A1")[0]}


def test_what_a_graph_traces_hangs_on_the_answer_it_was_given() -> None:
    """Of several answers at once on the first; afterwards the drive is the current span again."""
    desk = Desk(TracerProvider(id_generator=Ids(), shutdown_on_exit=False))
    tracer = desk.provider.get_tracer("theirs")
    with desk.meter.around(Driving("t1")):
        drive = trace.get_current_span().get_span_context()
        with desk.meter.around(Running("t1", "refund", ["A1", "A2"])), tracer.start_as_current_span("model"):
            pass
        assert trace.get_current_span().get_span_context() == drive
    assert not trace.get_current_span().get_span_context().is_valid
    spans = {(span.name, span.context.trace_id): span for span in desk.exporter.get_finished_spans()}
    model, first = spans["model", ids("A1")[0]], spans["resume", ids("A1")[0]]
    assert model.parent is not None
    assert model.parent.span_id == first.context.span_id
    assert ("resume", ids("A2")[0]) in spans
    assert [link.context.trace_id for link in spans["drive", drive.trace_id].links] == [ids("A1")[0], ids("A2")[0]]


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({}, []),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, ["otlp_proto_http"]),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, ["otlp_proto_http"]),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ["otlp_proto_grpc"]),
        ({"OTEL_TRACES_EXPORTER": "console, otlp"}, ["console", "otlp_proto_http"]),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, []),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, []),
    ],
)
def test_what_the_environment_asks_for(env: dict[str, str], names: list[str]) -> None:
    """The standard variables, as OpenTelemetry defines them; nothing where none is set."""
    assert tracing.wanted(env) == names


async def test_nothing_is_traced_where_nothing_asks_for_it() -> None:
    """No provider, no meter, and no ids in the log."""
    metering = Metering()
    async with tracing.traced(metering, {}):
        with metering.around(Driving("t1")):
            assert tracing.current() == {}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[TracerProvider]]:
    """Stands in for the process's one global provider, which can be set once."""
    made: list[TracerProvider] = []
    monkeypatch.setattr(trace, "set_tracer_provider", made.append)
    yield made
    for each in made:
        each.shutdown()


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """An OTLP collector: its URL, and what was posted to /v1/traces."""
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append(body if self.path == "/v1/traces" else b"")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()


async def test_an_endpoint_in_the_environment_is_enough(
    provider: list[TracerProvider], collector: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """OTLP over HTTP, under the name of the service; what is left is sent at the end. The ids stand in log lines."""
    url, got = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    metering = Metering()
    async with tracing.traced(metering):
        (made,) = provider
        assert isinstance(made.id_generator, Ids)
        with metering.around(Driving("the-thread")):
            told = tracing.current()
    assert (len(told["trace_id"]), len(told["span_id"])) == (32, 16)
    (sent,) = got
    assert b"the-thread" in sent
    assert b"signoff" in sent
    assert bytes.fromhex(told["trace_id"]) in sent


def test_an_exporter_that_is_not_installed_is_said(provider: list[TracerProvider]) -> None:
    """The process goes on; the log says what to install."""
    with structlog.testing.capture_logs() as lines:
        assert tracing.provider_of({"OTEL_TRACES_EXPORTER": "pigeon"}) is not None
    assert lines[0]["action"] == "traces.off"
    assert "pigeon" in lines[0]["why"]
    assert lines[0]["remedy"]


def test_a_provider_that_is_there_is_used(monkeypatch: pytest.MonkeyPatch, provider: list[TracerProvider]) -> None:
    """That of `opentelemetry-instrument`, of a graph, or our own of before: no second one beside it."""
    theirs = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: theirs)
    assert tracing.provider_of({"OTEL_TRACES_EXPORTER": "console"}) is theirs
    assert provider == []
