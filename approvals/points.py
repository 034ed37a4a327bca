"""Named points between two durable steps, so that a test can stop a process at exactly one of them.

`reached` does nothing unless somebody watches, and nobody watches in production: no setting turns it on.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

Watch = Callable[["Point", str], None]


class Point(StrEnum):
    """In the order in which an approval comes by them. Each is reached after the step that it names."""

    LEASED = "leased"
    """The thread's lease is ours; nothing was run."""
    WRITES_SAVED = "writes-saved"
    """What a task wrote is in Redis (an interrupt, or a node's result); the next checkpoint is not."""
    CHECKPOINT_SAVED = "checkpoint-saved"
    """A checkpoint is in Redis."""
    RAN = "ran"
    """The graph came back, at a pause or at its end; our record knows nothing of it."""
    OPENED = "opened"
    """The approval is on record; no card is posted."""
    POSTED = "posted"
    """Slack has a message of ours; the record does not know it."""
    ANNOUNCED = "announced"
    """The record knows its card."""
    REMINDED = "reminded"
    """A reminder is in Slack; the record does not know it."""
    ESCALATED = "escalated"
    """The step is on record; those whom it adds are not told."""
    EXPIRED = "expired"
    """It is on record that time ran out, and what follows from it; the graph is not resumed."""
    DECIDED = "decided"
    """The decision is on record; Slack is not acknowledged, the graph not resumed."""
    UNDONE = "undone"
    """A decision was taken back; the card does not say so."""
    RELEASED = "released"
    """A decision can no longer be taken back; the graph is not resumed."""
    RESUMING = "resuming"
    """It is on record that the answer is about to be handed over."""
    ACTED = "acted"
    """A node did its side effect; LangGraph has not stored its result. Only the graphs of the tests come by it."""
    RESUMED = "resumed"
    """It is on record that the graph took the answer."""
    REDRAWN = "redrawn"
    """A card was redrawn; the work is not settled."""
    REPORTED = "reported"
    """The report is on record."""
    CALLED_BACK = "called-back"
    """Whoever asked over HTTP was told of the end; the record does not know it."""
    PERFORMED = "performed"
    """Due work was performed; it still stands on the list."""


_watch: Watch | None = None


def reached(point: Point, subject: str) -> None:
    """Tells whoever watches that `subject` (an approval or a thread) came by this point."""
    if _watch is not None:
        _watch(point, subject)


def watch(by: Watch | None) -> None:
    """From now on `by` is told, in this process; `None` ends it. For tests."""
    global _watch
    _watch = by
