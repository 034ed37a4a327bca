"""The demo: the same desk twice, and the story that plays itself."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from approvals.errors import ConfigError
from approvals.model import Status
from approvals.ports import Query
from bot import demo
from tests.scenarios.conftest import ANA, CHANNEL


@pytest.fixture(autouse=True)
def own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo starts an embedded server of its own, unless REDIS_URL names one."""
    monkeypatch.delenv("REDIS_URL", raising=False)


async def test_what_is_pending_when_the_demo_stops_is_pending_when_it_starts_again(tmp_path: Path) -> None:
    """Same card, same place, and its buttons still work."""
    async with demo.opened(tmp_path, 0, keep=True) as desk:
        await demo.propose(desk)
        card = await desk.slack.wait_for(lambda: next(iter(desk.slack.messages(CHANNEL)), None))
    async with demo.opened(tmp_path, 0, keep=True) as desk:
        (again,) = desk.slack.messages(CHANNEL)
        assert (again.ts, again.blocks) == (card.ts, card.blocks)
        await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
        await desk.slack.wait_for(
            lambda: [m for m in desk.slack.messages(CHANNEL, thread_ts=card.ts) if m.ts != card.ts] or None
        )
        (approval,) = (await desk.core.records.approvals.page(Query(status=None))).approvals
        assert approval.status is Status.RESUMED


async def test_the_story_plays_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """Approved, denied, edited, listed, over the wire; anything else raises."""
    await demo.script()
    told = capsys.readouterr().out
    for told_of in (
        "Refunded $340.00 to customer 8821",
        "The warranty has run out.",
        "Refunded $120.00",
        "only to Ben",
    ):
        assert told_of in told


async def test_a_taken_port_is_said_with_the_remedy(tmp_path: Path) -> None:
    """Not a traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match="--port"):
            async with demo.opened(tmp_path, taken.getsockname()[1], keep=False):
                pass


async def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    """The second one is refused: two servers on one append-only file would ruin it."""
    async with demo.opened(tmp_path, 0, keep=True):
        with pytest.raises(ConfigError, match="data folder"):
            async with demo.opened(tmp_path, 0, keep=True):
                pass


async def test_ctrl_c_ends_the_demo_in_good_order(tmp_path: Path) -> None:
    """Exit status 0, and the embedded server is gone with it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from bot.cli import main; main()",
        "demo",
        "--port=0",
        f"--data={tmp_path}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        env={key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")},
    )
    assert process.stdout is not None
    async with asyncio.timeout(100):
        while b"Stop" not in (line := await process.stdout.readline()):
            assert line, "the demo ended by itself"
        server = int((tmp_path / "redis" / "valkey.pid").read_text())
        # As a terminal does it: to the whole group, the server included.
        os.killpg(process.pid, signal.SIGINT)
        await process.communicate()
        assert process.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)
