"""What those who run a process may watch: the few steps that everything passes, told to whoever counts or traces.

Nothing here knows how it is counted. A `Meter` that raises is logged and passed over: watching never changes what
happens.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from approvals.due import Claim
from approvals.transitions import Change, ThreadChange


@dataclass(frozen=True, slots=True)
class Committing:
    """Changes of one thread are written. Ends as `done`, `conflict` or `fenced`."""

    changes: Sequence[Change | ThreadChange]


@dataclass(frozen=True, slots=True)
class Performing:
    """Due work is performed and settled. Ends as `done`, or `later` where it is to be looked at again."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class Driving:
    """A thread is driven. Ends as `settled`, `busy`, `retry`, or `lost` where its lease passed to somebody else."""

    thread_id: str


@dataclass(frozen=True, slots=True)
class Running:
    """Within a drive the graph runs; with the answers of these approvals, or on its own where there are none. Ends as
    `done`, or `raised` where the graph itself did, which is told apart from a lease or a Redis that was lost."""

    thread_id: str
    graph: str
    approvals: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Sweeping:
    """Due work is claimed."""


@dataclass(frozen=True, slots=True)
class Calling:
    """Slack is called by this method. Ends as `ok`, `limited`, `refused` or `unreachable`."""

    method: str


Step = Committing | Performing | Driving | Running | Sweeping | Calling

RAISED = "raised"
"""How a run ends whose graph raised."""

FAILED = "failed"
"""How a step ends that raised without saying more."""

End = Callable[[str, BaseException | None], None]
"""Told how a step ended: the word for it, and what it raised."""


class Meter(Protocol):
    """Counts or traces. May neither wait nor raise."""

    def begin(self, step: Step) -> End | None:
        """The step begins; what is returned is called, in the same task, when it has ended. `None`: no interest."""
        ...


class Said:
    """What is said of a step while it goes on: `word` is how it ended."""

    __slots__ = ("word",)

    def __init__(self) -> None:
        self.word = ""


log = structlog.get_logger()


class Metering:
    """Hands steps on to any number of meters; to none until one is added."""

    def __init__(self) -> None:
        self._meters: tuple[Meter, ...] = ()

    def add(self, meter: Meter) -> None:
        """From here on it is told too."""
        self._meters = (*self._meters, meter)

    @contextmanager
    def around(self, step: Step) -> Generator[Said]:
        """Around the step. What the body raises goes on as it is."""
        said = Said()
        ends = self._begun(step)
        try:
            yield said
        except BaseException as failed:
            _over(ends, said.word or FAILED, failed)
            raise
        _over(ends, said.word or "done", None)

    def _begun(self, step: Step) -> list[End]:
        ends: list[End] = []
        for meter in self._meters:
            try:
                if end := meter.begin(step):
                    ends.append(end)
            except Exception as failed:
                log.warning("not counted", action="meter.failed", step=type(step).__name__, exc_info=failed)
        return ends


def _over(ends: list[End], word: str, failed: BaseException | None) -> None:
    for end in reversed(ends):  # what began last ends first
        try:
            end(word, failed)
        except Exception as wrong:
            log.warning("not counted", action="meter.failed", exc_info=wrong)
