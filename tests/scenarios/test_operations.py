"""What those who run it see: metrics of a real walk, and whether a replica is well."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from approvals.due import DueKind
from approvals.store.redis import RedisStore, connect
from bot import checks
from bot.readiness import Found, Readiness
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, CHANNEL, Desk, House

Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


async def scrape(desk: Desk) -> Samples:
    """What Prometheus would read: by name, then by labels."""
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.get(f"{desk.runtime.http_url}/metrics", headers={"Accept": "text/plain"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    found: Samples = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def value(samples: Samples, name: str, **labels: str) -> float:
    """Of all samples of that name with these labels."""
    wanted = set(labels.items())
    return sum(number for given, number in samples.get(name, {}).items() if wanted <= set(given))


async def test_a_walk_is_counted(house: House, clock: VirtualClock) -> None:
    """One refund, nine minutes old, decided and carried out: every number tells of it, and of nothing else."""
    desk = await house.desk(clock=clock, signoff_http=True)
    card = await desk.ask()
    await desk.core.records.effects.drain()
    clock.turn(minutes=9)
    waiting = await scrape(desk)
    assert waiting["signoff_pending_approvals"][(("age", "under_10m"), ("graph", "refund"))] == 1
    assert value(waiting, "signoff_pending_approvals") == 1
    assert value(waiting, "signoff_approvals_opened_total", graph="refund") == 1
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await desk.resumed(card.ts)
    await desk.core.records.effects.drain()
    done = await scrape(desk)
    assert value(done, "signoff_resolutions_total", graph="refund", resolution="approved") == 1
    assert value(done, "signoff_resumes_total", graph="refund", result="resumed") == 1
    assert value(done, "signoff_resumes_total") == 1
    assert value(done, "signoff_decision_seconds_sum", graph="refund") == 540
    assert value(done, "signoff_events_total", event="resolved") == 1
    assert value(done, "signoff_drive_seconds_count", result="settled") == 2
    assert value(done, "signoff_effect_seconds_count", kind="notify", result="done") >= 1
    assert value(done, "signoff_effect_seconds_count", result="failed") == 0
    assert value(done, "signoff_slack_call_seconds_count", method="chat.postMessage", result="ok") == 2
    assert value(done, "signoff_sweep_seconds_count", result="done") >= 1
    assert value(done, "signoff_commits_total", result="done") >= 5
    assert value(done, "signoff_ready") == 4
    assert value(done, "signoff_leases_lost_total") == 0
    assert value(done, "signoff_build_info") == 1
    assert value(done, "process_resident_memory_bytes") > 1e6


async def test_what_goes_wrong_is_counted(house: House, clock: VirtualClock) -> None:
    """A Slack that asks to wait, one that refuses, and work that nobody does."""
    desk = await house.desk(clock=clock, signoff_http=True)
    desk.slack.faults.status("chat.postMessage", 429, retry_after=40)
    desk.slack.faults.fail("chat.postMessage", "internal_error")
    await desk.start("refund", {"customer": "c", "amount": 1.0})
    await desk.core.records.effects.drain()
    clock.turn(seconds=41)
    await desk.runtime.ticker.turn()
    await desk.core.records.effects.drain()
    await desk.core.records.store.schedule("nobody", DueKind.DRIVE, clock())
    await desk.runtime.ticker.stop()
    clock.turn(minutes=5)
    said = await scrape(desk)
    assert value(said, "signoff_slack_call_seconds_count", method="chat.postMessage", result="limited") == 1
    assert value(said, "signoff_slack_call_seconds_count", method="chat.postMessage", result="refused") == 1
    assert value(said, "signoff_effect_seconds_count", kind="notify", result="later") == 1
    assert value(said, "signoff_effect_seconds_count", kind="notify", result="failed") == 1
    assert value(said, "signoff_due_items") >= 1
    assert value(said, "signoff_due_lag_seconds", line="people") > 200


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks may take their time: here they are asked for what they find."""
    for module in ("bot.readiness", "bot.checks"):
        monkeypatch.setattr(f"{module}.PATIENCE", 30)


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_replica_that_is_well_says_so(house: House, mode: str, patient: None) -> None:
    """In both ways in which Slack reaches us, with each check named."""
    desk = await house.desk(signoff_slack_mode=mode, signoff_http=True)
    async with httpx.AsyncClient(base_url=desk.runtime.http_url or "", timeout=30) as client:
        well, ready = await client.get("/healthz"), await client.get("/readyz")
    assert (well.status_code, well.json()) == (200, {"status": "ok"})
    fine = {"ok": True, "why": ""}
    assert ready.status_code == 200, ready.text
    assert ready.json() == {"status": "ok", "checks": {"redis": fine, "slack": fine, "sweep": fine, "nodes": fine}}


async def test_a_replica_that_is_not_well_says_why(house: House, clock: VirtualClock, patient: None) -> None:
    """The crank has not turned for long: 503 with the check's reason; the others pass, and so does /healthz."""
    desk = await house.desk(signoff_slack_mode="http")
    await desk.runtime.ticker.stop()
    assert desk.runtime.ticker.sweep.went_well is not None
    desk.runtime.ticker.sweep.went_well -= 1000
    async with httpx.AsyncClient(base_url=desk.runtime.http_url or "", timeout=30) as client:
        ready, well = await client.get("/readyz"), await client.get("/healthz")
    assert ready.status_code == 503
    assert ready.json()["status"] == "not ready"
    told = ready.json()["checks"]
    assert {name for name, check in told.items() if not check["ok"]} == {"sweep"}
    assert re.search("no sweep has gone well for 1[01]\\d\\d s", told["sweep"]["why"])
    assert well.status_code == 200


async def test_a_token_that_slack_refuses(house: House, patient: None) -> None:
    """HTTP mode: the check says what to do, in Slack's stead."""
    desk = await house.desk(signoff_slack_mode="http")
    desk.slack.faults.fail("auth.test", "token_revoked")
    look = checks.token_is_good(desk.runtime.slack)
    assert "set the new SLACK_BOT_TOKEN" in await look()
    assert "set the new SLACK_BOT_TOKEN" in await look(), "what Slack said stands for a while"


async def test_a_socket_that_is_down(house: House, patient: None) -> None:
    """Socket Mode: before it was opened, and after it was closed."""
    desk = await house.desk()
    stands = desk.runtime.readiness()
    assert (await stands.look())["slack"].ok
    await desk.runtime.stop()
    assert (await desk.runtime.readiness().look())["slack"] == Found(ok=False, why="the connection to Slack is down")
    assert await checks.socket_stands(lambda: None)() == "not connected yet"


async def test_redis_is_away(clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is not there fails its check within the time that checks have, and no other."""
    store = RedisStore(connect("redis://127.0.0.1:1/0"), clock=clock)

    async def fine() -> str:
        return ""

    async def broken() -> str:
        raise OSError("secret")

    found = await Readiness({"redis": checks.redis_answers(store), "other": fine, "broken": broken}).look()
    assert not found["redis"].ok
    assert found["redis"].why
    assert found["other"] == Found(ok=True)
    assert found["broken"] == Found(ok=False, why="OSError"), "what was raised may hold anything"
    await store.close()


async def test_a_check_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has not passed once its time is over; whoever asks again at once gets the same answer."""
    asked = 0
    monkeypatch.setattr("bot.readiness.PATIENCE", 0.01)
    monkeypatch.setattr("bot.readiness.KEPT", 3600)

    async def hangs() -> str:
        nonlocal asked
        asked += 1
        await asyncio.Event().wait()
        return ""

    readiness = Readiness({"slow": hangs})
    assert (await readiness.look())["slow"] == Found(ok=False, why="no answer within 0.01 s")
    await readiness.look()
    assert asked == 1
