"""Asking back before the decision, over the real Socket Mode."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace

from approvals.events import EventType
from approvals.model import MessageKind, Resolution, Status
from localslack import Message
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, GUS, Desk, House, all_text
from tests.scenarios.play import says, told

RULES = """
version: 1
policies:
  - name: refunds
    match: {graph: refund}
    channel: "#approvals"
    who: [U0ANA, U0BEN]
    remind: [10m]
    ask_back: {pause: 4h}
    owner: U0BEN
default: {channel: "#approvals"}
"""


async def opened(
    house: House, clock: VirtualClock, requester: str | None, *, stack: AsyncExitStack | None = None
) -> tuple[Desk, Message]:
    """A desk, and the card of a refund that its record knows."""
    (house.folder / "policies.yaml").write_text(RULES)
    desk = await house.desk(clock=clock, stack=stack)
    card = await desk.ask(requester=requester)
    await told(desk, EventType.ANNOUNCED)
    return desk, card


async def ask(desk: Desk, user: str, card: Message, text: str) -> None:
    """The option of the menu, and the form that it opens."""
    approval = await desk.only()
    value = f"{approval.id}:{approval.revision}:ask"
    assert (await desk.slack.click(user, card.channel, card.ts, "more", value=value)).ok
    view = await desk.modal(user)
    assert (await desk.slack.submit(user, view.id, {"text": text})).ok


async def reply(desk: Desk, card: Message, word: str, channel: str = CHANNEL) -> Message:
    """The message in a thread that says this."""

    def look() -> Message | None:
        replies = desk.slack.messages(channel, thread_ts=card.ts)
        return next((m for m in replies if m.ts != card.ts and word in all_text(m.blocks)), None)

    return await desk.until(look)


async def test_asked_answered_and_approved(house: House, clock: VirtualClock) -> None:
    """The requester is called in the thread, reminders wait, a stranger cannot answer, the asker is told, and the
    decision is nobody's but the approver's."""
    desk, card = await opened(house, clock, CLEO)
    await ask(desk, ANA, card, "Which parcel <!channel>?")
    question = await reply(desk, card, "asks <@U0CLEO> before deciding")
    assert "Which parcel" in all_text(question.blocks)
    assert "<@U0ANA>" not in all_text(question.blocks)
    await says(desk, card, "<@U0ANA> asked:", "No answer yet", "wait for the answer", "Which parcel &lt;!channel&gt;?")
    clock.turn(hours=1)
    await desk.runtime.ticker.turn()
    assert EventType.REMINDED not in [e.type for e in await desk.core.records.approvals.audit((await desk.only()).id)]

    await desk.slack.click(GUS, CHANNEL, question.ts, "answer")
    assert "was not put to you" in await desk.told(GUS)
    assert desk.slack.modal(GUS) is None
    await desk.slack.click(CLEO, CHANNEL, question.ts, "answer")
    view = await desk.modal(CLEO)
    assert "Which parcel" in all_text(view.blocks)
    assert list((await desk.slack.submit(CLEO, view.id, {"text": "   "})).errors) == ["text"]
    assert (await desk.slack.submit(CLEO, view.id, {"text": "The second one."})).ok
    answer = await reply(desk, card, "answered <@U0ANA>")
    assert "The second one." in all_text(answer.blocks)
    text = await says(desk, card, "<@U0CLEO> answered:* The second one.")
    assert "wait for the answer" not in text
    await desk.until(lambda: True if "Answered by" in desk.text(question.ts) else None)
    await desk.slack.click(CLEO, CHANNEL, question.ts, "answer", seen=question)
    assert "answered this already" in await desk.told(CLEO)
    await told(desk, EventType.TOLD, 2)  # the question and the answer: written down a moment after Slack shows them

    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    approval = await told(desk, EventType.RESUMED)
    assert approval.resolution is Resolution.APPROVED
    kinds = [message.kind for message in approval.messages]
    assert (kinds.count(MessageKind.QUESTION), kinds.count(MessageKind.ANSWER)) == (1, 1)
    events = [e.type for e in await desk.core.records.approvals.audit(approval.id)]
    assert events.index(EventType.ASKED_BACK) < events.index(EventType.ANSWERED) < events.index(EventType.DECIDED)


async def test_a_requester_elsewhere_is_told_by_direct_message(house: House, clock: VirtualClock) -> None:
    """They are not in the channel of the card: the same question with its button reaches them, once, and they answer;
    after the decision too."""
    house.slack.world.channels[CHANNEL].members.remove(CLEO)
    desk, card = await opened(house, clock, CLEO)
    await ask(desk, ANA, card, "Which parcel?")
    await reply(desk, card, "asks before deciding")
    approval = await told(desk, EventType.TOLD)
    direct = next(m for m in approval.messages if m.place == CLEO)
    (question,) = desk.slack.messages(direct.channel)
    assert "asks <@U0CLEO> before deciding" in all_text(question.blocks)
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    await told(desk, EventType.RESUMED)
    await desk.slack.click(CLEO, direct.channel, question.ts, "answer")
    view = await desk.modal(CLEO)
    assert "decided already" in all_text(view.blocks)
    assert (await desk.slack.submit(CLEO, view.id, {"text": "The second one."})).ok
    await says(desk, card, "The second one.")
    await reply(desk, card, "answered <@U0ANA>")
    assert (await desk.only()).status is Status.RESUMED
    assert len(desk.slack.messages(direct.channel)) == 1


async def test_the_owner_answers_where_nobody_requested_it(house: House, clock: VirtualClock) -> None:
    """As the policy has it; who may not decide cannot ask, and what is decided cannot be asked about."""
    desk, card = await opened(house, clock, None)
    approval = await desk.only()
    value = f"{approval.id}:{approval.revision}:ask"
    await desk.slack.click(CLEO, CHANNEL, card.ts, "more", value=value)
    assert "not among those who may decide" in await desk.told(CLEO)
    await desk.slack.click(ANA, CHANNEL, card.ts, "more", value=value)
    view = await desk.modal(ANA)
    assert "<@U0BEN>" in all_text(view.blocks)
    await ask(desk, BEN, card, "Why now?")
    await reply(desk, card, "asks <@U0BEN> before deciding")
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    await told(desk, EventType.RESUMED)
    await desk.slack.submit(ANA, view.id, {"text": "Which parcel?"})
    notice = await desk.modal(ANA)
    assert "Already approved by <@U0BEN>" in all_text(notice.blocks)
    assert len((await desk.only()).questions) == 1


async def test_a_question_survives_the_process_that_should_have_told_it(house: House, clock: VirtualClock) -> None:
    """Slack was away when it was asked and the process ended: the next one tells it, once."""
    async with AsyncExitStack() as stack:
        desk, card = await opened(house, clock, CLEO, stack=stack)
        desk.slack.faults.status("chat.postMessage", 503, times=8)
        await ask(desk, ANA, card, "Which parcel?")
    house.slack.faults.clear()
    desk = await house.desk(clock=clock)
    clock.turn(minutes=10)
    approval = await told(desk, EventType.TOLD)
    assert [message.kind for message in approval.messages].count(MessageKind.QUESTION) == 1
    replies = [all_text(m.blocks) for m in desk.slack.messages(CHANNEL, thread_ts=card.ts)]
    assert len([text for text in replies if "before deciding" in text]) == 1


async def test_why_shows_what_was_said_before(house: House, clock: VirtualClock) -> None:
    """The messages and tool calls of the thread, to those who may see the approval; what is no secret."""
    (house.folder / "policies.yaml").write_text(RULES)
    desk = await house.desk(clock=clock)
    card = await desk.ask("middleware", {"messages": [{"role": "user", "content": "Pay Acme <!channel> please."}]})
    approval = await desk.only()
    value = f"{approval.id}:{approval.revision}:why"
    await desk.slack.click(CLEO, CHANNEL, card.ts, "more", value=value)
    text = await why(desk, CLEO, "pay_invoice")
    assert "Pay Acme <!channel> please." in text
    assert text.index("Pay Acme") < text.index("read_balance") < text.index("pay_invoice")
    assert "900.0" in text
    await desk.slack.click(GUS, CHANNEL, card.ts, "more", value=value)
    assert "full members" in await why(desk, GUS, "full members")


async def test_why_is_kind_where_there_is_nothing_to_read(house: House, clock: VirtualClock) -> None:
    """A graph without messages shows its state; one that cannot be read any more says so."""
    desk, card = await opened(house, clock, None)
    approval = await desk.only()
    value = f"{approval.id}:{approval.revision}:why"
    await desk.slack.click(ANA, CHANNEL, card.ts, "more", value=value)
    text = await why(desk, ANA, "keeps no messages")
    assert "The parcel arrived broken." in text
    (thread,) = await desk.core.records.store.open_threads(0, 10)
    assert await desk.core.history.last(replace(thread, graph="gone"), 5) is None


async def why(desk: Desk, user: str, word: str) -> str:
    """What the modal says, once it was read."""

    def look() -> str | None:
        view = desk.slack.modal(user)
        text = all_text(view.blocks) if view is not None else ""
        return text if word in text else None

    return await desk.until(look)
