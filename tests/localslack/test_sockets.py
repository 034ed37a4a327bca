"""Socket Mode: tickets, one recipient, lateness, losses, and events that come again."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import aiohttp
import pytest
from aiohttp import web as aio
from slack_sdk.web.async_client import AsyncWebClient

from localslack import Delivery, LocalSlack

from .conftest import BUTTONS, Clock, bolt, connected


class RawApp:
    """An app that speaks Socket Mode by hand, so that it can misbehave."""

    def __init__(self, slack: LocalSlack) -> None:
        self.slack = slack
        self.session = aiohttp.ClientSession()
        self.web = AsyncWebClient(slack.app_token, base_url=slack.api_url)

    async def __aenter__(self) -> RawApp:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def url(self) -> str:
        return str((await self.web.apps_connections_open(app_token=self.slack.app_token))["url"])

    async def connect(self) -> aiohttp.ClientWebSocketResponse:
        socket = await self.session.ws_connect(await self.url())
        assert (await socket.receive_json())["type"] == "hello"
        return socket


async def card(slack: LocalSlack) -> str:
    web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    return str((await web.chat_postMessage(channel="C0APPROVALS", text="Pay?", blocks=BUTTONS))["ts"])


@pytest.fixture
async def impatient() -> Any:
    """A Slack that waits a tenth of a second for an acknowledgement, so that lateness is quick to show."""
    async with LocalSlack(rng=random.Random(1), ack_seconds=0.1) as slack:
        yield slack


async def test_a_ticket_opens_one_connection(slack: LocalSlack) -> None:
    """The URL works once; a second use is refused and noted."""
    async with RawApp(slack) as app:
        url = await app.url()
        socket = await app.session.ws_connect(url)
        hello = await socket.receive_json()
        assert hello["num_connections"] == 1
        assert hello["connection_info"] == {"app_id": "A0LOCAL"}
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await app.session.ws_connect(url)
        assert slack.problems[0].code == "bad_ticket"
        await socket.close()


async def test_a_refused_handshake_spends_its_ticket(slack: LocalSlack) -> None:
    """As ordered: the status and no connection; the same URL is no good afterwards, a new one is."""
    async with RawApp(slack) as app:
        slack.faults.refuse_handshake(times=2)
        url = await app.url()
        for code, which in ((503, url), (403, url), (503, await app.url())):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await app.session.ws_connect(which)
            assert refused.value.status == code
        assert [problem.code for problem in slack.problems] == ["bad_ticket"]
        await (await app.connect()).close()


async def test_an_eleventh_connection_is_turned_away(slack: LocalSlack) -> None:
    """Ten are allowed; the next is told why and closed."""
    async with RawApp(slack) as app:
        sockets = [await app.connect() for _ in range(10)]
        extra = await app.session.ws_connect(await app.url())
        message = await extra.receive_json()
        assert (message["type"], message["reason"]) == ("disconnect", "too_many_websockets")
        assert slack.connections == 10
        for socket in sockets:
            await socket.close()


async def test_pings_come_back_with_the_same_bytes(slack: LocalSlack) -> None:
    """The SDK takes a connection for dead when its sdk-ping-pong is not answered in kind."""
    async with RawApp(slack) as app:
        socket = await app.session.ws_connect(await app.url(), autoping=False)
        await socket.receive()
        await socket.ping(b"sdk-ping-pong:1.5")
        answer = await socket.receive()
        assert (answer.type, bytes(answer.data)) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1.5")
        await socket.close()


async def test_each_payload_goes_to_exactly_one_of_two_replicas(slack: LocalSlack) -> None:
    """Nobody gets a copy; over many clicks both get some."""
    counts = [0, 0]
    apps = [bolt(slack), bolt(slack)]

    def listen(number: int) -> None:
        @apps[number].action("yes")
        async def yes(ack: Any) -> None:
            counts[number] += 1
            await ack()

    listen(0)
    listen(1)
    async with connected(slack, apps[0]), connected(slack, apps[1]):
        await slack.wait_for(lambda: slack.connections == 2)
        ts = await card(slack)
        sent = await asyncio.gather(*[slack.click("U0ANA", "C0APPROVALS", ts, "yes") for _ in range(20)])
    assert all(item.ok for item in sent)
    assert sum(counts) == 20
    assert min(counts) > 0


async def test_no_connection_means_the_click_is_lost(slack: LocalSlack) -> None:
    """Nothing is queued or replayed; the person sees the failure."""
    ts = await card(slack)
    sent = await slack.click("U0ANA", "C0APPROVALS", ts, "yes")
    assert (sent.ok, sent.error, sent.transport) == (False, "no_connection", "none")
    async with RawApp(slack) as app:
        socket = await app.connect()
        with pytest.raises(TimeoutError):
            await socket.receive_json(timeout=0.05)
        await socket.close()


async def test_a_late_acknowledgement_is_noted(impatient: LocalSlack) -> None:
    """The delivery has failed by then; that the ack came after all is a misstep of its own."""
    async with RawApp(impatient) as app:
        socket = await app.connect()
        ts = await card(impatient)
        click = asyncio.create_task(impatient.click("U0ANA", "C0APPROVALS", ts, "yes"))
        envelope = await socket.receive_json()
        assert envelope["type"] == "interactive"
        assert not envelope["accepts_response_payload"]
        assert (await click).error == "timeout"
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        await impatient.wait_for(lambda: [item for item in impatient.problems if item.code == "late_ack"])
        await socket.send_json({"envelope_id": "who"})
        await impatient.wait_for(lambda: [item for item in impatient.problems if item.code == "unknown_ack"])
        await socket.close()


async def test_a_connection_that_breaks_loses_what_it_carried(slack: LocalSlack) -> None:
    """The click under way fails at once, and the sockets are gone."""
    async with RawApp(slack) as app:
        socket = await app.connect()
        ts = await card(slack)
        click = asyncio.create_task(slack.click("U0ANA", "C0APPROVALS", ts, "yes"))
        await socket.receive_json()
        assert await slack.faults.kill_sockets() == 1
        assert (await click).error == "connection_lost"
        assert slack.connections == 0


async def test_a_refresh_makes_the_app_reconnect(slack: LocalSlack) -> None:
    """The SDK opens a new connection when Slack asks for it, and deliveries go on."""
    app = bolt(slack)

    @app.action("yes")
    async def yes(ack: Any) -> None:
        await ack()

    async with connected(slack, app):
        ts = await card(slack)
        opened = len(slack.calls("apps.connections.open"))
        await slack.refresh_sockets()
        await slack.wait_for(lambda: len(slack.calls("apps.connections.open")) > opened and slack.connections == 1)
        assert (await slack.click("U0ANA", "C0APPROVALS", ts, "yes")).ok


async def test_an_event_comes_again_until_it_is_acknowledged(clock: Clock) -> None:
    """At once, after one minute and after five, with the attempt and a reason; the event_id stays the same."""
    async with LocalSlack(clock=clock, ack_seconds=0.05) as slack, RawApp(slack) as app:
        socket = await app.connect()
        first = await slack.open_home("U0ANA")
        assert first is not None
        assert first.error == "timeout"
        envelopes = [await socket.receive_json(), await socket.receive_json()]
        await slack.wait_for(lambda: len([item for item in slack.deliveries() if item.error]) == 2)
        assert slack.retries_waiting == 1
        slack._core.ack_seconds = 30.0  # from here on it is answered
        clock.forward(60)
        envelopes.append(await socket.receive_json())
        await socket.send_json({"envelope_id": envelopes[-1]["envelope_id"]})
        await slack.wait_for(lambda: slack.deliveries()[-1].ok)
        assert [item["retry_attempt"] for item in envelopes] == [0, 1, 2]
        assert len({item["payload"]["event_id"] for item in envelopes}) == 1
        assert slack.retries_waiting == 0
        await socket.close()


async def test_http_events_carry_retry_headers_and_can_stop() -> None:
    """X-Slack-Retry-Num and -Reason on the second try; X-Slack-No-Retry ends it."""
    seen: list[tuple[str | None, str | None]] = []

    async def handler(request: aio.Request) -> aio.Response:
        seen.append((request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason")))
        return aio.Response(status=500, headers={"X-Slack-No-Retry": "1"} if len(seen) == 2 else {})

    application = aio.Application()
    application.router.add_post("/", handler)
    runner = aio.AppRunner(application)
    await runner.setup()
    await aio.TCPSite(runner, "127.0.0.1", 0).start()
    async with LocalSlack(request_url=f"http://127.0.0.1:{runner.addresses[0][1]}/") as slack:
        first = await slack.open_home("U0ANA")
        assert first is not None
        assert first.error == "http_500"
        await slack.wait_for(lambda: len(seen) == 2 and slack.deliveries()[-1].error)
        assert seen == [(None, None), ("1", "http_error")]
        await slack.wait_for(lambda: slack.deliveries()[-1].no_retry)
    await runner.cleanup()


async def test_bolt_passes_the_handshake_and_the_certificate_check(slack: LocalSlack) -> None:
    """url_verification and ssl_check as Slack sends them, against Bolt's own answers."""
    runner = aio.AppRunner(bolt(slack).web_app())
    await runner.setup()
    await aio.TCPSite(runner, "127.0.0.1", 0).start()
    slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    assert await slack.verify_url()
    assert await slack.ssl_check()
    await runner.cleanup()


async def test_payloads_carry_what_slack_sends(slack: LocalSlack) -> None:
    """block_actions names the message, the channel, the state and the person's own team."""
    async with RawApp(slack) as app:
        socket = await app.connect()
        ts = await card(slack)
        click = asyncio.create_task(slack.click("U0XIA", "C0APPROVALS", ts, "yes"))
        envelope = await socket.receive_json()
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        sent: Delivery = await click
        payload = envelope["payload"]
        await socket.close()
    assert sent.ok
    assert payload["user"]["team_id"] == "T0PARTNER"
    assert payload["team"] == {"id": "T0LOCAL", "domain": "local"}
    assert payload["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": "C0APPROVALS",
        "is_ephemeral": False,
    }
    assert payload["channel"] == {"id": "C0APPROVALS", "name": "approvals"}
    assert payload["message"]["ts"] == ts
    assert payload["state"] == {"values": {}}
    assert payload["is_enterprise_install"] is False
    assert payload["enterprise"] is None
    action = payload["actions"][0]
    assert (action["type"], action["block_id"], action["value"], action["style"]) == (
        "button",
        "decide",
        "a1",
        "primary",
    )
    assert action["text"] == {"type": "plain_text", "text": "Yes", "emoji": True}
