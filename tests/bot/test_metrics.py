"""Numbers stay few, whatever is asked: labels are bounded, and what nobody knows is added up."""

from __future__ import annotations

from prometheus_client import generate_latest

from approvals import lifecycle
from approvals.events import EventType
from approvals.metering import Committing, Metering
from approvals.model import Approval
from approvals.store.survey import AGES, Line, Survey
from approvals.transitions import Change
from bot.metrics import MOST_GRAPHS, Metrics
from tests.approvals.build import POLICY, T0, draft, thread


def opening(graph: str) -> Change:
    return lifecycle.open_("A1", draft(), thread(graph=graph), POLICY, T0)


def commit(metrics: Metrics, change: Change, word: str = "done") -> None:
    metering = Metering()
    metering.add(metrics)
    with metering.around(Committing([change])) as said:
        said.word = word


def test_graphs_beyond_the_limit_are_one() -> None:
    """However many graphs there are, a hundred are told apart and the rest is counted as one."""
    metrics = Metrics(["refund"])
    for number in range(MOST_GRAPHS + 50):
        commit(metrics, opening(f"g{number}"))
    counted = {sample.labels["graph"]: sample.value for sample in metrics.opened.collect()[0].samples}
    totals = {graph: n for graph, n in counted.items() if n >= 1}
    assert len(metrics.graphs) == MOST_GRAPHS
    assert totals["(other)"] >= 51
    assert metrics.registry.get_sample_value("signoff_approvals_opened_total", {"graph": "g7"}) == 1


def test_what_was_not_written_is_not_counted() -> None:
    """A conflict counts as such, and none of its events."""
    metrics = Metrics()
    commit(metrics, opening("refund"), "conflict")
    told = generate_latest(metrics.registry).decode()
    assert 'signoff_commits_total{result="conflict"} 1.0' in told
    assert f'signoff_events_total{{event="{EventType.OPENED.value}"}}' not in told


def test_gauges_are_gone_where_nobody_knows() -> None:
    """Redis away: no number is better than an old one. What waited once and no longer does is gone as well."""
    metrics = Metrics()
    row = (1,) * len(AGES)
    metrics.surveyed(Survey({"refund": row}, {"drives": Line(2, 3.5)}))
    assert metrics.registry.get_sample_value("signoff_due_lag_seconds", {"line": "drives"}) == 3.5
    metrics.surveyed(None)
    told = generate_latest(metrics.registry).decode()
    assert "signoff_pending_approvals{" not in told
    assert "signoff_due_lag_seconds{" not in told


def test_two_runtimes_count_for_themselves() -> None:
    """A registry each: nothing is registered in the library's global one, which would refuse the second."""
    one, two = Metrics(["a"]), Metrics(["a"])
    commit(one, opening("a"))
    read = {
        each: each.registry.get_sample_value("signoff_approvals_opened_total", {"graph": "a"}) for each in (one, two)
    }
    assert read == {one: 1.0, two: None}


def test_no_label_holds_what_an_agent_said() -> None:
    """Ids, titles and arguments appear in no number."""
    metrics = Metrics()
    change = opening("refund")
    commit(metrics, change)
    approval: Approval = change.approval
    told = generate_latest(metrics.registry).decode()
    assert approval.title not in told
    assert approval.id not in told
