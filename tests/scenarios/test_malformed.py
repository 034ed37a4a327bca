"""Signed, and still not what it should be: payloads of any shape through the real Bolt app, raw bodies through HTTP."""

from __future__ import annotations

import asyncio
import copy
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from approvals.errors import SignoffError
from approvals.model import Approval
from tests.scenarios.conftest import ANA, CHANNEL, Desk, House

FORM = "application/x-www-form-urlencoded"
JUNK = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            0,
            -1,
            2**70,
            0.5,
            "",
            "x",
            "A" * 16,
            "\x00",
            "💥" * 300,
            [],
            {},
            [[]],
            [None],
            {"id": None},
            {"id": {}},
        ]
    ),
    st.sampled_from(
        ["AAAAAAAAAAAAAAAA:1", "approve", "approve:99999", "show", "list:next", "review:next", "branch", "{}"]
    ),
    st.text(max_size=20),
    st.recursive(st.none() | st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
)


@dataclass
class Gate:
    """A desk in http mode with a card that waits, and one real payload of each kind."""

    desk: Desk
    samples: list[dict[str, Any]]
    before: Approval

    def signed(self, body: str, content_type: str) -> dict[str, str]:
        stamp = str(int(time.time()))
        signer = SignatureVerifier(self.desk.slack.signing_secret)
        signature = signer.generate_signature(timestamp=stamp, body=body)
        assert signature is not None
        return {"Content-Type": content_type, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}

    async def send(self, payload: dict[str, Any]) -> int:
        """Through Bolt, as Slack encodes it. The status; fails on an error of ours that was not foreseen."""
        if payload.get("command") is not None and "type" not in payload:
            given = {key: value for key, value in payload.items() if isinstance(value, str)}
            body, kind = urlencode(given, errors="replace"), FORM
        elif payload.get("type") == "event_callback":
            body, kind = json.dumps(payload), "application/json"
        else:
            body, kind = urlencode({"payload": json.dumps(payload)}), FORM
        with structlog.testing.capture_logs() as lines:
            try:
                request = AsyncBoltRequest(body=body, headers=self.signed(body, kind))
            except Exception:  # noqa: BLE001 - Bolt's own reader: by HTTP that is refused before it (below)
                return 400
            answer = await self.desk.runtime.app.async_dispatch(request)
        for line in lines:
            if line.get("action") in ("listener.failed", "listener.silent"):
                assert isinstance(line["exc_info"], SignoffError), (line, payload)
        return answer.status


@pytest.fixture
async def gate(house: House) -> AsyncIterator[Gate]:
    """As below."""
    desk = await house.desk(signoff_slack_mode="http", signoff_runners="", signoff_tick_seconds=3600)
    card = await desk.ask()
    await desk.core.records.effects.drain()
    await desk.slack.click(ANA, CHANNEL, card.ts, "deny")
    view = await desk.modal(ANA)
    await desk.slack.submit(ANA, view.id, {"reason": "No."})
    await desk.resumed(card.ts)
    again = await desk.ask()
    await desk.slack.click(ANA, CHANNEL, again.ts, "edit")
    await desk.slack.slash(ANA, CHANNEL, "/approvals")
    await desk.slack.open_home(ANA)
    await desk.core.records.effects.drain()
    samples = [json.loads(json.dumps(delivery.payload)) for delivery in desk.slack.deliveries()]
    assert {"block_actions", "view_submission", "event_callback"} <= {sample.get("type") for sample in samples}
    for sample in samples:
        sample.pop("response_url", None)  # what is said in private is tested elsewhere; here nobody is to be called
    yield Gate(desk, samples, (await desk.approvals())[-1])
    house.slack.problems.clear()  # a made-up trigger id is refused, for one


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a payload."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in [(*at, key), *paths(value[key], (*at, key))]]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_a_real_payload_with_anything_in_any_place(gate: Gate, data: st.DataObject) -> None:
    """Parts replaced or left out: acknowledged or refused, no error of ours, and what waits goes on waiting unless the
    payload still says a decision of Ana's in every part that counts."""
    sample = data.draw(st.sampled_from(gate.samples))
    payload = copy.deepcopy(sample)
    for _ in range(data.draw(st.integers(1, 3))):
        every = paths(payload)
        if not every:
            break
        *way, last = data.draw(st.sampled_from(every))
        holder = payload
        for key in way:
            holder = holder[key]
        if data.draw(st.booleans()):
            holder[last] = data.draw(JUNK)
        else:
            holder.pop(last)
    assert await gate.send(payload) in (200, 400, 404, 500)  # the last is Bolt's own, where it looks for a listener
    now = await gate.desk.core.records.approvals.get(gate.before.id)
    assert now is not None
    assert {decision.actor.id for decision in now.decisions} <= {ANA}


RAW = [
    "",
    "payload=",
    "payload=not json",
    "payload=[]",
    "payload=3",
    "payload=null",
    "{",
    "[]",
    "null",
    "\x00",
    "a=b&a=c",
]


@pytest.mark.parametrize("kind", [FORM, "application/json", "text/plain", ""])
async def test_a_raw_body_of_any_kind_by_http(gate: Gate, kind: str) -> None:
    """Signed nonsense gets a status below 500, and the server goes on answering."""
    assert gate.desk.runtime.http_url is not None
    url = f"{gate.desk.runtime.http_url}/slack/events"
    async with aiohttp.ClientSession() as client:
        for raw in [*RAW, "payload=" + "[" * 5000, "payload=" + json.dumps({"type": "x" * 100_000})]:
            headers = gate.signed(raw, kind)
            if not kind:
                del headers["Content-Type"]
            async with client.post(
                url, data=raw.encode(), headers=headers, skip_auto_headers=["Content-Type"]
            ) as answer:
                assert answer.status < 500, (kind, raw[:60], await answer.text())
        async with client.get(f"{gate.desk.runtime.http_url}/healthz") as health:
            assert health.status == 200


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"]),
    path=st.sampled_from(
        ["/slack/events", "/healthz", "/", "/../etc/passwd", "/docs", "/openapi.json", "/slack/events/"]
    ),
    headers=st.dictionaries(
        st.sampled_from(
            ["X-Slack-Signature", "X-Slack-Request-Timestamp", "Content-Type", "Cookie", "X-Forwarded-For"]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map(str.strip),
        max_size=5,
    ),
    body=st.binary(max_size=60),
)
async def test_any_request_without_a_signature_gets_nothing(
    gate: Gate, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    """Whatever is asked of the server: strangers learn whether it is well, and how the API is used; timestamps may be
    no numbers."""
    url = f"{gate.desk.runtime.http_url}{path}"
    async with aiohttp.ClientSession() as client, client.request(method, url, headers=headers, data=body) as answer:
        text = await answer.text()
        told = path in ("/healthz", "/openapi.json")
        assert answer.status in ((200, 405) if told else (307, 400, 401, 404, 405)), (answer.status, text)
        assert "8821" not in text


STAMP = str(int(time.time())).encode()
SECRET = b"Authorization: Bearer hunter2\r\nCookie: d=hunter2\r\n"
WIRE: dict[str, tuple[bytes, int]] = {
    "said to be too large": (b"POST /slack/events|Content-Length: 3000000||", 413),
    "a length beyond all": (b"POST /slack/events|Content-Length: " + b"9" * 5000 + b"||", 400),
    "a length of 19 digits": (b"POST /slack/events|Content-Length: " + b"9" * 19 + b"||", 413),
    "a length below none": (b"POST /slack/events|Content-Length: -1||", 400),
    "too large, by chunks": (b"POST /slack/events|Transfer-Encoding: chunked||" + b"100000|" + b"a" * 2**20 + b"|" +
                             b"100000|" + b"a" * 2**20 + b"|", 413),
    "chunks that are none": (b"POST /slack/events|Transfer-Encoding: chunked||zz|hunter2|", 400),
    "chunks that are none, for the API": (b"POST /decisions|Transfer-Encoding: chunked||zz|hunter2|", 400),
    "a signature that is no ASCII": (
        b"POST /slack/events|X-Slack-Signature: v0=\xff|X-Slack-Request-Timestamp: " + STAMP + b"|Content-Length: 1||a",
        401,
    ),
    "a body that is no UTF-8": (b"POST /slack/events|Content-Length: 2||\xff\xfe", 401),
    "no signature": (b"POST /slack/events|Content-Length: 7||hunter2", 401),
    "another method for Slack": (b"GET /slack/events||", 405),
    "another method for metrics": (b"POST /metrics|Content-Length: 7||hunter2", 405),
    "another method for health": (b"TRACE /healthz||", 405),
    "a method that there is not": (b"HUNTER2 /healthz||", 400),
    "a long path": (b"GET /" + b"hunter2" * 6000 + b"||", 404),
    "a path beyond all": (b"GET /" + b"hunter2" * 20_000 + b"||", 400),
    "a path that is no text": (b"GET /\xff\xfe||", 400),
    "a path that decodes to no text": (b"GET /decisions/%ff%00||", 401),
    "a hook that decodes to no text": (b"POST /servers/%ff/hook/hunter2%ff|Content-Length: 0||", 404),
    "a receipt of nothing": (b"GET /decisions/" + b"A" * 3000 + b"/receipt||", 404),
    "a query that decodes to no text": (b"GET /decisions?limit=%ff&status=%00||", 401),
    "very many headers": (b"GET /healthz|" + b"".join(b"X-%d: hunter2|" % at for at in range(3000)) + b"|", 200),
    "a very long header": (b"GET /healthz|X-Long: " + b"hunter2" * 10_000 + b"||", 200),
    "no HTTP": (b"hunter2||", 400),
    "bytes": (bytes(range(256)) + b"||", 400),
}  # fmt: skip


def on_the_wire(text: bytes) -> bytes:
    """With ends of lines for bars, the version of HTTP, a host, and secrets that nobody must repeat."""
    line, bar, rest = text.partition(b"|")
    return line + b" HTTP/1.1\r\nHost: x\r\n" + SECRET + (rest or bar).replace(b"|", b"\r\n")


async def test_any_bytes_get_a_status_of_their_own_and_no_line_with_what_they_held(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lengths, chunks, methods, paths and headers that are none: refused, never a defect; metrics and health go on."""
    desk = await house.desk(signoff_slack_mode="http", signoff_tick_seconds=3600)
    host, _, port = (desk.runtime.http_url or "").removeprefix("http://").partition(":")
    for name, (text, status) in WIRE.items():
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(on_the_wire(text))
            answer = await asyncio.wait_for(reader.readline(), 10)
        finally:
            writer.close()
        assert answer.split()[1:2] == [str(status).encode()], (name, answer)
    async with aiohttp.ClientSession() as client, client.get(f"{desk.runtime.http_url}/metrics") as answer:
        assert answer.status == 200
    told = capsys.readouterr()
    assert "hunter2" not in told.err + told.out
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("seconds", "status"), [(-3600, 401), (-330, 401), (-270, 200), (0, 200), (270, 200), (330, 401), (3600, 401)]
)
async def test_a_signature_is_good_for_five_minutes_either_way(gate: Gate, seconds: int, status: int) -> None:
    """A recorded request is refused later; one from the future as well. Half a minute off the edge, as Bolt reads the
    machine's own clock while the request is under way."""
    body = urlencode({"payload": json.dumps(gate.samples[0])})
    stamp = str(int(time.time()) + seconds)
    signature = SignatureVerifier(gate.desk.slack.signing_secret).generate_signature(timestamp=stamp, body=body)
    assert signature is not None
    headers = {"Content-Type": FORM, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{gate.desk.runtime.http_url}/slack/events", data=body, headers=headers) as answer,
    ):
        assert answer.status == status
