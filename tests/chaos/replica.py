"""One replica as a process of its own: `signoff serve` without the command line, forked from a warm server.

What is served is exactly `bot.serve`, but that it looks sooner again at a thread whose lease somebody else holds (the
lease of one that died is still to run out then). Forking saves the seconds of importing, which at hundreds of kills is
most of the time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from approvals import performer, points
from approvals.settings import Settings
from bot import logs
from bot.serve import serve_until_stopped

BUSY_AGAIN = timedelta(seconds=0.3)


def serve(given: dict[str, Any], books: str, crash_at: str | None, nth: int) -> None:
    """Serves until it is stopped, or until it comes by the point `crash_at` for the `nth` time: then it kills itself.

    Every point is written to the trace, `<pid> <point> <subject>`, before anything else happens.
    """
    os.environ["CHAOS_BOOKS"] = books
    log = (Path(books) / f"log-{os.getpid()}").open("a", buffering=1)
    sys.stderr = log
    sys.stdout = log
    trace = os.open(Path(books) / "trace", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    left = nth

    def watch(point: points.Point, subject: str) -> None:
        nonlocal left
        os.write(trace, f"{os.getpid()} {point} {subject}\n".encode())
        if point == crash_at:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    performer.BUSY_AGAIN = BUSY_AGAIN
    points.watch(watch)
    logs.configure("json")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_until_stopped(Settings.model_validate(given)))
