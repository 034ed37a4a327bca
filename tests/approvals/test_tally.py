"""Votes: how many count, whose, for which groups, and what an edit does to them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals import clocks, eligibility, lifecycle
from approvals.events import EventType
from approvals.lifecycle import Change
from approvals.model import POLICY as POLICY_ITSELF
from approvals.model import Actor, ActorRef, Approval, Decision, DecisionType, Resolution, Source, Standing, Status
from approvals.policy import EscalationStep, Expiry, Group, OnExpiry, Policy, Quorum
from approvals.refusals import Reason, Refusal
from approvals.service import Done
from approvals.store.redis import RedisStore
from approvals.tally import proposed, tally, verdicts, voted, voters
from tests.approvals.build import ANA, BEN, MAIL, POLICY, REFUND, Replica, at, changed, member, moved, opening, say
from tests.conftest import VirtualClock

CLEO = ActorRef("UCLEO", Source.SLACK, "T1")
DAN = ActorRef("UDAN", Source.SLACK, "T1")
TWO = replace(POLICY, quorum=Quorum(approve=2))
APPROVE, DENY, EDIT, RESPOND = DecisionType.APPROVE, DecisionType.DENY, DecisionType.EDIT, DecisionType.RESPOND
BOTH = replace(
    POLICY, who=(), groups=(Group(name="finance", who=("@finance",)), Group(name="security", who=("@security",)))
)


def vote(
    approval: Approval, kind: DecisionType = APPROVE, by: ActorRef = ANA, *of: str, **more: object
) -> Approval | Refusal:
    outcome = lifecycle.decide(approval, say(kind, by, **more), at(5), frozenset(of or ("@finance",)))
    return outcome.approval if isinstance(outcome, Change) else outcome


def went(outcome: Approval | Refusal) -> Approval:
    assert isinstance(outcome, Approval), outcome
    return outcome


def test_two_of_them_must_approve() -> None:
    """One vote is on record and changes nothing yet; the second resolves it, and the audit counts both."""
    one = went(vote(opening(policy=TWO).approval))
    assert (one.status, verdicts(one), one.revision) == (Status.PENDING, (None,), 1)
    change = changed(lifecycle.decide(one, say(APPROVE, BEN), at(6)))
    assert (change.approval.status, change.approval.resolution) == (Status.RESOLVED, Resolution.APPROVED)
    assert [e.data.get("approvals") for e in change.events if e.type is EventType.DECIDED] == ["2 of 2"]


def test_a_person_counts_once() -> None:
    """The same vote again is refused as counted; it never makes two."""
    one = went(vote(opening(policy=TWO).approval))
    assert vote(one) == Refusal(Reason.ALREADY_VOTED)


def test_somebody_may_change_their_mind() -> None:
    """Until it is resolved the latest vote of a person counts, and the one before does not."""
    one = went(vote(opening(policy=replace(TWO, quorum=Quorum(approve=2, deny=2))).approval))
    other = went(vote(one, DENY))
    (count,) = tally(other)
    assert (len(count.approvals), len(count.denials), voted(other, 0, ANA.id)) == (0, 1, DENY)


def test_one_denial_ends_it_where_one_is_enough() -> None:
    """Approvals before it do not hold it up."""
    done = went(vote(went(vote(opening(policy=TWO).approval)), DENY, BEN))
    assert (done.status, done.resolution) == (Status.RESOLVED, Resolution.DENIED)


def test_a_person_and_their_cover_have_one_voice() -> None:
    """Ben for Ana takes Ana's seat; Ben for himself beside it is still one person."""
    for_ana = replace(BEN, behalf=ANA.id)
    one = went(vote(opening(policy=TWO).approval, APPROVE, for_ana))
    (count,) = tally(went(vote(one, APPROVE, ANA)))
    assert [v.actor for v in count.approvals] == [ANA]
    assert vote(one, APPROVE, BEN) == Refusal(Reason.ALREADY_VOTED)


def test_whoever_left_counts_no_longer() -> None:
    """Their vote was one of two; they may vote again once they are back, and nothing is counted twice."""
    one = went(vote(opening(policy=TWO).approval))
    left = lifecycle.without(one, [ANA.id])
    assert [len(count.approvals) for count in tally(left)] == [0]
    again = went(vote(left, by=BEN))
    assert again.status is Status.PENDING
    assert [actor.id for actor in voters(again)] == [BEN.id]
    back = went(vote(again, by=ANA))
    assert (back.status, back.resolution) == (Status.RESOLVED, Resolution.APPROVED)


def test_what_they_proposed_stays_and_needs_others() -> None:
    """An edit of somebody who left is still what is asked, without their approval of it."""
    edited = lifecycle.without(went(vote(opening(policy=TWO).approval, EDIT, ANA, args={"cents": 1})), [ANA.id])
    assert proposed(edited, 0) == {"cents": 1}
    one = went(vote(edited, by=BEN))
    assert one.status is Status.PENDING
    two = went(vote(one, by=CLEO))
    assert two.status is Status.RESOLVED
    assert [verdict.args for verdict in verdicts(two) if verdict] == [{"cents": 1}]


def test_what_was_decided_before_they_left_stays_decided() -> None:
    """Of several actions only what is still open is counted anew."""
    batch = opening(REFUND, MAIL, policy=TWO).approval
    for by in (ANA, BEN):
        batch = went(vote(batch, by=by, action=0))
    batch = lifecycle.without(went(vote(batch, by=ANA, action=1)), [ANA.id])
    first, second = tally(batch)
    assert first.verdict is not None
    assert len(first.approvals) == 2
    assert (second.verdict, second.approvals) == (None, ())


async def test_those_who_voted_are_looked_up_at_the_next_vote(store: RedisStore, clock: VirtualClock) -> None:
    """Whoever is no member by then does not count, and the audit says why; where nobody can tell nothing is written."""
    standing, asked = {BEN.id: Standing.MEMBER, ANA.id: Standing.MEMBER}, list[str]()

    async def look(actor: ActorRef) -> Standing:
        asked.append(actor.id)
        return standing[actor.id]

    replica = Replica(store, clock, policy=TWO)
    replica.approvals.use(look)
    opened = await replica.open(policy=TWO)
    assert isinstance(await replica.approvals.decide(opened.id, say(APPROVE, ANA), member(ANA)), Done)
    assert asked == []
    standing[ANA.id] = Standing.DEACTIVATED
    second = await replica.approvals.decide(opened.id, say(APPROVE, BEN), member(BEN))
    assert isinstance(second, Done)
    assert (second.approval.status, asked) == (Status.PENDING, [ANA.id])
    told = [event for event in await store.audit(opened.id) if event.type is EventType.DISCOUNTED]
    assert [event.data for event in told] == [{"who": [ANA.id], "why": "deactivated"}]
    del standing[BEN.id]
    with pytest.raises(KeyError):
        await replica.approvals.decide(opened.id, say(APPROVE, CLEO), member(CLEO))
    now = await store.get(opened.id)
    assert now == second.approval
    standing[BEN.id] = Standing.MEMBER
    third = await replica.approvals.decide(opened.id, say(APPROVE, CLEO), member(CLEO))
    assert isinstance(third, Done)
    assert third.approval.resolution is Resolution.APPROVED
    assert len([event for event in await store.audit(opened.id) if event.type is EventType.DISCOUNTED]) == 1


def test_an_edit_voids_the_approvals_of_the_old_arguments() -> None:
    """It counts as its author's approval, is what others approve from then on, and makes older cards stale."""
    one = went(vote(opening(policy=TWO).approval))
    edited = went(vote(one, EDIT, BEN, args={"order": "42", "cents": 500}))
    (count,) = tally(edited)
    assert ([v.actor for v in count.approvals], edited.status) == ([BEN], Status.PENDING)
    assert edited.revision == one.revision + 1
    assert proposed(edited, 0) == {"order": "42", "cents": 500}
    assert vote(edited, APPROVE, CLEO, revision=one.revision) == Refusal(Reason.CHANGED)
    done = went(vote(edited, APPROVE, ANA, revision=edited.revision))
    (verdict,) = verdicts(done)
    assert verdict is not None
    assert (done.resolution, verdict.type, verdict.args) == (Resolution.EDITED, EDIT, {"order": "42", "cents": 500})


def test_every_group_must_approve() -> None:
    """Two from one group are not one from each; who belongs to both speaks for both."""
    one = went(vote(opening(policy=BOTH).approval, APPROVE, ANA, "@finance"))
    two = went(vote(one, APPROVE, BEN, "@finance"))
    assert [(g.name, g.have, g.need) for g in tally(two)[0].groups] == [("finance", 2, 1), ("security", 0, 1)]
    assert went(vote(two, APPROVE, CLEO, "@security")).status is Status.RESOLVED
    assert went(vote(opening(policy=BOTH).approval, APPROVE, DAN, "@finance", "@security")).status is Status.RESOLVED


def test_those_of_a_step_count_for_the_groups_it_stands_for() -> None:
    """And for no other: an escalation is no way round the second group."""
    policy = replace(BOTH, escalate=(EscalationStep(after=60.0, to=("UCLEO",), stands_for=("finance",)),))
    up = moved(lifecycle.escalate(opening(policy=policy).approval, at(60)))
    one = went(vote(up, APPROVE, CLEO, "UCLEO"))
    assert [(g.name, g.have) for g in tally(one)[0].groups] == [("finance", 1), ("security", 0)]


def test_time_alone_never_decides() -> None:
    """A step that makes its people count for a group says nothing of votes from before: they may vote again.

    Else an approval would be complete with nobody having acted, and the next click, a denial, would resolve it so.
    """
    step = EscalationStep(after=60.0, to=("@leads",), stands_for=("finance",))
    groups = (Group(name="finance", who=("@finance",)),)
    policy = replace(POLICY, who=("@leads",), groups=groups, escalate=(step,), quorum=Quorum(deny=2))
    early = went(vote(opening(policy=policy).approval, APPROVE, CLEO, "@leads"))
    assert vote(early, APPROVE, CLEO, "@leads") == Refusal(Reason.ALREADY_VOTED)
    up = moved(lifecycle.escalate(early, at(60)))
    assert verdicts(up) == (None,)
    denied = went(vote(up, DENY, BEN, "@finance"))
    assert denied.status is Status.PENDING
    assert went(vote(up, APPROVE, CLEO, "@leads")).resolution is Resolution.APPROVED


def test_a_change_of_mind_outlives_a_step() -> None:
    """Somebody approved, then denied; a step after which their group would have counted does not bring it back."""
    step = EscalationStep(after=60.0, to=("@leads",), stands_for=("finance",))
    groups = (Group(name="finance", who=("@finance",)),)
    policy = replace(POLICY, who=("@leads",), groups=groups, escalate=(step,), quorum=Quorum(deny=2))
    against = went(vote(went(vote(opening(policy=policy).approval, APPROVE, CLEO, "@leads")), DENY, CLEO, "@leads"))
    (count,) = tally(moved(lifecycle.escalate(against, at(60))))
    assert (count.verdict, len(count.approvals), len(count.denials)) == (None, 0, 1)


def test_a_step_may_replace_those_before() -> None:
    """From then on only its people may decide."""
    policy = replace(POLICY, escalate=(EscalationStep(after=60.0, to=("@leads",), replace=True),))
    up = moved(lifecycle.escalate(opening(policy=policy).approval, at(60)))
    assert up.audience == ("@leads",)
    assert eligibility.refusal(up, Actor(ANA, audiences=frozenset({"@finance"}))) == Refusal(Reason.NOT_APPROVER)


def test_votes_are_counted_action_by_action() -> None:
    """A vote on one action says nothing of the other; one on all is one on each that is still open."""
    pending = opening(REFUND, MAIL, policy=TWO).approval
    one = went(vote(pending, APPROVE, ANA, action=0))
    done = went(vote(one, APPROVE, BEN))
    assert [verdict is not None for verdict in verdicts(done)] == [True, False]
    assert went(vote(done, APPROVE, CLEO)).status is Status.RESOLVED


def test_who_breaks_the_glass_decides_alone() -> None:
    """Only those named, only with a reason, and the audit has a word of its own for it."""
    pending = opening(policy=replace(TWO, break_glass=("@leads",))).approval
    alone = say(APPROVE, CLEO, alone=True)
    assert lifecycle.decide(pending, alone, at(5)) == Refusal(
        Reason.REASON_REQUIRED, "the policy refunds asks for a reason", "reason"
    )
    change = changed(lifecycle.decide(pending, replace(alone, reason="The site is down"), at(5)))
    assert change.approval.status is Status.RESOLVED
    assert EventType.BROKE_GLASS in [e.type for e in change.events]
    outsider = Actor(CLEO, audiences=frozenset({"@finance"}))
    assert eligibility.refusal(pending, outsider, alone=True) == Refusal(Reason.NO_GLASS)
    assert eligibility.refusal(pending, Actor(CLEO, audiences=frozenset({"@leads"})), alone=True) is None


def test_alone_after_an_edit_means_the_edit() -> None:
    """What stands on the card is what is approved."""
    policy = replace(TWO, break_glass=("@leads",))
    edited = went(vote(opening(policy=policy).approval, EDIT, BEN, args={"order": "42", "cents": 1}))
    done = went(vote(edited, APPROVE, CLEO, alone=True, reason="now"))
    assert [v and v.args for v in verdicts(done)] == [{"order": "42", "cents": 1}]


@pytest.mark.parametrize(("then", "ends"), [(OnExpiry.APPROVE, None), (OnExpiry.DENY, Resolution.EXPIRED)])
async def test_an_edit_that_nobody_else_approved_is_not_executed_when_the_time_is_up(
    store: RedisStore, clock: VirtualClock, then: OnExpiry, ends: Resolution | None
) -> None:
    """Nor is what it corrects: it waits on, says why, and those who must can still approve the edit."""
    replica = Replica(store, clock)
    opened = await replica.open(policy=replace(TWO, expire=Expiry(after=14400.0, then=then)))
    edit = say(EDIT, BEN, args={"order": "42", "cents": 999999})
    assert isinstance(await replica.approvals.decide(opened.id, edit, member(BEN)), Done)
    clock.turn(seconds=14400)
    await replica.sweep()
    found = await store.get(opened.id)
    assert found is not None
    assert (found.resolution, found.expires_at is None) == (ends, ends is None)
    if ends is not None:
        assert [one and one.type for one in verdicts(found)] == [DENY]
        return
    assert (found.status, found.reply, found.error) == (Status.PENDING, None, clocks.NOT_AGREED)
    assert proposed(found, 0) == {"order": "42", "cents": 999999}
    done = await replica.approvals.decide(opened.id, say(), member())
    assert isinstance(done, Done)
    assert done.approval.resolution is Resolution.EDITED


def test_what_a_policy_approves_is_never_an_edit() -> None:
    """Whatever stood there when it said so."""
    edited = went(vote(opening(policy=TWO).approval, EDIT, BEN, args={"order": "42", "cents": 1}))
    said = Decision(type=APPROVE, actor=POLICY_ITSELF, at=at(9))
    (verdict,) = verdicts(replace(edited, decisions=(*edited.decisions, said)))
    assert verdict is said


def test_a_cover_does_not_decide_the_request_of_whom_they_cover() -> None:
    """Neither one's own request nor that of the person in whose name one acts."""
    pending = replace(opening().approval, requester=ANA.id)
    actor = Actor(replace(BEN, behalf=ANA.id), audiences=frozenset({"@finance"}))
    assert eligibility.refusal(pending, actor) == Refusal(Reason.OWN_REQUEST)


def test_an_answer_needs_no_quorum() -> None:
    """Two answers cannot be added up: the first counts."""
    assert went(vote(opening(policy=TWO).approval, RESPOND, text="Tuesday")).resolution is Resolution.RESPONDED


VOTES = st.lists(
    st.tuples(
        st.sampled_from([APPROVE, DENY, EDIT]),
        st.sampled_from([ANA, BEN, CLEO, DAN]),
        st.sampled_from([None, 0, 1]),
        st.sampled_from([("@finance",), ("@security",), ("@finance", "@security")]),
    ),
    max_size=12,
)


@given(votes=VOTES, approve=st.integers(1, 3), deny=st.integers(1, 3), grouped=st.booleans())
def test_what_is_resolved_had_its_votes(votes: list[tuple], approve: int, deny: int, grouped: bool) -> None:
    """Whatever is said in whatever order: no verdict without so many different people, and none missed once there."""
    policy: Policy = replace(BOTH if grouped else POLICY, quorum=Quorum(approve=approve, deny=deny))
    approval = opening(REFUND, REFUND, policy=policy).approval
    for kind, by, action, of in votes:
        args = {"order": "1", "cents": 1} if kind is EDIT else None
        if kind is EDIT and action is None:
            continue
        outcome = vote(approval, kind, by, *of, action=action, args=args)
        if isinstance(outcome, Refusal):
            continue
        approval = outcome
        for count in tally(approval):
            people = {v.actor.id for v in count.approvals}
            against = {v.actor.id for v in count.denials}
            assert len(people) == len(count.approvals)
            assert not people & against
            full = len(people) >= approve and all(group.have >= group.need for group in count.groups)
            assert (count.verdict is not None) == (full or len(against) >= deny)
        assert (approval.status is Status.RESOLVED) == all(verdicts(approval))


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_blank_reason_is_none(reason: str) -> None:
    """Breaking glass without a word is refused."""
    pending = opening(policy=replace(TWO, break_glass=("@leads",))).approval
    refused = vote(pending, APPROVE, CLEO, alone=True, reason=reason)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.REASON_REQUIRED


def test_an_approval_given_again_loses_no_group() -> None:
    """A step that replaces everybody asks Ana anew: what she approved for before counts on, beside what she adds."""
    step = EscalationStep(after=60.0, to=("@leads",), replace=True, stands_for=("security",))
    one = went(vote(opening(policy=replace(BOTH, escalate=(step,))).approval, APPROVE, ANA, "@finance"))
    up = moved(lifecycle.escalate(one, at(60)))
    assert went(vote(up, APPROVE, ANA, "@leads")).status is Status.RESOLVED
