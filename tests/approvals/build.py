"""Records as the tests of this folder need them, and small recording ends of our own ports."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from approvals import lifecycle
from approvals.choosing import Chosen, choose
from approvals.due import DueKind
from approvals.effects import Effects
from approvals.journal import ThreadJournal
from approvals.lifecycle import Attempt, Change
from approvals.model import (
    Action,
    Actor,
    ActorRef,
    Approval,
    Decision,
    DecisionType,
    Draft,
    InterruptRef,
    Lease,
    MessageKind,
    MessageRef,
    Outcome,
    Reply,
    Source,
    Status,
    Thread,
    ThreadState,
)
from approvals.opening import Opening
from approvals.performer import Performer
from approvals.policy import EscalationStep, Expiry, Policy, PolicySet
from approvals.ports import Clock
from approvals.refusals import Reason, Refusal
from approvals.service import Approvals, approval_id
from approvals.store.keys import Keys
from approvals.store.redis import RedisStore
from approvals.tally import verdicts
from approvals.threads import Threads

T0 = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
EVERYTHING = tuple(DecisionType)
REFUND = Action("issue_refund", {"order": "42", "cents": 990}, "Refunds an order.", EVERYTHING)
MAIL = Action("send_mail", {"to": "ana@example.com"}, "Sends a mail.")
ASK = Action("ask", {}, "Which date?", (DecisionType.RESPOND,))
ANA = ActorRef("UANA", Source.SLACK, "T1")
BEN = ActorRef("UBEN", Source.SLACK, "T1")
CARD = MessageRef("C1", "1.000100", place="#approvals")
POLICY = Policy(
    name="refunds",
    channel="#approvals",
    who=("@finance",),
    remind=(600.0, 1800.0),
    escalate=(
        EscalationStep(after=3600.0, to=("@leads",), channel="#leads"),
        EscalationStep(after=7200.0, to=("UBOSS",)),
    ),
    expire=Expiry(after=14400.0),
    source="policies.yaml@0123456789ab",
)


def at(seconds: float) -> datetime:
    """So many seconds after the opening."""
    return T0 + timedelta(seconds=seconds)


async def lease_of(redis: Redis, thread_id: str) -> Lease:
    """The lease of a thread that somebody holds, as the server keeps it."""
    token, _, proof = str(await redis.get(Keys().lease(thread_id))).partition(":")
    return Lease(thread_id, int(token), proof)


async def until(condition: Callable[[], Awaitable[object]], wanted: object = True, *, limit: float = 30.0) -> None:
    """Waits until asking gives what is wanted; fails after `limit` seconds."""
    async with asyncio.timeout(limit):
        while await condition() != wanted:  # noqa: ASYNC110 - the other side is a server, which sets no event
            await asyncio.sleep(0.002)


def member(ref: ActorRef = ANA, *audiences: str) -> Actor:
    """A full member of the workspace, in the group @finance unless told otherwise."""
    return Actor(ref, audiences=frozenset(audiences or ("@finance",)))


def draft(*actions: Action, interrupt: str = "i1", shown: str = "h1") -> Draft:
    """A question about the actions; about a refund without any."""
    return Draft(
        interrupt=InterruptRef(id=interrupt, payload_hash=shown, node="ask"),
        dialect="hitl",
        title="Refund",
        actions=actions or (REFUND,),
        payload={"shown": shown},
        reply="list",
        why="it is a HITL request",
    )


def thread(id: str = "t1", **fields: Any) -> Thread:
    """A started thread."""
    return replace(Thread(id=id, graph="refund", input={"n": 1}, created_at=T0, state=ThreadState.STARTED), **fields)


def opening(*actions: Action, policy: Policy = POLICY, of: Thread | None = None, interrupt: str = "i1") -> Change:
    """The change that opens an approval at `T0`."""
    of = of or thread()
    return lifecycle.open_(approval_id(of.id, interrupt), draft(*actions, interrupt=interrupt), of, policy, T0)


def changed(outcome: Change | Refusal | None) -> Change:
    """The change; fails on a refusal."""
    assert isinstance(outcome, Change), outcome
    return outcome


def moved(outcome: Change | Refusal | None) -> Approval:
    """The approval after the change; fails on a refusal."""
    return changed(outcome).approval


def say(kind: DecisionType = DecisionType.APPROVE, actor: ActorRef = ANA, **fields: Any) -> Attempt:
    """An attempt to decide."""
    return Attempt(type=kind, actor=actor, **fields)


def standing(status: Status, *actions: Action, policy: Policy = POLICY) -> Approval:
    """An approval that came to that status on the shortest way."""
    pending = opening(*actions, policy=policy).approval
    if status is Status.PENDING:
        return pending
    if status is Status.SUPERSEDED:
        return moved(lifecycle.supersede(pending, "gone", at(1)))
    resolved = lifecycle.with_reply(changed(lifecycle.decide(pending, say(), at(1))), Reply("yes")).approval
    if status is Status.RESOLVED:
        return resolved
    resuming = moved(lifecycle.resume(resolved, at(2)))
    if status is Status.RESUMING:
        return resuming
    if status is Status.FAILED:
        return moved(lifecycle.give_up(resuming, "boom", at(3)))
    return moved(lifecycle.complete(resuming, Outcome(finished=True, text="done"), at(3)))


class PlainTranslator:
    """Answers with the words that were said. Refuses a `cents` that is no number, and the action `unfit`."""

    def check(self, approval: Approval, decision: Decision) -> Refusal | None:
        if decision.args is not None and not isinstance(decision.args.get("cents", 0), int):
            return Refusal(Reason.INVALID_ANSWER, "cents must be a number", "cents")
        return None

    def compose(self, approval: Approval) -> Reply | Refusal:
        if any(action.name == "unfit" for action in approval.actions):
            return Refusal(Reason.INVALID_ANSWER, "the graph cannot take that")
        return Reply([str(verdict.type) for verdict in verdicts(approval) if verdict is not None])


class Recorder:
    """A notifier that remembers what it was asked to do. `fail` makes the next calls raise, `stop` makes them hang."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.fail: list[Exception] = []
        self.stop: asyncio.Event | None = None
        self._numbers = itertools.count(1)

    def said(self, what: str) -> int:
        """How often that was done."""
        return sum(1 for call, _ in self.calls if call == what)

    async def _note(self, what: str, approval: Approval) -> None:
        if self.fail:
            raise self.fail.pop(0)
        if self.stop is not None:
            await self.stop.wait()
        self.calls.append((what, approval.id))

    async def announce(self, approval: Approval, *, again: bool = False) -> Sequence[MessageRef]:
        missing = [
            place
            for place in approval.policy.places(approval.level)
            if place not in {m.place for m in approval.messages}
        ]
        if missing:
            await self._note("announce", approval)
        return [MessageRef("C" + place, f"{next(self._numbers)}", place=place) for place in missing]

    async def refresh(self, approval: Approval) -> None:
        await self._note("refresh", approval)

    async def remind(self, approval: Approval) -> None:
        await self._note("remind", approval)

    async def tell(self, approval: Approval, *, again: bool = False) -> Sequence[MessageRef]:
        told = {message.place for message in approval.messages if message.kind is MessageKind.NOTICE}
        missing = [m for m in approval.messages if m.kind is MessageKind.CARD and m.place not in told]
        if missing:
            await self._note("tell", approval)
        return [MessageRef(m.channel, f"{next(self._numbers)}", MessageKind.NOTICE, m.place) for m in missing]

    async def relay(self, approval: Approval, *, again: bool = False) -> Sequence[MessageRef]:
        told = {(message.kind, message.about) for message in approval.messages}
        kinds = [(MessageKind.QUESTION, q.number) for q in approval.questions]
        kinds += [(MessageKind.ANSWER, q.number) for q in approval.questions if not q.open]
        missing = [pair for pair in kinds if pair not in told]
        if missing:
            await self._note("relay", approval)
        return [MessageRef("C1", f"{next(self._numbers)}", kind, about=about) for kind, about in missing]

    async def report(self, approval: Approval, *, again: bool = False) -> Sequence[MessageRef]:
        await self._note("report", approval)
        return [MessageRef("C1", f"{next(self._numbers)}", MessageKind.REPORT)]


def chosen(rules: PolicySet, graph: str, actions: Sequence[str]) -> Chosen:
    """What a set of policies makes of a graph that asks for these actions."""
    return choose(rules, draft(*(Action(name) for name in actions)), thread(graph=graph))


def always(policy: Policy) -> Callable[[], Awaitable[PolicySet]]:
    """Policies of which there is one."""

    async def current() -> PolicySet:
        return PolicySet((), policy)

    return current


class Replica:
    """One process: effects, service, journal and performer over a shared store. `drives` lists the threads driven."""

    def __init__(
        self, store: RedisStore, clock: Clock, *, policy: Policy = POLICY, ttl: float = 30.0, idle: bool = False
    ) -> None:
        self.store = store
        self.clock = clock
        self.drives: list[str] = []
        self.notifier = Recorder()
        self.effects = Effects(store, clock=clock, rng=random.Random(7))
        self.approvals = Approvals(store, PlainTranslator(), self.effects, clock=clock)
        opening = Opening(always(policy), PlainTranslator(), clock=clock)
        self.journal = ThreadJournal(store, self.effects, opening, clock=clock, ttl=ttl)
        ids = itertools.count(1)
        self.threads = Threads(store, self.effects, clock=clock, new_id=lambda: f"n{next(ids)}")
        if not idle:
            self.effects.use(
                {**Performer(self.approvals, self.notifier, clock=clock).work(), DueKind.DRIVE: self._drive}
            )

    async def _drive(self, thread_id: str) -> datetime | None:
        self.drives.append(thread_id)
        return None

    async def sweep(self) -> int:
        """Claims what is due and performs it to the end; returns how much it was."""
        done = 0
        while claims := await self.store.claim_due(self.clock(), self.effects.kinds, 50):
            self.effects.start(claims)
            await self.effects.drain()
            done += len(claims)
        return done

    async def open(
        self, *actions: Action, interrupt: str = "i1", of: Thread | None = None, policy: Policy = POLICY
    ) -> Approval:
        """Opens an approval and performs what that brings."""
        commit = await self.store.commit(
            opening(*actions, interrupt=interrupt, of=of, policy=policy), perform=self.effects.kinds
        )
        self.effects.start(commit.claims)
        await self.effects.drain()
        approval = await self.store.get(approval_id((of or thread()).id, interrupt))
        assert approval is not None
        return approval
