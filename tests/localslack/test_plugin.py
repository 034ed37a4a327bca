"""The pytest plugin, as somebody with an app of their own uses it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web as aio
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

import localslack
from localslack import LocalSlack, ThreadedSlack, VirtualClock

from .conftest import modal

ROOT = Path(localslack.__file__).parent.parent


def _pytest(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=90, check=False)


def test_the_example_of_the_readme_runs_as_it_stands(tmp_path: Path) -> None:
    """Both files of the README, copied out of it: every test in them passes."""
    text = (ROOT / "localslack" / "README.md").read_text(encoding="utf-8")
    for name, body in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", text, re.DOTALL):
        (tmp_path / name).write_text(body, encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lunch.py", "test_lunch.py"]
    ran = _pytest(tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 passed" in ran.stdout


def test_a_test_fails_when_its_app_calls_what_slack_does_not_have(tmp_path: Path) -> None:
    """unknown_method, caught and ignored by the app, still fails the test that caused it."""
    (tmp_path / "test_it.py").write_text(
        "import contextlib\n"
        "from slack_sdk import WebClient\n"
        "from slack_sdk.errors import SlackApiError\n"
        "pytest_plugins = ['localslack.pytest_plugin']\n"
        "def test_it(local_slack):\n"
        "    with contextlib.suppress(SlackApiError):\n"
        "        WebClient(local_slack.bot_token, base_url=local_slack.api_url).api_call('chat.teleport')\n"
    )
    ran = _pytest(tmp_path)
    assert ran.returncode == 1
    assert "unknown_method: chat.teleport" in ran.stdout


@pytest.mark.local_slack(ack_seconds=0.1)
def test_what_nobody_answers_is_an_error_for_the_person(local_slack: ThreadedSlack) -> None:
    """Blocking methods and options by marker; without an app a command goes nowhere."""
    sent = local_slack.slash("U0ANA", "C0APPROVALS", "/ask")
    assert (sent.ok, sent.error) == (False, "no_connection")
    assert [entry.name for entry in local_slack.journal] == ["slash_commands"]
    assert local_slack.problems == []


def test_a_predicate_may_look_but_not_wait(local_slack: ThreadedSlack) -> None:
    """Doing something in the predicate of wait_for would wait for itself; it says so at once."""
    assert local_slack.wait_for(lambda: local_slack.world.users["U0ANA"] and local_slack.messages("C0X") == [])
    with pytest.raises(RuntimeError):
        local_slack.wait_for(lambda: local_slack.say("U0ANA", "C0APPROVALS", "hi"))


async def test_an_async_app_over_signed_http(async_local_slack: LocalSlack, local_slack_clock: VirtualClock) -> None:
    """A guestbook as an AsyncApp behind HTTP: command, form, event and a shortcut, unmodified but for the base URL."""
    slack = async_local_slack
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    app = AsyncApp(client=client, signing_secret=slack.signing_secret)
    guests: list[str] = []

    @app.command("/sign")
    async def sign(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("form")
    async def form(ack: Any, body: dict[str, Any], view: dict[str, Any]) -> None:
        await ack()
        guests.append(view["state"]["values"]["why"]["text"]["value"])
        await client.chat_postMessage(channel=body["user"]["id"], text="Thank you")

    @app.event("team_join")
    async def joined(event: dict[str, Any]) -> None:
        guests.append(event["user"])

    @app.shortcut("read")
    async def read(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        await respond(f"{len(guests)} signed")

    runner = aio.AppRunner(app.web_app())
    await runner.setup()
    await aio.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        assert await slack.verify_url()
        assert (await slack.slash("U0ANA", "C0APPROVALS", "/sign")).ok
        view = await slack.wait_for(lambda: slack.modal("U0ANA"))
        local_slack_clock.forward(60)
        assert (await slack.submit("U0ANA", view.id, {"why": "I was here"})).ok
        await slack.wait_for(lambda: slack.messages(slack.dm("U0ANA")))
        event = {"type": "team_join", "user": "U0BEN"}
        assert await slack.event(event) is None
        told = await slack.event(event, subscription="app_mention")
        assert told is not None
        assert told.ok
        await slack.say("U0ANA", "C0APPROVALS", "hello")
        hello = slack.messages("C0APPROVALS")[0]
        assert (await slack.shortcut("U0ANA", "read", channel="C0APPROVALS", ts=hello.ts)).ok
        answer = await slack.wait_for(lambda: slack.ephemerals("U0ANA"))
        assert answer[0].text == "2 signed"
    finally:
        await runner.cleanup()
    assert guests == ["I was here", "U0BEN"]
