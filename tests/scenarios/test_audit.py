"""The audit of a serving process: sealed by itself, verified against the graphs, read over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from agents.carried import Carried, Compared
from agents.checkpointer import open_checkpointer
from approvals.api_keys import Scope
from approvals.audit import signing
from approvals.audit.entries import at_of
from approvals.audit.verifying import Verification
from approvals.errors import ConfigError
from tests.scenarios.conftest import BEN, CHANNEL, House
from tests.scenarios.play import settled
from tests.scenarios.test_api import Api


async def test_what_people_decide_is_sealed_and_verifies_with_what_the_agent_was_given(house: House) -> None:
    """Two replicas, one chain: asked, approved by a click, sealed by the clockwork, signed."""
    key = signing.generated()
    desk, _ = [await house.desk(signoff_seal_seconds=0.1, signoff_seal_key=key.pem) for _ in range(2)]
    card = await desk.ask()
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    await desk.resumed(card.ts)
    audit = desk.core.records.audit
    last = at_of(await audit.last())
    async with asyncio.timeout(60):
        while (await audit.head()).last < last:
            pass
    async with open_checkpointer(house.redis_url) as saver:
        carried = Carried(desk.core.records.store, saver)
        check = Verification(audit, trusted=[key.public], look=carried.look)
        assert [one async for one in check.findings()] == []
    assert carried.compared == Compared(answers=1)
    assert check.counts.signed == check.counts.seals > 0


async def test_a_key_that_is_no_key_is_told_at_the_start(house: House) -> None:
    """By the name of the setting."""
    with pytest.raises(ConfigError, match="SIGNOFF_SEAL_KEY"):
        await house.desk(signoff_seal_key="hunter2")


async def test_the_audit_is_read_over_http_page_by_page_with_an_admin_key(house: House) -> None:
    """Every event once; for no other key, and for no request that does not fit."""
    desk = await house.desk(signoff_http=True)
    api = Api(desk)
    admin, reader = await api.key("admin", Scope.ADMIN), await api.key("reader", Scope.READ)
    await desk.ask()
    await settled(desk)
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await api("GET", f"/audit?limit=2{cursor}", admin)).json()
        seen += [event["seq"] for event in page["events"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen[:5] == [event.seq for event in await desk.core.records.store.audit(limit=5)]
    assert (await api("GET", "/audit?since=2090-01-01", admin)).json()["events"] == []
    assert (await api("GET", "/audit?until=2020-01-01", admin)).json()["events"] == []
    assert (await api("GET", "/audit", reader)).status_code == 403
    assert (await api("GET", "/audit", {})).status_code == 401
    for wrong in ("limit=0", "cursor=x", "since=monday"):
        assert (await api("GET", f"/audit?{wrong}", admin)).status_code == 422
    await api.aclose()
