"""The use cases of people and clocks: load, change, commit, perform. Where the pure functions meet the ports."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b32encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from approvals import asking_back, eligibility, lifecycle
from approvals.effects import Effects
from approvals.events import Event
from approvals.hours import PauseKind
from approvals.lifecycle import Attempt, Change, ThreadChange
from approvals.model import Actor, ActorRef, Approval, MessageRef, Standing, Status, ThreadState
from approvals.points import Point, reached
from approvals.ports import ApprovalStore, Clock, CommitStatus, Page, Query, Translator
from approvals.refusals import Reason, Refusal
from approvals.tally import voters

Look = Callable[[ActorRef], Awaitable[Standing]]
"""What Slack says of somebody by now."""

TRIES = 20
"""How often a conflicting commit is decided anew. Each conflict means that somebody else got through."""


def approval_id(thread_id: str, interrupt_id: str) -> str:
    """The id of the approval of an interrupt: the same wherever and how often it is computed, so never two records."""
    digest = hashlib.sha256(f"{thread_id}\0{interrupt_id}".encode()).digest()
    return "A" + b32encode(digest).decode()[:15]


@dataclass(frozen=True, slots=True)
class Done:
    """The attempt came through; `approval` is the record as it stands now."""

    approval: Approval


def _or(approval: Approval, attempt: Attempt) -> Approval | Refusal:
    return lifecycle.possible(approval, attempt) or approval


class Approvals:
    """What can be asked of approvals, by any door. Every method is safe to call on any replica, any number of times."""

    def __init__(self, store: ApprovalStore, translator: Translator, effects: Effects, *, clock: Clock) -> None:
        self._store = store
        self._translator = translator
        self._effects = effects
        self._clock = clock
        self._standing: Look | None = None

    def use(self, standing: Look) -> None:
        """How to look up those who voted, at each further vote. Without it every vote counts as it was given."""
        self._standing = standing

    async def get(self, approval_id: str) -> Approval | None:
        """The record, or `None`."""
        return await self._store.get(approval_id)

    async def page(self, query: Query) -> Page:
        """A page of approvals, oldest first."""
        return await self._store.page(query)

    async def audit(self, approval_id: str | None = None, *, after: str = "-", limit: int = 1000) -> Sequence[Event]:
        """Audit events in order."""
        return await self._store.audit(approval_id, after=after, limit=limit)

    async def change(
        self,
        approval_id: str,
        step: Callable[[Approval], Change | Refusal | None],
        *,
        look: Callable[[Approval], Awaitable[None]] | None = None,
    ) -> Done | Refusal:
        """Applies a pure step to the record as it stands, again on each conflict. A step of `None`: nothing to do.
        `look` comes before each step, for what that has to know."""
        for _ in range(TRIES):
            approval = await self._store.get(approval_id)
            if approval is None:
                return Refusal(Reason.UNKNOWN, f"there is no approval {approval_id}")
            if look is not None:
                await look(approval)
            outcome = step(approval)
            if isinstance(outcome, Refusal):
                return outcome
            if outcome is None:
                return Done(approval)
            commit = await self._store.commit(outcome, perform=self._effects.kinds)
            if commit.status is CommitStatus.DONE:
                self._effects.start(commit.claims)
                return Done(outcome.approval)
        return Refusal(Reason.BUSY, "too many people act on this approval at once; try again")

    async def may_decide(self, approval_id: str, actor: Actor, attempt: Attempt) -> Approval | Refusal:
        """Whether such a decision would be taken now: for doors that ask for more before they decide."""
        approval = await self._store.get(approval_id)
        if approval is None:
            return Refusal(Reason.UNKNOWN, f"there is no approval {approval_id}")
        no = lifecycle.refusal(approval, lifecycle.Input.DECIDE)
        return no or eligibility.refusal(approval, actor, alone=attempt.alone) or _or(approval, attempt)

    async def decide(self, approval_id: str, attempt: Attempt, actor: Actor) -> Done | Refusal:
        """The first valid decision wins. The graph's answer is composed and kept in the same commit.

        Whoever voted before and has left, or is a guest by now, counts no longer. Raises what looking them up raises:
        nothing is decided on votes that may not count.
        """
        left: dict[str, Standing] = {}

        async def look(approval: Approval) -> None:
            left.clear()
            left.update(await self._left(approval, actor))

        def step(approval: Approval) -> Change | Refusal:
            # Whether it is still open comes first: a late click is told what became of it, whoever made it.
            no = lifecycle.refusal(approval, lifecycle.Input.DECIDE)
            if no := no or eligibility.refusal(approval, actor, alone=attempt.alone):
                return no
            now = self._clock()
            change = lifecycle.decide(lifecycle.without(approval, left), attempt, now, actor.audiences)
            if isinstance(change, Refusal):
                return change
            change = lifecycle.discounted(change, left, now)
            change = lifecycle.in_bulk(change, attempt.bulk) if attempt.bulk else change
            if no := self._translator.check(approval, change.approval.decisions[-1]):
                return no
            return self._answered(change)

        done = await self.change(approval_id, step, look=look)
        if isinstance(done, Done):
            reached(Point.DECIDED, approval_id)
        return done

    async def _left(self, approval: Approval, actor: Actor) -> Mapping[str, Standing]:
        if self._standing is None or lifecycle.refusal(approval, lifecycle.Input.DECIDE):
            return {}
        others = [other for other in voters(approval) if other.id != actor.ref.id]
        found = await asyncio.gather(*(self._standing(other) for other in others))
        ids = (other.id for other in others)
        return {id: now for id, now in zip(ids, found, strict=True) if now is not Standing.MEMBER}

    def _answered(self, change: Change) -> Change | Refusal:
        if change.approval.status is not Status.RESOLVED:
            return change
        reply = self._translator.compose(change.approval)
        return reply if isinstance(reply, Refusal) else lifecycle.with_reply(change, reply)

    async def expire(self, approval_id: str) -> Done | Refusal:
        """If time ran out: what the policy says, in its name. Where the graph cannot take that, it goes on waiting."""

        def step(approval: Approval) -> Change | Refusal | None:
            change = lifecycle.expire(approval, self._clock())
            if not isinstance(change, Change):
                return change
            answered = self._answered(change)
            return (
                lifecycle.overdue(approval, answered.detail, self._clock())
                if isinstance(answered, Refusal)
                else answered
            )

        done = await self.change(approval_id, step)
        if isinstance(done, Done):
            reached(Point.EXPIRED, approval_id)
        return done

    async def escalate(self, approval_id: str) -> Done | Refusal:
        """One level up, if that is due."""
        return await self.change(approval_id, lambda approval: lifecycle.escalate(approval, self._clock()))

    async def reminded(self, approval_id: str) -> Done | Refusal:
        """Notes that a reminder was given, unless another one has by now, and sets the next."""
        return await self.change(approval_id, lambda approval: lifecycle.reminded(approval, self._clock()))

    async def hold(self, approval_id: str, actor: Actor, kind: PauseKind, seconds: float) -> Done | Refusal:
        """Somebody who may decide holds the next reminder and step for a time that the policy offers."""

        def step(approval: Approval) -> Change | Refusal:
            no = lifecycle.refusal(approval, lifecycle.Input.HOLD) or eligibility.refusal(approval, actor)
            return no or lifecycle.hold(approval, actor.ref, kind, seconds, self._clock())

        return await self.change(approval_id, step)

    async def may_ask(self, approval_id: str, actor: Actor) -> Approval | Refusal:
        """Whether a question could be asked back now, by those who may decide."""
        approval = await self._store.get(approval_id)
        if approval is None:
            return Refusal(Reason.UNKNOWN, f"there is no approval {approval_id}")
        return asking_back.possible(approval) or eligibility.refusal(approval, actor) or approval

    async def ask_back(self, approval_id: str, actor: Actor, text: str) -> Done | Refusal:
        """Somebody who may decide asks something first. Nothing is decided by it."""

        def step(approval: Approval) -> Change | Refusal:
            no = lifecycle.refusal(approval, lifecycle.Input.ASK_BACK) or eligibility.refusal(approval, actor)
            return no or lifecycle.ask_back(approval, actor.ref, text, self._clock())

        return await self.change(approval_id, step)

    async def answer_back(self, approval_id: str, number: int, actor: Actor, text: str) -> Done | Refusal:
        """Somebody who was asked answers the question of that number, be it decided by now or not."""

        def step(approval: Approval) -> Change | Refusal:
            found = asking_back.answerable(approval, number, actor)
            if isinstance(found, Refusal):
                return found
            return lifecycle.answered(approval, number, actor.ref, text, self._clock())

        return await self.change(approval_id, step)

    async def undo(self, approval_id: str, actor: Actor) -> Done | Refusal:
        """Takes the last decision back, for those who may decide, as long as the policy lets it wait. One that was made
        alone those take back as well who could have made it."""

        def step(approval: Approval) -> Change | Refusal:
            no = lifecycle.refusal(approval, lifecycle.Input.UNDO) or eligibility.refusal(approval, actor)
            broke = approval.status is Status.RESOLVED and any(one.alone for one in approval.decisions[-1:])
            if no and broke and eligibility.refusal(approval, actor, alone=True) is None:
                no = None
            return no or lifecycle.undo(approval, actor.ref, self._clock())

        done = await self.change(approval_id, step)
        if isinstance(done, Done):
            reached(Point.UNDONE, approval_id)
        return done

    async def cancel(self, approval_id: str, actor: ActorRef, why: str = "") -> Done | Refusal:
        """Whoever asked no longer wants an answer. Who may say so is the door's to know."""
        return await self.change(approval_id, lambda approval: lifecycle.cancel(approval, actor, why, self._clock()))

    async def release(self, approval_id: str) -> Done | Refusal:
        """The time to take a decision back is over."""
        return await self.change(approval_id, lambda approval: lifecycle.release(approval, self._clock()))

    async def viewed(
        self, approval_id: str, actor: ActorRef, revision: int, *, pages: int, digest: str, whole: bool
    ) -> Done | Refusal:
        """Notes that somebody began to read it in full, or was shown the last of its pages."""

        def step(approval: Approval) -> Change | Refusal | None:
            return lifecycle.view(approval, actor, revision, self._clock(), pages=pages, digest=digest, whole=whole)

        return await self.change(approval_id, step)

    async def lapsed(self, approval_id: str, version: int) -> Done | Refusal:
        """A hold was over in that version. Nothing on record says whether that was told, so that it is not told of
        another one: `BUSY`, and whoever has the work still looks again."""

        def step(approval: Approval) -> Change | Refusal | None:
            moved = approval.version != version
            return Refusal(Reason.BUSY) if moved else lifecycle.lapsed(approval, self._clock())

        return await self.change(approval_id, step)

    async def announced(self, approval_id: str, messages: Sequence[MessageRef]) -> Done | Refusal:
        """Notes where cards were posted."""
        return await self.change(approval_id, lambda approval: lifecycle.announced(approval, messages, self._clock()))

    async def told(self, approval_id: str, messages: Sequence[MessageRef]) -> Done | Refusal:
        """Notes where it was said that somebody decided alone, or what was asked back."""
        return await self.change(approval_id, lambda approval: lifecycle.told(approval, messages, self._clock()))

    async def reported(self, approval_id: str, messages: Sequence[MessageRef]) -> Done | Refusal:
        """Notes that the outcome was told."""
        return await self.change(approval_id, lambda approval: lifecycle.reported(approval, messages, self._clock()))

    async def retry(self, approval_id: str, actor: Actor) -> Done | Refusal:
        """Goes on after a failure with the answer that was given, for those who may decide."""

        def step(approval: Approval) -> Change | Refusal:
            no = lifecycle.refusal(approval, lifecycle.Input.RETRY) or eligibility.refusal(approval, actor)
            return no or lifecycle.retry(approval, actor.ref, self._clock())

        approval = await self._store.get(approval_id)
        possible = approval is not None and not isinstance(step(approval), Refusal)
        # The thread comes first, so that whoever drives finds one to drive; on its own that changes nothing.
        if approval is not None and possible and (no := await self._reopen(approval.thread_id)):
            return no
        return await self.change(approval_id, step)

    async def may_repair(self, approval_id: str, actor: Actor) -> Approval | Refusal:
        """The approval, where it has failed and this actor may decide it: they may have its thread ask anew."""
        approval = await self._store.get(approval_id)
        if approval is None:
            return Refusal(Reason.UNKNOWN, f"there is no approval {approval_id}")
        if no := lifecycle.refusal(approval, lifecycle.Input.REPAIR) or eligibility.refusal(approval, actor):
            return no
        if approval.status is not Status.FAILED:
            return Refusal(Reason.NOT_POSSIBLE, f"it is {approval.status} and has not failed")
        return approval

    async def _reopen(self, thread_id: str) -> Refusal | None:
        for _ in range(TRIES):
            thread = await self._store.thread(thread_id)
            if thread is None or thread.state is ThreadState.LOST:
                return Refusal(Reason.NOT_POSSIBLE, f"thread {thread_id} is lost: there is nothing left to go on with")
            if thread.state is not ThreadState.FAILED:
                return None
            after = replace(thread, version=thread.version + 1, state=ThreadState.STARTED, attempts=0, error=None)
            if (await self._store.commit(ThreadChange(after, thread.version, ()))).status is CommitStatus.DONE:
                return None
        return Refusal(Reason.BUSY, f"thread {thread_id} is being written by others; try again")
