"""Bad days on order, rate limits, and what survives a restart."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ServerDisconnectedError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from localslack import LocalSlack, Seed

from .conftest import BUTTONS, Clock, bolt, connected


async def test_an_ordered_error_changes_nothing(slack: LocalSlack, web: AsyncWebClient) -> None:
    """It comes as often as ordered, and the message is not stored."""
    slack.faults.fail("chat.postMessage", "internal_error", times=2)
    for _ in range(2):
        with pytest.raises(SlackApiError, match="internal_error"):
            await web.chat_postMessage(channel="C0APPROVALS", text="x")
    assert slack.messages("C0APPROVALS") == []
    assert (await web.chat_postMessage(channel="C0APPROVALS", text="x"))["ok"]


async def test_an_ordered_429_carries_retry_after(slack: LocalSlack, web: AsyncWebClient) -> None:
    """As a header, in seconds."""
    slack.faults.status("*", 429, retry_after=7)
    with pytest.raises(SlackApiError) as caught:
        await web.auth_test()
    response: Any = caught.value.response
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")


async def test_an_answer_can_be_lost_after_the_work_is_done(slack: LocalSlack, web: AsyncWebClient) -> None:
    """The message is there, the caller does not know: why posts must not be retried blindly."""
    slack.faults.drop_after_commit("chat.postMessage")
    with pytest.raises((ClientError, ConnectionError)) as caught:
        await web.chat_postMessage(channel="C0APPROVALS", text="x")
    assert isinstance(caught.value, (ServerDisconnectedError, ClientError, ConnectionError))
    assert len(slack.messages("C0APPROVALS")) == 1


async def test_the_sdks_default_retry_doubles_such_a_message(slack: LocalSlack) -> None:
    """The default connection retry posts again: two messages for one call."""
    slack.faults.drop_after_commit("chat.postMessage")
    careless = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    assert (await careless.chat_postMessage(channel="C0APPROVALS", text="x"))["ok"]
    assert len(slack.messages("C0APPROVALS")) == 2


async def test_a_delivery_can_be_doubled(slack: LocalSlack, web: AsyncWebClient) -> None:
    """The app gets the same payload twice, as after a retry."""
    app = bolt(slack)
    seen: list[str] = []

    @app.action("yes")
    async def yes(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body["trigger_id"])
        await ack()

    async with connected(slack, app):
        ts = str((await web.chat_postMessage(channel="C0APPROVALS", text="x", blocks=BUTTONS))["ts"])
        slack.faults.duplicate_delivery()
        await slack.click("U0ANA", "C0APPROVALS", ts, "yes")
    assert len(seen) == 2
    assert len(set(seen)) == 1


async def test_a_private_answer_can_be_limited_and_lost(slack: LocalSlack) -> None:
    """Faults know response URLs by the name `response_url`."""
    app = bolt(slack)
    codes: list[int] = []

    @app.command("/x")
    async def command(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        careful = AsyncWebhookClient(body["response_url"], retry_handlers=[])
        codes.append((await careful.send(text="one")).status_code)
        slack.faults.drop_after_commit("response_url")
        await AsyncWebhookClient(body["response_url"]).send(text="two")  # with its default retry

    async with connected(slack, app):
        slack.faults.status("response_url", 429, retry_after=7)
        await slack.slash("U0ANA", "C0APPROVALS", "/x")
        told = await slack.wait_for(lambda: slack.ephemerals("U0ANA")[1:] and slack.ephemerals("U0ANA"))
    assert codes == [429]
    assert [message.text for message in told] == ["two", "two"]


async def test_clear_takes_back_every_order(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Nothing planned happens afterwards."""
    slack.faults.fail("*", "fatal_error")
    slack.faults.delay("auth.test", 60)
    slack.faults.clear()
    assert slack.faults.planned() == {}
    assert (await web.auth_test())["ok"]


async def test_posts_are_limited_per_channel(clock: Clock) -> None:
    """After a short burst one per second and channel; other channels are not affected."""
    async with LocalSlack(clock=clock, rate_limits=True) as slack:
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        for _ in range(5):
            await web.chat_postMessage(channel="C0APPROVALS", text="x")
        with pytest.raises(SlackApiError) as caught:
            await web.chat_postMessage(channel="C0APPROVALS", text="x")
        response: Any = caught.value.response
        assert (response.status_code, response["error"], response.headers["Retry-After"]) == (429, "ratelimited", "1")
        assert (await web.chat_postMessage(channel="C0LEADS", text="x"))["ok"]
        clock.forward(1)
        assert (await web.chat_postMessage(channel="C0APPROVALS", text="x"))["ok"]


async def test_methods_are_limited_per_minute(clock: Clock) -> None:
    """Tier 2 takes 20 calls a minute."""
    async with LocalSlack(clock=clock, rate_limits=True) as slack:
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        for _ in range(20):
            await web.users_list()
        with pytest.raises(SlackApiError, match="ratelimited"):
            await web.users_list()
        clock.forward(60)
        assert (await web.users_list())["ok"]


async def test_messages_survive_a_restart(tmp_path: Path) -> None:
    """Same timestamps, same Homes; the buttons still work, and no timestamp is used twice."""
    file = tmp_path / "state.json"
    async with LocalSlack(state_file=file) as slack:
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        first = await web.chat_postMessage(channel="U0ANA", text="x", blocks=BUTTONS)
        await web.chat_postEphemeral(channel="C0APPROVALS", user="U0ANA", text="gone after a restart")
        await web.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [{"type": "divider"}]})
    async with LocalSlack(state_file=file) as slack:
        app = bolt(slack)

        @app.action("yes")
        async def yes(ack: Any) -> None:
            await ack()

        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        async with connected(slack, app):
            assert (await slack.click("U0ANA", slack.dm("U0ANA"), str(first["ts"]), "yes")).ok
        assert slack.home("U0ANA") is not None
        assert slack.ephemerals("U0ANA") == []
        again = await web.chat_postMessage(channel="U0ANA", text="y")
        assert str(again["ts"]) > str(first["ts"])


async def test_the_state_is_written_soon_after_a_change(tmp_path: Path) -> None:
    """A process that is killed keeps what was on the page: no stop is needed."""
    file = tmp_path / "state.json"
    async with LocalSlack(state_file=file) as slack:
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        await web.chat_postMessage(channel="C0APPROVALS", text="kept")
        async with asyncio.timeout(30):
            while not (file.exists() and "kept" in file.read_text()):  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.02)


def test_a_state_of_another_workspace_is_refused(tmp_path: Path) -> None:
    """Rather than mixing two workspaces."""
    from localslack.core import Core
    from localslack.state import StateFile

    file = tmp_path / "state.json"
    file.write_text('{"format": 1, "team": "T0OTHER"}')
    core = Core(Seed.default(), None, random.Random(1), rate_limits=False)
    with pytest.raises(ValueError, match="another workspace"):
        StateFile(core, file).load()


def test_a_seed_comes_from_a_file(tmp_path: Path) -> None:
    """YAML with the field names of the seed; unknown fields are an error."""
    file = tmp_path / "seed.yaml"
    file.write_text(
        "team: {id: T0MINE, name: Mine}\n"
        "app: {name: Helper, commands: [/help]}\n"
        "users: [{id: U0ZOE, name: zoe, tz: Asia/Tokyo, admin: true}]\n"
        "channels: [{id: C0ONE, name: one, members: [U0ZOE, U0BOT]}]\n"
    )
    seed = Seed.from_file(file)
    assert (seed.team.id, seed.app.commands, seed.users[0].admin) == ("T0MINE", ("/help",), True)
    file.write_text("users: [{id: U0ZOE, name: zoe, height: 180}]\n")
    with pytest.raises(ValueError, match="height"):
        Seed.from_file(file)


def test_a_manifest_sets_what_the_app_may(tmp_path: Path) -> None:
    """Name, scopes, commands, events and the Home tab come from the manifest."""
    seed = Seed.default().with_manifest(
        {
            "display_information": {"name": "Helper"},
            "features": {
                "app_home": {"home_tab_enabled": True},
                "slash_commands": [{"command": "/help", "description": "x"}],
            },
            "oauth_config": {"scopes": {"bot": ["chat:write"]}},
            "settings": {"event_subscriptions": {"bot_events": ["app_home_opened"]}},
        }
    )
    assert (seed.app.name, seed.app.scopes, seed.app.commands) == ("Helper", ("chat:write",), ("/help",))
    assert (seed.app.events, seed.app.home_tab) == (("app_home_opened",), True)
