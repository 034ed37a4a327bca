"""The payloads an app gets, as files: the same over Socket Mode and over signed HTTP.

`golden/*.json` were written from Slack's documentation and compared with the bodies of Bolt's scenario tests.
`UPDATE_GOLDEN=1` writes them anew: read the difference against the documentation, not against the code.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web as aio
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from localslack import LocalSlack, Seed, VirtualClock

from .conftest import BUTTONS, bolt, connected, modal
from .payloads import asked, plain

FOLDER = Path(__file__).parent / "golden"
PLACE = "C0APPROVALS"
VOLATILE = [
    (re.compile(r"\d+\.\d+\.[a-z0-9]{32}"), "<trigger>"),
    (re.compile(r"http://127\.0\.0\.1:\d+/(\w+)/T0LOCAL/\w{24}"), r"https://hooks/\1/T0LOCAL/<key>"),
    (re.compile(r"V0[A-Z0-9]{8}"), "<view>"),
    (re.compile(r"\d{10}\.\d{4}[A-Za-z0-9]{4}"), "<hash>"),
    (re.compile(r"Ev0[A-Z0-9]{9}"), "<event>"),
    (re.compile(r"4-[A-Z0-9]{12}"), "<context>"),
]

COMMON = {"type", "team", "user", "api_app_id", "token", "enterprise", "is_enterprise_install"}
ACTIONS = {*COMMON, "container", "trigger_id", "actions"}
SHORTCUT = (COMMON - {"api_app_id"}) | {"action_ts", "callback_id", "trigger_id"}
DOCUMENTED: dict[str, set[str]] = {
    "block_actions_message": {*ACTIONS, "channel", "message", "state", "response_url"},
    "block_actions_ephemeral": {*ACTIONS, "channel", "state", "response_url"},
    "block_actions_modal": {*ACTIONS, "view"},
    "block_actions_home": {*ACTIONS, "view"},
    "view_submission": {*COMMON, "trigger_id", "view", "response_urls"},
    "view_closed": {*COMMON, "view", "is_cleared", "response_urls"},
    "block_suggestion_modal": (COMMON - {"enterprise", "is_enterprise_install"})
    | {"container", "view", "action_id", "block_id", "value"},
    "shortcut": SHORTCUT,
    "message_action": {*SHORTCUT, "channel", "message_ts", "message", "response_url"},
    "slash_command": {
        *("token", "team_id", "team_domain", "channel_id", "channel_name", "user_id", "user_name", "command"),
        *("text", "api_app_id", "is_enterprise_install", "response_url", "trigger_id"),
    },
    "event_callback": {
        *("token", "team_id", "context_team_id", "context_enterprise_id", "api_app_id", "event", "type"),
        *("event_id", "event_time", "authorizations", "is_ext_shared_channel", "event_context"),
    },
}
"""The top-level fields by hand, from docs.slack.dev/reference/interaction-payloads and Bolt's tests."""


@contextlib.asynccontextmanager
async def recorded(slack: LocalSlack, transport: str) -> AsyncIterator[list[Any]]:
    """What an app receives, over either transport, each acknowledged with an empty 200."""
    app, bodies = bolt(slack), list[Any]()

    @app.middleware
    async def record(req: AsyncBoltRequest) -> BoltResponse:
        bodies.append(dict(req.body))
        return BoltResponse(status=200)

    if transport == "socket":
        async with connected(slack, app):
            yield bodies
        return
    runner = aio.AppRunner(app.web_app())
    await runner.setup()
    await aio.TCPSite(runner, "127.0.0.1", 0).start()
    slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield bodies
    await runner.cleanup()


async def open_modal(slack: LocalSlack, web: AsyncWebClient) -> str:
    trigger = (await slack.slash("U0ANA", PLACE, "/open")).trigger_id
    place = asked({"type": "conversations_select", "response_url_enabled": True}, block_id="where")
    seek = {"type": "external_select", "action_id": "seek", "min_query_length": 0}
    blocks = [
        *modal()["blocks"],
        place,
        {"type": "actions", "block_id": "row", "elements": [seek, *BUTTONS[1]["elements"][:1]]},
    ]
    view = modal(blocks=blocks, private_metadata="m-1", notify_on_close=True, close=plain("Back"))
    return str((await web.views_open(trigger_id=str(trigger), view=view))["view"]["id"])


async def in_message(slack: LocalSlack, web: AsyncWebClient) -> None:
    parent = str((await web.chat_postMessage(channel=PLACE, text="Today"))["ts"])
    ts = str((await web.chat_postMessage(channel=PLACE, text="Pay?", blocks=BUTTONS, thread_ts=parent))["ts"])
    await slack.click("U0XIA", PLACE, ts, "yes")


async def in_ephemeral(slack: LocalSlack, web: AsyncWebClient) -> None:
    posted = await web.chat_postEphemeral(channel=PLACE, user="U0ANA", text="Pay?", blocks=BUTTONS)
    await slack.click("U0ANA", PLACE, str(posted["message_ts"]), "no")


async def in_modal(slack: LocalSlack, web: AsyncWebClient) -> None:
    await slack.click_view("U0ANA", await open_modal(slack, web), "yes")


async def in_home(slack: LocalSlack, web: AsyncWebClient) -> None:
    await web.views_publish(user_id="U0ANA", view={"type": "home", "blocks": BUTTONS, "callback_id": "start"})
    home = slack.home("U0ANA")
    assert home is not None
    await slack.click_view("U0ANA", home.id, "yes")


async def submitted(slack: LocalSlack, web: AsyncWebClient) -> None:
    await slack.submit("U0ANA", await open_modal(slack, web), {"why": "because", "where": PLACE})


async def closed(slack: LocalSlack, web: AsyncWebClient) -> None:
    await slack.close_view("U0ANA", await open_modal(slack, web))


async def sought(slack: LocalSlack, web: AsyncWebClient) -> None:
    await slack.suggest("U0ANA", await open_modal(slack, web), "seek", "ac")


async def message_shortcut(slack: LocalSlack, web: AsyncWebClient) -> None:
    ts = str((await web.chat_postMessage(channel=PLACE, text="Pay?"))["ts"])
    await slack.shortcut("U0ANA", "note", channel=PLACE, ts=ts)


async def global_shortcut(slack: LocalSlack, web: AsyncWebClient) -> None:
    await slack.shortcut("U0ANA", "new")


async def command(slack: LocalSlack, web: AsyncWebClient) -> None:
    await slack.slash("U0ANA", PLACE, "/ask  two words ")


async def mention(slack: LocalSlack, web: AsyncWebClient) -> None:
    await slack.say("U0ANA", PLACE, "<@U0BOT> hello")


Doing = Callable[[LocalSlack, AsyncWebClient], Awaitable[None]]
CASES: dict[str, Doing] = {
    "block_actions_message": in_message,
    "block_actions_ephemeral": in_ephemeral,
    "block_actions_modal": in_modal,
    "block_actions_home": in_home,
    "view_submission": submitted,
    "view_closed": closed,
    "block_suggestion_modal": sought,
    "shortcut": global_shortcut,
    "message_action": message_shortcut,
    "slash_command": command,
    "event_callback": mention,
}


def steady(value: Any) -> Any:
    """The payload with what differs from run to run replaced by its name."""
    if isinstance(value, dict):
        return {key: steady(item) for key, item in value.items()}
    if isinstance(value, list):
        return [steady(item) for item in value]
    if isinstance(value, str):
        for pattern, name in VOLATILE:
            if pattern.fullmatch(value):
                return pattern.sub(name, value)
    return value


@pytest.mark.parametrize("transport", ["socket", "http"])
@pytest.mark.parametrize("name", sorted(CASES))
async def test_the_payload_is_the_documented_one(name: str, transport: str) -> None:
    """Field by field what the file says, over both transports; the file has exactly the documented fields."""
    async with LocalSlack(Seed.default(), clock=VirtualClock(1_750_000_000), rng=random.Random(3)) as slack:
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        async with recorded(slack, transport) as bodies:
            await CASES[name](slack, web)
            shown = steady(bodies[-1])
    path = FOLDER / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")
    assert shown == json.loads(path.read_text(encoding="utf-8"))
    assert set(shown) == DOCUMENTED[name]


def test_every_documented_payload_has_its_file() -> None:
    """None is left behind when a case goes."""
    assert {path.stem for path in FOLDER.glob("*.json")} == set(CASES) == set(DOCUMENTED)
