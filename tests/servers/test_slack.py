"""The whole way: a graph on a server asks, a person clicks in Slack over a socket, the server's graph goes on."""

from __future__ import annotations

import httpx
import pytest
from langgraph_sdk import get_client

from tests.scenarios.conftest import BEN, CHANNEL, House, house
from tests.servers.server import LangGraphServer

__all__ = ["house"]

POLICIES = """
version: 1
policies:
  - {name: deployed refunds, match: {graph: "dev/*"}, channel: "#approvals", who: ["@finance"]}
default: {channel: "#finance-leads"}
"""


SERVERS = """
servers:
  - {{name: dev, url: "{url}", metadata: {{team: test}}, poll_seconds: 3600, webhook_secret_env: DEV_HOOK}}
"""


async def test_a_click_in_slack_resumes_the_graph_on_the_server(
    house: House, deployed: LangGraphServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy names it by `server/graph`; the card is redrawn, and the result stands in its thread. The server's
    webhook makes us look: by itself nobody would for an hour."""
    monkeypatch.setenv("DEV_HOOK", "hunter2")
    (house.folder / "policies.yaml").write_text(POLICIES)
    servers = house.folder / "servers.yaml"
    servers.write_text(SERVERS.format(url=deployed.url))
    desk = await house.desk(signoff_langgraph_servers=servers, signoff_http=True)
    async with httpx.AsyncClient(base_url=str(desk.runtime.http_url), timeout=30) as outside:
        for path in ("/servers/dev/hook/wrong", "/servers/prod/hook/hunter2"):
            assert (await outside.post(path)).status_code == 404
    client = get_client(url=deployed.url, api_key=None)
    thread = await client.threads.create(metadata={"team": "test"})
    given = {"customer": "8821", "amount": 340.0}
    hook = f"{desk.runtime.http_url}/servers/dev/hook/hunter2"
    await client.runs.wait(thread["thread_id"], "refund", input=given, webhook=hook)
    message = await desk.card()
    assert "dev/refund" in desk.text(message.ts)
    await desk.slack.click(BEN, CHANNEL, message.ts, "approve")
    done = await desk.resumed(message.ts)
    assert "Refunded $340.00 to customer 8821" in await desk.report(message.ts)
    assert done.policy.name == "deployed refunds"
    await client.threads.delete(thread["thread_id"])
    await client.aclose()
