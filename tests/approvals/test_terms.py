"""A request over HTTP narrows its policy, and never widens it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals import eligibility, lifecycle
from approvals.entries import both, head, parts
from approvals.hours import Hours
from approvals.model import Actor, ActorRef, Resolution, Source, Status
from approvals.policy import Automatic, EscalationStep, Expiry, Group, OnExpiry, Policy, Quorum, Urgency, for_requester
from approvals.refusals import Reason, Refusal
from approvals.terms import Terms, narrowed, unfit
from tests.approvals.build import ANA, BEN, MAIL, POLICY, REFUND, changed, draft, member, moved, standing, thread
from tests.approvals.build import at as seconds
from tests.approvals.machine_world import policies

HOUR = 3600.0
WEEK = Hours()


def test_an_entry_of_two_parts_is_read_as_it_was_made() -> None:
    """Who is asked, and to what they must belong; an entry that people write is never taken for one."""
    entry = both("ben@example.com", ["@finance", "#ops"])
    assert parts(entry) == ("ben@example.com", ("@finance", "#ops"))
    assert head(entry) == "ben@example.com"
    assert parts("@finance") is None
    assert head("@finance") == "@finance"


def test_the_approver_is_asked_only_among_those_of_the_policy() -> None:
    """Ben, as long as he is in finance. Whom later steps ask, and who may break the glass, stays the policy's."""
    policy = replace(POLICY, who=("@finance", "api:ci"), break_glass=("@leads",))
    found = narrowed(policy, Terms(approver="UBEN"))
    assert found.who == ("UBEN & @finance", "api:ci")
    assert (found.escalate, found.break_glass, found.quorum) == (policy.escalate, policy.break_glass, policy.quorum)


def test_whom_the_policy_names_is_named_as_they_are() -> None:
    """There is nothing to look up where the approver is one of the entries."""
    assert narrowed(POLICY, Terms(approver="@finance")).who == ("@finance",)


def test_without_names_the_channel_is_what_one_must_belong_to() -> None:
    """A policy that asks a channel asks those of it whom the request names."""
    assert narrowed(Policy(name="p", channel="#ops"), Terms(approver="UBEN")).who == ("UBEN & #ops",)


def test_the_requesters_manager_stays_the_requesters() -> None:
    """`manager` within an entry of two parts stands for the same people."""
    found = narrowed(Policy(name="p", channel="#ops", who=("manager",)), Terms(approver="UBEN"))
    assert for_requester(found, "UREQ").who == ("UBEN & manager:UREQ",)


@pytest.mark.parametrize(
    ("stated", "within", "expected"),
    [
        (Expiry(after=HOUR, then=OnExpiry.APPROVE), 60.0, Expiry(after=60.0, then=OnExpiry.DENY)),
        (Expiry(after=HOUR, then=OnExpiry.APPROVE), HOUR, Expiry(after=HOUR, then=OnExpiry.APPROVE)),
        (Expiry(after=HOUR, then=OnExpiry.WAIT), 2 * HOUR, Expiry(after=HOUR, then=OnExpiry.WAIT)),
        (None, 60.0, Expiry(after=60.0, then=OnExpiry.DENY)),
        (None, None, None),
    ],
    ids=["shorter", "the same", "longer", "never", "unsaid"],
)
def test_the_shorter_time_counts_and_ends_in_a_denial(
    stated: Expiry | None, within: float | None, expected: Expiry | None
) -> None:
    """A request cannot bring on an approval by silence before the policy would."""
    assert narrowed(replace(POLICY, expire=stated), Terms(within=within)).expire == expected


@pytest.mark.parametrize(
    ("stated", "urgency", "then"),
    [(WEEK, None, OnExpiry.DENY), (None, None, OnExpiry.APPROVE), (WEEK, Urgency.LOW, OnExpiry.APPROVE)],
    ids=["hours", "no hours", "the policy says how urgent"],
)
def test_what_cannot_wait_is_not_approved_by_silence_at_night(
    stated: Hours | None, urgency: Urgency | None, then: OnExpiry
) -> None:
    """Its clock runs outside of the policy's hours because it says so, and then it ends in a denial."""
    policy = replace(POLICY, hours=stated, urgency=urgency, expire=Expiry(after=HOUR, then=OnExpiry.APPROVE))
    assert narrowed(policy, Terms(critical=True)).expire == Expiry(after=HOUR, then=then)
    assert narrowed(policy, Terms()).expire == policy.expire


def test_a_policy_that_asks_keys_alone_is_asked_of_them() -> None:
    """Nobody is brought in whom the policy does not ask."""
    assert narrowed(replace(POLICY, who=("api:ci",)), Terms(approver="UBEN")).who == ("api:ci",)


@pytest.mark.parametrize("confirm", [True, False])
def test_a_confirmation_is_added_and_never_dropped(confirm: bool) -> None:
    """Asking once more is the policy's or the request's."""
    assert narrowed(replace(POLICY, confirm=True), Terms(confirm=confirm)).confirm
    assert narrowed(POLICY, Terms(confirm=confirm)).confirm is confirm


GROUPS = (Group(name="finance", who=("@finance",)),)


@pytest.mark.parametrize(
    ("policy", "terms", "typed", "field"),
    [
        (replace(POLICY, quorum=Quorum(approve=2)), Terms(approver="UBEN"), False, "approver"),
        (replace(POLICY, quorum=Quorum(approve=2)), Terms(approver="ben@example.com"), False, "approver"),
        (replace(POLICY, quorum=Quorum(approve=2)), Terms(approver="@finance"), False, None),
        (replace(POLICY, quorum=Quorum(approve=2)), Terms(), True, "response_type"),
        (replace(POLICY, who=(), groups=GROUPS), Terms(approver="@finance"), False, "approver"),
        (replace(POLICY, who=(), groups=GROUPS), Terms(), False, None),
        (replace(POLICY, quorum=Quorum(approve=2), decide=Automatic(decision="deny")), Terms(), True, None),
        (POLICY, Terms(approver="UBEN"), True, None),
    ],
)
def test_where_several_must_agree_one_cannot_be_named(
    policy: Policy, terms: Terms, typed: bool, field: str | None
) -> None:
    """Refused with the field it is about; and where it got so far all the same, the policy's people are asked."""
    refused = unfit(policy, terms, typed=typed)
    assert (refused and refused.field) == field
    if field == "approver":
        assert narrowed(policy, terms).who == policy.who


def test_a_key_does_not_decide_what_it_asked_for() -> None:
    """Not even where the policy names it, unless the policy lets people approve their own."""
    approval = replace(standing(Status.PENDING), policy=replace(POLICY, who=("api:ci",)), terms=Terms(name="ci"))
    ci, other = (Actor(ActorRef(f"api:{name}", Source.API), audiences=frozenset({"api:ci"})) for name in ("ci", "x"))
    assert eligibility.refusal(approval, ci) == Refusal(Reason.OWN_REQUEST)
    assert eligibility.refusal(approval, other) is None
    own = replace(approval, policy=replace(approval.policy, self_approval=True))
    assert eligibility.refusal(own, ci) is None


def test_a_key_that_the_policy_does_not_name_decides_nothing() -> None:
    """What people must approve, people approve."""
    approval = replace(standing(Status.PENDING), terms=Terms(name="agent"))
    stranger = Actor(ActorRef("api:ci", Source.API), audiences=frozenset({"api:ci"}))
    assert eligibility.refusal(approval, stranger) == Refusal(Reason.NOT_APPROVER)


def test_who_may_decide_after_a_step_is_the_policys() -> None:
    """Only Ben of finance is asked at first; after the step the leads are too, and Ana of finance still is not."""
    policy = narrowed(replace(POLICY, escalate=(EscalationStep(after=60.0, to=("@leads",)),)), Terms(approver="UBEN"))
    change = lifecycle.open_("A1", draft(REFUND), thread(), policy, seconds(0))
    ben, ana, lead = member(BEN, "UBEN & @finance"), member(ANA, "@finance"), member(ANA, "@leads")
    assert eligibility.refusal(change.approval, ben) is None
    assert eligibility.refusal(change.approval, ana) == Refusal(Reason.NOT_APPROVER)
    assert eligibility.refusal(change.approval, lead) == Refusal(Reason.NOT_APPROVER)
    wider = moved(lifecycle.escalate(change.approval, seconds(60)))
    assert eligibility.refusal(wider, lead) is None
    assert eligibility.refusal(wider, ana) == Refusal(Reason.NOT_APPROVER)


def test_a_cancelled_question_is_over_and_nothing_is_answered() -> None:
    """Its clocks are off, its thread ends, the audit says who and why, and a late click is told."""
    change = changed(lifecycle.cancel(standing(Status.PENDING, REFUND, MAIL), ANA, "not needed", seconds(5)))
    after = change.approval
    assert (after.status, after.resolution) == (Status.RESOLVED, Resolution.CANCELLED)
    assert after.reply is not None
    assert after.reply.ends
    assert [event.type.value for event in change.events] == ["cancelled", "resolved"]
    assert change.events[0].data == {"why": "not needed"}
    assert {due.kind.value for due in change.due if due.at is None} >= {"remind", "escalate", "expire"}
    assert {due.kind.value for due in change.due if due.immediate} == {"drive", "refresh"}
    assert lifecycle.cancel(after, ANA, "", seconds(6)) == Refusal(Reason.ALREADY_RESOLVED)


def test_what_was_decided_can_be_cancelled_only_while_it_can_be_taken_back() -> None:
    """Before the answer is given to anybody; after that it stands."""
    resolved = standing(Status.RESOLVED)
    assert lifecycle.cancel(resolved, ANA, "", seconds(6)) == Refusal(Reason.ALREADY_RESOLVED)
    held = replace(resolved, held_until=seconds(60))
    after = moved(lifecycle.cancel(held, ANA, "", seconds(6)))
    assert (after.resolution, after.held_until) == (Resolution.CANCELLED, None)


ENTRIES = ["@finance", "@security", "@leads", "#approvals", "#leads", "UBEN", "UCLEO", "UBOSS", "api:ci"]
TERMS = st.builds(
    Terms,
    approver=st.none() | st.sampled_from([*ENTRIES, "ana@example.com", "manager"]),
    within=st.none() | st.sampled_from([60.0, 1000.0, 90_000.0]),
    confirm=st.booleans(),
    critical=st.booleans(),
)


def asked(policy: Policy, level: int, belongs: set[str]) -> bool:
    """Whether somebody who is in these may decide at that level."""

    def stands(entry: str) -> bool:
        made = parts(entry)
        return entry in belongs if made is None else made[0] in belongs and not belongs.isdisjoint(made[1])

    return any(map(stands, policy.audience(level)))


@given(
    policy=policies(),
    who=st.lists(st.sampled_from(ENTRIES), max_size=3).map(tuple),
    hours=st.sampled_from([None, WEEK]),
    terms=TERMS,
    belongs=st.sets(st.sampled_from([*ENTRIES, "ana@example.com", "manager"])),
)
def test_no_request_ever_widens_a_policy(
    policy: Policy, who: tuple[str, ...], hours: Hours | None, terms: Terms, belongs: set[str]
) -> None:
    """Whatever both say: nobody may decide who might not, no time is longer, silence consents no earlier, and all else
    is the policy's."""
    policy = replace(policy, who=who, hours=hours)
    found = narrowed(policy, terms)
    for level in range(len(policy.escalate) + 1):
        assert asked(policy, level, belongs) or not asked(found, level, belongs)
    if policy.expire is not None:
        assert found.expire is not None
        assert found.expire.after <= policy.expire.after
    if found.expire is not None and found.expire != policy.expire:
        assert found.expire.then is OnExpiry.DENY
    assert found.confirm or not (policy.confirm or terms.confirm)
    assert replace(found, who=policy.who, expire=policy.expire, confirm=policy.confirm) == policy
    assert narrowed(found, replace(terms, approver=None)) == found, "said twice it says no more"
