"""Whatever an app sends, it gets an answer of Slack's kind, and the workspace stays whole."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localslack import LocalSlack, check_blocks, check_view
from localslack.api import METHODS
from localslack.rules import BLOCKS, ELEMENTS
from localslack.schema import HOME, MESSAGE, MODAL

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
FIELDS = "type text elements element accessory options option_groups block_id action_id value label fields title blocks"
NAMES = st.sampled_from([*re.findall(r"\w+", FIELDS), "submit", "rows", "style", "confirm", "initial_option", "url"])
KINDS = st.sampled_from([*BLOCKS, *ELEMENTS, "plain_text", "mrkdwn", "modal", "home", "rich_text_section", "text"])
JSON_VALUES: Any = st.recursive(
    LEAVES | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner | KINDS, max_size=5),
    max_leaves=20,
)


@given(value=JSON_VALUES, surface=st.sampled_from([MESSAGE, MODAL, HOME]))
@settings(max_examples=300, deadline=None)
def test_the_validator_always_answers(value: Any, surface: str) -> None:
    """A list of problems for any JSON, each with a pointer into it."""
    for problem in [*check_blocks(value, surface), *check_blocks([value], surface), *check_view(value)]:
        assert problem.pointer.startswith(("/blocks", "/view"))


JUNK: list[Any] = [
    None,
    "",
    7,
    -1,
    True,
    "x",
    [],
    ["x"],
    {},
    {"type": "x"},
    [{"type": 3}],
    "C0APPROVALS",
    "U0ANA",
    "1.5",
]
ARGUMENTS = (
    *("channel", "user", "users", "ts", "thread_ts", "text", "blocks", "attachments", "metadata", "view", "view_id"),
    *("trigger_id", "user_id", "hash", "cursor", "limit", "types", "usergroup", "email", "name", "timestamp", "oldest"),
    *("message_ts", "external_id", "bot", "markdown_text", "reply_broadcast", "latest", "test", "error", "surface"),
)


@pytest.mark.parametrize("method", sorted(METHODS))
async def test_every_method_survives_junk(slack: LocalSlack, method: str) -> None:
    """HTTP 200 and an error code for each wrong argument, never a crash."""
    defaults: dict[str, Any] = {"channel": "C0APPROVALS", "user": "U0ANA", "text": "x", "user_id": "U0ANA"}
    headers = {"Authorization": f"Bearer {slack.app_token if method.startswith('apps.') else slack.bot_token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for name in ARGUMENTS:
            for value in JUNK:
                body = {**defaults, name: value}
                if method == "auth.revoke":
                    body["test"] = "1"
                async with session.post(slack.api_url + method, json=body) as response:
                    assert response.status == 200, (name, value, await response.text())
                    answer = await response.json()
                    assert answer["ok"] or isinstance(answer["error"], str)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe"])
async def test_a_broken_body_is_no_crash(slack: LocalSlack, body: bytes) -> None:
    """As JSON, at the Web API and at a response URL."""
    sent = await slack.slash("U0ANA", "C0APPROVALS", "/x")
    headers = {"Authorization": f"Bearer {slack.bot_token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(f"{slack.api_url}chat.postMessage", data=body) as response:
            assert (await response.json())["error"] == "channel_not_found"
        async with session.post(str(sent.response_url), data=body) as response:
            assert (await response.json())["error"] == "invalid_payload"


async def test_the_command_line_prints_what_an_app_needs_and_stops() -> None:
    """The address and the lines of an .env; SIGTERM ends it cleanly."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "localslack", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    text = (await asyncio.wait_for(process.stdout.readuntil(b"Ctrl-C"), 60)).decode()
    address = re.findall(r"SLACK_API_URL=(\S+)", text)[0]
    token = re.findall(r"SLACK_BOT_TOKEN=(\S+)", text)[0]
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.post(f"{address}auth.test") as response:
        assert json.loads(await response.text())["ok"]
    process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
