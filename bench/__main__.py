"""`make bench`."""

from __future__ import annotations

import asyncio
import logging
import resource
import tempfile
from pathlib import Path

from approvals.store.embedded import EmbeddedServer
from bench import clicking, resuming, waiting
from bench.house import machine
from bot import logs

PARTS = (resuming.measure, resuming.plain, resuming.commands, clicking.whole, clicking.measure, waiting.measure)


async def _all(url: str, folder: Path) -> None:
    print(await machine(url), flush=True)
    for part in PARTS:
        for line in await part(url, folder):
            print(f"- {line}", flush=True)


def main() -> None:
    """Prints every figure, with the machine it was taken on."""
    logs.configure("console", level=logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder) / "data", persist=False) as server:
        asyncio.run(_all(server.url, Path(folder)))
    print(f"- memory of this process at its most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
