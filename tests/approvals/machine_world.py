"""What the state machine turns: two replicas over the real store, one of which may die at any time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from approvals.due import DueKind
from approvals.hours import Hours
from approvals.journal import ThreadJournal
from approvals.lifecycle import Attempt
from approvals.model import (
    Action,
    Actor,
    ActorRef,
    Approval,
    DecisionType,
    Draft,
    InterruptRef,
    MessageRef,
    Source,
    Standing,
    Thread,
)
from approvals.opening import Opening
from approvals.performer import Performer
from approvals.policy import (
    AskBack,
    Automatic,
    EscalationStep,
    Expiry,
    Group,
    OnExpiry,
    Policy,
    PolicySet,
    Quorum,
    Repeat,
    Urgency,
)
from approvals.refusals import Refusal
from approvals.service import Done
from approvals.store.keys import Keys
from approvals.store.redis import RedisStore, connect
from tests.approvals.build import ASK, MAIL, REFUND, T0, PlainTranslator, Recorder, Replica, thread
from tests.approvals.machine_people import BELONGS, OPERATOR
from tests.conftest import VirtualClock

UNFIT = Action("unfit")
QUESTIONS = ((REFUND,), (MAIL,), (ASK,), (REFUND, MAIL), (REFUND, REFUND), (MAIL, UNFIT))
FINANCE, SECURITY = Group(name="finance", who=("@finance",)), Group(name="security", who=("@security",))
TO = st.sampled_from([("@leads",), ("UBOSS",), ("@finance",), ("manager",), ("@security", "@leads")])


@st.composite
def steps(draw: st.DrawFn, groups: Sequence[Group]) -> tuple[EscalationStep, ...]:
    times = draw(st.lists(st.sampled_from([400.0, 900.0, 2000.0, 3600.0]), max_size=3, unique=True))
    return tuple(
        EscalationStep(
            after=after,
            to=draw(TO),
            channel=draw(st.sampled_from([None, "#leads", "#approvals"])),
            replace=draw(st.booleans()),
            stands_for=tuple(group.name for group in groups if draw(st.booleans())),
            repeat=draw(st.sampled_from([None, Repeat(every=300.0, times=2)])),
        )
        for after in sorted(times)
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any mixture of what a policy can say of people and of time."""
    groups = draw(st.sampled_from([(), (), (FINANCE,), (FINANCE, SECURITY)]))
    ends = st.builds(
        Expiry, after=st.sampled_from([1000.0, 5000.0, 20000.0]), then=st.sampled_from(OnExpiry), text=st.just("None.")
    )
    return Policy(
        name=draw(st.sampled_from(["one", "two"])),
        channel="#approvals",
        who=draw(st.sampled_from([("@finance",), ("@leads", "UCLEO"), ()])),
        quorum=Quorum(approve=draw(st.integers(1, 3)), deny=draw(st.integers(1, 2))),
        groups=groups,
        remind=tuple(sorted(draw(st.sets(st.sampled_from([60.0, 300.0, 600.0, 1500.0, 4000.0]), max_size=3)))),
        escalate=draw(steps(groups)),
        expire=draw(st.none() | ends),
        acknowledge=draw(st.sampled_from([None, 600.0, 1800.0])),
        snooze=draw(st.sampled_from([(), (3600.0,)])),
        self_approval=draw(st.booleans()),
        reason_required=draw(st.sampled_from([(), ("deny",)])),
        break_glass=draw(st.sampled_from([(), ("UBOSS",), ("@leads", "manager")])),
        hours=draw(st.sampled_from([None, None, Hours(start=540, end=660, zone="UTC")])),
        urgency=draw(st.sampled_from([None, None, Urgency.CRITICAL])),
        undo=draw(st.sampled_from([None, None, 30.0])),
        decide=draw(st.none() | st.none() | st.none() | AUTOMATIC),
        ask_back=draw(st.sampled_from([AskBack(), AskBack(pause=1800.0), None])),
        owner=draw(st.sampled_from([(), ("@security", "UGUS")])),
    )


AUTOMATIC = st.builds(
    Automatic, decision=st.sampled_from(["approve", "deny", "respond"]), text=st.just("No."), tell=st.booleans()
)


VOTE = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["approve", "edit", "deny", "approve", "respond"]),
        "action": st.sampled_from([None, 0, 1]),
    },
    optional={"reason": st.just("because"), "alone": st.booleans()},
)
CLICK = st.fixed_dictionaries(
    {
        "who": st.sampled_from(["UBEN", "UCLEO", "UDAN", "UANA", "UBOSS", "UGUS", OPERATOR]),
        "vote": VOTE,
        "stale": st.sampled_from([0, 0, 0, None, 1]),
        "cents": st.sampled_from([1, 2, "x"]),
        "twice": st.sampled_from([False, False, True]),
    }
)


class Watching(Recorder):
    """Remembers what a card showed when it was last drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: dict[str, Approval] = {}
        self._ts = itertools.count(1)

    async def announce(self, approval: Approval, *, again: bool = False) -> Sequence[MessageRef]:
        missing = [place for place in approval.reach if place not in {m.place for m in approval.messages}]
        self.calls += [("announce", f"{approval.id} {place}") for place in missing]
        self.drawn[approval.id] = approval
        return [MessageRef("C" + place, f"{id(self)}.{next(self._ts)}", place=place) for place in missing]

    async def refresh(self, approval: Approval) -> None:
        await super().refresh(approval)
        self.drawn[approval.id] = approval


class World:
    """Two replicas, one notifier, one clock. `policy` is what is asked of now."""

    stories = itertools.count(1)

    def __init__(self, url: str) -> None:
        self.runner = asyncio.Runner()
        self.clock = VirtualClock()
        self.clock.now = T0
        self.policy = Policy(name="none", channel="#approvals")
        self.notifier = Watching()
        self.drives: list[str] = []
        tokens = itertools.count(1)
        keys = Keys(namespace=f"story{next(self.stories)}")
        self.store = RedisStore(connect(url), clock=self.clock, keys=keys, token=lambda: f"t{next(tokens)}")
        self.replicas = [self._replica(), self._replica()]

    def _replica(self) -> Replica:
        async def current() -> PolicySet:
            rules = (self.policy,) if self.policy.decide else ()
            return PolicySet(rules, asking(self.policy))

        found = Replica(self.store, self.clock)
        opening = Opening(current, PlainTranslator(), clock=self.clock)
        found.journal = ThreadJournal(self.store, found.effects, opening, clock=self.clock)
        work = Performer(found.approvals, self.notifier, clock=self.clock).work()
        found.effects.use({**work, DueKind.DRIVE: self._drive})
        return found

    async def _drive(self, thread_id: str) -> datetime | None:
        self.drives.append(thread_id)
        return None

    def run(self, body: Callable[[Replica], Awaitable[Any]], number: int, *, dies: bool = False) -> Any:
        """Does something on one replica and all that comes of it. One that `dies` only commits, and is started anew."""
        replica = self.replicas[number]

        async def whole() -> Any:
            if dies:
                replica.effects.start = lambda claims: None  # type: ignore[method-assign]
            found = await body(replica)
            await replica.effects.drain()
            return found

        try:
            return self.runner.run(whole())
        finally:
            if dies:
                self.replicas[number] = self._replica()

    def wait(self, question: Awaitable[Any]) -> Any:
        async def whole() -> Any:
            return await question

        return self.runner.run(whole())

    def turn(self, seconds: float) -> None:
        self.clock.now += timedelta(seconds=seconds)

    async def dying_sweep(self, replica: Replica, *, perform: bool) -> None:
        """Takes what is due; performs it or not; settles nothing."""
        for claim in await self.store.claim_due(self.clock(), replica.effects.kinds, 100):
            if perform:
                await replica.effects._perform[claim.kind](claim.subject)

    def close(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()


def asking(policy: Policy) -> Policy:
    """The same, asking people."""
    return replace(policy, decide=None)


def actor(who: str) -> Actor:
    """Somebody as Slack knows them, or the operator."""
    if who == OPERATOR:
        return Actor(ActorRef(OPERATOR, Source.CLI))
    standing = Standing.GUEST if who == "UGUS" else Standing.MEMBER
    return Actor(ActorRef(who, Source.SLACK, "T1"), standing, frozenset(BELONGS[who]))


def draft_of(actions: tuple[Action, ...], thread_id: str, shown: str) -> Draft:
    return Draft(
        interrupt=InterruptRef(id=f"i-{thread_id}", payload_hash=shown, node="ask"),
        dialect="hitl",
        title="Refund",
        actions=actions,
        payload={"shown": shown},
    )


def thread_of(number: int, requester: str | None) -> Thread:
    return thread(f"t{number}", requester=requester)


def attempt_of(who: str, kind: str, **more: Any) -> Attempt:
    return Attempt(type=DecisionType(kind), actor=actor(who).ref, **more)


def came_of(outcome: Done | Refusal) -> str:
    """Empty if it counted, else the reason why not."""
    return "" if isinstance(outcome, Done) else str(outcome.reason)


KINDS = {
    "remind": DueKind.REMIND,
    "escalate": DueKind.ESCALATE,
    "expire": DueKind.EXPIRE,
    "lapse": DueKind.LAPSE,
    "release": DueKind.RELEASE,
}
