"""A start while Slack is away: all that needs no Slack is done, and the cards catch up when it comes."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from approvals.errors import ConfigError
from approvals.events import EventType
from approvals.model import Status
from approvals.store.embedded import free_port
from bot.app import Tempo, build
from bot.core import open_core
from bot.manifest import manifest
from localslack import LocalSlack, Seed
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, CHANNEL, REFUND, House, all_text
from tests.scenarios.processes import signoff
from tests.scenarios.yard import Yard, yard

__all__ = ["yard"]  # a fixture, known here by being imported

AWAY = 1_000_000
"""So many calls fail: all of them."""


async def test_a_process_that_starts_while_slack_is_away(yard: Yard) -> None:
    """Nobody listens where Slack should be. The replica drives, a decision made at the prompt is carried out, and
    /readyz says why it is not ready; then Slack comes, and the card is posted."""
    port, http = free_port(), free_port()
    yard.env |= {
        "SLACK_API_URL": f"http://127.0.0.1:{port}/api/",
        "SIGNOFF_HTTP": "true",
        "SIGNOFF_HTTP_PORT": str(http),
    }
    server = await yard.start()
    started = await server.until("serve.started")
    assert "Slack did not answer" in started["waiting"]
    thread = await yard.outside.start("payer", {"order": "A1"})
    opened = await yard.outside.told(EventType.OPENED, thread.id)
    assert opened.approval_id is not None
    decided = await yard.run("decide", opened.approval_id, "approve", "--as", "ops", "--json")
    assert decided.status == 0, decided.err
    await yard.outside.told(EventType.RESUMED, opened.approval_id)
    assert len(yard.steps("paid", "A1")) == 1
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{http}") as client:
        ready = await client.get("/readyz")
    assert ready.status_code == 503
    checks = ready.json()["checks"]
    assert {name for name, check in checks.items() if not check["ok"]} == {"slack"}
    assert "waiting for Slack: auth.test: Slack did not answer" in checks["slack"]["why"]
    waiting = server.logged("slack.waiting")
    assert waiting[0]["what"] == "start"

    late = LocalSlack(Seed.default().with_manifest(manifest()))
    await late.start(port=port)
    try:
        await server.until("slack.arrived")
        await yard.outside.told(EventType.ANNOUNCED, opened.approval_id)
        await late.wait_for(lambda: late.connections or None)
        card = await late.wait_for(lambda: next(iter(late.messages(CHANNEL)), None), timeout=20)
        assert "A1" in all_text(card.blocks)
        assert await server.stop() == 0
    finally:
        await late.stop()


@pytest.mark.parametrize("mode", ["socket", "http"])
@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_a_start_in_an_outage(house: House, clock: VirtualClock, mode: str, method: str) -> None:
    """503 on what a start asks for: work falls due and is done, by the clock; then Slack is let in, once."""
    if (mode, method) == ("http", "apps.connections.open"):
        pytest.skip("is not asked for in HTTP mode")
    house.slack.faults.status(method, 503, times=AWAY)
    desk = await house.desk(clock=clock, tempo=Tempo(pause=clock.sleep), signoff_slack_mode=mode)
    assert (await desk.runtime.readiness().look())["slack"].why.startswith("waiting for Slack: ")
    await desk.start("refund", REFUND)
    await desk.runtime.ticker.turn()
    await desk.core.records.effects.drain()
    clock.turn(hours=3)
    await desk.runtime.ticker.turn()
    await desk.core.records.effects.drain()
    assert (await desk.only()).status is Status.RESUMED, "it expired, and the agent went on"
    house.slack.faults.clear()
    clock.turn(minutes=2)
    await desk.until(lambda: desk.slack.calls(method)[-1].ok or None)
    if mode == "socket":
        await desk.until(lambda: house.slack.connections == 1 or None)
    else:
        house.slack.request_url = f"{desk.runtime.http_url}/slack/events"
    assert (await house.slack.slash(ANA, CHANNEL, "/approvals")).ok
    await desk.told(ANA)


REFUSED = ["invalid_auth", "not_authed", "token_revoked", "account_inactive", "not_allowed_token_type", "missing_scope"]


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
@pytest.mark.parametrize("error", REFUSED)
async def test_a_refused_token_ends_a_start_also_later(
    house: House, clock: VirtualClock, method: str, error: str
) -> None:
    """At once where Slack says so at once; where it was away first, as soon as it says so."""
    async with open_core(house.settings(), clock=clock) as core:
        house.slack.faults.fail(method, error)
        runtime = build(core, Tempo(pause=clock.sleep))
        with pytest.raises(ConfigError, match=error):
            await runtime.start()
        await runtime.stop()
        house.slack.faults.status(method, 503)
        house.slack.faults.fail(method, error)
        runtime = build(core, Tempo(pause=clock.sleep))
        await runtime.start()
        ended = asyncio.create_task(runtime.refused())
        await asyncio.sleep(0)
        clock.turn(seconds=2)
        with pytest.raises(ConfigError, match=error):
            await asyncio.wait_for(ended, 5)
        assert error in (await runtime.readiness().look())["slack"].why
        await runtime.stop()


async def test_a_process_ends_when_slack_comes_and_refuses_its_token(yard: Yard) -> None:
    """Exit status 2 and the remedy, as where Slack says so at once."""
    yard.slack.faults.status("auth.test", 503)
    ran = await signoff("serve", env=yard.env | {"SLACK_BOT_TOKEN": "xoxb-wrong"}, cwd=yard.folder)
    assert ran.status == 2
    assert "serve.started" in ran.err
    assert "correct SLACK_BOT_TOKEN" in ran.err
    assert "Traceback" not in ran.err
