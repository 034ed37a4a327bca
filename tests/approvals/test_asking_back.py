"""A question before the decision: on record, told once, answered by those it was put to, and it holds the clocks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from approvals import asking_back, lifecycle
from approvals.due import DueKind
from approvals.events import EventType
from approvals.hours import PauseKind
from approvals.lifecycle import Change
from approvals.model import Actor, ActorRef, Approval, MessageKind, MessageRef, Source, Standing, Status
from approvals.policy import AskBack, Policy
from approvals.question import MAX_QUESTIONS, MAX_WORDS
from approvals.refusals import Reason, Refusal
from approvals.service import Done
from approvals.store.redis import RedisStore
from tests.approvals.build import ANA, BEN, POLICY, Replica, at, changed, member, moved, opening, say, standing, thread
from tests.conftest import VirtualClock

WAITS = replace(POLICY, ask_back=AskBack(pause=3600.0), owner=("UOWN", "@makers"))
CLEO = ActorRef("UCLEO", Source.SLACK, "T1")


def dues(change: Change) -> dict[DueKind, object]:
    return {item.kind: item.at for item in change.due}


def asked(policy: Policy = WAITS, requester: str | None = "UCLEO") -> Approval:
    """An approval about which Ana has asked something, a minute after the opening."""
    opened = opening(policy=policy, of=thread(requester=requester)).approval
    return moved(lifecycle.ask_back(opened, ANA, " Which order? ", at(60)))


def test_a_question_is_kept_told_and_holds_the_clocks() -> None:
    """By whom, when, to whom; reminders and steps come later, the deadline does not; nothing is decided."""
    opened = opening(policy=WAITS, of=thread(requester="UCLEO")).approval
    change = changed(lifecycle.ask_back(opened, ANA, " Which order? ", at(60)))
    (question,) = change.approval.questions
    assert (question.number, question.text, question.by, question.at) == (1, "Which order?", ANA.id, at(60))
    assert (question.to, question.open) == (("UCLEO",), True)
    assert dues(change) == {
        DueKind.REMIND: at(4200),
        DueKind.ESCALATE: at(7200),
        DueKind.LAPSE: at(3660),
        DueKind.RELAY: at(60),
        DueKind.REFRESH: at(60),
    }
    after = change.approval
    assert (after.status, after.expires_at, after.decisions) == (Status.PENDING, opened.expires_at, ())
    (told,) = change.events
    assert (told.type, told.actor, told.data["text"], told.data["to"]) == (
        EventType.ASKED_BACK,
        ANA,
        "Which order?",
        ["UCLEO"],
    )


def test_without_a_pause_the_clocks_run_on() -> None:
    """The policy says nothing of a pause: nothing but the telling is due."""
    change = changed(lifecycle.ask_back(opening().approval, ANA, "Which?", at(60)))
    assert dues(change) == {DueKind.RELAY: at(60), DueKind.REFRESH: at(60)}
    assert change.approval.pauses == ()


def test_the_answer_ends_the_pause_at_once() -> None:
    """The clocks run on from where they stood, and the audit says who answered whom."""
    change = changed(lifecycle.answered(asked(), 1, CLEO, "The second.", at(360)))
    (question,) = change.approval.questions
    assert (question.answer, question.answered_by, question.answered_at) == ("The second.", "UCLEO", at(360))
    assert dues(change) == {
        DueKind.REMIND: at(900),
        DueKind.ESCALATE: at(3900),
        DueKind.LAPSE: None,
        DueKind.RELAY: at(360),
        DueKind.REFRESH: at(360),
    }
    assert [(e.type, e.actor, e.data["asked_by"]) for e in change.events] == [(EventType.ANSWERED, CLEO, ANA.id)]


def test_an_answer_ends_no_other_pause() -> None:
    """Neither that of another question nor somebody's hold."""
    policy = replace(WAITS, acknowledge=600.0)
    one = moved(lifecycle.ask_back(asked(policy), BEN, "And why?", at(120)))
    two = moved(lifecycle.hold(one, BEN, PauseKind.ACKNOWLEDGED, 600.0, at(3600)))
    first = moved(lifecycle.answered(two, 1, CLEO, "The second.", at(3605)))
    assert first.paused_until(at(3606)) == at(4200)
    both = changed(lifecycle.answered(first, 2, CLEO, "It broke.", at(3610)))
    assert dues(both)[DueKind.LAPSE] == at(4200)


def test_an_answer_after_the_decision_is_written_down_and_harmless() -> None:
    """Whatever became of it: no clock is set, nothing is driven, and the decision stands."""
    resolved = moved(lifecycle.decide(asked(), say(), at(90)))
    change = changed(lifecycle.answered(resolved, 1, CLEO, "The second.", at(100)))
    assert set(dues(change)) == {DueKind.RELAY, DueKind.REFRESH}
    assert (change.approval.status, change.approval.resolution) == (resolved.status, resolved.resolution)
    assert change.approval.questions[0].answer == "The second."


@pytest.mark.parametrize(
    ("status", "reason"),
    [(Status.RESOLVED, Reason.ALREADY_RESOLVED), (Status.SUPERSEDED, Reason.SUPERSEDED)],
)
def test_what_is_over_cannot_be_asked_about(status: Status, reason: Reason) -> None:
    """The reason is that of a late decision."""
    refused = lifecycle.ask_back(standing(status), ANA, "Which?", at(100))
    assert isinstance(refused, Refusal)
    assert refused.reason is reason


def test_questions_are_bounded() -> None:
    """In number and in length; none is empty, none stands twice, and a policy may allow none."""
    approval = opening(policy=WAITS).approval
    for number in range(MAX_QUESTIONS):
        approval = moved(lifecycle.ask_back(approval, ANA, f"{number} " + "x" * 5000, at(60)))
    assert {len(question.text) for question in approval.questions} == {MAX_WORDS}
    assert lifecycle.ask_back(approval, ANA, "One more?", at(60)) == Refusal(Reason.ENOUGH_ASKED)
    assert lifecycle.ask_back(asked(), BEN, "Which order?", at(61)) == Refusal(Reason.ASKED_ALREADY)
    for policy, text, reason in (
        (WAITS, " \n", Reason.INVALID_ANSWER),
        (replace(WAITS, ask_back=None), "Which?", Reason.NOT_POSSIBLE),
    ):
        refused = lifecycle.ask_back(opening(policy=policy).approval, ANA, text, at(60))
        assert isinstance(refused, Refusal)
        assert refused.reason is reason


def test_an_answer_is_given_once_and_in_words() -> None:
    """A second one, an empty one, and one to nothing change nothing."""
    one = moved(lifecycle.answered(asked(), 1, CLEO, "The second.", at(100)))
    assert lifecycle.answered(one, 1, CLEO, "The third.", at(110)) == Refusal(Reason.ANSWERED_ALREADY)
    for number, text in ((1, "  "), (2, "What?")):
        assert isinstance(lifecycle.answered(asked(), number, CLEO, text, at(110)), Refusal)


def test_who_is_asked_and_who_may_answer() -> None:
    """The requester, and the owners; the owners where the requester is nobody in Slack; else those who may decide."""

    def may(approval: Approval, actor: Actor) -> Reason | None:
        no = asking_back.may_answer(approval, approval.questions[0], actor)
        return no and no.reason

    requested, owned, nobodys = asked(), asked(requester="cron"), asked(POLICY, requester=None)
    assert [one.questions[0].to for one in (requested, owned, nobodys)] == [("UCLEO",), ("UOWN", "@makers"), ()]
    maker = Actor(BEN, audiences=frozenset({"@makers"}))
    assert [may(one, Actor(CLEO)) for one in (requested, owned)] == [None, Reason.NOT_ASKED]
    assert [may(one, maker) for one in (requested, owned, nobodys)] == [None, None, Reason.NOT_ASKED]
    assert [may(one, member()) for one in (requested, nobodys)] == [Reason.NOT_ASKED, None]
    assert may(requested, Actor(CLEO, Standing.GUEST)) is None
    assert may(requested, Actor(BEN, Standing.GUEST)) is Reason.NOT_ASKED
    assert may(requested, Actor(CLEO, Standing.DEACTIVATED)) is Reason.DEACTIVATED


async def test_asked_answered_and_decided(store: RedisStore, clock: VirtualClock) -> None:
    """Over the real store: told once each, reminders wait and go on, and the audit has the story in its order."""
    replica = Replica(store, clock, policy=WAITS)
    opened = await replica.open(policy=WAITS, of=thread(requester="UCLEO"))
    clock.turn(seconds=300)
    assert isinstance(await replica.approvals.ask_back(opened.id, member(), "Which order?"), Done)
    stranger = await replica.approvals.answer_back(opened.id, 1, member(BEN), "The first.")
    assert stranger == Refusal(Reason.NOT_ASKED)
    clock.turn(seconds=1200)
    await replica.sweep()
    assert replica.notifier.said("remind") == 0
    assert isinstance(await replica.approvals.answer_back(opened.id, 1, Actor(CLEO), "The second."), Done)
    clock.turn(seconds=300)
    await replica.sweep()
    assert replica.notifier.said("remind") == 1
    assert isinstance(await replica.approvals.decide(opened.id, say(), member()), Done)
    await replica.effects.drain()
    now = await replica.approvals.get(opened.id)
    assert now is not None
    kinds = [message.kind for message in now.messages]
    assert (kinds.count(MessageKind.QUESTION), kinds.count(MessageKind.ANSWER)) == (1, 1)
    quiet = {EventType.ANNOUNCED, EventType.TOLD, EventType.OPENED}
    events = [e.type for e in await replica.approvals.audit(opened.id) if e.type not in quiet]
    assert events[:4] == [EventType.ASKED_BACK, EventType.ANSWERED, EventType.REMINDED, EventType.DECIDED]


async def test_only_who_may_decide_may_ask(store: RedisStore, clock: VirtualClock) -> None:
    """A stranger is refused, by the form and by the use case."""
    replica = Replica(store, clock, policy=WAITS)
    opened = await replica.open(policy=WAITS)
    stranger = Actor(BEN, audiences=frozenset({"@others"}))
    assert await replica.approvals.may_ask(opened.id, stranger) == Refusal(Reason.NOT_APPROVER)
    assert await replica.approvals.ask_back(opened.id, stranger, "Which?") == Refusal(Reason.NOT_APPROVER)
    assert isinstance(await replica.approvals.may_ask(opened.id, member()), Approval)


async def test_nobody_answers(store: RedisStore, clock: VirtualClock) -> None:
    """The pause ends by itself, the audit says so, and the reminder comes; the question can still be answered."""
    replica = Replica(store, clock, policy=WAITS)
    opened = await replica.open(policy=WAITS)
    await replica.approvals.ask_back(opened.id, member(), "Which order?")
    for _ in range(2):
        clock.turn(seconds=3600)
        await replica.sweep()
    events = [e.type for e in await replica.approvals.audit(opened.id)]
    assert events.index(EventType.ASKED_BACK) < events.index(EventType.LAPSED) < events.index(EventType.REMINDED)
    maker = Actor(BEN, audiences=frozenset({"@makers"}))
    assert isinstance(await replica.approvals.answer_back(opened.id, 1, maker, "The second."), Done)


async def test_what_a_dead_process_should_have_told_is_told(store: RedisStore, clock: VirtualClock) -> None:
    """The commit is all that it did; whoever sweeps next tells the question, once."""
    idle, other = Replica(store, clock, policy=WAITS, idle=True), Replica(store, clock, policy=WAITS)
    opened = await other.open(policy=WAITS)
    await idle.approvals.ask_back(opened.id, member(), "Which order?")
    await other.sweep()
    await other.sweep()
    assert other.notifier.said("relay") == 1


def test_a_message_about_a_question_is_no_card() -> None:
    """Told in the thread: no place is taken for one where a card stands."""
    ref = MessageRef("C1", "3.1", MessageKind.QUESTION, "#approvals", about=1)
    after = moved(lifecycle.told(asked(), [ref], at(70)))
    assert after.messages == (ref,)
