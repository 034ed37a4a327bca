"""For whom a cover acts, whom they stand in for, and whom a reminder calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from approvals import covering, eligibility, lifecycle, places
from approvals.away import Away
from approvals.model import Actor, ActorRef, Approval, Decision, DecisionType, MessageRef, Standing
from approvals.policy import Quorum
from approvals.refusals import Reason, Refusal
from approvals.visibility import Viewer, visible
from tests.approvals.build import ANA, BEN, POLICY, T0, at, moved, opening, say, thread

TWO = replace(POLICY, quorum=Quorum(approve=2))


def asked(requester: str | None = None, **policy: bool) -> Approval:
    """Two must approve; somebody requested it."""
    return opening(policy=replace(TWO, **policy), of=thread(requester=requester)).approval


def acting(behalf: str, *audiences: str, by: ActorRef = BEN) -> Actor:
    return Actor(replace(by, behalf=behalf), audiences=frozenset(audiences or ("@finance",)))


def away(user_id: str, cover: str | None, days: int = 1) -> Away:
    return Away(user_id=user_id, since=T0, until=T0 + timedelta(days=days), cover=cover)


def test_the_first_seat_that_makes_it_possible_is_chosen() -> None:
    """Not the requester's, not one the audience does not name, not one that has voted."""
    candidates = [acting("UREQ"), acting("UNOBODY", "@others"), acting(ANA.id), acting("UDAN")]
    approval = asked("UREQ")
    assert covering.chosen(approval, candidates) == candidates[2]
    voted = moved(lifecycle.decide(approval, say(), at(1), frozenset({"@finance"})))
    assert covering.chosen(voted, candidates) == candidates[3]
    assert covering.chosen(voted, candidates[:3]) == candidates[2], "what Ana said herself can be changed, if need be"


def test_where_no_seat_makes_it_possible_the_first_says_why() -> None:
    """And where nobody is covered there is none."""
    approval = asked("UREQ")
    first = covering.chosen(approval, [acting("UREQ"), acting("UNOBODY", "@others")])
    assert first is not None
    assert eligibility.refusal(approval, first) == Refusal(Reason.OWN_REQUEST)
    assert covering.chosen(approval, []) is None


def test_nobody_decides_for_the_requester() -> None:
    """Unless the policy lets them decide it themselves; a guest covers nobody."""
    assert eligibility.refusal(asked("UREQ"), acting("UREQ")) == Refusal(Reason.OWN_REQUEST)
    assert eligibility.refusal(asked(BEN.id), acting(ANA.id)) == Refusal(Reason.OWN_REQUEST)
    assert eligibility.refusal(asked("UREQ", self_approval=True), acting("UREQ")) is None
    guest = replace(acting(ANA.id), standing=Standing.GUEST)
    assert eligibility.refusal(asked(), guest) == Refusal(Reason.GUEST)


def test_a_cover_does_not_break_the_glass() -> None:
    """Whoever may decide alone does so in their own name, whatever else they are asked for."""
    approval = opening(policy=replace(TWO, break_glass=("@finance",))).approval
    assert eligibility.refusal(approval, acting(ANA.id), alone=True) == Refusal(Reason.NO_GLASS)
    assert eligibility.refusal(approval, Actor(ANA, audiences=frozenset({"@finance"})), alone=True) is None


def test_a_cover_is_asked_in_the_place_of_the_absent() -> None:
    """Whoever is asked anyway is not, nor whoever covers for somebody not asked; each once, for whom is back first."""
    absent = [
        away("UDAN", "UEVE"),
        away(ANA.id, "UEVE", 2),
        away("UFAY", BEN.id),
        away("UGIL", "UHAL"),
        away("UIDA", None),
    ]
    everybody = frozenset({ANA.id, BEN.id, "UDAN", "UFAY", "UIDA"})
    assert covering.stand_ins(asked(), everybody, absent) == {"UEVE": "UDAN"}
    assert covering.stand_ins(asked("UDAN"), everybody, absent) == {"UEVE": ANA.id}
    assert covering.stand_ins(asked("UEVE"), everybody, absent) == {}
    assert covering.stand_ins(asked("UEVE", self_approval=True), everybody, absent) == {"UEVE": "UDAN"}


def test_a_reminder_calls_the_cover_or_nobody() -> None:
    """Each once; nobody for who is away without a cover."""
    gone = {one.user_id: one for one in (away("UDAN", "UEVE"), away("UFAY", None))}
    assert covering.there(("UGIL", "UDAN", "UFAY", "UEVE"), gone) == ("UGIL", "UEVE")
    assert covering.there(("UFAY",), gone) == ()


def test_who_has_voted_on_all_that_is_open_is_done() -> None:
    """With the person for whom they did; not while something is open that they have not said anything of."""
    cover = Decision(type=DecisionType.APPROVE, actor=replace(BEN, id="UEVE", behalf="UDAN"), at=T0)
    two = replace(asked(), actions=(*asked().actions, *asked().actions))
    many = replace(two, policy=replace(two.policy, quorum=Quorum(approve=2)))
    assert covering.voters(replace(many, decisions=(cover,))) == {"UEVE", "UDAN"}
    assert covering.voters(replace(many, decisions=(replace(cover, action=0),))) == frozenset()
    done = replace(cover, action=0, alone=True)
    assert covering.voters(replace(many, decisions=(done, replace(cover, action=1)))) == {"UEVE", "UDAN"}
    assert covering.voters(many) == frozenset()


people = st.sampled_from(["UA", "UB", "UC", "UD"])
absences = st.lists(st.builds(away, people, st.none() | people), max_size=5)


@given(absent=absences, everybody=st.frozensets(people), requester=st.none() | people)
def test_nobody_is_asked_in_vain(absent: list[Away], everybody: frozenset[str], requester: str | None) -> None:
    """Each who is asked in another's place could decide for them, and is not asked already."""
    approval = asked(requester)
    for cover, who in covering.stand_ins(approval, everybody, absent).items():
        assert cover not in everybody
        assert who in everybody
        actor = Actor(replace(BEN, id=cover, behalf=who), audiences=frozenset({"@finance"}))
        assert eligibility.refusal(approval, actor) is None


def test_who_was_asked_in_anothers_place_sees_it() -> None:
    """Their card stands by direct message, under both names; the absent person's is another."""
    card = MessageRef("D1", "1.0", place=places.stand_in(BEN.id, ANA.id))
    approval = replace(asked(), messages=(card,))
    assert visible(approval, Viewer(BEN.id))
    assert not visible(approval, Viewer(ANA.id))


def test_a_place_says_whose_it_is_and_for_whom() -> None:
    """A channel, a person, a person for another; and whether anybody is there."""
    both = places.stand_in("UEVE", "UDAN")
    assert [places.whose(place) for place in ("#approvals", "UDAN", both)] == ["#approvals", "UDAN", "UEVE"]
    assert [places.for_whom(place) for place in ("#approvals", "UDAN", both)] == [None, None, "UDAN"]
    assert [places.people(place) for place in ("#approvals", "UDAN", both)] == [(), ("UDAN",), ("UEVE", "UDAN")]
    gone = {"UDAN": away("UDAN", "UEVE")}
    assert [places.reached(place, gone) for place in ("#approvals", "UDAN", both)] == [True, False, True]
    assert not places.reached(both, {})
    assert not places.reached(both, {"UDAN": away("UDAN", "UFAY")})
