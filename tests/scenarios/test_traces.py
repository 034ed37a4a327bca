"""One trace joins the pause, the decision and what followed, whoever did which part; and it holds nothing private."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from approvals.lifecycle import Attempt
from approvals.model import Actor, ActorRef, DecisionType, Source
from approvals.service import Done
from bot.core import Records, open_records
from bot.traces import Ids, Traces, ids
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, CHANNEL, Desk, House

PRIVATE = {"customer": "hunter2", "amount": 340.0, "reason": "The parcel arrived broken."}


@contextmanager
def traced(records: Records) -> Iterator[InMemorySpanExporter]:
    """What these trace from here on."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(id_generator=Ids(), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    records.meter.add(Traces(provider))
    yield exporter
    provider.shutdown()


def of(spans: Sequence[ReadableSpan], approval_id: str) -> dict[str, list[ReadableSpan]]:
    """Those of the approval's trace, by name."""
    found: dict[str, list[ReadableSpan]] = {}
    for span in spans:
        if span.context.trace_id == ids(approval_id)[0]:
            found.setdefault(span.name, []).append(span)
    return found


async def walked(desk: Desk) -> str:
    """A refund from the pause to the report; the approval's id."""
    card = await desk.ask(given=PRIVATE)
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    approval = await desk.resumed(card.ts)
    await desk.core.records.effects.drain()
    return approval.id


async def test_a_walk_is_one_trace(house: House) -> None:
    """Every step hangs below one root, which lasts from the opening to the resumption; drives are linked to it."""
    desk = await house.desk()
    with traced(desk.core.records) as exporter:
        approval = await walked(desk)
        spans = exporter.get_finished_spans()
    found = of(spans, approval)
    steps = {"approval opened", "approval announced", "approval resolved", "approval resuming", "approval resumed"}
    assert found.keys() >= steps | {"effect notify", "effect refresh", "effect report", "resume", "approval"}
    (root,) = found["approval"]
    assert root.context.span_id == ids(approval)[1]
    assert root.parent is None
    assert dict(root.attributes or {}) == {
        "signoff.approval": approval,
        "signoff.thread": (root.attributes or {})["signoff.thread"],
        "signoff.graph": "refund",
        "signoff.status": "resumed",
        "signoff.resolution": "approved",
    }
    together = {span.context.span_id: span for each in found.values() for span in each}
    assert all(
        span.parent is not None and span.parent.span_id in together for span in together.values() if span != root
    )
    posted = [span.parent for span in found["slack chat.postMessage"]]
    effects = {span.context.span_id for name in ("effect notify", "effect report") for span in found[name]}
    assert {parent.span_id for parent in posted if parent} <= effects
    drives = [span for span in spans if span.name == "drive"]
    assert len(drives) == 2
    assert all(link.context.trace_id == ids(approval)[0] for drive in drives for link in drive.links)
    assert all(drive.links for drive in drives), "the one that asked, and the one that resumed"
    (resume,) = found["resume"]
    assert resume.links[0].context.span_id == drives[1].context.span_id


async def test_what_another_process_decides_is_in_the_same_trace(house: House) -> None:
    """Nothing is handed over between them but the approval's id."""
    desk = await house.desk()
    operator = Actor(ActorRef("ops", Source.CLI))
    async with open_records(desk.settings) as elsewhere:
        with traced(desk.core.records) as here, traced(elsewhere) as there:
            card = await desk.ask()
            attempt = Attempt(type=DecisionType.APPROVE, actor=operator.ref)
            assert isinstance(await elsewhere.approvals.decide((await desk.only()).id, attempt, operator), Done)
            approval = await desk.resumed(card.ts)
            await desk.core.records.effects.drain()
            mine, theirs = of(here.get_finished_spans(), approval.id), of(there.get_finished_spans(), approval.id)
    assert set(theirs) == {"approval resolved"}
    assert "approval resolved" not in mine
    assert {"approval opened", "resume", "approval"} <= mine.keys()


async def test_nothing_private_is_traced(house: House, clock: VirtualClock) -> None:
    """Neither what the agent asks nor what Slack answers; of a failure only its type."""
    desk = await house.desk(clock=clock)
    with traced(desk.core.records) as exporter:
        desk.slack.faults.fail("chat.postMessage", "internal_error")
        await desk.start("refund", PRIVATE)
        await desk.core.records.effects.drain()
        spans = exporter.get_finished_spans()
    (failed,) = [span for span in spans if span.name == "effect notify"]
    assert failed.status.status_code is StatusCode.ERROR
    assert failed.status.description == "SlackRefused"
    assert failed.events == ()
    told = "".join(span.to_json() for span in spans)
    assert "slack chat.postMessage" in told
    assert [word for word in ("hunter2", "parcel", "340.0", "internal_error", "xoxb") if word in told] == []
