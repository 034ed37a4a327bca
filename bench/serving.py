"""A `signoff serve` as a process of its own, as in life: neither the clicks nor Slack take its time."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from approvals.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Served:
    """A process that serves."""

    pid: int

    def memory(self) -> float:
        """Megabytes that it holds in memory now (`VmRSS`); 0 where the system does not tell."""
        status = Path(f"/proc/{self.pid}/status")
        lines = status.read_text().splitlines() if status.is_file() else []
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def _environment(settings: Settings) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    for name in Settings.model_fields:
        value: Any = getattr(settings, name)
        if hasattr(value, "get_secret_value"):
            value = value.get_secret_value()
        if value is not None:
            kept[name.upper()] = ",".join(value) if isinstance(value, tuple) else str(value)
    return kept | {"LANGSMITH_TRACING": "false", "PYTHONPATH": str(ROOT)}


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Served]:
    """Started, not waited for; stopped as a supervisor stops it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from bot.cli import main; main()",
        "serve",
        env=_environment(settings),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield Served(process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
