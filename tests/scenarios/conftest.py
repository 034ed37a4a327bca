"""A whole Signoff on a desk: the local Slack, the real server, real Bolt over a real connection, real graphs."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from approvals.model import Approval, JsonValue, Status, Thread
from approvals.ports import Query
from approvals.settings import Settings
from bot.app import Runtime, Tempo, build
from bot.core import Core, open_core, utc_now
from bot.manifest import manifest
from localslack import LocalSlack, Message, Seed, View
from tests.conftest import VirtualClock

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent.parent
CHANNEL, LEADS = "C0APPROVALS", "C0LEADS"
ANA, BEN, CLEO, GUS, XIA = "U0ANA", "U0BEN", "U0CLEO", "U0GUS", "U0XIA"
REFUND: JsonValue = {"customer": "8821", "amount": 340.0, "reason": "The parcel arrived broken."}

POLICIES = """
version: 1
policies:
  - name: refunds
    match: {graph: refund}
    channel: "#approvals"
    who: ["@finance"]
    remind: [10m]
    escalate:
      - {after: 30m, to: [U0CLEO], channel: "#finance-leads"}
    expire: {after: 2h, then: deny}
default:
  channel: "#approvals"
"""


@dataclass
class Desk:
    """One replica, and the Slack it talks to."""

    slack: LocalSlack
    settings: Settings
    core: Core
    runtime: Runtime

    async def until(self, look: Callable[[], T | None], timeout: float = 30.0) -> T:
        """What a person would wait to see in Slack."""
        return await self.slack.wait_for(look, timeout=timeout)

    async def start(self, graph: str, given: JsonValue, *, requester: str | None = None) -> Thread:
        """Starts an agent and leaves it to this replica."""
        thread = await self.core.threads.register(graph, given, requester=requester)
        assert isinstance(thread, Thread)
        return thread

    async def card(self, channel: str = CHANNEL, *, after: str = "") -> Message:
        """The first card after a ts."""
        return await self.until(lambda: next((m for m in self.slack.messages(channel) if m.ts > after), None))

    async def ask(self, graph: str = "refund", given: JsonValue = REFUND, *, requester: str | None = None) -> Message:
        """Starts an agent and waits for its card."""
        after = max((message.ts for message in self.slack.messages(CHANNEL)), default="")
        await self.start(graph, given, requester=requester)
        return await self.card(after=after)

    def text(self, ts: str, channel: str = CHANNEL) -> str:
        """What a card says now, its notification text and every text in its blocks."""
        message = self.slack.message(channel, ts)
        assert message is not None
        return message.text + "\n" + all_text(message.blocks)

    def buttons(self, ts: str, channel: str = CHANNEL) -> list[str]:
        """The action ids that a card offers now."""
        message = self.slack.message(channel, ts)
        assert message is not None
        return [
            element["action_id"]
            for block in message.blocks
            for element in block.get("elements", [])
            if element.get("type") == "button"
        ]

    async def report(self, ts: str, channel: str = CHANNEL) -> str:
        """What the agent's result says in the card's thread."""
        reply = await self.until(
            lambda: next((m for m in self.slack.messages(channel, thread_ts=ts) if m.ts != ts), None)
        )
        return all_text(reply.blocks)

    async def modal(self, user: str) -> View:
        """The form that is open for somebody."""
        return await self.until(lambda: self.slack.modal(user))

    async def told(self, user: str, after: int = 0) -> str:
        """What was said in private to somebody."""
        found = await self.until(lambda: self.slack.ephemerals(user)[after:] or None)
        return found[-1].text + "\n" + all_text(found[-1].blocks)

    async def approvals(self) -> tuple[Approval, ...]:
        """Every record, oldest first."""
        return (await self.core.records.approvals.page(Query(status=None, limit=1000))).approvals

    async def only(self) -> Approval:
        """The one record there is."""
        (approval,) = await self.approvals()
        return approval

    async def resumed(self, ts: str) -> Approval:
        """Waits until the agent went on, and checks that the record says so."""
        await self.report(ts)
        approval = next(a for a in await self.approvals() if any(m.ts == ts for m in a.messages))
        assert approval.status is Status.RESUMED, approval
        return approval


def all_text(blocks: object) -> str:
    """Every text in some blocks, a line each."""
    if isinstance(blocks, dict):
        found: dict[str, Any] = blocks
        own = [found["text"]] if isinstance(found.get("text"), str) else []
        return "\n".join(
            [*own, *(all_text(value) for key, value in found.items() if not isinstance(value, str))]
        ).strip()
    if isinstance(blocks, list):
        return "\n".join(text for text in map(all_text, blocks) if text)
    return ""


@dataclass
class House:
    """Opens desks over one server and one Slack; everything is closed when the test ends."""

    slack: LocalSlack
    redis_url: str
    folder: Path
    stack: AsyncExitStack

    def settings(self, **over: Any) -> Settings:
        """As `signoff serve` would read them."""
        rules = self.folder / "policies.yaml"
        if not rules.is_file():
            rules.write_text(POLICIES)
        given = {
            "slack_bot_token": self.slack.bot_token,
            "slack_app_token": self.slack.app_token,
            "slack_signing_secret": self.slack.signing_secret,
            "slack_api_url": self.slack.api_url,
            "redis_url": self.redis_url,
            "signoff_policies": rules,
            "signoff_config": ROOT / "langgraph.json",
            "signoff_runners": "#approvals",
            "signoff_tick_seconds": 0.05,
            "signoff_slack_limits": False,
            "signoff_digest_after": 0,
            "signoff_http_port": 0,
            "signoff_shutdown_seconds": 5,
        }
        return Settings.model_validate(given | over)

    async def desk(
        self,
        *,
        clock: Callable[[], Any] = utc_now,
        stack: AsyncExitStack | None = None,
        tempo: Tempo | None = None,
        **over: Any,
    ) -> Desk:
        """A replica that serves. `stack` lets a test close it before the end; `tempo`: how it waits for Slack."""
        settings = self.settings(**over)
        stack = stack or self.stack
        core = await stack.enter_async_context(open_core(settings, clock=clock, rng=random.Random(1)))
        runtime = build(core, tempo)
        await runtime.start()
        stack.push_async_callback(runtime.stop)
        if settings.signoff_slack_mode == "http":
            self.slack.request_url = f"{runtime.http_url}/slack/events"
        return Desk(self.slack, settings, core, runtime)


@pytest.fixture
async def house(redis_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """A Slack with Signoff's manifest, and room for replicas."""
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(Seed.default().with_manifest(manifest())))
        yield House(slack, redis_url, tmp_path, stack)
        assert slack.problems == []


@pytest.fixture
def unhurried(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Slack that waits longer than its three seconds, and a Signoff that counts on it: for tests that keep the one
    process, in which everything is here, busy for as long, and are not about being in time."""
    house.slack._core.ack_seconds = 60.0
    monkeypatch.setattr("localslack.triggers.TRIGGER_SECONDS", 60.0)
    monkeypatch.setattr("bot.listeners.door.ACK_WITHIN", 50.0)


@pytest.fixture(params=["socket", "http"])
async def desk(house: House, request: pytest.FixtureRequest) -> Desk:
    """One replica, over each of the two ways in which Slack reaches us."""
    return await house.desk(signoff_slack_mode=request.param)


@pytest.fixture
async def timed(house: House, clock: VirtualClock) -> Desk:
    """One replica by the virtual clock."""
    return await house.desk(clock=clock)
