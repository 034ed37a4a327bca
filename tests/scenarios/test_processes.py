"""Real processes: `signoff serve` that is stopped and killed, and commands beside it that others script."""

from __future__ import annotations

import asyncio
import json
import os
import random
from typing import Any

import pytest

from approvals.events import EventType
from approvals.model import Status
from tests.scenarios.conftest import ANA, BEN, CHANNEL, REFUND, House, all_text
from tests.scenarios.processes import signoff
from tests.scenarios.yard import ORDER_OF_EVENTS, Yard, yard

__all__ = ["yard"]  # a fixture, known here by being imported

pytestmark = pytest.mark.timeout(360)  # each process takes seconds to import what it needs, more where it is crowded

KILLS = int(os.environ.get("SIGNOFF_KILLS", "6"))
"""Random kills in one series; more of them for a long night."""

# -- commands beside a serving process


async def test_commands_beside_a_serving_process_speak_json(house: House, yard: Yard) -> None:
    """run, list, show, decide and audit: one document of the stated shape each, and an exit status that says no."""
    yard.env["SIGNOFF_CONFIG"] = str(house.settings().signoff_config)
    server = await yard.serve()
    ran = await yard.run("run", "refund", "--input", "-", "--requester", BEN, "--json", given=json.dumps(REFUND))
    assert ran.status == 0, ran.err
    document = ran.json()
    assert set(document) == {"graph", "thread_id", "status", "approvals", "values", "error"}
    assert (document["graph"], document["status"], document["error"]) == ("refund", "waiting", None)
    assert document["values"]["customer"] == "8821"
    (approval,) = document["approvals"]
    card = await yard.slack.wait_for(lambda: next(iter(yard.slack.messages(CHANNEL)), None), timeout=60)
    assert "8821" in all_text(card.blocks)
    await yard.outside.told(EventType.ANNOUNCED, approval["id"])

    listed, shown, own, unknown = await asyncio.gather(
        yard.run("list", "--json"),
        yard.run("show", approval["id"], "--json"),
        yard.run("decide", approval["id"], "approve", "--as", BEN, "--json"),
        yard.run("show", "AAAAAAAAAAAAAAAA", "--json"),
    )
    assert [one["id"] for one in listed.json()] == [approval["id"]]
    record = shown.json()
    assert record["messages"] == [{"channel": CHANNEL, "ts": card.ts, "kind": "card"}]
    assert set(record) == set(approval)
    assert (own.status, own.out) == (1, "")
    assert "own_request" in own.err
    assert (unknown.status, unknown.out) == (1, "")

    decided = await yard.run("decide", approval["id"], "edit", "--as", "ops", "--args", edited(approval), "--json")
    assert decided.status == 0, decided.err
    assert (decided.json()["resolution"], decided.json()["status"]) == ("edited", "resumed")
    assert decided.json()["decisions"][0]["actor"] == {"id": "ops", "source": "cli"}
    assert decided.json()["outcome"]["finished"] is True
    replies = lambda: [m for m in yard.slack.messages(CHANNEL, thread_ts=card.ts) if m.ts != card.ts]  # noqa: E731
    await yard.slack.wait_for(lambda: replies() or None, timeout=60)

    again, audit = await asyncio.gather(
        yard.run("decide", approval["id"], "deny", "--as", "ops", "--reason", "late", "--json"),
        yard.run("audit", "--approval", approval["id"], "--json"),
    )
    assert (again.status, again.out) == (1, "")
    lines = [line for line in audit.out.splitlines() if line]
    events = [json.loads(line) for line in lines]
    assert [e["type"] for e in events if EventType(e["type"]) in ORDER_OF_EVENTS] == [e.value for e in ORDER_OF_EVENTS]
    assert {tuple(sorted(event)) for event in events} == {
        ("actor", "approval_id", "at", "data", "seq", "thread_id", "type", "version")
    }
    assert await server.stop() == 0
    assert not [line for line in server.lines if "Traceback" in line]


def edited(approval: dict[str, Any]) -> str:
    return json.dumps(approval["actions"][0]["args"] | {"amount": 12.5})


async def test_serve_refuses_to_start_and_says_why(yard: Yard) -> None:
    """Wrong or missing tokens: exit status 2, one line that names the setting, no traceback."""
    bad = yard.env | {"SLACK_BOT_TOKEN": "xoxb-wrong"}
    none = {name: value for name, value in yard.env.items() if name != "SLACK_APP_TOKEN"}
    wrong_app = yard.env | {"SLACK_APP_TOKEN": "xapp-wrong"}
    found = await asyncio.gather(*(signoff("serve", env=env, cwd=yard.folder) for env in (bad, none, wrong_app)))
    for ran, name in zip(found, ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_APP_TOKEN"), strict=True):
        assert ran.status == 2, ran
        assert name in ran.err
        assert "Traceback" not in ran.err
        assert "xoxb-wrong" not in ran.err


async def test_a_stop_lets_what_runs_finish_and_hands_back_the_leases(yard: Yard) -> None:
    """SIGTERM in the middle of a payment: the payment ends, the process ends with 0, nobody holds the thread."""
    server = await yard.serve()
    approval = await yard.ask("S1")
    yard.hold()
    assert (await yard.approve("S1")).ok
    await server.until("payer.paying")
    stopping = asyncio.create_task(server.stop())
    await server.until("serve.stopped")
    yard.let_go()
    assert await stopping == 0
    assert len(yard.steps("paid", "S1")) == 1
    assert not [line for line in server.lines if "Traceback" in line]
    assert not await yard.outside.redis.exists(yard.outside.keys.lease(approval.thread_id))
    await yard.serve()
    await yard.went_well(approval.id, "S1")


async def test_a_stop_does_not_wait_for_ever(yard: Yard) -> None:
    """A node that does not end within SIGNOFF_SHUTDOWN_SECONDS is left; whoever serves next runs it again."""
    yard.env["SIGNOFF_SHUTDOWN_SECONDS"] = "1"
    server = await yard.serve()
    approval = await yard.ask("S2")
    yard.hold()
    assert (await yard.approve("S2")).ok
    await server.until("payer.paying")
    assert await server.stop() == 0
    assert not [line for line in server.lines if "Traceback" in line]
    assert yard.steps("paid", "S2") == []
    yard.let_go()
    await yard.serve()
    await yard.went_well(approval.id, "S2", runs=2, kills=0)


# -- kills between the pause and the result


async def test_killed_before_the_card_is_posted(yard: Yard) -> None:
    """The question is on record, its card in flight: another process posts it, once."""
    yard.slack.faults.delay("chat.postMessage", 3600)
    server = await yard.serve()
    thread = await yard.outside.start("payer", {"order": "K1"})
    opened = await yard.outside.told(EventType.OPENED, thread.id)
    assert opened.approval_id is not None
    await server.kill()
    yard.slack.faults.clear()
    assert yard.cards("K1") == []

    await yard.serve()
    await yard.card("K1")
    await yard.outside.told(EventType.ANNOUNCED, opened.approval_id)
    assert (await yard.approve("K1")).ok
    await yard.went_well(opened.approval_id, "K1", kills=0)


async def test_killed_after_the_post_and_before_it_is_written_down(yard: Yard) -> None:
    """Slack has the card and nobody knows: it is posted once more, and either copy works."""
    server = await yard.serve()
    yard.slack.faults.drop_after_commit("chat.postMessage")
    thread = await yard.outside.start("payer", {"order": "K2"})
    opened = await yard.outside.told(EventType.OPENED, thread.id)
    assert opened.approval_id is not None
    orphan = await yard.card("K2")
    await server.kill()
    await yard.serve()
    await yard.outside.told(EventType.ANNOUNCED, opened.approval_id)
    assert (await yard.slack.click(ANA, CHANNEL, orphan.ts, "approve")).ok
    await yard.went_well(opened.approval_id, "K2")


async def test_killed_before_the_click(yard: Yard) -> None:
    """Nothing runs while people think; whoever serves then takes the click."""
    server = await yard.serve()
    approval = await yard.ask("K3")
    await server.kill()
    assert not (await yard.approve("K3")).ok
    await yard.serve()
    assert (await yard.approve("K3")).ok
    await yard.went_well(approval.id, "K3", kills=0)


async def test_killed_right_after_the_click_was_acknowledged(yard: Yard) -> None:
    """What was acknowledged is kept."""
    server = await yard.serve()
    approval = await yard.ask("K4")
    assert (await yard.approve("K4")).ok
    await server.kill()
    assert (await yard.outside.approval(approval.id)).status is not Status.PENDING
    await yard.serve()
    await yard.went_well(approval.id, "K4", runs=2, kills=0)


@pytest.mark.both_servers
async def test_killed_while_the_node_runs(yard: Yard) -> None:
    """The documented window: the node runs again from its top, with the same answer and the same approval id."""
    server = await yard.serve()
    approval = await yard.ask("K5")
    yard.hold()
    assert (await yard.approve("K5")).ok
    await server.until("payer.paying")
    await server.kill()
    yard.let_go()
    await yard.serve()
    await yard.went_well(approval.id, "K5", runs=2, kills=0)
    assert len(yard.steps("paying", "K5")) == 2
    assert len(yard.steps("paid", "K5")) == 1


async def test_killed_after_the_node_and_before_the_report(yard: Yard) -> None:
    """The result is told by another process; the node does not run again."""
    server = await yard.serve()
    approval = await yard.ask("K6")
    yard.slack.faults.delay("chat.postMessage", 3600)
    assert (await yard.approve("K6")).ok
    await yard.outside.told(EventType.RESUMED, approval.id)
    await server.kill()
    yard.slack.faults.clear()
    await yard.serve()
    await yard.went_well(approval.id, "K6", kills=0)


@pytest.mark.timeout(120 + 40 * KILLS)
async def test_killed_at_any_moment(yard: Yard) -> None:
    """A seeded series: each process is killed somewhere between the click and the report, the next one goes on."""
    chance = random.Random(20261102)
    server = await yard.serve()
    for number in range(KILLS):
        order = f"R{number}"
        approval = await yard.ask(order)
        moment = chance.uniform(0.0, 0.25)
        click = asyncio.create_task(yard.approve(order))
        await asyncio.sleep(moment)  # the moment of the kill, not a wait
        await server.kill()
        await click
        server = await yard.serve()
        await yard.approve_for_good(order, approval.id)
        await yard.went_well(approval.id, order, runs=2)


async def test_two_replicas_share_the_work_and_one_of_them_is_killed(yard: Yard) -> None:
    """Clicks go to either; what the dead one held is taken over by the other."""
    first, second = await asyncio.gather(yard.serve(), yard.serve())
    orders = [f"T{number}" for number in range(6)]
    approvals = await asyncio.gather(*(yard.ask(order) for order in orders))
    await asyncio.gather(*(yard.approve(order) for order in orders[:3]))
    clicks = [asyncio.create_task(yard.approve(order)) for order in orders[3:]]
    await first.kill()
    await asyncio.gather(*clicks)
    await yard.slack.wait_for(lambda: yard.slack.connections == 1 or None, timeout=60)
    for order, approval in zip(orders, approvals, strict=True):
        await yard.approve_for_good(order, approval.id)
        await yard.went_well(approval.id, order, runs=2)
    assert await second.stop() == 0
