"""What the domain needs from outside, and what it offers to those who run graphs. Small protocols, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from approvals.due import Claim, DueKind
from approvals.events import Event
from approvals.lifecycle import Change, ThreadChange
from approvals.model import Approval, Decision, Draft, Lease, MessageRef, Outcome, Reply, Status, Thread
from approvals.refusals import Refusal


class Clock(Protocol):
    """Now, as an aware datetime in UTC."""

    def __call__(self) -> datetime: ...


class CommitStatus(StrEnum):
    """What became of a compare-and-set."""

    DONE = "done"
    CONFLICT = "conflict"
    FENCED = "fenced"


@dataclass(frozen=True, slots=True)
class Commit:
    """`claims` are the immediate effects that the committer itself holds now, and must perform."""

    status: CommitStatus
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Guard:
    """Where a lease stands in Redis, and what stands there as long as it is held: for those who write beside it, and
    compare it in the same step of the server."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Behind:
    """What somebody else asks of the same server, sent along with a step of ours and carried out after it: a round trip
    less. `told` gets the answer, once, if our step was done and this did not fail. Whoever was told nothing asks by
    themselves."""

    command: tuple[str | int, ...]
    told: Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """A lease, with the thread and its approvals that are pending, resolved or resuming, as of the same moment.
    `live` is `None` for a thread of a version that kept no list of them: ask by pages."""

    lease: Lease
    thread: Thread | None
    live: Sequence[Approval] | None


@dataclass(frozen=True, slots=True)
class Query:
    """Which approvals, oldest first. `status` None means all of them; only `pending` is indexed by itself.

    `decided`: those that were decided, of all graphs and threads, in that order. One that is open again since may be
    among them, until it is decided anew. `undelivered`: those whose callback was given up.
    """

    status: Status | None = Status.PENDING
    graph: str | None = None
    thread_id: str | None = None
    offset: int = 0
    limit: int = 20
    newest_first: bool = False
    decided: bool = False
    undelivered: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page, and how many there are in all."""

    approvals: tuple[Approval, ...]
    total: int
    offset: int


class ApprovalStore(Protocol):
    """Keeps records. Knows no rules: compares versions, writes state, audit and due work in one step."""

    async def get(self, approval_id: str) -> Approval | None: ...
    async def page(self, query: Query) -> Page: ...
    async def thread(self, thread_id: str) -> Thread | None: ...
    async def unsettled(self, offset: int, limit: int) -> Sequence[Approval]: ...
    async def open_threads(self, offset: int, limit: int) -> Sequence[Thread]: ...

    async def commit(
        self,
        *changes: Change | ThreadChange,
        perform: frozenset[DueKind] = frozenset(),
        lease: Lease | None = None,
        releasing: bool = False,
        behind: Behind | None = None,
    ) -> Commit:
        """Writes the changes, all of one thread, if the versions before them still stand and `lease`, if given, is
        still held: all of them or none. Once they are written, and `releasing`, the lease is handed back.

        Immediate effects of a kind in `perform` fall due at *now + hold* and are claimed for the caller; the others
        fall due at once, for whoever sweeps next.
        """
        ...

    async def claim_due(self, now: datetime, kinds: frozenset[DueKind], limit: int) -> Sequence[Claim]: ...
    async def settle(self, claim: Claim, *, again: datetime | None = None, failed: bool = False) -> bool: ...
    async def due_at(self, subject: str) -> dict[DueKind, datetime]: ...
    async def schedule(self, subject: str, kind: DueKind, at: datetime) -> None: ...

    async def acquire(self, thread_id: str, ttl: float) -> Lease | None: ...

    async def take(self, thread_id: str, ttl: float, *, behind: Behind | None = None) -> Taken | None:
        """The thread's lease for `ttl` seconds, and what is known of the thread; `None` if somebody holds it."""
        ...

    async def look(self, thread_id: str) -> tuple[Thread | None, Sequence[Approval] | None]:
        """The same without the lease."""
        ...

    async def renew(self, lease: Lease, ttl: float) -> bool: ...
    async def release(self, lease: Lease) -> None: ...
    async def holds(self, lease: Lease) -> bool: ...
    def guard(self, lease: Lease) -> Guard: ...

    async def audit(
        self, approval_id: str | None = None, *, after: str = "-", limit: int = 1000
    ) -> Sequence[Event]: ...


class Notifier(Protocol):
    """Tells people. Every call may be repeated after a crash; each is idempotent as far as Slack lets it be."""

    async def announce(self, approval: Approval, *, again: bool = False) -> Sequence[MessageRef]:
        """Posts the card wherever people are asked now and no message of ours stands yet; returns the new ones.

        `again`: it was tried before and nobody knows how that ended. What was posted then is found, not posted anew.
        """
        ...

    async def refresh(self, approval: Approval) -> None:
        """Redraws every copy from the record."""
        ...

    async def remind(self, approval: Approval) -> None: ...

    async def tell(self, approval: Approval, *, again: bool = False) -> Sequence[MessageRef]:
        """Says in the thread of every card that somebody decided alone, where it does not stand yet; returns the new
        messages. `again` as above."""
        ...

    async def relay(self, approval: Approval, *, again: bool = False) -> Sequence[MessageRef]:
        """Says what approvers asked back and what was answered: in the thread of every card, and to those asked who
        are in none of these channels, where it does not stand yet; returns the new messages. `again` as above."""
        ...

    async def report(self, approval: Approval, *, again: bool = False) -> Sequence[MessageRef]:
        """Says in the card's thread what the agent did after the answer; returns the new messages. `again` as above."""
        ...


class Translator(Protocol):
    """Decisions into resume values, by the approval's dialect. Implemented in `agents`."""

    def check(self, approval: Approval, decision: Decision) -> Refusal | None:
        """Whether the graph can take this decision: argument names and types, the stated schema, the tool's name."""
        ...

    def compose(self, approval: Approval) -> Reply | Refusal:
        """The resume value of a fully decided approval, in exactly the shape the graph expects."""
        ...


class Driven(StrEnum):
    """What became of one drive of a thread."""

    SETTLED = "settled"
    """Nothing moves any more: finished, waiting for people, or given up."""
    BUSY = "busy"
    """Somebody else holds the thread's lease; look again later."""
    RETRY = "retry"
    """The graph or its store failed; try again later."""


class Driver(Protocol):
    """The one place that runs graphs. Implemented in `agents`."""

    async def drive(self, thread_id: str) -> Driven: ...


class Journal(Protocol):
    """What a driver writes down, each call one commit under the thread's lease. Implemented by `approvals.journal`.

    Every method raises `LeaseLost` if the lease is no longer ours.
    """

    def hold(self, thread_id: str, behind: Behind | None = None) -> AbstractAsyncContextManager[Lease | None]:
        """The thread's lease, renewed in the background; `None` if somebody else holds it. `behind` goes along with the
        step that takes it.

        If it cannot be renewed, the body is cancelled and `LeaseLost` is raised from the `async with`.
        """
        ...

    async def holds(self, lease: Lease) -> bool:
        """Whether the lease still stands: the fence to check before each checkpoint write."""
        ...

    def guard(self, lease: Lease) -> Guard:
        """The same for those who can compare it in the very step that writes."""
        ...

    async def thread(self, lease: Lease) -> Thread | None:
        """The thread, as it was when the lease was taken and as we wrote it since."""
        ...

    def ran(self, lease: Lease) -> None:
        """A graph ran, and people may have decided meanwhile: what they may have changed is read anew."""
        ...

    async def started(self, lease: Lease, thread: Thread) -> Thread:
        """NEW becomes STARTED, written when its first checkpoint was seen. Any other state is returned as it is."""
        ...

    async def record(self, lease: Lease, thread: Thread, drafts: Sequence[Draft]) -> Sequence[Approval]:
        """Opens an approval for each new question, amends one whose payload changed (its revision grows), and marks
        superseded what was pending or resolved and is no longer asked. `drafts` is all that is asked now. A thread
        that is NEW becomes STARTED in the step that opens its first approvals.

        Returns the thread's approvals that are pending, resolved or resuming.
        """
        ...

    async def resuming(
        self, lease: Lease, approvals: Sequence[Approval], *, checkpoint: str = "", behind: Behind | None = None
    ) -> Sequence[Approval]:
        """Written before the graph is resumed: resolved becomes resuming. Those already resuming stay so.
        `checkpoint`: LangGraph's id of the one at which the thread stands. `behind` goes along with it."""
        ...

    async def settled(
        self,
        lease: Lease,
        thread: Thread,
        pending: frozenset[str],
        outcome: Outcome,
        *,
        last: bool = False,
        checkpoint: str = "",
    ) -> None:
        """Nothing moves any more. What was resuming and whose interrupt id is not in `pending` has been carried out:
        it becomes resumed, with the outcome, at that `checkpoint`. If `outcome.finished` the thread is done. `last`:
        nothing is written under this lease any more, so that it may be handed back in the same step."""
        ...

    async def reask(self, lease: Lease, approval: Approval, error: str) -> None:
        """LangGraph refused the value and kept the question: resuming becomes pending again, revision + 1."""
        ...

    async def stumbled(self, lease: Lease, thread: Thread, error: str) -> Driven:
        """The graph raised. Counts an attempt: RETRY while some are left, else what was resuming and the thread itself
        become failed, with the error's first line, and SETTLED is returned."""
        ...

    async def lost(self, lease: Lease, thread: Thread, why: str, *, final: bool = True) -> None:
        """The thread cannot go on: the checkpointer no longer knows it, or its graph cannot take an answer. Its open
        approvals are superseded; nothing is run. Where that is not `final` the thread is failed, and can be repaired.
        """
        ...

    async def closed(self, lease: Lease, thread: Thread) -> None:
        """The thread has failed or is lost, and somebody decided about it since: that has failed too, and says so."""
        ...

    async def live(self, lease: Lease) -> Sequence[Approval]:
        """The thread's approvals that are pending, resolved or resuming."""
        ...

    async def given(self, thread: Thread) -> Sequence[Approval]:
        """The thread's approvals whose answer was handed to the graph, taken or not."""
        ...

    async def stuck(self, lease: Lease, thread: Thread, ids: frozenset[str], why: str) -> None:
        """Another's answer sticks to these questions (by interrupt id): they have failed, without the answer that was
        decided here, and so has the thread. What else was decided has failed with its answer; what is open stays."""
        ...

    async def turning(self, lease: Lease, thread: Thread, base: str) -> Thread:
        """Written before a later turn is given its input: the checkpoint `base` that it goes on from."""
        ...

    async def repaired(self, lease: Lease, thread: Thread) -> Thread:
        """Every open question was dropped, to be asked anew: what was failed or open is superseded."""
        ...


class ServerJournal(Journal, Protocol):
    """The same for a driver whose graphs run on a server elsewhere. Implemented by `approvals.server_journal`."""

    async def unreached(self, lease: Lease, why: str) -> None:
        """The server does not answer: what is decided waits, and its cards say so. Nothing is counted."""
        ...

    async def reached(self, lease: Lease) -> None:
        """The server answers: cards that said it did not are redrawn."""
        ...

    async def withheld(self, lease: Lease, approvals: Sequence[Approval], why: str) -> None:
        """These were about to be handed over and were not, for certain: resuming becomes resolved again."""
        ...
