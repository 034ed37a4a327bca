"""A LangGraph Server of our own: `langgraph dev` in a folder of its own, serving the examples unchanged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from approvals.store.embedded import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
LANGGRAPH = Path(sys.executable).parent / "langgraph"
LAUNCHES = 4
PATIENCE = 120.0
"""Seconds that a start or a stop may take on a busy machine."""


class LangGraphServer:
    """Started, stopped and killed with all its processes. Its port stays the same over a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        given: dict[str, Any] = json.loads((ROOT / "langgraph.json").read_text())
        graphs = {name: str(ROOT / graph["path"]) for name, graph in given["graphs"].items()}
        graphs["gate"] = str(Path(__file__).parent / "gate.py") + ":graph"
        folder.mkdir(parents=True, exist_ok=True)
        loopback = {"url": {"require_https": False, "disable_loopback": False}}
        stated = {"dependencies": [str(ROOT)], "graphs": graphs, "webhooks": loopback}
        (folder / "langgraph.json").write_text(json.dumps(stated))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> LangGraphServer:
        """Returns once it answers. While it was down somebody's connection may have taken its port, for a moment."""
        self._launch()
        launches, deadline = 1, time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process is not None
            if self._process.poll() is not None:
                assert launches < LAUNCHES, self.log()
                launches += 1
                time.sleep(0.5)
                self._launch()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)
        return self

    def _launch(self) -> None:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        quiet = {
            "LANGSMITH_TRACING": "false",
            "LANGGRAPH_CLI_NO_ANALYTICS": "1",
            "BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS": "1",
            "PYTHONPATH": str(ROOT),
        }
        where = ["--host", "127.0.0.1", "--port", str(self.port)]
        command = [str(LANGGRAPH), "dev", "--no-browser", "--no-reload", *where]
        with (self.folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=kept | quiet, stdout=log, stderr=log, start_new_session=True
            )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ok", timeout=2) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def log(self) -> str:
        return (self.folder / "log.txt").read_text(errors="replace")[-4000:]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """With SIGTERM it keeps what it knows."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._process = None
