"""What a longer day in Slack brings: payloads out of order, sockets that age, too many events, people who go quiet."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from localslack import LocalSlack, NotPossible, Seed, UserSeed, VirtualClock

from .conftest import BUTTONS, bolt, connected


async def test_a_payload_can_be_overtaken(slack: LocalSlack, web: AsyncWebClient) -> None:
    """The first click waits until the second was delivered; both arrive, once each, in the other order."""
    app = bolt(slack)
    seen: list[str] = []

    @app.action("yes")
    async def yes(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body["user"]["id"])
        await ack()

    async with connected(slack, app):
        ts = str((await web.chat_postMessage(channel="C0APPROVALS", text="x", blocks=BUTTONS))["ts"])
        slack.faults.out_of_order()
        first = asyncio.create_task(slack.click("U0ANA", "C0APPROVALS", ts, "yes"))
        await slack.wait_for(lambda: not slack.faults.holds)
        second = await slack.click("U0BEN", "C0APPROVALS", ts, "yes")
        assert (second.ok, (await first).ok) == (True, True)
    assert seen == ["U0BEN", "U0ANA"]


async def test_a_connection_is_asked_to_come_back_after_its_time() -> None:
    """The SDK reconnects by itself when the time of its connection is over, and nothing is lost."""
    async with LocalSlack(socket_seconds=2.0) as slack:
        app = bolt(slack)

        @app.command("/x")
        async def command(ack: Any) -> None:
            await ack()

        async with connected(slack, app):
            await slack.wait_for(lambda: len(slack.calls("apps.connections.open")) >= 2)
            await slack.wait_for(lambda: slack.connections)
            assert (await slack.slash("U0ANA", "C0APPROVALS", "/x")).ok
        assert slack.problems == []


async def test_events_beyond_the_hourly_limit_are_dropped_and_told_of() -> None:
    """app_rate_limited once for the minute; an hour later events come again."""
    clock = VirtualClock(1_750_000_000)
    async with LocalSlack(clock=clock, rate_limits=True) as slack:
        slack._core.limits.events_per_hour = 2
        for text in "abcd":
            await slack.say("U0ANA", slack.dm("U0ANA"), text)
        kinds = [sent.payload["type"] for sent in slack.deliveries("events_api") if not sent.attempt]
        assert kinds == ["event_callback", "event_callback", "app_rate_limited"]
        told = slack.deliveries("events_api")[-1].payload
        assert told["minute_rate_limited"] == 1_750_000_000 // 60 * 60
        clock.forward(3600)
        sent = await slack.say("U0ANA", slack.dm("U0ANA"), "e")
        assert sent is not None
        assert sent.payload["type"] == "event_callback"


async def test_a_status_and_a_quiet_time_run_out() -> None:
    """users.info and dnd.info follow the clock; a status without an end stays."""
    clock = VirtualClock(1_750_000_000)
    people = (
        UserSeed("U0ANA", "ana", status_text="Lunch", status_emoji=":soup:", status_expiration=1_750_003_600),
        UserSeed("U0BEN", "ben", status_text="Remote", dnd_until=1_750_000_060),
    )
    async with LocalSlack(Seed(users=people), clock=clock) as slack:
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])

        async def status(user: str) -> tuple[str, int]:
            profile = (await web.users_info(user=user))["user"]["profile"]
            return profile["status_text"], profile["status_expiration"]

        assert await status("U0ANA") == ("Lunch", 1_750_003_600)
        quiet = await web.dnd_info(user="U0BEN")
        assert (quiet["dnd_enabled"], quiet["next_dnd_end_ts"]) == (True, 1_750_000_060)
        clock.forward(3600)
        assert await status("U0ANA") == ("", 0)
        assert await status("U0BEN") == ("Remote", 0)
        assert not (await web.dnd_info(user="U0BEN"))["dnd_enabled"]


async def test_a_person_sets_and_clears_their_status() -> None:
    """The app reads it at once; what Slack's own field would not take is refused."""
    async with LocalSlack() as slack:
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])

        async def status() -> tuple[str, str, int]:
            profile = (await web.users_info(user="U0ANA"))["user"]["profile"]
            return profile["status_text"], profile["status_emoji"], profile["status_expiration"]

        later = int(time.time()) + 3600
        slack.set_status("U0ANA", "Vacationing", ":palm_tree:", later)
        assert await status() == ("Vacationing", ":palm_tree:", later)
        slack.set_status("U0ANA")
        assert await status() == ("", "", 0)
        with pytest.raises(NotPossible):
            slack.set_status("U0ANA", "x" * 101)


def test_a_manifest_brings_hints_and_shortcuts(tmp_path: Path) -> None:
    """Usage hints of commands and both kinds of shortcuts; a seed file may name them too."""
    manifest = {
        "features": {
            "slash_commands": [{"command": "/todo", "description": "Your list", "usage_hint": "[list | add]"}],
            "shortcuts": [
                {"name": "New", "type": "global", "callback_id": "new", "description": "x"},
                {"name": "Keep", "type": "message", "callback_id": "keep", "description": "x"},
            ],
        }
    }
    app = Seed.default().with_manifest(manifest).app
    assert app.hints == {"/todo": "[list | add] Your list"}
    assert [(item.callback_id, item.on_message) for item in app.shortcuts] == [("new", False), ("keep", True)]
    seed = tmp_path / "seed.yaml"
    seed.write_text("app: {shortcuts: [{callback_id: new, name: New}], hints: {/todo: '[list]'}}\n")
    assert Seed.from_file(seed).app.shortcuts[0].name == "New"
