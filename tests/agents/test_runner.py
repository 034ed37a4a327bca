"""The door for agent code."""

from __future__ import annotations

import random

import pytest

from agents.examples import refund
from agents.runner import Runner, RunResult, RunStatus
from approvals.due import DueKind
from approvals.errors import ConfigError, InputError
from approvals.model import DecisionType
from approvals.performer import drive_with
from approvals.refusals import Refusal
from tests.agents.conftest import Desk
from tests.conftest import VirtualClock

pytestmark = pytest.mark.both_servers


@pytest.fixture
def runner(desk: Desk) -> Runner:
    desk.graphs.found["refund"] = refund.graph
    return Runner(desk.threads, desk.driver, desk.store)


async def test_a_run_waits_and_then_is_finished(desk: Desk, runner: Runner) -> None:
    """It comes back with the open approval; once decided and driven, with the result."""
    result = await runner.run("refund", {"customer": "1", "amount": 2.0}, "order-1", requester="U1")
    assert isinstance(result, RunResult)
    assert (result.status, result.thread.id, result.thread.requester) == (RunStatus.WAITING, "order-1", "U1")
    (approval,) = result.approvals
    await desk.decide(approval, DecisionType.DENY, reason="too late")
    await desk.driver.drive("order-1")
    result = await runner.look("order-1")
    assert (result.status, result.approvals) == (RunStatus.FINISHED, ())
    assert isinstance(result.values, dict)
    assert result.values["result"] == "No refund: too late"


async def test_a_run_leaves_no_drive_behind(desk: Desk, runner: Runner, clock: VirtualClock) -> None:
    """Registering begins the drive where this process drives threads: the run waits for it instead of racing it."""
    desk.effects.use({DueKind.DRIVE: drive_with(desk.driver, desk.store, clock=clock, rng=random.Random(1))})
    result = await runner.run("refund", {"customer": "1", "amount": 2.0}, "order-1")
    assert isinstance(result, RunResult)
    assert (result.status, len(result.approvals)) == (RunStatus.WAITING, 1)
    assert await desk.store.due_at("order-1") == {}


async def test_a_thread_has_one_first_run(runner: Runner) -> None:
    """The same thread again is refused."""
    await runner.run("refund", {"customer": "1", "amount": 2.0}, "order-1")
    assert isinstance(await runner.run("refund", {"customer": "1", "amount": 9.0}, "order-1"), Refusal)


async def test_an_unknown_graph_registers_nothing(desk: Desk, runner: Runner) -> None:
    """A name that is not in langgraph.json is an error, and leaves no thread behind."""
    with pytest.raises(ConfigError, match="there is no “nope”"):
        await runner.run("nope", {}, "order-1")
    assert await desk.store.thread("order-1") is None


async def test_an_unknown_thread(runner: Runner) -> None:
    """Looking at nothing is an error of the caller."""
    with pytest.raises(InputError, match="nope"):
        await runner.look("nope")


async def test_a_failing_graph_is_retried(desk: Desk, runner: Runner) -> None:
    """A graph that raises on its first run comes back as retrying, with the error, then as failed."""
    result = await runner.run("refund", {"customer": "1"}, "order-1")
    assert isinstance(result, RunResult)
    assert (result.status, result.thread.error) == (RunStatus.RETRYING, "KeyError: 'amount'")
    await desk.driver.drive("order-1")
    await desk.driver.drive("order-1")
    assert (await runner.look("order-1")).status is RunStatus.FAILED
