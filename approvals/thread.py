"""A LangGraph thread as we know it, and the right to run it. Frozen values, as in `approvals.model`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

from approvals.terms import Terms


class ThreadState(StrEnum):
    """What we know of a LangGraph thread that we drive."""

    NEW = "new"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"

    @property
    def open(self) -> bool:
        """There may be something left to drive."""
        return self in (ThreadState.NEW, ThreadState.STARTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the agent did after the answer. `text` is for people, bounded."""

    finished: bool
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A LangGraph thread that we drive; registered before its first run, since LangGraph cannot list paused threads.

    `input`, `config` and `context` are kept because LangGraph does not keep them: they are passed again on each run.
    `turn` counts the inputs; `base` is the checkpoint that a later turn goes on from, known once it was about to run.
    `repair` asks the next drive to ask every open question anew. `terms` hold for every question that it asks.
    """

    id: str
    graph: str
    input: JsonValue
    created_at: datetime
    version: int = 1
    config: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    context: JsonValue = None
    requester: str | None = None
    turn: int = 1
    base: str | None = None
    repair: bool = False
    state: ThreadState = ThreadState.NEW
    attempts: int = 0
    error: str | None = None
    outcome: Outcome | None = None
    terms: Terms | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The exclusive right to run a thread, until it expires. `token` grows with each holder: the fence.

    `proof` is the holder's own. A server that lost its last writes (a failover, a backup) gives a token out again, and
    then it is the proof that tells one holder from the other.
    """

    thread_id: str
    token: int
    proof: str

    @property
    def mark(self) -> str:
        """As the server keeps it."""
        return f"{self.token}:{self.proof}"
