"""A rolling deployment that brings new policies: replicas with the old file and the new one, over one server."""

from __future__ import annotations

from contextlib import AsyncExitStack

import structlog

from approvals.book import PolicyBook, Published
from approvals.model import ActorRef, Source
from tests.scenarios.conftest import POLICIES, House

NEW = POLICIES.replace("[10m]", "[5m]")


async def test_an_old_replica_that_restarts_brings_no_old_policies_back(house: House) -> None:
    """It serves under what counts, and its log says which version that is and how to go back on purpose."""
    old, new = house.folder / "old.yaml", house.folder / "new.yaml"
    old.write_text(POLICIES)
    new.write_text(NEW)
    async with AsyncExitStack() as pod:
        await house.desk(stack=pod, signoff_policies=old)
    fresh = await house.desk(signoff_policies=new)
    with structlog.testing.capture_logs() as lines:
        stale = await house.desk(signoff_policies=old)
    for desk in (fresh, stale):
        rules, number = await desk.core.records.book.current()
        assert (number, rules.policies[0].remind) == (2, (300.0,))
    (line,) = [one for one in lines if one.get("action") == "policies.replaced"]
    assert (line["log_level"], line["says_version"], line["counts_version"]) == ("warning", 1, 2)
    assert f"signoff policy apply {old}" in line["remedy"]
    assert "signoff policy rollback 1" in line["remedy"]
    assert await _after_going_back(fresh.core.records.book, POLICIES) == (3, (600.0,))


async def _after_going_back(book: PolicyBook, text: str) -> tuple[int, tuple[float, ...]]:
    """What `signoff policy apply FILE` does: the version and the reminders that count then."""
    done = await book.publish(text, expected=await book.number(), actor=ActorRef("ops", Source.CLI))
    assert isinstance(done, Published)
    rules, number = await book.current()
    return number, rules.policies[0].remind
