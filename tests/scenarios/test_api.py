"""A decision over HTTP, asked as a script would, answered by people in Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from approvals.api_keys import Minted, Scope, mint
from approvals.model import SYSTEM
from tests.scenarios.conftest import BEN, CHANNEL, Desk, House

POLICIES = """
version: 1
policies:
  - name: by-machine
    match: {graph: decisions, action: "Rotate*"}
    channel: "#approvals"
    who: ["api:ci"]
  - name: two
    match: {graph: decisions, action: "Delete*"}
    channel: "#approvals"
    who: ["@finance"]
    quorum: {approve: 2}
  - name: undoable
    match: {graph: decisions, action: "Undo*"}
    channel: "#approvals"
    undo: 10m
  - name: at-once
    match: {graph: decisions, action: "Read*"}
    channel: "#approvals"
    decide: {decision: approve, reason: "Reading is harmless."}
default:
  channel: "#approvals"
"""


class Api:
    """Speaks HTTP to a desk, with a key."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._client = httpx.AsyncClient(base_url=desk.runtime.http_url or "", timeout=30)

    async def key(self, name: str, *scopes: Scope, rate: int = 100_000) -> dict[str, str]:
        """The headers of a new key."""
        records = self.desk.core.records
        numbers = {"id": f"{name:a<10}"[:10], "secret": name.encode().hex().ljust(64, "0")}
        made = mint(name, scopes or tuple(Scope), SYSTEM, records.clock(), rate=rate, **numbers)
        assert isinstance(made, Minted)
        assert await records.api_keys.create(made.key) is None
        return {"Authorization": f"Bearer {made.token}"}

    async def __call__(self, method: str, path: str, headers: dict[str, str], **rest: Any) -> httpx.Response:
        return await self._client.request(method, path, headers={**headers, **rest.pop("more", {})}, **rest)

    async def aclose(self) -> None:
        await self._client.aclose()


@pytest.fixture
async def api(house: House) -> AsyncIterator[Api]:
    (house.folder / "policies.yaml").write_text(POLICIES)
    api = Api(await house.desk(signoff_http=True))
    yield api
    await api.aclose()


async def test_a_script_polls_until_somebody_approves_in_slack(api: Api) -> None:
    """Create, poll while pending, and the answer is there with who gave it."""
    agent = await api.key("agent", Scope.CREATE, Scope.READ)
    asked = {"action": "Send 10,000 marketing emails", "approver": "ben@example.com", "context": "The spring list."}
    made = await api("POST", "/decisions", agent, json=asked)
    assert made.status_code == 201, made.text
    assert made.json()["status"] == "pending"
    path = made.headers["location"]
    card = await api.desk.card()
    assert "Send 10,000 marketing emails" in api.desk.text(card.ts)
    assert "The spring list." in api.desk.text(card.ts)
    waiting = asyncio.create_task(api("GET", f"{path}?wait=25", agent))
    await api.desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    found = (await waiting).json()
    assert (found["status"], found["resolved_by"], found["response_data"]) == ("approved", BEN, None)
