"""Chains that nobody could finish, and those that somebody can: what is found is so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals import lifecycle
from approvals.lifecycle import Attempt, Change
from approvals.lint import Facts, Finding, Kind, Seen, channels_of, entries_of, lint
from approvals.model import ActorRef, DecisionType, Source, Status
from approvals.policy import Automatic, EscalationStep, Expiry, Group, OnExpiry, Policy, PolicySet, Quorum
from tests.approvals.build import MAIL, at, opening

SEEN = {
    "@finance": Seen(("UANA", "UBEN", "UDAN")),
    "@leads": Seen(("UCLEO",)),
    "@empty": Seen(),
    "@guests": Seen(kind=Kind.UNABLE, why="guest"),
    "@typo": Seen(kind=Kind.UNKNOWN, why="there is no user group @typo"),
    "#ops": Seen(("UANA", "UBEN", "UCLEO", "UDAN")),
}
FACTS = Facts(entries=SEEN)
GOOD = Policy(name="refunds", channel="#ops", who=("@finance",))
DEFAULT = Policy(name="default", channel="#ops")


def found(rule: Policy, facts: Facts = FACTS) -> list[tuple[str, str, str]]:
    """What is wrong with a rule: kind, key, entry."""
    return [(f.kind.value, f.where, f.entry) for f in lint(PolicySet((rule,), DEFAULT), facts) if f.policy == rule.name]


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        (GOOD, []),
        (replace(GOOD, who=()), []),
        (replace(GOOD, who=("@finance", "@typo")), [("unknown", "who", "@typo")]),
        (replace(GOOD, who=("@guests",)), [("unable", "who", "@guests"), ("nobody", "quorum.approve", "")]),
        (replace(GOOD, who=("@empty",)), [("empty", "who", "@empty"), ("nobody", "quorum.approve", "")]),
        (replace(GOOD, who=("manager",)), [("unknown", "who", "manager"), ("nobody", "quorum.approve", "")]),
        (replace(GOOD, quorum=Quorum(approve=4)), [("too_few", "quorum.approve", "")]),
        (replace(GOOD, quorum=Quorum(approve=3)), [("requester", "quorum.approve", "")]),
        (replace(GOOD, quorum=Quorum(approve=3), self_approval=True), []),
        (replace(GOOD, quorum=Quorum(deny=4)), [("too_few", "quorum.deny", "")]),
        (replace(GOOD, who=("@leads",)), [("requester", "quorum.approve", "")]),
        (replace(GOOD, break_glass=("@typo",)), [("unknown", "break_glass", "@typo")]),
        (replace(GOOD, channel="#typo"), [("not_inside", "channel", "#typo")]),
        (
            replace(GOOD, groups=(Group(name="legal", who=("@empty",)),)),
            [("empty", "all_of.legal", "@empty"), ("nobody", "all_of.legal", "")],
        ),
        (replace(GOOD, groups=(Group(name="two", who=("@leads",), approve=2),)), [("too_few", "all_of.two", "")]),
        (
            replace(GOOD, escalate=(EscalationStep(after=60.0, to=("@typo",), channel="#typo"),)),
            [("not_inside", "escalate[0].channel", "#typo"), ("unknown", "escalate[0].to", "@typo")],
        ),
        (
            replace(GOOD, who=("@empty",), expire=Expiry(after=60.0, then=OnExpiry.APPROVE)),
            [("empty", "who", "@empty"), ("nobody", "quorum.approve", ""), ("approves_unseen", "expire", "")],
        ),
        (replace(GOOD, who=("@typo",), enabled=False), []),
        (replace(GOOD, who=("@typo",), channel="#typo", decide=Automatic(decision="deny")), []),
        (
            replace(GOOD, who=("@typo",), channel="#typo", decide=Automatic(decision="deny", tell=True)),
            [("not_inside", "channel", "#typo")],
        ),
    ],
)
def test_what_is_found(rule: Policy, wrong: list[tuple[str, str, str]]) -> None:
    """Each finding once, at the key where it is mended."""
    facts = replace(FACTS, outside={"#typo": "the bot is in no channel #typo"})
    assert found(rule, facts) == wrong


def test_a_step_helps_the_group_it_stands_for() -> None:
    """A group without people is reached by whom a step brings for it; a step for none of them is a finding."""
    legal = Group(name="legal", who=("@empty",))
    step = EscalationStep(after=60.0, to=("@finance",))
    helped = replace(GOOD, groups=(legal,), escalate=(replace(step, stands_for=("legal",)),))
    assert found(helped) == [("empty", "all_of.legal", "@empty")]
    alone = replace(GOOD, groups=(legal,), escalate=(step,))
    assert ("stands_for_none", "escalate[0]", "") in found(alone)
    assert ("nobody", "all_of.legal", "") in found(alone)


def test_those_who_are_away_do_not_count_while_they_are() -> None:
    """Enough people, too few of them here: a finding that goes by itself. Its key stays the same meanwhile."""
    rule = replace(GOOD, quorum=Quorum(approve=2))
    rules = PolicySet((rule,), DEFAULT)
    (two,) = lint(rules, replace(FACTS, away=frozenset({"UANA", "UBEN"})))
    (three,) = lint(rules, replace(FACTS, away=frozenset({"UANA", "UBEN", "UDAN"})))
    assert (two.kind, two.have, two.need, three.have) == (Kind.AWAY, 1, 2, 0)
    assert two.key == three.key == "away|refunds|quorum.approve|"
    assert lint(rules, FACTS) == ()


STRANDING = replace(
    GOOD,
    quorum=Quorum(approve=2),
    escalate=(
        EscalationStep(after=60.0, to=("@leads",)),
        EscalationStep(after=120.0, to=("@leads",), replace=True),
    ),
)


def test_a_step_that_replaces_people_leaves_enough_of_them() -> None:
    """As if nobody had voted before it, together with those of the steps after it; also for a group. One finding, at
    the first of several, and none where there are too few in all."""
    stranded = ("stranded", "escalate[1].replace", "")
    assert found(STRANDING) == [stranded]
    (finding,) = lint(PolicySet((STRANDING,), DEFAULT), FACTS)
    assert (finding.have, finding.need) == (1, 2)
    last = EscalationStep(after=180.0, to=("@finance",))
    assert found(replace(STRANDING, escalate=(*STRANDING.escalate, last))) == []
    assert found(replace(STRANDING, quorum=Quorum())) == []
    again = replace(STRANDING.escalate[1], after=240.0)
    assert found(replace(STRANDING, escalate=(*STRANDING.escalate, again))) == [stranded]
    assert found(replace(STRANDING, quorum=Quorum(approve=5))) == [("too_few", "quorum.approve", "")]
    legal = Group(name="legal", who=("@finance",))
    step = EscalationStep(after=60.0, to=("#ops",), replace=True)
    grouped = replace(GOOD, who=(), groups=(legal,), escalate=(replace(step, stands_for=("legal",)),))
    assert found(grouped) == []
    assert ("stranded", "escalate[0].replace", "") in found(replace(grouped, escalate=(step,)))


INSIDE = {"#ops": frozenset({"UANA", "UBEN"}), "#leads": frozenset({"UDAN"})}


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        (GOOD, []),
        (replace(GOOD, channel="#leads"), []),
        (replace(GOOD, who=("@finance", "@boss")), ["who"]),
        (replace(GOOD, groups=(Group(name="boss", who=("@boss",)),)), ["all_of.boss"]),
        (replace(GOOD, channel="#unknown", who=("@boss",)), []),
        (replace(GOOD, break_glass=("@boss",)), []),
        (replace(GOOD, who=("manager", "api:ci", "@finance")), []),
        (replace(GOOD, escalate=(EscalationStep(after=60.0, to=("@boss",)),)), []),
        (replace(GOOD, escalate=(EscalationStep(after=60.0, to=("@boss",), channel="#leads"),)), ["escalate[0].to"]),
        (
            replace(GOOD, who=("@boss",), escalate=(EscalationStep(after=60.0, to=("UBOSS",)),)),
            [],  # asked from the first on, told with the step
        ),
        (
            replace(GOOD, who=("@boss",), escalate=(EscalationStep(after=60.0, to=("UBOSS",), replace=True),)),
            ["who"],  # told only once others take their place
        ),
        (
            replace(GOOD, escalate=(EscalationStep(after=60.0, to=("@finance",), channel="#alone", replace=True),)),
            ["escalate[0].to"],  # the card that they have in #ops has no buttons any more
        ),
    ],
)
def test_whoever_is_asked_is_told_somewhere(rule: Policy, wrong: list[str]) -> None:
    """In a channel that one of them is in, or by direct message, while they may decide."""
    seen = {**SEEN, "@boss": Seen(("UBOSS",)), "UBOSS": Seen(("UBOSS",))}
    facts = replace(FACTS, entries=seen, inside={**INSIDE, "#alone": frozenset({"UBOT"})}, managers=True)
    unreached = [one for one in lint(PolicySet((rule,), DEFAULT), facts) if one.kind is Kind.UNREACHED]
    assert [one.where for one in unreached if one.policy == rule.name] == wrong
    assert all(one.why.startswith("#") for one in unreached)


def test_a_manager_is_one_person_more() -> None:
    """Whoever it is; where a file of managers is known."""
    rule = replace(GOOD, who=("manager",))
    assert found(rule, replace(FACTS, managers=True)) == [("requester", "quorum.approve", "")]
    assert found(replace(rule, who=("manager", "@leads")), replace(FACTS, managers=True)) == []


def test_what_is_to_be_looked_up() -> None:
    """Every entry of the rules that ask, every channel that a card may be posted to, once."""
    asks = replace(GOOD, escalate=(EscalationStep(after=60.0, to=("@leads",), channel="#leads"),))
    silent = replace(GOOD, name="auto", channel="#auto", who=("@auto",), decide=Automatic(decision="approve"))
    rules = PolicySet((asks, silent, replace(GOOD, name="off", who=("@off",), enabled=False)), DEFAULT)
    assert entries_of(rules) == ("@finance", "@leads", "#ops")
    assert channels_of(rules) == ("#ops", "#leads")


PEOPLE = ("UA", "UB", "UC", "UD")
ENTRIES = ("@one", "@two", "@three")
some_entries = st.lists(st.sampled_from(ENTRIES), min_size=1, max_size=2, unique=True).map(tuple)
# A step that replaces people is not tried together with groups: there a second approval of the same person, after the
# step, takes the place of the one that they gave for their group before.
any_policies = st.builds(
    lambda who, quorum, groups, steps, own, always: Policy(
        name="p",
        channel="#ops",
        who=who,
        quorum=Quorum(approve=quorum),
        groups=tuple(Group(name=f"g{n}", who=w, approve=k) for n, (w, k) in enumerate(groups)),
        escalate=tuple(
            EscalationStep(
                after=60.0 * (n + 1),
                to=to,
                replace=instead and (always or not groups),
                stands_for=("g0",) if groups else (),
            )
            for n, (to, instead) in enumerate(steps)
        ),
        self_approval=own,
        expire=None,
    ),
    some_entries,
    st.integers(1, 3),
    st.lists(st.tuples(some_entries, st.integers(1, 2)), max_size=2),
    st.lists(st.tuples(some_entries, st.booleans()), max_size=2),
    st.booleans(),
    st.booleans(),
)
some_policies = any_policies.filter(lambda rule: not rule.groups or not any(step.replace for step in rule.escalate))
some_people = st.fixed_dictionaries(
    {entry: st.sets(st.sampled_from(PEOPLE), max_size=3).map(lambda found: tuple(sorted(found))) for entry in ENTRIES}
)


def approved(
    rule: Policy,
    people: Mapping[str, tuple[str, ...]],
    requester: str | None = None,
    absent: frozenset[str] = frozenset(),
    first: int = 0,
) -> bool:
    """Whether it is approved once everybody who may and can has approved, at every level from the `first` on."""
    record = opening(MAIL, policy=rule).approval
    record = replace(record, requester=requester)
    for level in range(first, len(rule.escalate) + 1):
        record = replace(record, level=level)
        for person in PEOPLE:
            mine = frozenset(entry for entry in record.named if person in people.get(entry, ()))
            if not mine & set(record.audience) or person in absent or (person == requester and not rule.self_approval):
                continue
            said = Attempt(type=DecisionType.APPROVE, actor=ActorRef(person, Source.SLACK))
            change = lifecycle.decide(record, said, at(1), mine)
            if isinstance(change, Change):
                record = change.approval
            if record.status is not Status.PENDING:
                return True
    return False


@settings(max_examples=150, deadline=None)
@given(some_policies, some_people, st.sets(st.sampled_from(PEOPLE), max_size=2).map(frozenset))
def test_what_is_found_is_so(rule: Policy, people: Mapping[str, tuple[str, ...]], absent: frozenset[str]) -> None:
    """By the real counting of votes: no finding, and everybody together gets it approved; nobody, too few or away, and
    they do not; at the edge, and there is a requester for whom they do not."""
    facts = Facts(entries={entry: Seen(who) for entry, who in people.items()}, away=absent)
    hard = [f for f in lint(PolicySet((), rule), facts) if f.kind in (Kind.NOBODY, Kind.TOO_FEW, Kind.AWAY)]
    edge = [f for f in lint(PolicySet((), rule), facts) if f.kind is Kind.REQUESTER]
    assert approved(rule, people, None, absent) is not bool(hard)
    if not hard and not absent:
        stuck = [one for one in PEOPLE if not approved(rule, people, one, absent)]
        assert bool(edge) is bool(stuck)
    short = [f for f in hard if f.kind in (Kind.NOBODY, Kind.TOO_FEW)]
    assert bool(short) is not approved(rule, people, None, frozenset())


@settings(max_examples=150, deadline=None)
@given(any_policies, some_people)
def test_who_is_left_by_a_step_can_finish_or_it_is_found(rule: Policy, people: Mapping[str, tuple[str, ...]]) -> None:
    """By the real counting of votes, from each step on that replaces people; with groups, too."""
    facts = Facts(entries={entry: Seen(who) for entry, who in people.items()})
    kinds = {one.kind for one in lint(PolicySet((), rule), facts)}
    steps = [index for index, step in enumerate(rule.escalate) if step.replace]
    if not kinds & {Kind.NOBODY, Kind.TOO_FEW}:
        stuck = any(not approved(rule, people, first=index + 1) for index in steps)
        assert (Kind.STRANDED in kinds) is stuck


def test_a_finding_says_how_many() -> None:
    """Of how many that are needed; with the reason of whoever looked."""
    rules = PolicySet((replace(GOOD, who=("@typo",), quorum=Quorum(approve=2)),), DEFAULT)
    unknown, nobody = lint(rules, FACTS)
    assert unknown == Finding(
        kind=Kind.UNKNOWN, policy="refunds", where="who", entry="@typo", why="there is no user group @typo"
    )
    assert (nobody.kind, nobody.have, nobody.need) == (Kind.NOBODY, 0, 2)
