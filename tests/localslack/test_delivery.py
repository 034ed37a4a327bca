"""What reaches a real Bolt app, and what comes of its answer."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web as aio
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.web.async_client import AsyncWebClient

from localslack import LocalSlack

from .conftest import BUTTONS, bolt, connected, modal


async def test_a_click_reaches_the_app_and_the_app_updates_the_message(slack: LocalSlack, web: AsyncWebClient) -> None:
    """A press is delivered once with its value, acknowledged, and the message redrawn."""
    app = bolt(slack)
    seen: list[dict[str, Any]] = []

    @app.action("yes")
    async def yes(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        seen.append(body)
        await client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text="Paid")

    async with connected(slack, app):
        posted = await web.chat_postMessage(channel="C0APPROVALS", text="Pay?", blocks=BUTTONS)
        sent = await slack.click("U0ANA", "C0APPROVALS", str(posted["ts"]), "yes")
        assert sent.ok
        await slack.wait_for(lambda: slack.messages("C0APPROVALS")[0].text == "Paid")
    assert [body["actions"][0]["value"] for body in seen] == ["a1"]
    assert seen[0]["user"] == {"id": "U0ANA", "username": "ana", "name": "ana", "team_id": "T0LOCAL"}
    assert slack.messages("C0APPROVALS")[0].blocks == []
    assert slack.problems == []


async def test_a_form_shows_the_apps_errors_and_then_closes(slack: LocalSlack) -> None:
    """A slash command opens a modal; an answer with errors keeps it open; an empty one closes it."""
    app = bolt(slack)

    @app.command("/ask")
    async def ask(ack: Any, client: AsyncWebClient, body: dict[str, Any]) -> None:
        await ack("opening")
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("form")
    async def form(ack: Any, view: dict[str, Any]) -> None:
        if view["state"]["values"]["why"]["text"]["value"] == "no":
            await ack(response_action="errors", errors={"why": "Say more"})
        else:
            await ack()

    async with connected(slack, app):
        assert (await slack.slash("U0BEN", "C0APPROVALS", "/ask now")).ok
        view = await slack.wait_for(lambda: slack.modal("U0BEN"))
        assert (await slack.submit("U0BEN", view.id, {})).error == "client_validation"
        assert (await slack.submit("U0BEN", view.id, {"why": "no", "sum": 11})).errors == {
            "sum": "Please enter a number of at most 10."
        }
        refused = await slack.submit("U0BEN", view.id, {"why": "no", "sum": 3})
        assert refused.ok
        assert refused.errors == {"why": "Say more"}
        assert (await slack.submit("U0BEN", view.id, {"why": "because"})).ok
        assert slack.modal("U0BEN") is None
    assert slack.ephemerals("U0BEN")[0].text == "opening"
    assert slack.problems == []


async def test_http_delivery_is_signed_and_answered(slack: LocalSlack, web: AsyncWebClient) -> None:
    """With a request URL the same payloads go by HTTP with a signature that Bolt accepts."""
    app = bolt(slack)
    told: list[str] = []

    @app.action("yes")
    async def yes(ack: Any, body: dict[str, Any]) -> None:
        told.append(body["user"]["id"])
        await ack()

    @app.event("app_home_opened")
    async def home(event: dict[str, Any], client: AsyncWebClient) -> None:
        view = {"type": "home", "blocks": [{"type": "divider"}]}
        await client.views_publish(user_id=event["user"], view=view)

    @app.command("/ask")
    async def ask(ack: Any) -> None:
        await ack("asked")

    server = aio.AppRunner(app.web_app())
    await server.setup()
    site = aio.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    slack.request_url = f"http://127.0.0.1:{server.addresses[0][1]}/slack/events"
    posted = await web.chat_postMessage(channel="C0APPROVALS", text="Pay?", blocks=BUTTONS)
    assert (await slack.click("U0ANA", "C0APPROVALS", str(posted["ts"]), "yes")).ok
    assert told == ["U0ANA"]
    opened = await slack.open_home("U0ANA")
    assert opened is not None
    assert opened.ok
    home_view = await slack.wait_for(lambda: slack.home("U0ANA"))
    assert home_view.blocks[0]["type"] == "divider"
    assert (await slack.slash("U0ANA", "C0APPROVALS", "/ask")).ack == {"text": "asked"}
    unknown = await slack.click("U0ANA", "C0APPROVALS", str(posted["ts"]), "no")
    assert unknown.error == "http_404"
    await server.cleanup()


async def test_a_synchronous_app_works_too(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Bolt's other App, with the SDK's own WebSocket client, in threads."""

    def build() -> SocketModeHandler:
        app = App(client=WebClient(slack.bot_token, base_url=slack.api_url), signing_secret=slack.signing_secret)

        @app.action("yes")
        def yes(ack: Any, respond: Any) -> None:
            ack()
            respond("Noted", replace_original=False)

        handler = SocketModeHandler(app, slack.app_token)
        handler.connect()
        return handler

    handler = await asyncio.to_thread(build)
    try:
        await slack.wait_for(lambda: slack.connections)
        ts = str((await web.chat_postMessage(channel="C0APPROVALS", text="Pay?", blocks=BUTTONS))["ts"])
        assert (await slack.click("U0ANA", "C0APPROVALS", ts, "yes")).ok
        told = await slack.wait_for(lambda: slack.ephemerals("U0ANA"))
        assert told[0].text == "Noted"
    finally:
        await slack.faults.kill_sockets()  # else closing waits three seconds for another message
        await asyncio.to_thread(handler.close)
