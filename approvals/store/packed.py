"""Changes as `commit.lua` takes them: keys and arguments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from approvals.lifecycle import Change, ThreadChange
from approvals.model import Approval, Lease, Status, Thread
from approvals.store.codec import APPROVALS, EVENTS, THREADS
from approvals.store.keys import Keys

DueRow = tuple[str, str, str, str]
"""Line, member, score or nothing, claim token or nothing."""

IndexRow = tuple[str, str, str]
"""Set, id, score or nothing."""


def score(at: datetime) -> str:
    """Microseconds since the epoch, exact: a double holds them until the year 2255."""
    return str((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))


class Packed:
    """Changes of one thread, all to be written or none."""

    def __init__(self, keys: Keys, first: Change | ThreadChange, lease: Lease | None) -> None:
        thread_id = first.approval.thread_id if isinstance(first, Change) else first.thread.id
        self._names = keys
        self.keys = [keys.lease(thread_id), keys.audit, keys.due, keys.drives, keys.claims, keys.attempts]
        self.keys.append(keys.thread(thread_id))
        self._fence = lease.token if lease else ""
        self._heads: list[str | int] = []
        self._bodies: list[str | int] = []

    @property
    def args(self) -> list[str | int]:
        """What the script is given."""
        return [self._fence, len(self._heads) // 2, *self._heads, *self._bodies]

    def add(self, change: Change | ThreadChange, due: Sequence[DueRow]) -> None:
        """One more change, with its due work."""
        if isinstance(change, Change):
            record = change.approval
            key, text, live = (
                self._names.approval(record.id),
                APPROVALS.dump(record),
                "-" if record.status.final else "+",
            )
            indexes = self._approval_indexes(record)
        else:
            record = change.thread
            key, text, live = self._names.thread(record.id), THREADS.dump(record), "" if change.before else "new"
            indexes = self._thread_indexes(record)
        self._heads += [self._at(key), change.before]
        self._bodies += [self._at(key), self._at(self._names.trail(record.id)), record.version, text, live, record.id]
        self._bodies += [len(change.events), *(EVENTS.dump(event) for event in change.events)]
        for rows in (due, indexes):
            self._bodies.append(len(rows))
            for name, *rest in rows:
                self._bodies += [self._at(name), *rest]

    def _at(self, name: str) -> int:
        """The position of a key, from 1; added if it is new."""
        if name not in self.keys:
            self.keys.append(name)
        return self.keys.index(name) + 1

    def _approval_indexes(self, approval: Approval) -> list[IndexRow]:
        index, opened = self._names.index, score(approval.opened_at)
        pending = opened if approval.status is Status.PENDING else ""
        unsettled = "" if approval.status.final else opened
        return [
            (index("all"), approval.id, opened),
            (index("all", approval.graph), approval.id, opened),
            (index("thread", approval.thread_id), approval.id, opened),
            (index("pending"), approval.id, pending),
            (index("pending", approval.graph), approval.id, pending),
            (index("open"), approval.id, unsettled),
        ]

    def _thread_indexes(self, thread: Thread) -> list[IndexRow]:
        return [(self._names.index("threads"), thread.id, score(thread.created_at) if thread.state.open else "")]
