"""Any story of people, clocks and crashes over the real store, compared step by step with a plain model of the words.

`SIGNOFF_STORIES=2000 pytest tests/approvals/test_machine.py --timeout 0` tells that many stories, by chance; otherwise
the same few are told each time. `SIGNOFF_STEPS` says how long each is; with `SIGNOFF_NO_SHRINK` a story that fails is
shown as it is.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from approvals import eligibility, lifecycle
from approvals.due import DueKind, next_escalation, next_reminder
from approvals.events import EventType
from approvals.hours import PauseKind
from approvals.model import Action, Approval
from approvals.policy import Policy
from approvals.refusals import Refusal
from approvals.service import approval_id
from approvals.tally import proposed, tally
from tests.approvals.build import T0, Replica
from tests.approvals.machine_asking import Asking
from tests.approvals.machine_model import Told
from tests.approvals.machine_people import BELONGS, OPERATOR, STEPS
from tests.approvals.machine_world import (
    CLICK,
    KINDS,
    QUESTIONS,
    World,
    actor,
    asking,
    attempt_of,
    came_of,
    draft_of,
    policies,
    thread_of,
)

STORIES = int(os.environ.get("SIGNOFF_STORIES", "0"))
STEPS_EACH = int(os.environ.get("SIGNOFF_STEPS", "40"))
PEOPLE = st.sampled_from([*BELONGS, OPERATOR])
PHASES = [phase for phase in Phase if phase is not Phase.shrink] if "SIGNOFF_NO_SHRINK" in os.environ else list(Phase)
REPLICA = st.integers(0, 1)
DIES = st.sampled_from([False] * 5 + [True])
PASSES = st.sampled_from([1, 7, 29, 30, 31, 60, 299, 600, 601, 1800, 3600, 20000, 80000]) | st.integers(1, 5000)
SHOWN = ("status", "resolution", "revision", "decisions", "expires_at", "held_until", "pauses", "policy")
ZONES = ("UTC",)
QUIET = {EventType.ANNOUNCED, EventType.REPORTED, EventType.TOLD}


class Story(Asking):
    """What is told of each question is kept in `told`, by its number."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.url)
        self.told: list[Told] = []
        self.shown: list[tuple[Any, str]] = []
        self.doubled = False

    @property
    def now(self) -> float:
        return (self.world.clock() - T0).total_seconds()

    def key(self, number: int) -> str:
        return approval_id(f"t{number}", f"i-t{number}")

    def one(self, which: int) -> int:
        return which % len(self.told)

    @initialize(policy=policies())
    def begin(self, policy: Policy) -> None:
        self.world.policy = policy

    def look(self, number: int, replica: int, *, dies: bool = False) -> None:
        """A driver writes down what a thread asks."""
        actions, shown = self.shown[number]
        of = thread_of(number, self.told[number].requester if number < len(self.told) else self.requester)

        async def body(on: Replica) -> None:
            async with on.journal.hold(of.id) as lease:
                assert lease is not None
                await on.journal.record(lease, of, [draft_of(actions, of.id, shown)] if shown else [])

        self.world.run(body, replica, dies=dies)

    @precondition(lambda self: len(self.told) < 3)
    @rule(actions=st.sampled_from(QUESTIONS), requester=st.sampled_from([None, "UANA"]), on=REPLICA, dies=DIES)
    def ask(self, actions: tuple[Action, ...], requester: str | None, on: int, dies: bool) -> None:
        policy, self.requester = self.world.policy, requester
        self.shown.append((actions, "h1"))
        self.look(len(self.told), on, dies=dies)
        told = Told(policy, requester, actions, self.now)
        if policy.decide is None or not told.automatic():
            told = Told(asking(policy), requester, actions, self.now)
        self.told.append(told)

    @rule(policy=policies())
    def policy_changed(self, policy: Policy) -> None:
        """Admins write another policy: nothing in flight is touched."""
        self.world.policy = policy

    @precondition(lambda self: self.told)
    @rule(which=st.integers(0, 2), on=REPLICA)
    def looked_at_again(self, which: int, on: int) -> None:
        """A driver that sees the same question again changes nothing, unless it was thought gone."""
        number = self.one(which)
        if not self.shown[number][1]:
            return
        self.look(number, on)
        if self.told[number].status == "superseded":
            self.told[number].amend()

    @precondition(lambda self: self.told)
    @rule(which=st.integers(0, 2), on=REPLICA, dies=DIES, gone=st.sampled_from([False, False, True]))
    def asked_otherwise(self, which: int, on: int, dies: bool, gone: bool) -> None:
        """The thread asks something else under the same id, or nothing."""
        number = self.one(which)
        actions, shown = self.shown[number]
        self.shown[number] = (actions, "" if gone else f"{shown}+")
        self.look(number, on, dies=dies)
        if gone:
            self.told[number].withdraw()
        else:
            self.told[number].amend()

    @precondition(lambda self: self.told)
    @rule(which=st.integers(0, 2), clicks=st.lists(CLICK, min_size=1, max_size=4), on=REPLICA, dies=DIES)
    def decide(self, which: int, clicks: list[dict[str, Any]], on: int, dies: bool) -> None:
        """Clicks of several people, perhaps on an old card, perhaps delivered to both replicas."""
        for click in clicks:
            self.click(self.one(which), on, dies=dies, **click)

    def click(
        self,
        number: int,
        on: int,
        *,
        who: str,
        vote: dict[str, Any],
        stale: int | None,
        cents: Any,
        twice: bool,
        dies: bool,
    ) -> None:
        told = self.told[number]
        more = {**vote, "revision": None if stale is None else told.revision - stale}
        if vote["kind"] == "edit":
            more["args"] = {"order": "42", "cents": cents}
        said = {"text": "Tuesday"} if vote["kind"] == "respond" else {}
        attempt = attempt_of(who, **more, **said)
        for replica in (on, 1 - on) if twice else (on,):
            outcome = self.world.run(
                lambda r: r.approvals.decide(self.key(number), attempt, actor(who)),
                replica,
                dies=dies and replica == on,
            )
            assert came_of(outcome) == told.vote(who, **more)

    @precondition(lambda self: self.told)
    @rule(which=st.integers(0, 2), who=PEOPLE, kind=st.sampled_from(PauseKind), on=REPLICA, dies=DIES)
    def hold(self, which: int, who: str, kind: PauseKind, on: int, dies: bool) -> None:
        """“I am looking”, or later; also where nobody offers it."""
        number = self.one(which)
        if kind is PauseKind.ASKED_BACK:
            return
        seconds = 3600.0 if kind is PauseKind.SNOOZED else (self.told[number].policy.acknowledge or 600.0)
        outcome = self.world.run(lambda r: r.approvals.hold(self.key(number), actor(who), kind, seconds), on, dies=dies)
        assert came_of(outcome) == self.told[number].hold(who, str(kind), seconds)

    @precondition(lambda self: self.told)
    @rule(which=st.integers(0, 2), who=PEOPLE, on=REPLICA, dies=DIES)
    def take_back(self, which: int, who: str, on: int, dies: bool) -> None:
        """Somebody takes a decision back, also where it is too late."""
        number = self.one(which)
        outcome = self.world.run(lambda r: r.approvals.undo(self.key(number), actor(who)), on, dies=dies)
        assert came_of(outcome) == self.told[number].undo(who)

    @precondition(lambda self: self.told)
    @rule(which=st.integers(0, 2), policy=policies(), on=REPLICA, dies=DIES)
    def reapply(self, which: int, policy: Policy, on: int, dies: bool) -> None:
        """An admin puts one under another policy."""
        number, policy, who = self.one(which), asking(policy), actor("UBOSS").ref
        outcome = self.world.run(
            lambda r: r.approvals.change(
                self.key(number), lambda a: lifecycle.reapply(a, policy, who, self.world.clock(), ZONES)
            ),
            on,
            dies=dies,
        )
        assert came_of(outcome) == self.told[number].reapply(policy, who.id)

    @rule(seconds=PASSES, on=REPLICA)
    def time_passes(self, seconds: float, on: int) -> None:
        """The clock goes on, perhaps over several deadlines, and one replica looks."""
        self.pass_time(seconds)
        self.sweep(on)

    @rule(seconds=PASSES)
    def nobody_looks(self, seconds: float) -> None:
        """The clock goes on while every process is down."""
        self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        self.world.turn(seconds)
        for told in self.told:
            told.now = self.now

    @rule(on=REPLICA)
    def sweep(self, on: int) -> None:
        """One replica looks at what is due, until nothing is."""
        self.cards()
        self.world.run(lambda replica: replica.sweep(), on)
        for told in self.told:
            told.sweep()

    @rule(on=REPLICA, perform=st.booleans())
    def sweep_and_die(self, on: int, perform: bool) -> None:
        """A replica takes what is due and dies, before it has done it or before it could say so."""
        self.cards()
        self.world.run(lambda replica: self.world.dying_sweep(replica, perform=perform), on, dies=True)
        self.doubled |= perform
        for told in self.told:
            told.claimed(told.in_turn(), perform=perform, dies=True)

    def cards(self) -> None:
        """Whether the cards stand by now, and when somebody posts them: a reminder waits for that."""
        for number, told in enumerate(self.told):
            approval = self.world.wait(self.world.store.get(self.key(number)))
            listed = self.world.wait(self.world.store.due_at(approval.id))
            told.card = bool(approval.messages)
            told.card_due = (listed[DueKind.NOTIFY] - T0).total_seconds() if DueKind.NOTIFY in listed else None

    # -- what must be true

    @invariant()
    def the_record_is_as_told(self) -> None:
        for number, told in enumerate(self.told):
            approval = self.world.wait(self.world.store.get(self.key(number)))
            compare(approval, told)
            self.compare_due(approval, told)
            self.compare_audit(approval, told)
            said = sum(1 for what, of in self.world.notifier.calls if (what, of) == ("remind", approval.id))
            assert said == told.given

    def compare_due(self, approval: Approval, told: Told) -> None:
        """The list says when somebody looks next, whatever is pure says when it is time."""
        listed = self.world.wait(self.world.store.due_at(approval.id))
        seconds = {kind: (listed[due] - T0).total_seconds() for kind, due in KINDS.items() if due in listed}
        assert seconds == told.listed
        if told.status == "pending":
            found = [at and (at - T0).total_seconds() for at in (next_reminder(approval), next_escalation(approval))]
            assert found == [told.next_reminder(), told.next_step()]

    def compare_audit(self, approval: Approval, told: Told) -> None:
        """Every event, in order, by whom; each version is told of, and none twice."""
        events = self.world.wait(self.world.store.audit(approval.id))
        assert [(str(e.type), e.actor.id) for e in events if e.type not in QUIET] == told.audit
        versions = [e.version for e in events]
        assert versions == sorted(versions)
        assert set(versions) == set(range(1, approval.version + 1))
        assert [e.at for e in events] == sorted(e.at for e in events)

    def teardown(self) -> None:
        """After the last hold of the dead, on either replica: nothing is left to do, and everything was shown."""
        try:
            if self.told:
                for _ in range(3):
                    self.pass_time(31)
                    self.sweep(0)
                    self.sweep(1)
                self.the_record_is_as_told()
                self.everything_was_done()
        finally:
            self.world.close()

    def everything_was_done(self) -> None:
        for number, told in enumerate(self.told):
            approval = self.world.wait(self.world.store.get(self.key(number)))
            places = [m.place for m in approval.messages if m.kind in ("card", "escalation")]
            assert len(places) == len(set(places)), "a place got two cards"
            assert set(places) <= told.places
            drives = self.world.drives.count(f"t{number}")
            assert bool(drives) == bool(told.goes)
            assert self.doubled or drives <= told.goes
            left = self.world.wait(self.world.store.due_at(approval.id))
            assert {str(kind) for kind in left} <= set(STEPS)
            if places and told.status != "superseded":
                assert set(approval.reach) <= set(places)
                drawn = self.world.notifier.drawn[approval.id]
                for name in (
                    "status",
                    "resolution",
                    "revision",
                    "decisions",
                    "expires_at",
                    "pauses",
                    "policy",
                    "held_until",
                    "questions",
                ):
                    assert getattr(drawn, name) == getattr(approval, name), name


def compare(approval: Approval, told: Told) -> None:
    """Status, level, clocks, votes, and who may decide."""
    assert str(approval.status) == told.status
    assert str(approval.resolution or "") == told.resolution
    assert (approval.level, approval.reminders, approval.revision) == (told.level, told.reminders, told.revision)
    ends = approval.expires_at and (approval.expires_at - T0).total_seconds()
    assert ends == told.ends
    for index, (count, ask) in enumerate(zip(tally(approval), told.asks, strict=True)):
        assert {vote.actor.id for vote in count.approvals} == ask.side(True)
        assert {vote.actor.id for vote in count.denials} == ask.side(False)
        assert [(g.name, g.have, g.need) for g in count.groups] == told.groups(ask)
        assert str(count.verdict.type if count.verdict else "") == ask.verdict
        assert proposed(approval, index) == (approval.actions[index].args if ask.edit is None else ask.edit)
        if count.verdict is not None and ask.verdict == "edit":
            assert count.verdict.args == ask.edit
    if approval.reply is not None and told.resolution != "cancelled":
        assert approval.reply.value == [ask.verdict for ask in told.asks]
    for who in (*BELONGS, OPERATOR):
        for alone in (False, True):
            no = eligibility.refusal(approval, actor(who), alone=alone)
            assert (str(no.reason) if isinstance(no, Refusal) else "") == told.barred(who, alone=alone)


@pytest.mark.timeout(300)
def test_every_story_is_as_the_policy_has_it(server_url: str) -> None:
    """Whatever people do, however late it is looked at, and whoever dies: record, clocks, audit and cards agree."""
    Story.url = server_url
    chosen = settings(
        max_examples=STORIES or 50,
        stateful_step_count=STEPS_EACH,
        derandomize=not STORIES,
        deadline=None,
        database=None,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Story, settings=chosen)
