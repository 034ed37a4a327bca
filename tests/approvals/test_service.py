"""The use cases on the real store: one decision counts, refusals change nothing, what is committed is performed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from approvals import lifecycle
from approvals.due import DueKind
from approvals.events import EventType
from approvals.lifecycle import ThreadChange
from approvals.model import (
    Action,
    Actor,
    ActorRef,
    Approval,
    DecisionType,
    Outcome,
    Reply,
    Resolution,
    Source,
    Status,
    ThreadState,
)  # fmt: skip
from approvals.policy import Expiry, OnExpiry
from approvals.ports import Query
from approvals.refusals import Reason, Refusal
from approvals.service import Done, approval_id
from approvals.store.redis import RedisStore
from tests.approvals.build import (
    ANA,
    BEN,
    MAIL,
    POLICY,
    REFUND,
    Replica,
    at,
    draft,
    member,
    moved,
    say,
    standing,
    thread,
)  # fmt: skip
from tests.conftest import VirtualClock

UNFIT = Action("unfit", {})


@pytest.fixture
def replica(store: RedisStore, clock: VirtualClock) -> Replica:
    return Replica(store, clock)


def reason(outcome: object) -> Reason:
    assert isinstance(outcome, Refusal), outcome
    return outcome.reason


async def test_a_decision_is_kept_with_the_answer_and_performed(replica: Replica) -> None:
    """One commit holds the verdict and what the graph will be given; then the thread is driven and the card redrawn."""
    opened = await replica.open()
    outcome = await replica.approvals.decide(opened.id, say(), member())
    assert isinstance(outcome, Done)
    assert (outcome.approval.status, outcome.approval.reply) == (Status.RESOLVED, Reply(["approve"]))
    assert outcome.approval == await replica.approvals.get(opened.id)
    await replica.effects.drain()
    assert replica.drives == ["t1"]
    assert replica.notifier.said("refresh") == 1
    assert await replica.store.due_at("t1") == {}
    assert await replica.store.due_at(opened.id) == {}


async def test_of_twenty_at_once_one_counts(store: RedisStore, clock: VirtualClock) -> None:
    """Two people click from twenty places on two replicas: one decision, one drive, the others are told."""
    replicas = [Replica(store, clock), Replica(store, clock)]
    opened = await replicas[0].open()
    outcomes = await asyncio.gather(
        *(
            replicas[n % 2].approvals.decide(
                opened.id,
                say(DecisionType.APPROVE if n % 3 else DecisionType.DENY, (ANA, BEN)[n % 2]),
                member((ANA, BEN)[n % 2]),
            )
            for n in range(20)
        )
    )
    done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
    assert len(done) == 1
    assert {reason(outcome) for outcome in outcomes if outcome is not done[0]} == {Reason.ALREADY_RESOLVED}
    await asyncio.gather(*(one.effects.drain() for one in replicas))
    assert [*replicas[0].drives, *replicas[1].drives] == ["t1"]
    types = [event.type for event in await store.audit(opened.id)]
    assert types.count(EventType.DECIDED) == types.count(EventType.RESOLVED) == 1


async def test_votes_on_several_actions_at_once_all_count(store: RedisStore, clock: VirtualClock) -> None:
    """Conflicts are decided anew: of two votes on two actions none is lost."""
    replica = Replica(store, clock)
    opened = await replica.open(REFUND, MAIL)
    outcomes = await asyncio.gather(
        replica.approvals.decide(opened.id, say(action=0), member()),
        replica.approvals.decide(opened.id, say(DecisionType.DENY, BEN, action=1), member(BEN)),
    )
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    now = await replica.approvals.get(opened.id)
    assert now is not None
    assert now.reply == Reply(["approve", "deny"])
    await replica.effects.drain()


async def test_refusals_change_nothing(replica: Replica) -> None:
    """Unknown, not allowed, stale, not offered, not acceptable: said as such, with the record as it was."""
    opened = await replica.open()
    decide = replica.approvals.decide
    assert reason(await decide("A-none", say(), member())) is Reason.UNKNOWN
    assert reason(await decide(opened.id, say(), member(ANA, "@other"))) is Reason.NOT_APPROVER
    assert reason(await decide(opened.id, say(revision=7), member())) is Reason.CHANGED
    unfit = await decide(opened.id, say(DecisionType.EDIT, args={"cents": "many"}), member())
    assert isinstance(unfit, Refusal)
    assert (unfit.reason, unfit.field) == (Reason.INVALID_ANSWER, "cents")
    assert await replica.approvals.get(opened.id) == opened
    assert replica.drives == []


async def test_a_late_click_learns_what_became_of_it(replica: Replica) -> None:
    """Even somebody who was never asked is told that it is over."""
    opened = await replica.open()
    await replica.approvals.decide(opened.id, say(), member())
    late = await replica.approvals.decide(opened.id, say(), member(BEN, "@other"))
    assert reason(late) is Reason.ALREADY_RESOLVED
    await replica.effects.drain()


async def test_an_answer_that_cannot_be_composed_is_not_taken(replica: Replica) -> None:
    """What the graph could not take is refused before anything is written."""
    opened = await replica.open(UNFIT)
    assert reason(await replica.approvals.decide(opened.id, say(), member())) is Reason.INVALID_ANSWER
    assert await replica.approvals.get(opened.id) == opened


async def test_asking_beforehand(replica: Replica) -> None:
    """`may_decide` answers as `decide` would, before a reason or arguments were filled in."""
    opened = await replica.open(policy=replace(POLICY, reason_required=("deny",)))
    may = replica.approvals.may_decide
    assert isinstance(await may(opened.id, member(), say(DecisionType.DENY)), Approval)
    assert reason(await may(opened.id, member(ANA, "@other"), say())) is Reason.NOT_APPROVER
    assert reason(await may(opened.id, member(), say(action=4))) is Reason.NO_SUCH_ACTION
    assert reason(await may(opened.id, member(), say(revision=0))) is Reason.CHANGED
    assert reason(await may("A-none", member(), say())) is Reason.UNKNOWN


async def test_expiry_without_a_possible_answer_waits_on(replica: Replica, clock: VirtualClock) -> None:
    """A graph that cannot take the policy's word keeps its question, and the card says why."""
    policy = replace(POLICY, expire=Expiry(after=14400.0, then=OnExpiry.APPROVE))
    opened = await replica.open(UNFIT, policy=policy)
    clock.turn(hours=4)
    outcome = await replica.approvals.expire(opened.id)
    assert isinstance(outcome, Done)
    assert (outcome.approval.status, outcome.approval.expires_at) == (Status.PENDING, None)
    assert outcome.approval.error == "the graph cannot take that"
    await replica.effects.drain()


async def failed(replica: Replica, state: ThreadState = ThreadState.FAILED) -> Approval:
    """An approval and its thread, both given up."""
    await replica.store.commit(ThreadChange(thread(state=state, attempts=5, error="boom"), 0, ()))
    opened = await replica.open()
    await replica.approvals.decide(opened.id, say(), member())
    await replica.effects.drain()
    await replica.approvals.change(opened.id, lambda a: lifecycle.resume(a, at(2)))
    outcome = await replica.approvals.change(opened.id, lambda a: lifecycle.give_up(a, "boom", at(3)))
    await replica.effects.drain()
    replica.drives.clear()
    assert isinstance(outcome, Done)
    return outcome.approval


async def test_a_retry_reopens_the_thread(replica: Replica) -> None:
    """Both go on: the approval with its answer, the thread with fresh attempts; and it is driven."""
    approval = await failed(replica)
    outcome = await replica.approvals.retry(approval.id, member())
    assert isinstance(outcome, Done)
    assert (outcome.approval.status, outcome.approval.reply) == (Status.RESUMING, Reply(["approve"]))
    again = await replica.store.thread("t1")
    assert again is not None
    assert (again.state, again.attempts, again.error) == (ThreadState.STARTED, 0, None)
    await replica.effects.drain()
    assert replica.drives == ["t1"]


async def test_a_refused_retry_leaves_the_thread_alone(replica: Replica) -> None:
    """Who may not decide may not wake the thread either; nor can one that is lost."""
    approval = await failed(replica)
    before = await replica.store.thread("t1")
    assert reason(await replica.approvals.retry(approval.id, member(ANA, "@other"))) is Reason.NOT_APPROVER
    assert await replica.store.thread("t1") == before


async def test_a_lost_thread_cannot_be_retried(replica: Replica) -> None:
    """Without a thread there is nothing to go on with: refused, and still failed."""
    approval = await failed(replica, ThreadState.LOST)
    assert reason(await replica.approvals.retry(approval.id, member())) is Reason.NOT_POSSIBLE
    now = await replica.approvals.get(approval.id)
    assert now is not None
    assert now.status is Status.FAILED


async def test_an_operator_decides_from_the_command_line(replica: Replica) -> None:
    """On their own authority, and the audit names the door."""
    opened = await replica.open()
    ops = Actor(ActorRef("root", Source.CLI))
    outcome = await replica.approvals.decide(opened.id, say(DecisionType.DENY, ops.ref), ops)
    assert isinstance(outcome, Done)
    assert outcome.approval.resolution is Resolution.DENIED
    assert [e.actor.source for e in await replica.approvals.audit(opened.id)][-2:] == [Source.CLI, Source.CLI]
    await replica.effects.drain()


def test_the_id_follows_from_the_interrupt() -> None:
    """The same interrupt has the same id on every replica; another one another, and no two pairs run together."""
    assert approval_id("t1", "i1") == approval_id("t1", "i1")
    assert len({approval_id(*pair) for pair in (("t1", "i1"), ("t1", "i2"), ("t2", "i1"), ("t", "1i1"))}) == 4
    assert standing(Status.PENDING).id == approval_id("t1", "i1")


async def test_threads_are_registered_once(store: RedisStore, clock: VirtualClock) -> None:
    """Registered, driven here, and refused under an id that is taken."""
    replica = Replica(store, clock)
    first = await replica.threads.register("refund", {"n": 1}, requester="UREQ")
    assert not isinstance(first, Refusal)
    assert (first.id, first.state) == ("n1", ThreadState.NEW)
    await replica.effects.drain()
    assert replica.drives == ["n1"]
    assert reason(await replica.threads.register("refund", {"n": 2}, thread_id="n1")) is Reason.NOT_POSSIBLE
    assert await replica.threads.get("n1") == first


async def test_a_thread_registered_for_others_is_left_to_them(store: RedisStore, clock: VirtualClock) -> None:
    """With `here=False` this process does not drive it; whoever sweeps next does."""
    here, there = Replica(store, clock), Replica(store, clock)
    await here.threads.register("refund", None, here=False)
    assert await there.sweep() == 1
    assert (here.drives, there.drives) == ([], ["n1"])


async def test_pages_and_audit(replica: Replica) -> None:
    """What doors list comes from the store."""
    opened = await replica.open()
    assert (await replica.approvals.page(Query())).approvals == (opened,)
    assert [e.type for e in await replica.approvals.audit(opened.id)] == [EventType.OPENED, EventType.ANNOUNCED]
    assert set(await replica.store.due_at(opened.id)) == {DueKind.REMIND, DueKind.ESCALATE, DueKind.EXPIRE}


def test_outcome_of_a_life() -> None:
    """The builders of these tests agree with the rules: a resumed approval has its outcome."""
    assert standing(Status.RESUMED).outcome == Outcome(finished=True, text="done")
    assert moved(lifecycle.amend(standing(Status.PENDING), draft(), at(1))).revision == 2
