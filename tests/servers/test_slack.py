"""The whole way: a graph on a server asks, a person clicks in Slack over a socket, the server's graph goes on."""

from __future__ import annotations

from pathlib import Path

from langgraph_sdk import get_client

from tests.scenarios.conftest import BEN, CHANNEL, House, all_text, house
from tests.servers.conftest import settings
from tests.servers.server import LangGraphServer

__all__ = ["house"]

POLICIES = """
version: 1
policies:
  - {name: deployed refunds, match: {graph: "dev/*"}, channel: "#approvals", who: ["@finance"]}
default: {channel: "#finance-leads"}
"""


async def test_a_click_in_slack_resumes_the_graph_on_the_server(house: House, deployed: LangGraphServer) -> None:
    """The policy names it by `server/graph`; the card is redrawn, and the result stands in its thread."""
    (house.folder / "policies.yaml").write_text(POLICIES)
    watched = settings(deployed.url, house.redis_url, Path(house.folder)).signoff_langgraph_servers
    desk = await house.desk(signoff_langgraph_servers=watched)
    client = get_client(url=deployed.url, api_key=None)
    thread = await client.threads.create(metadata={"team": "test"})
    await client.runs.wait(thread["thread_id"], "refund", input={"customer": "8821", "amount": 340.0})
    message = await desk.card()
    assert "dev/refund" in desk.text(message.ts)
    await desk.slack.click(BEN, CHANNEL, message.ts, "approve")
    done = await desk.resumed(message.ts)
    assert "Refunded $340.00 to customer 8821" in await desk.report(message.ts)
    assert "The agent finished" in all_text(desk.slack.message(CHANNEL, message.ts).blocks)  # type: ignore[union-attr]
    assert done.policy.name == "deployed refunds"
    await client.threads.delete(thread["thread_id"])
    await client.aclose()
