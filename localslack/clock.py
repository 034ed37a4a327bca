"""Time that a test moves."""

from __future__ import annotations

import time


class VirtualClock:
    """A clock in epoch seconds that stands still until it is told to move.

    Starts at the real time (in whole seconds) unless given another one, since clients compare some timestamps with
    their own clocks. Signatures and acknowledgements are timed in real seconds whatever this clock says.
    """

    def __init__(self, now: float | None = None) -> None:
        self.now = float(int(time.time())) if now is None else now

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass: trigger ids, response URLs, retries and rate limits age by it."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self.now += seconds
