"""Redis itself is killed in the middle of a story, and comes back with what it wrote: nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.carried import Carried
from agents.checkpointer import open_checkpointer
from approvals.audit.entries import at_of
from approvals.audit.verifying import Verification
from approvals.lifecycle import Attempt
from approvals.model import Actor, ActorRef, Approval, DecisionType, Source, Status
from approvals.service import Done
from approvals.store.embedded import EmbeddedServer, free_port
from tests.scenarios.conftest import ANA, House
from tests.scenarios.yard import Yard, yard

__all__ = ["yard"]  # a fixture, known here by being imported

PAT = Actor(ActorRef("pat", Source.CLI))
AT_ONCE = [f"C{number}" for number in range(5)]


@pytest.fixture
def own(tmp_path: Path, saver_kind: str) -> Iterator[EmbeddedServer]:
    """A server of this test's own that answers once what was written is on the disk."""
    server = EmbeddedServer(
        tmp_path / "data", port=free_port(), modules=saver_kind == "redis", config={"appendfsync": "always"}
    )
    with server:
        yield server


@pytest.fixture
async def redis_url(own: EmbeddedServer) -> str:
    """Everything here is kept there."""
    return own.url


@pytest.mark.both_servers
@pytest.mark.timeout(240)
async def test_redis_is_killed_in_the_middle_of_a_story(yard: Yard, house: House, own: EmbeddedServer) -> None:
    """One approval waits, one is decided and not carried out, the node of one is at work, and five are clicked at the
    moment of the kill. With `appendfsync always` each decision that was acknowledged is carried out, once."""
    yard.env["SIGNOFF_SEAL_SECONDS"] = "0.1"
    serving = await yard.serve()
    orders = ["WAITS", "DECIDED", "PAYING", *AT_ONCE]
    asked = dict(zip(orders, await asyncio.gather(*map(yard.ask, orders)), strict=True))
    yard.hold()
    assert (await yard.approve("PAYING")).ok
    await serving.until("payer.paying")

    clicks = [asyncio.create_task(yard.approve(order)) for order in AT_ONCE]
    await asyncio.wait(clicks, return_when=asyncio.FIRST_COMPLETED)
    os.kill(serving.process.pid, signal.SIGSTOP)  # so that nobody carries it out
    attempt = Attempt(type=DecisionType.APPROVE, actor=PAT.ref)
    decided = await yard.outside.records.approvals.decide(asked["DECIDED"].id, attempt, PAT)
    assert isinstance(decided, Done)
    own.kill()
    os.kill(serving.process.pid, signal.SIGCONT)
    await asyncio.to_thread(own.start)
    yard.let_go()

    assert all(delivery.ok for delivery in await asyncio.gather(*clicks)), "acknowledged in time, whatever Redis does"
    assert (await yard.outside.approval(asked["WAITS"].id)).status is Status.PENDING
    assert (await yard.outside.approval(asked["DECIDED"].id)).decisions == decided.approval.decisions
    await lost_were_told(yard, [asked[order] for order in AT_ONCE])
    for order in (*AT_ONCE, "WAITS"):
        await yard.approve_for_good(order, asked[order].id)
    for order in orders:
        await yard.went_well(asked[order].id, order, runs=2)
    await the_audit_is_whole(yard, house.redis_url)


async def lost_were_told(yard: Yard, approvals: list[Approval]) -> None:
    """Whoever clicked for nothing was told so: nobody else has to click again."""
    async with asyncio.timeout(60):
        while len(yard.slack.ephemerals(ANA)) < await pending(yard, approvals):  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # a click may still be under way


async def pending(yard: Yard, approvals: list[Approval]) -> int:
    found = [await yard.outside.approval(approval.id) for approval in approvals]
    return sum(approval.status is Status.PENDING for approval in found)


async def the_audit_is_whole(yard: Yard, redis_url: str) -> None:
    """What `signoff audit verify` looks at, with what LangGraph was given: no finding, every event sealed."""
    records = yard.outside.records
    last = at_of(await records.audit.last())
    async with asyncio.timeout(60):
        while (await records.audit.head()).last < last:  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # a process of its own seals it
    async with open_checkpointer(redis_url) as saver:
        carried = Carried(records.store, saver)
        check = Verification(records.audit, look=carried.look)
        assert [finding async for finding in check.findings()] == []
    assert carried.compared.answers == 3 + len(AT_ONCE)
