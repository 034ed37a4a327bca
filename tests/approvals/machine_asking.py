"""The state machine's rules of asking back, answering and cancelling, and of what is edited and then left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.approvals.machine_model import Told
from tests.approvals.machine_people import BELONGS, OPERATOR
from tests.approvals.machine_world import World, actor, came_of

ANYBODY = st.sampled_from([*BELONGS, OPERATOR])
SAID = st.sampled_from(["Why?", "Who?", "When?", " Why? ", "  "])
WHICH = st.integers(0, 2)
REPLICA = st.integers(0, 1)
DIES = st.sampled_from([False] * 5 + [True])


class Asking(RuleBasedStateMachine):
    """A part of `Story`."""

    world: World
    told: list[Told]
    if TYPE_CHECKING:

        def key(self, number: int) -> str: ...

        def one(self, which: int) -> int: ...

        def click(self, number: int, on: int, **how: Any) -> None: ...

        def time_passes(self, seconds: float, on: int) -> None: ...

    @precondition(lambda self: self.told)
    @rule(which=WHICH, who=ANYBODY, likely=st.booleans(), text=SAID, on=REPLICA, dies=DIES)
    def ask_back(self, which: int, who: str, likely: bool, text: str, on: int, dies: bool) -> None:
        """Somebody asks something before they decide, or tries to."""
        number = self.one(which)
        if likely:
            who = next((one for one in BELONGS if not self.told[number].barred(one)), who)
        outcome = self.world.run(lambda r: r.approvals.ask_back(self.key(number), actor(who), text), on, dies=dies)
        assert came_of(outcome) == self.told[number].ask_back(who, text)

    @precondition(lambda self: any(told.questions for told in self.told))
    @rule(which=WHICH, question=st.integers(1, 3), who=ANYBODY, likely=st.booleans(), on=REPLICA, dies=DIES, text=SAID)
    def answer(self, which: int, question: int, who: str, likely: bool, on: int, dies: bool, text: str) -> None:
        """Somebody answers, whatever became of the approval meanwhile."""
        number = max((self.one(which), *range(len(self.told))), key=lambda one: bool(self.told[one].questions))
        questions = self.told[number].questions
        if likely:
            may = self.told[number].answerers(questions[-1])
            question, who = len(questions), next((one for one in BELONGS if {one, *BELONGS[one]} & may), who)
        outcome = self.world.run(
            lambda r: r.approvals.answer_back(self.key(number), question, actor(who), text), on, dies=dies
        )
        assert came_of(outcome) == self.told[number].answer_back(question, who, text)

    @precondition(lambda self: any(told.status == "pending" and told.ends for told in self.told))
    @rule(which=WHICH, on=REPLICA, dies=DIES)
    def edited_and_left(self, which: int, on: int, dies: bool) -> None:
        """Somebody who may changes what is asked; then nobody says anything until the time is up."""
        waits = [number for number, told in enumerate(self.told) if told.status == "pending" and told.ends]
        number = waits[which % len(waits)]
        told = self.told[number]
        who = next((one for one in BELONGS if not told.barred(one)), OPERATOR)
        action = next((index for index, ask in enumerate(told.asks) if not ask.verdict), 0)
        vote = {"kind": "edit", "action": action}
        self.click(number, on, who=who, vote=vote, stale=0, cents=7, twice=False, dies=dies)
        if told.ends is not None:
            self.time_passes(max(told.ends - told.now, 0.0), on)

    @precondition(lambda self: self.told)
    @rule(which=WHICH, rarely=st.integers(0, 4), on=REPLICA, dies=DIES)
    def cancel(self, which: int, rarely: int, on: int, dies: bool) -> None:
        """Whoever asked wants no answer any more."""
        number = self.one(which)
        if rarely:
            return
        outcome = self.world.run(
            lambda r: r.approvals.cancel(self.key(number), actor("UANA").ref, "Not needed."), on, dies=dies
        )
        assert came_of(outcome) == self.told[number].cancel("UANA")
