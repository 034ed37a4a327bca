"""What happens, counted for Prometheus. A registry for each runtime; every label has few values, whatever is asked."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from approvals.events import Event, EventType
from approvals.metering import FAILED, RAISED, Calling, Committing, Driving, End, Performing, Running, Step, Sweeping
from approvals.model import Approval, Source
from approvals.store.survey import AGES, OTHER, Survey
from approvals.transitions import Change, ThreadChange

MOST_GRAPHS = 100
"""Graphs that are told apart; what comes after them is `(other)`."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MINUTES = tuple(minutes * _MINUTE for minutes in (1, 5, 15, 30))
_HOURS = tuple(hours * _HOUR for hours in (1, 2, 4, 8))
PATIENCE = (10, 30, *_MINUTES, *_HOURS, _DAY, 2 * _DAY, 7 * _DAY)
"""How long people take, in seconds."""

MACHINE = (0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600)
"""How long we take, in seconds."""

LAG = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 3, 10)
"""How late the event loop is, in seconds. Slack waits 3."""

RESUMES = {EventType.RESUMED: "resumed", EventType.RESUME_FAILED: "failed", EventType.GAVE_UP: "gave_up"}


class Metrics:
    """Implements `approvals.metering.Meter`. `graphs` are told apart from the start; `room` says how much more due work
    the process would take on (`Effects.room`)."""

    def __init__(self, graphs: Iterable[str] = (), *, room: Callable[..., int] | None = None) -> None:
        self.registry = CollectorRegistry()
        self._graphs = dict.fromkeys(list(graphs)[:MOST_GRAPHS])
        self._counters()
        self._timers()
        self._gauges()
        if room is not None:
            self.slots.labels("drives").set_function(partial(room, drives=True))
            self.slots.labels("people").set_function(partial(room, drives=False))
        ProcessCollector(registry=self.registry)

    def _counters(self) -> None:
        counter = partial(Counter, registry=self.registry)
        self.opened = counter("signoff_approvals_opened", "Questions of graphs that became approvals.", ["graph"])
        self.resolved = counter("signoff_resolutions", "Approvals that ended, by how.", ["graph", "resolution"])
        self.resumes = counter("signoff_resumes", "Answers taken by graphs, or not.", ["graph", "result"])
        self.events = counter("signoff_events", "Everything that is written into the audit.", ["event"])
        self.commits = counter("signoff_commits", "Writes of records: done, conflict or fenced.", ["result"])
        self.lost = counter("signoff_leases_lost", "Drives that ended because their lease was lost.")
        self.graph_failures = counter("signoff_graph_failures", "Runs of graphs that raised.", ["graph"])
        self.lost.inc(0)
        self.stalls = counter("signoff_loop_stalls", "Times that the event loop stood still for more than a second.")

    def _timers(self) -> None:
        timer = partial(Histogram, registry=self.registry)
        self.patience = timer(
            "signoff_decision_seconds", "From opening to a person's last decision.", ["graph"], buckets=PATIENCE
        )
        self.drives = timer("signoff_drive_seconds", "Drives of threads.", ["result"], buckets=MACHINE)
        self.effects = timer("signoff_effect_seconds", "Due work performed.", ["kind", "result"], buckets=MACHINE)
        self.sweeps = timer("signoff_sweep_seconds", "Looks at the due list.", ["result"], buckets=MACHINE)
        self.lag = timer("signoff_loop_lag_seconds", "How late the event loop turned when asked.", buckets=LAG)
        self.calls = timer("signoff_slack_call_seconds", "Calls of Slack.", ["method", "result"], buckets=MACHINE)

    def _gauges(self) -> None:
        gauge = partial(Gauge, registry=self.registry)
        self.pending = gauge("signoff_pending_approvals", "Approvals that wait for people.", ["graph", "age"])
        self.due = gauge("signoff_due_items", "Due work that nobody has taken yet.", ["line"])
        self.late = gauge("signoff_due_lag_seconds", "For how long the first of it has been due.", ["line"])
        self.memory = gauge("signoff_redis_memory_bytes", "What Redis uses, and may use (`limit`; 0: all).", ["what"])
        self.slots = gauge("signoff_free_slots", "How much more work this process would take on.", ["work"])
        self.nodes = gauge("signoff_nodes", "Nodes that are no coroutines: at_work, or hung in a thread.", ["state"])
        self.ready = gauge("signoff_ready", "1 where a check of /readyz passes, else 0.", ["check"])
        self.build = gauge("signoff_build_info", "Always 1.", ["version", "python", "langgraph"])
        self.build.labels(_version("signoff"), platform.python_version(), _version("langgraph")).set(1)

    # -- what happens

    def begin(self, step: Step) -> End | None:
        """See `approvals.metering.Meter`."""
        began = perf_counter()

        def end(word: str, failed: BaseException | None) -> None:
            self._ended(step, word, perf_counter() - began, failed)

        return end

    def _ended(self, step: Step, word: str, seconds: float, failed: BaseException | None) -> None:
        match step:
            case Committing():
                self.commits.labels(word).inc()
                if word == "done":
                    for change in step.changes:
                        self._written(change)
            case Performing():
                self.effects.labels(step.claim.kind.value, FAILED if failed else word).observe(seconds)
            case Driving():
                self.drives.labels(word).observe(seconds)
                if word == "lost":
                    self.lost.inc()
            case Running():
                if word == RAISED:
                    self.graph_failures.labels(self._graph(step.graph)).inc()
            case Sweeping():
                self.sweeps.labels(word).observe(seconds)
            case Calling():
                self.calls.labels(step.method, word).observe(seconds)

    def _written(self, change: Change | ThreadChange) -> None:
        for event in change.events:
            self.events.labels(event.type.value).inc()
            if isinstance(change, Change):
                self._told(change.approval, event)

    def _told(self, approval: Approval, event: Event) -> None:
        graph = self._graph(approval.graph)
        if event.type is EventType.OPENED:
            self.opened.labels(graph).inc()
        elif event.type is EventType.RESOLVED:
            self.resolved.labels(graph, str(event.data.get("resolution"))).inc()
            if event.actor.source in (Source.SLACK, Source.CLI, Source.API):
                self.patience.labels(graph).observe((event.at - approval.opened_at).total_seconds())
        elif event.type in RESUMES:
            self.resumes.labels(graph, RESUMES[event.type]).inc()

    def _graph(self, name: str) -> str:
        if name not in self._graphs:
            if len(self._graphs) >= MOST_GRAPHS:
                return OTHER
            self._graphs[name] = None
        return name

    # -- what is there

    @property
    def graphs(self) -> list[str]:
        """Those that are told apart."""
        return list(self._graphs)

    def surveyed(self, survey: Survey | None) -> None:
        """What waits now; `None` where Redis does not say, which leaves those gauges out."""
        for each in (self.pending, self.due, self.late, self.memory):
            each.clear()
        if survey is None:
            return
        for graph, counts in survey.pending.items():
            for age, count in zip(AGES, counts, strict=True):
                self.pending.labels(graph, age).set(count)
        for name, line in survey.lines.items():
            self.due.labels(name).set(line.due)
            self.late.labels(name).set(line.late)
        if survey.memory is not None:
            self.memory.labels("used").set(survey.memory.used)
            self.memory.labels("limit").set(survey.memory.limit)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from a folder that was never installed
        return "unknown"
