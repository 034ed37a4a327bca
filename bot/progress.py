"""How far a round of many calls has come, where Slack's limits cut it into several attempts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager

from approvals.errors import Later

MOST = 1000
"""Rounds that are remembered; those go first that nobody went on with the longest."""


class Progress:
    """What was done of a round is not done again while the rest waits for its turn: else a round of more calls than
    there are turns at once never ends. Forgotten when the process ends: then it is done once more."""

    def __init__(self) -> None:
        self._done: OrderedDict[str, set[str]] = OrderedDict()

    @contextmanager
    def round(self, name: str) -> Generator[Round]:
        """A round goes on under its name until it came to its end. Raises `Later` where some of it must wait."""
        done = self._done.setdefault(name, set())
        self._done.move_to_end(name)
        while len(self._done) > MOST:
            self._done.popitem(last=False)
        now = Round(done)
        yield now
        if now.later is not None:
            raise now.later
        self._done.pop(name, None)


class Round:
    """One attempt."""

    def __init__(self, done: set[str]) -> None:
        self._done = done
        self.later: Later | None = None

    @contextmanager
    def once(self, what: str) -> Generator[None]:
        """One of its calls. What must wait keeps nobody after it from having a turn of their own."""
        try:
            yield
        except Later as later:
            if self.later is None or later.seconds < self.later.seconds:
                self.later = later
        else:
            self._done.add(what)

    def left(self, what: str) -> bool:
        """Whether it is still to be done."""
        return what not in self._done
