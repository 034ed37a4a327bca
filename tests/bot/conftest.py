"""The command line as others run it."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from approvals.settings import Settings
from approvals.store.redis import connect
from bot import cli, logs

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server_url: str
) -> Iterator[Run]:
    """Runs one command in an empty folder, with an environment of its own. No error shows a traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    usual = {"REDIS_URL": server_url, "SIGNOFF_CHANNEL": "C0APPROVALS", "SIGNOFF_CONFIG": str(ROOT / "langgraph.json")}
    asyncio.run(_emptied(server_url))

    def once(*args: str, given: str = "", **over: str) -> Ran:
        for name, value in (usual | over).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["signoff", *args])
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        code = ended.value.code
        ran = Ran(code if isinstance(code, int) else 0, told.out, told.err)
        assert "Traceback" not in ran.err, ran.err
        return ran

    yield once
    logs.configure("console")


async def _emptied(url: str) -> None:
    redis = connect(url)
    await redis.flushall()
    await redis.aclose()
    await redis.connection_pool.aclose()
