"""The embedded server: kept between runs, on loopback only, gone with the process, clear where it cannot be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from approvals.errors import ConfigError
from approvals.store import embedded
from approvals.store.embedded import EmbeddedServer
from approvals.store.redis import connect, facts


async def _get(url: str, key: str) -> str | None:
    redis = connect(url)
    try:
        found = await redis.get(key)
    finally:
        await redis.aclose()
        await redis.connection_pool.aclose()
    return None if found is None else str(found)


async def _set(url: str, key: str, value: str) -> None:
    redis = connect(url)
    await redis.set(key, value)
    await redis.aclose()
    await redis.connection_pool.aclose()


async def test_what_was_written_survives_a_stop_and_a_kill(tmp_path: Path) -> None:
    """Stopped in good order or killed: the append-only file has it."""
    with EmbeddedServer(tmp_path) as server:
        await _set(server.url, "stopped", "kept")
    server = EmbeddedServer(tmp_path).start()
    await _set(server.url, "killed", "kept")
    server.kill()
    with EmbeddedServer(tmp_path) as server:
        assert (await _get(server.url, "stopped"), await _get(server.url, "killed")) == ("kept", "kept")


async def test_it_keeps_everything_and_evicts_nothing(tmp_path: Path) -> None:
    """Appends every write, refuses to forget, and has the two modules."""
    with EmbeddedServer(tmp_path) as server:
        redis = connect(server.url)
        found = await facts(redis)
        modules = {module["name"] for module in await redis.module_list()}
        bound = (await redis.config_get("bind"))["bind"]
        await redis.aclose()
        await redis.connection_pool.aclose()
    assert (found.durable, found.policy) == (True, "noeviction")
    assert {"ReJSON", "search"} <= modules
    assert bound == "127.0.0.1"


async def test_a_server_left_behind_by_a_killed_process_is_replaced(tmp_path: Path) -> None:
    """Two servers on one append-only file would ruin it: the orphan is ended first, and its data is kept."""
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from approvals.store.embedded import EmbeddedServer\n"
        "server = EmbeddedServer(Path(sys.argv[1])).start()\n"
        "print(server.url, server.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(  # noqa: ASYNC220 - it is started once and killed
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    url, pid = process.stdout.readline().split()
    await _set(url, "before", "kept")
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    assert "valkey" in embedded._command_of(int(pid))
    with EmbeddedServer(tmp_path) as server:
        assert await _get(server.url, "before") == "kept"
        assert "valkey" not in embedded._command_of(int(pid))


def test_a_machine_without_the_wheels_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy is in the message: another server, by REDIS_URL."""
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="REDIS_URL"):
        EmbeddedServer(tmp_path).start()


def test_a_server_that_does_not_start_says_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in its log is in the message."""
    broken = tmp_path / "broken.so"
    broken.write_text("not a module")
    monkeypatch.setattr(embedded, "_modules", lambda: [broken])
    with pytest.raises(ConfigError, match=r"broken\.so"):
        EmbeddedServer(tmp_path / "data").start()
