"""`signoff demo`: the main job on your desk, with a local Slack and an embedded server. No keys, no network.

`desk` serves a page in the browser until it is stopped, and keeps everything in a folder: start it again, and what was
pending is pending. `script` plays the same story by itself, over the same wire, in a folder that is thrown away.
"""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.text import Text

from approvals.errors import ConfigError, SignoffError
from approvals.model import Approval, JsonValue, Status
from approvals.ports import Query
from approvals.refusals import Refusal
from approvals.settings import Settings
from approvals.store.embedded import EmbeddedServer
from bot.app import serving
from bot.core import Core, open_core
from bot.manifest import manifest
from bot.serve import stop_on_signals
from bot.workers import Workers
from localslack import LocalSlack, Seed

T = TypeVar("T")

CHANNEL = "C0APPROVALS"
ANA, BEN = "U0ANA", "U0BEN"
REFUND: JsonValue = {
    "customer": "8821",
    "amount": 340.0,
    "reason": "The parcel arrived broken; photos are in the ticket.",
}
ROOT = Path(__file__).resolve().parent.parent

console = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that runs in a demo."""

    slack: LocalSlack
    core: Core


@asynccontextmanager
async def opened(data: Path, port: int, *, keep: bool) -> AsyncGenerator[Desk]:
    """Starts everything, and stops it at the end. With `keep`, what is pending stays in `data`."""
    if keep:
        _made(data)
    slack = LocalSlack(
        seed=Seed.default().with_manifest(manifest()),
        state_file=data / "slack.json" if keep else None,
        rate_limits=True,
    )
    with _redis(data / "redis", keep=keep) as redis_url:
        try:
            await slack.start(port=port)
        except OSError as taken:
            raise ConfigError(f"port {port} is taken ({taken.strerror}): name another with --port") from taken
        try:
            async with open_core(_settings(slack, redis_url)) as core, serving(core):
                yield Desk(slack, core)
        finally:
            await slack.stop()


def _made(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise ConfigError(f"--data {data} is no folder to keep anything in: {wrong.strerror}") from wrong


@contextmanager
def _redis(data: Path, *, keep: bool) -> Generator[str]:
    """The server of the environment, if it names one; else an embedded one."""
    if named := os.environ.get("REDIS_URL"):
        yield named
        return
    with EmbeddedServer(data, persist=keep) as server:
        yield server.url


def _settings(slack: LocalSlack, redis_url: str) -> Settings:
    policies, graphs = Path("policies.yaml"), Path("langgraph.json")
    return Settings.model_validate(
        {
            "slack_bot_token": slack.bot_token,
            "slack_app_token": slack.app_token,
            "slack_signing_secret": slack.signing_secret,
            "slack_api_url": slack.api_url,
            "redis_url": redis_url,
            "signoff_namespace": "signoff-demo",
            "signoff_policies": policies if policies.is_file() else ROOT / "policies.yaml",
            "signoff_config": graphs if graphs.is_file() else ROOT / "langgraph.json",
            "signoff_runners": ("#approvals",),
            "signoff_slack_mode": "socket",
            "signoff_tick_seconds": 0.5,
        }
    )


async def propose(desk: Desk) -> None:
    """Starts the example agent: it comes up with a refund, and pauses."""
    thread = await desk.core.threads.register("refund", REFUND, requester="U0CLEO")
    if isinstance(thread, Refusal):
        raise SignoffError(f"the example agent did not start: {thread.detail}")


async def desk(data: Path, port: int) -> None:
    """Serves the page until it is stopped. Raises `ConfigError` that says what is missing."""
    stopped = stop_on_signals()
    workers = Workers.here()
    async with opened(data, port, keep=True) as running:
        if not (await running.core.records.approvals.page(Query(limit=1))).total:
            await propose(running)
        url = f"{running.slack.page_url}#user={ANA}&channel={CHANNEL}"
        console.print("\n[bold]Signoff[/bold] runs on this desk. An agent wants to pay a refund; you are asked.\n")
        console.print(Text.assemble("  Open  ", (url, "bold cyan underline")))
        console.print('  Try   Approve, Deny, Edit; then type  /approvals  or  /approvals run refund {"amount": 20}')
        console.print("  Stop  with Ctrl-C. Start again: what is pending stays pending.\n")
        if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin":
            webbrowser.open(url)
        await stopped.wait()
        console.print("\nStopping …")
    workers.leave()


def _say(who: str, what: str) -> None:
    console.print(Text.assemble((f"{who:<8}", "bold"), what))


class Story:
    """The scripted demo: acts as a person does in Slack, and waits for what a person would see."""

    def __init__(self, desk: Desk) -> None:
        self._slack = desk.slack
        self._desk = desk

    async def _until(self, what: str, look: Callable[[], T | None]) -> T:
        try:
            return await self._slack.wait_for(look, timeout=20)
        except TimeoutError:
            raise SignoffError(f"the demo waited in vain for {what}") from None

    def _text(self, ts: str) -> str:
        message = self._slack.message(CHANNEL, ts)
        return message.text if message else "nothing"

    async def card(self) -> tuple[str, Approval]:
        """Starts the agent and waits for its card."""
        seen = {message.ts for message in self._slack.messages(CHANNEL)}
        await propose(self._desk)
        _say("agent", "wants to refund $340.00 to customer 8821, and pauses")
        ts = await self._until(
            "a card", lambda: next((m.ts for m in self._slack.messages(CHANNEL) if m.ts not in seen), None)
        )
        page = await self._desk.core.records.approvals.page(Query(newest_first=True, limit=1))
        _say("slack", f"#approvals shows: {self._text(ts)}")
        return ts, page.approvals[0]

    async def ends(self, ts: str, approval: Approval) -> None:
        """Waits for the agent's result in the card's thread."""
        reply = await self._until(
            "the result", lambda: next((m for m in self._slack.messages(CHANNEL, thread_ts=ts) if m.ts != ts), None)
        )
        now = await self._desk.core.records.approvals.get(approval.id)
        if now is None or now.status is not Status.RESUMED:
            raise SignoffError(f"approval {approval.id} was not carried out")
        _say("slack", f"the card shows: {self._text(ts)}")
        _say("agent", f"{now.outcome.text if now.outcome else reply.text}\n")

    async def approve(self) -> None:
        """One click."""
        ts, approval = await self.card()
        _say("Ana", "clicks Approve")
        await self._slack.click(ANA, CHANNEL, ts, "approve")
        await self.ends(ts, approval)

    async def deny(self) -> None:
        """A click, and a reason."""
        ts, approval = await self.card()
        _say("Ben", "clicks Deny and writes: The warranty has run out.")
        await self._slack.click(BEN, CHANNEL, ts, "deny")
        view = await self._until("a form", lambda: self._slack.modal(BEN))
        await self._slack.submit(BEN, view.id, {"reason": "The warranty has run out."})
        await self.ends(ts, approval)

    async def edit(self) -> None:
        """A click, and other arguments."""
        ts, approval = await self.card()
        _say("Ana", "clicks Edit and makes it $120")
        await self._slack.click(ANA, CHANNEL, ts, "edit")
        view = await self._until("a form", lambda: self._slack.modal(ANA))
        amount = list(approval.actions[0].args).index("amount")
        await self._slack.submit(ANA, view.id, {f"arg:{amount}": 120})
        await self.ends(ts, approval)

    async def list(self) -> None:
        """What waits."""
        _, approval = await self.card()
        _say("Ben", "types /approvals")
        before = len(self._slack.ephemerals(BEN))
        await self._slack.slash(BEN, CHANNEL, "/approvals")
        found = await self._until("the list", lambda: self._slack.ephemerals(BEN)[before:] or None)
        _say("slack", f"only to Ben: {found[0].text}")
        _say("", f"({approval.id} goes on waiting)\n")


async def script() -> None:
    """Approve, deny, edit, list: each over the real wire. Raises `SignoffError` where the story goes another way."""
    with tempfile.TemporaryDirectory(prefix="signoff-demo-") as folder:
        async with opened(Path(folder), 0, keep=False) as running:
            story = Story(running)
            for part in (story.approve, story.deny, story.edit, story.list):
                await part()
            await running.core.records.effects.drain(timedelta(seconds=10))
    console.print("Played: approved, denied, edited, listed. Run [bold]make demo[/bold] to click yourself.")
