"""Four doors, one page: a graph deployed on a server, a session with curl, a published example of the API, and a plain
function. Each is approved with a click, and ends with a receipt that proves it by itself."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_client
from playwright.async_api import Browser, expect

from agents.client import AsyncClient, requires_approval
from approvals.api_keys import Scope
from approvals.audit.receipt import verified
from approvals.model import Approval, Status
from approvals.ports import Query
from tests.scenarios.conftest import ANA, CHANNEL, Desk, House, house
from tests.scenarios.processes import environment, signoff
from tests.scenarios.test_api import Api
from tests.scenarios.window import browser
from tests.servers.conftest import SERVERS
from tests.servers.server import LangGraphServer

__all__ = ["browser", "house"]

pytestmark = [pytest.mark.browser]


async def deployed_graph(server: LangGraphServer) -> str:
    """An agent on LangGraph Server, started by whoever uses it; nothing in it knows of us."""
    async with get_client(url=server.url) as client:
        thread = await client.threads.create(metadata={"team": "test"})
        given = {"customer": "8821", "amount": 340.0, "reason": "It arrived broken."}
        await client.runs.wait(thread["thread_id"], "refund", input=given)
        return thread["thread_id"]


def curl(url: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """As typed into a terminal: asks, and waits for the answer."""
    head = ["-sS", "--fail-with-body", "-H", f"Authorization: Bearer {key}", "-H", "Content-Type: application/json"]
    run = lambda *args: json.loads(subprocess.run(["curl", *head, *args], check=True, capture_output=True).stdout)  # noqa: E731
    made = run("-d", json.dumps(body), f"{url}/decisions")
    return run(f"{url}/decisions/{made['id']}?wait=50")


def polling(url: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """The loop that clients of such a service are told to write: create, then look until it is no longer pending."""

    def call(method: str, path: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        sent = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(f"{url}{path}", sent, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    decision = call("POST", "/decisions", body)
    while decision["status"] == "pending":
        time.sleep(0.2)
        decision = call("GET", f"/decisions/{decision['id']}")
    return decision


async def every(desk: Desk, count: int, status: Status) -> list[Approval]:
    """All there are, once so many have come that far."""
    async with asyncio.timeout(60):
        while True:
            page = await desk.core.records.approvals.page(Query(status=None, limit=100))
            found = [approval for approval in page.approvals if approval.status is status]
            if len(found) == count:
                return found
            await asyncio.sleep(0.05)


async def test_every_door_is_approved_in_the_page_and_ends_with_a_receipt(
    browser: Browser, house: House, deployed: LangGraphServer, tmp_path: Path
) -> None:
    """The same card, the same click, the same proof, wherever the question came from."""
    servers = tmp_path / "servers.yaml"
    servers.write_text(SERVERS.format(url=deployed.url))
    (house.folder / "policies.yaml").write_text('version: 1\ndefault: {channel: "#approvals"}\n')
    desk = await house.desk(signoff_http=True, signoff_langgraph_servers=servers)
    url, api = desk.runtime.http_url or "", Api(desk)
    key = (await api.key("agent", Scope.CREATE, Scope.READ))["Authorization"].removeprefix("Bearer ")
    await api.aclose()

    async with AsyncClient(url, key) as client:

        @requires_approval(client, "Delete the table {name}")
        async def delete(name: str) -> str:
            return f"{name} is gone"

        there = await deployed_graph(deployed)
        by_hand = polling if shutil.which("curl") is None else curl  # the same two requests where there is no curl
        asked = {"action": "Send 10,000 marketing emails", "approver": "ana@example.com"}
        doors: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(asyncio.to_thread(by_hand, url, key, {"action": "Deploy to production"})),
            asyncio.ensure_future(asyncio.to_thread(polling, url, key, asked)),
            asyncio.ensure_future(delete("users")),
        ]
        await every(desk, 4, Status.PENDING)
        context = await browser.new_context(viewport={"width": 1180, "height": 2400})
        page = await context.new_page()
        await page.goto(f"{desk.slack.page_url}#user={ANA}&channel={CHANNEL}")
        approve = page.locator('[data-testid="message"] [data-action-id="approve"]')
        for left in (4, 3, 2, 1):
            await expect(approve).to_have_count(left)
            await approve.first.click()
        await expect(approve).to_have_count(0)
        ended = await every(desk, 4, Status.RESUMED)
        assert [await door for door in doors][2] == "users is gone"
        assert [door.result()["status"] for door in doors[:2]] == ["approved", "approved"]
        async with get_client(url=deployed.url) as agent:
            state: Any = (await agent.threads.get_state(there))["values"]
        assert state["result"].startswith("Refunded $340.00")
        await context.close()

    env = environment(desk.settings)
    assert (await signoff("audit", "seal", env=env, cwd=tmp_path)).status == 0
    ids = [approval.id for approval in ended]
    receipts = await asyncio.gather(
        *(signoff("receipt", one, "--format", "json", env=env, cwd=tmp_path) for one in ids)
    )
    for made in receipts:
        assert made.status == 0, made.err
        assert verified(json.loads(made.out)) == []
        assert verified(json.loads(made.out.replace(ANA, "U0BEN"))) != []
    (tmp_path / "receipt.json").write_text(receipts[0].out)
    proved = await signoff("audit", "verify-receipt", "receipt.json", env=env, cwd=tmp_path)
    assert proved.status == 0, proved.out + proved.err
    whole = await signoff("audit", "verify", "--json", env=env, cwd=tmp_path)
    assert whole.status == 0, whole.out + whole.err
