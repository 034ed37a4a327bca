"""What happens, as OpenTelemetry spans: each approval is one trace, from the pause to the end of what followed.

Its trace id and the id of its root follow from the approval's id, so that every replica finds them without asking: what
one opened, another decides and a third resumes stands in one trace, and nothing has to be kept for it. A drive has a
trace of its own, since it may be about several approvals; links lead both ways. Spans hold ids and words of ours:
nothing that an agent or a person said, and of what was raised only its type.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags
from opentelemetry.util.types import AttributeValue

from approvals.due import DueKind
from approvals.events import EventType
from approvals.metering import Calling, Committing, Driving, End, Performing, Running, Step, Sweeping
from approvals.model import Approval
from approvals.transitions import Change, ThreadChange

OVER = frozenset({EventType.RESUMED, EventType.SUPERSEDED})
"""With these an approval is over, and its root is written. One that has failed may still be retried."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_root: ContextVar[tuple[int, int] | None] = ContextVar("signoff_root_span", default=None)


def ids(approval_id: str) -> tuple[int, int]:
    """Trace id and root span id of an approval: as evenly spread as random ones, so that samplers may go by them."""
    digest = sha256(f"signoff approval {approval_id}".encode()).digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1


class Ids(RandomIdGenerator):
    """Random ids, but for the root of an approval."""

    def generate_span_id(self) -> int:
        """As a provider asks."""
        root = _root.get()
        return super().generate_span_id() if root is None else root[1]

    def generate_trace_id(self) -> int:
        """The same."""
        root = _root.get()
        return super().generate_trace_id() if root is None else root[0]


class Traces:
    """Implements `approvals.metering.Meter`. A `provider` without our `Ids` writes no roots: they would have ids that
    nothing hangs on."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("signoff")
        self._sampler = provider.sampler
        self._roots = isinstance(provider.id_generator, Ids)

    def begin(self, step: Step) -> End | None:
        """See `approvals.metering.Meter`."""
        match step:
            case Committing():
                began = time.time_ns()
                return lambda word, _: self._committed(step.changes, began) if word == "done" else None
            case Performing():
                if step.claim.kind is DueKind.DRIVE:  # which is a span by itself
                    return None
                told = {"signoff.approval": step.claim.subject, "signoff.attempt": step.claim.attempt}
                return self._around(f"effect {step.claim.kind.value}", told, self._of(step.claim.subject))
            case Driving():
                return self._around("drive", {"signoff.thread": step.thread_id}, Context())
            case Running():
                return self._running(step)
            case Calling():
                return self._around(f"slack {step.method}", {}, None, kind=SpanKind.CLIENT)
            case Sweeping():  # once a second, and nothing to see
                return None

    def _running(self, step: Running) -> End:
        told: dict[str, AttributeValue] = {"signoff.thread": step.thread_id, "signoff.graph": step.graph}
        if not step.approvals:
            return self._around("run", told, None)
        drive = trace.get_current_span()
        back = _links(drive.get_span_context())
        # What the graph itself traces hangs on the last one begun: the others are as long, and say whose answers ran.
        ends = [
            self._around("resume", told | {"signoff.approval": one}, self._of(one), links=back)
            for one in reversed(step.approvals)
        ]
        for one in step.approvals:
            drive.add_link(self._parent(one))

        def end(word: str, failed: BaseException | None) -> None:
            for each in reversed(ends):
                each(word, failed)

        return end

    def _around(
        self,
        name: str,
        told: Mapping[str, AttributeValue],
        context: Context | None,
        *,
        links: Sequence[Link] = (),
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> Callable[[str, BaseException | None], None]:
        """A span that is the current one until it ends."""
        span = self._tracer.start_span(name, context, kind, dict(told), links)
        token = contexts.attach(trace.set_span_in_context(span))

        def end(word: str, failed: BaseException | None) -> None:
            contexts.detach(token)
            span.set_attribute("signoff.result", word)
            if failed is not None:
                span.set_status(StatusCode.ERROR, type(failed).__name__.lstrip("_"))
            span.end()

        return end

    # -- an approval

    def _parent(self, approval_id: str) -> SpanContext:
        """The approval's root, which may not be written yet. Sampled as it will be."""
        trace_id, span_id = ids(approval_id)
        sampled = self._sampler.should_sample(None, trace_id, "approval").decision.is_sampled()
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        return SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)

    def _of(self, approval_id: str) -> Context:
        return trace.set_span_in_context(NonRecordingSpan(self._parent(approval_id)), Context())

    def _committed(self, changes: Sequence[Change | ThreadChange], began: int) -> None:
        current = trace.get_current_span()
        for change in changes:
            if isinstance(change, Change) and change.events:
                self._written(change, began, current)

    def _written(self, change: Change, began: int, current: Span) -> None:
        approval, kinds = change.approval, [event.type for event in change.events]
        told = _told(approval) | {"signoff.events": [kind.value for kind in kinds]}
        links = _links(current.get_span_context())
        span = self._tracer.start_span(
            f"approval {kinds[-1].value}", self._of(approval.id), attributes=told, links=links, start_time=began
        )
        span.end()
        if EventType.OPENED in kinds:
            current.add_link(self._parent(approval.id))
        if self._roots and OVER.intersection(kinds):
            self._over(approval, change.events[-1].at)

    def _over(self, approval: Approval, at: datetime) -> None:
        token = _root.set(ids(approval.id))
        try:
            span = self._tracer.start_span(
                "approval", Context(), attributes=_told(approval), start_time=_nanoseconds(approval.opened_at)
            )
        finally:
            _root.reset(token)
        span.end(_nanoseconds(at))


def _told(approval: Approval) -> dict[str, AttributeValue]:
    told: dict[str, AttributeValue] = {
        "signoff.approval": approval.id,
        "signoff.thread": approval.thread_id,
        "signoff.graph": approval.graph,
        "signoff.status": approval.status.value,
    }
    return told if approval.resolution is None else told | {"signoff.resolution": approval.resolution.value}


def _links(found: SpanContext) -> list[Link]:
    return [Link(found)] if found.is_valid else []


def _nanoseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000
