"""What each kind of due work does. One door for what falls due now and for what a dead process left behind.

Each function bears being called twice, late, or for something that has moved on meanwhile.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from approvals import lifecycle
from approvals.automatic import quiet
from approvals.due import DueKind, backoff, earlier, next_escalation, next_reminder, slot
from approvals.effects import Perform, again
from approvals.errors import Later
from approvals.model import Approval, MessageKind, Status
from approvals.points import Point, reached
from approvals.ports import ApprovalStore, Clock, Driven, Driver, Notifier
from approvals.refusals import Reason, Refusal
from approvals.service import Approvals, Done

BUSY_AGAIN = timedelta(seconds=5)
"""How soon to look again at a thread whose lease somebody else holds."""

CARD_AGAIN = timedelta(minutes=5)
"""How soon to look again at the latest whether the card stands by now that a reminder waits for."""

REDRAWS = 5
"""How often a card that keeps changing is redrawn in one go."""

ROUNDS = 10
"""How often it is looked whether a card must still be posted somewhere, in one go."""


def _written(outcome: Done | Refusal) -> Done | Refusal:
    """What came of it; if it did not come through for want of quiet, the work stays due."""
    if isinstance(outcome, Refusal) and outcome.reason is Reason.BUSY:
        raise Later(BUSY_AGAIN.total_seconds())
    return outcome


class Performer:
    """Performs due work for people: through the notifier, and by the use cases of the service."""

    def __init__(self, approvals: Approvals, notifier: Notifier, *, clock: Clock) -> None:
        self._approvals = approvals
        self._notifier = notifier
        self._clock = clock
        self._posting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def work(self) -> Mapping[DueKind, Perform]:
        """The kinds it can do."""
        return {
            DueKind.NOTIFY: self.notify,
            DueKind.REFRESH: self.refresh,
            DueKind.REPORT: self.report,
            DueKind.TELL: self.tell,
            DueKind.RELAY: self.relay,
            DueKind.REMIND: self.remind,
            DueKind.ESCALATE: self.escalate,
            DueKind.EXPIRE: self.expire,
            DueKind.LAPSE: self.lapse,
            DueKind.RELEASE: self.release,
        }

    async def _stepping(self, approval_id: str) -> Approval | None:
        """What is open, for a reminder or a step. What is over ends first: nobody is told of that in vain. Where the
        deadline ends nothing, what was due before it comes before it."""
        approval = await self._pending(approval_id)
        if approval is not None and lifecycle.over(approval, self._clock()):
            _written(await self._approvals.expire(approval_id))
            return await self._pending(approval_id)
        return approval

    def _wait(self, approval: Approval, at: datetime) -> datetime | None:
        """Until when a reminder or a step waits, also one that was late when somebody held it or when the hours were
        over; `None`: it is time."""
        now = self._clock()
        at = max(approval.paused_until(now) or at, slot(approval, at, now))
        return at if at > now else None

    async def _pending(self, approval_id: str) -> Approval | None:
        approval = await self._approvals.get(approval_id)
        return approval if approval is not None and approval.status is Status.PENDING else None

    async def notify(self, approval_id: str) -> datetime | None:
        """Posts the card wherever it does not stand yet. One that was decided meanwhile is posted as decided.

        Goes on until nothing is left to post, so that a place which was refused is tried again by itself.
        """
        # A card and its report may fall due together, and each would post the card.
        async with self._posting.setdefault(approval_id, asyncio.Lock()):
            return await self._post(approval_id)

    async def _post(self, approval_id: str) -> datetime | None:
        for turn in range(ROUNDS):
            approval = await self._approvals.get(approval_id)
            if approval is None or (approval.status is Status.SUPERSEDED and not approval.messages):
                return None
            # Somebody may have clicked on a card that a process posted and died before it wrote it down. And where a
            # step came before the card stood, or as it was posted, another process may be at the same.
            late = turn > 0 or (approval.level > 0 and not approval.messages)
            look = again.get() or approval.status is not Status.PENDING or late
            posted = await self._notifier.announce(approval, again=look)
            if not posted:
                return None
            reached(Point.POSTED, approval_id)
            after = _written(await self._approvals.announced(approval_id, posted))
            reached(Point.ANNOUNCED, approval_id)
            if isinstance(after, Done) and after.approval.version > approval.version + 1:
                await self.refresh(approval_id)
        return self._clock() + BUSY_AGAIN

    async def refresh(self, approval_id: str) -> datetime | None:
        """Redraws every copy from the record, again if it changed meanwhile: of two at once, the last state wins."""
        drawn = 0
        for _ in range(REDRAWS):
            approval = await self._approvals.get(approval_id)
            if approval is None or approval.version == drawn:
                return None
            await self._notifier.refresh(approval)
            reached(Point.REDRAWN, approval_id)
            drawn = approval.version
        return self._clock() + BUSY_AGAIN

    async def report(self, approval_id: str) -> datetime | None:
        """Says in the thread what the agent did, once; nothing of what its policy decided quietly."""
        before = await self._approvals.get(approval_id)
        if before is None or quiet(before):
            return None
        await self.notify(approval_id)
        approval = await self._approvals.get(approval_id)
        if approval is None or any(message.kind is MessageKind.REPORT for message in approval.messages):
            return None
        if posted := await self._notifier.report(approval, again=again.get()):
            reached(Point.POSTED, approval_id)
            _written(await self._approvals.reported(approval_id, posted))
            reached(Point.REPORTED, approval_id)
        return None

    async def tell(self, approval_id: str) -> datetime | None:
        """Says in the thread of every card that somebody decided alone, and why."""
        await self.notify(approval_id)
        for _ in range(ROUNDS):
            approval = await self._approvals.get(approval_id)
            posted = await self._notifier.tell(approval, again=again.get()) if approval is not None else ()
            if not posted:
                return None
            reached(Point.POSTED, approval_id)
            _written(await self._approvals.told(approval_id, posted))
        return self._clock() + BUSY_AGAIN

    async def relay(self, approval_id: str) -> datetime | None:
        """Says what was asked back and answered, once in each place."""
        await self.notify(approval_id)
        for _ in range(ROUNDS):
            approval = await self._approvals.get(approval_id)
            if approval is None:
                return None
            # Where more than one thing was said, another process may just be telling the one before.
            several = len(approval.questions) > 1 or not all(one.open for one in approval.questions)
            posted = await self._notifier.relay(approval, again=again.get() or several)
            if not posted:
                return None
            reached(Point.POSTED, approval_id)
            _written(await self._approvals.told(approval_id, posted))
        return self._clock() + BUSY_AGAIN

    async def remind(self, approval_id: str) -> datetime | None:
        """Reminds, then writes it down: a crash in between reminds twice rather than never. Where no card stands yet
        there is nothing to remind of, and nowhere to do so: the reminder waits for it."""
        approval = await self._stepping(approval_id)
        at = next_reminder(approval) if approval is not None else None
        if approval is None or at is None:
            return None
        if later := self._wait(approval, at):
            return later
        if not approval.messages:
            async with self._posting.setdefault(approval_id, asyncio.Lock()):  # it may just be posted
                approval = await self._pending(approval_id)
            if approval is None:
                return None
        if not approval.messages:
            late = self._clock() - at  # as the posting of the card is tried with growing pauses, so is this
            return self._clock() + min(max(BUSY_AGAIN, late / 2), CARD_AGAIN)
        await self._notifier.remind(approval)
        reached(Point.REMINDED, approval_id)
        _written(await self._approvals.reminded(approval_id))
        return None

    async def escalate(self, approval_id: str) -> datetime | None:
        """One level up; the new people are told by the work that the change brings."""
        approval = await self._stepping(approval_id)
        at = next_escalation(approval) if approval is not None else None
        if approval is None or at is None:
            return None
        if later := self._wait(approval, at):
            return later
        _written(await self._approvals.escalate(approval_id))
        reached(Point.ESCALATED, approval_id)
        return None

    async def expire(self, approval_id: str) -> datetime | None:
        """What the policy says of time that ran out.

        At any hour, late too: it was announced for that moment, it calls nobody, and whoever asked has waited long
        enough. One that ends nothing comes after what was due before it, and so waits with that for working hours.
        """
        approval, now = await self._pending(approval_id), self._clock()
        if approval is None or approval.expires_at is None:
            return None
        if approval.expires_at > now:
            return approval.expires_at
        behind = not lifecycle.over(approval, now) and earlier(approval, approval.expires_at)
        if behind and (later := slot(approval, approval.expires_at, now)) > now:
            return later
        _written(await self._approvals.expire(approval_id))
        return None

    async def lapse(self, approval_id: str) -> datetime | None:
        """Somebody held it, and the time they asked for is over."""
        approval = await self._stepping(approval_id)
        if approval is None:
            return None
        if until := approval.paused_until(self._clock()):
            return until
        _written(await self._approvals.lapsed(approval_id, approval.version))
        return None

    async def release(self, approval_id: str) -> datetime | None:
        """Nobody took it back: the graph may have it."""
        approval = await self._approvals.get(approval_id)
        if approval is None or approval.status is not Status.RESOLVED or approval.held_until is None:
            return None
        if approval.held_until > self._clock():
            return approval.held_until
        _written(await self._approvals.release(approval_id))
        reached(Point.RELEASED, approval_id)
        return None


def drive_with(driver: Driver, store: ApprovalStore, *, clock: Clock, rng: random.Random) -> Perform:
    """Due work of the kind `drive`: runs the thread, and looks again where it was busy or stumbled."""

    async def drive(thread_id: str) -> datetime | None:
        driven = await driver.drive(thread_id)
        if driven is Driven.SETTLED:
            return None
        if driven is Driven.BUSY:
            return clock() + BUSY_AGAIN
        thread = await store.thread(thread_id)
        return clock() + backoff(thread.attempts if thread else 0, rng)

    return drive
