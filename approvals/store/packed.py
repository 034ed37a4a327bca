"""Changes as `commit.lua` takes them: keys and arguments."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from approvals.lifecycle import Change, ThreadChange
from approvals.model import Lease, Status, Thread, ThreadState
from approvals.store.codec import APPROVALS, THREADS
from approvals.store.keys import Keys

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

BEFORE_TEXTS = 4
"""Arguments that come before them."""

DueRow = tuple[str, str, str, str]
"""Line, member, score or nothing, claim token or nothing."""

IndexRow = tuple[str, str, str]
"""Set, id, score or nothing."""


def score(at: datetime) -> str:
    """Microseconds since the epoch, exact: a double holds them until the year 2255."""
    since = at - EPOCH
    return str((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


class Packed:
    """Changes of one thread, all to be written or none; `releasing` hands the lease back in the same step.

    `nonce` is this commit's own: one that is sent again, since its answer was lost, is told from somebody else's.
    """

    def __init__(
        self,
        keys: Keys,
        first: Change | ThreadChange,
        lease: Lease | None = None,
        *,
        nonce: str,
        releasing: bool = False,
    ) -> None:
        thread_id = first.approval.thread_id if isinstance(first, Change) else first.thread.id
        self._names = keys
        self.keys = [keys.lease(thread_id), keys.audit, keys.due, keys.drives, keys.claims, keys.attempts]
        self.keys.append(keys.thread(thread_id))
        self._nonce = nonce
        self._head = [lease.mark if lease else "", "1" if lease and releasing else ""]
        self._changes: list[dict[str, Any]] = []
        self._texts: list[str] = []

    @property
    def args(self) -> list[str]:
        """What the script is given: one argument for all changes, and then the texts that they name."""
        return [*self._head, json.dumps(self._changes), self._nonce, *self._texts]

    def add(self, change: Change | ThreadChange, events: Sequence[str], due: Sequence[DueRow]) -> None:
        """One more change, with the text of its events and its due work."""
        if isinstance(change, Change):
            record = change.approval
            key, doc = self._names.approval(record.id), APPROVALS.dump(record)
            live, indexes = ("-" if record.status.final else "+") + record.id, self._approval_indexes(change)
        else:
            record = change.thread
            key, doc = self._names.thread(record.id), THREADS.dump(record)
            live, indexes = "" if change.before else "new", self._thread_indexes(record)
        self._changes.append(
            {
                "key": self._at(key),
                "trail": self._at(self._names.trail(record.id)) if isinstance(change, Change) else 0,
                "before": str(change.before),
                "version": str(record.version),
                "doc": self._text(doc),
                "live": live,
                "events": [self._text(event) for event in events],
                "due": [(self._at(line), *rest) for line, *rest in due],
                "indexes": [(self._at(name), *rest) for name, *rest in indexes],
            }
        )

    def _text(self, text: str) -> int:
        """Its position among the arguments. (Within the JSON every quotation mark of theirs would be escaped again.)"""
        self._texts.append(text)
        return BEFORE_TEXTS + len(self._texts)

    def _at(self, name: str) -> int:
        """The position of a key, from 1; added if it is new."""
        if name not in self.keys:
            self.keys.append(name)
        return self.keys.index(name) + 1

    def _approval_indexes(self, change: Change) -> list[IndexRow]:
        index, approval = self._names.index, change.approval
        opened = score(approval.opened_at)
        pending = opened if approval.status is Status.PENDING else ""
        unsettled = "" if approval.status.final else opened
        rows = [
            (index("pending"), approval.id, pending),
            (index("pending", approval.graph), approval.id, pending),
            (index("open"), approval.id, unsettled),
        ]
        if approval.resolved_at is not None:
            rows.append((index("decided"), approval.id, score(approval.resolved_at)))
        if approval.callback:
            dead = approval.delivery is not None and approval.delivery.dead
            ended = score(approval.closed_at or approval.opened_at)
            rows.append((index("undelivered"), approval.id, ended if dead else ""))
        if not change.before:
            ever = (index("all"), index("all", approval.graph), index("thread", approval.thread_id))
            rows += [(name, approval.id, opened) for name in ever]
            if approval.terms is not None and approval.terms.key:
                rows.append((index("key", approval.terms.key), approval.id, opened))
        return rows

    def _thread_indexes(self, thread: Thread) -> list[IndexRow]:
        created, broken = score(thread.created_at), thread.state in (ThreadState.FAILED, ThreadState.LOST)
        return [
            (self._names.index("threads"), thread.id, created if thread.state.open else ""),
            (self._names.index("broken"), thread.id, created if broken else ""),
        ]
