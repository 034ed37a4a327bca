"""Several people decide, hold it, or one of them alone: what each sees on the card, over Socket Mode."""

from __future__ import annotations

import json
import re
from contextlib import AsyncExitStack

from approvals.events import EventType
from approvals.model import MessageKind, Resolution, Source, Status
from localslack import Message
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, LEADS, REFUND, Desk, House, all_text
from tests.scenarios.play import says, told
from tests.scenarios.processes import outside

RULES = """
version: 1
policies:
  - name: two
    match: {graph: refund}
    channel: "#approvals"
    who: [U0ANA, U0BEN, U0CLEO]
    quorum: {approve: 2}
    remind: [10m]
    escalate: [{after: 30m, to: [U0CLEO], channel: "#finance-leads", replace: true}]
    acknowledge: 20m
    snooze: [4h]
    break_glass: [U0CLEO]
    reasons: [Too expensive, Not ours to pay]
    reason_required: [deny]
    expire: {after: 12h, then: deny}
default: {channel: "#approvals"}
"""
QUIET = """
version: 1
policies:
  - name: small ones
    match: {graph: refund}
    decide: {decision: approve, reason: Below the limit., tell: false}
    channel: "#approvals"
default: {channel: "#approvals"}
"""


async def opened(house: House, clock: VirtualClock, rules: str = RULES) -> tuple[Desk, Message]:
    """A desk under these rules, and the card of a refund that its record knows."""
    (house.folder / "policies.yaml").write_text(rules)
    desk = await house.desk(clock=clock)
    card = await desk.ask()
    await told(desk, EventType.ANNOUNCED)
    return desk, card


async def choose(desk: Desk, user: str, card: Message, verb: str) -> None:
    """An option of the card's menu."""
    approval = await desk.only()
    value = f"{approval.id}:{approval.revision}:{verb}"
    assert (await desk.slack.click(user, card.channel, card.ts, "more", value=value)).ok


async def test_two_of_three_approve(house: House, clock: VirtualClock) -> None:
    """The first vote stands on the card and resumes nothing; repeating it is refused; the second one resumes."""
    desk, card = await opened(house, clock)
    assert "0 of 2 approvals" in desk.text(card.ts)
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await says(desk, card, "*1 of 2 approvals* · <@U0ANA>")
    assert (await desk.only()).status is Status.PENDING
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    assert "counted already" in await desk.told(ANA)
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    assert "Refunded $340.00" in await desk.report(card.ts)
    text = await says(desk, card, "The agent finished")
    assert "*Approved* by <@U0ANA>" in text
    assert "*Approved* by <@U0BEN>" in text


async def test_the_vote_of_somebody_who_left_counts_no_longer(house: House, clock: VirtualClock) -> None:
    """Ana approves and is deactivated: Ben's approval is the first again, Cleo's the second."""
    desk, card = await opened(house, clock)
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await says(desk, card, "*1 of 2 approvals* · <@U0ANA>")
    desk.slack.world.users[ANA].deactivated = True
    clock.turn(seconds=61)
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    await says(desk, card, "*1 of 2 approvals* · <@U0BEN>")
    await told(desk, EventType.DISCOUNTED)
    await desk.slack.click(CLEO, CHANNEL, card.ts, "approve")
    assert "Refunded $340.00" in await desk.report(card.ts)
    assert "does not count any more" in await says(desk, card, "The agent finished")


async def test_an_edit_is_shown_to_those_who_must_still_approve_it(house: House, clock: VirtualClock) -> None:
    """It voids the approval before, fills the form with what is asked now, refuses an old copy, and is what is paid."""
    desk, card = await opened(house, clock)
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await says(desk, card, "1 of 2 approvals")
    at = list((await desk.only()).actions[0].args).index("amount")
    await desk.slack.click(BEN, CHANNEL, card.ts, "edit")
    view = await desk.modal(BEN)
    assert (await desk.slack.submit(BEN, view.id, {f"arg:{at}": 100})).ok
    text = await says(desk, card, "<@U0BEN> has changed", "1 of 2 approvals* · <@U0BEN> (edited)")
    assert "340.0" in text
    assert "100.0" in text

    await desk.slack.click(CLEO, CHANNEL, card.ts, "approve", seen=card)
    assert "has changed" in await desk.told(CLEO)
    await desk.slack.click(CLEO, CHANNEL, card.ts, "edit")
    form = await desk.modal(CLEO)
    filled = next(block for block in form.blocks if block.get("block_id") == f"arg:{at}")
    assert filled["element"]["initial_value"] == "100.0"
    await desk.slack.close_view(CLEO, form.id)

    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    assert "Refunded $100.00" in await desk.report(card.ts)
    assert (await desk.resumed(card.ts)).resolution is Resolution.EDITED
    assert "does not count any more" in await says(desk, card, "The agent finished")


async def test_a_denial_needs_a_reason_and_a_preset_is_one(house: House, clock: VirtualClock) -> None:
    """Neither chosen nor written is refused in the form; the chosen one reaches the card and the agent."""
    desk, card = await opened(house, clock)
    await desk.slack.click(ANA, CHANNEL, card.ts, "deny")
    view = await desk.modal(ANA)
    assert list((await desk.slack.submit(ANA, view.id, {})).errors) == ["preset"]
    assert list((await desk.slack.submit(ANA, view.id, {"preset": "other"})).errors) == ["reason"]
    assert desk.slack.modal(ANA) is not None
    assert (await desk.slack.submit(ANA, view.id, {"preset": "1", "reason": "It is the shop's."})).ok
    assert "No refund: Not ours to pay: It is the shop's." in await desk.report(card.ts)


async def test_an_edit_has_room_for_a_reason(house: House, clock: VirtualClock) -> None:
    """It may stay empty; where it is given, the card says it. The button beside it asks for none."""
    rules = RULES.replace("reason_required: [deny]", "reason_optional: [edit, approve]").replace(
        "approve: 2", "approve: 1"
    )
    desk, card = await opened(house, clock, rules)
    await desk.slack.click(ANA, CHANNEL, card.ts, "edit")
    view = await desk.modal(ANA)
    assert (await desk.slack.submit(ANA, view.id, {"arg:1": "300", "preset": "0", "reason": "They kept one."})).ok
    await says(desk, card, "The agent finished", "Too expensive: They kept one.")
    other = await desk.ask()
    await desk.slack.click(ANA, CHANNEL, other.ts, "edit")
    view = await desk.modal(ANA)
    assert (await desk.slack.submit(ANA, view.id, {"arg:1": "200"})).ok
    await says(desk, other, "The agent finished", "Edited and approved")
    third = await desk.ask()
    assert (await desk.slack.click(BEN, CHANNEL, third.ts, "approve")).ok
    assert desk.slack.modal(BEN) is None
    await says(desk, third, "The agent finished", "Approved")


async def test_somebody_looks_into_it_and_time_goes_on_after(house: House, clock: VirtualClock) -> None:
    """The card says who and until when; the reminder waits for it; afterwards it comes, and the card forgets."""
    desk, card = await opened(house, clock)
    await choose(desk, ANA, card, "look")
    await says(desk, card, "<@U0ANA> is looking into it")
    clock.turn(minutes=15)
    await desk.runtime.ticker.turn()
    assert EventType.REMINDED not in [e.type for e in await desk.core.records.approvals.audit((await desk.only()).id)]
    await choose(desk, BEN, card, "snooze14400")
    await says(desk, card, "<@U0BEN> put it off")
    await choose(desk, ANA, card, "look")
    assert "holds it for at least as long" in await desk.told(ANA)
    clock.turn(hours=4)
    await told(desk, EventType.LAPSED)
    await desk.until(lambda: True if "put it off" not in desk.text(card.ts) else None)


async def test_the_glass_is_broken_by_those_named_and_everybody_is_told(house: House, clock: VirtualClock) -> None:
    """Ben is refused and Cleo asked for a reason; one click decides against the quorum, and the thread says who and
    why."""
    desk, card = await opened(house, clock)
    await choose(desk, BEN, card, "glass")
    assert "decide this alone" in await desk.told(BEN)
    assert desk.slack.modal(BEN) is None
    await choose(desk, CLEO, card, "glass")
    view = await desk.modal(CLEO)
    assert "You decide this alone" in all_text(view.blocks)
    assert list((await desk.slack.submit(CLEO, view.id, {"verdict": "approve", "preset": "other"})).errors) == [
        "reason"
    ]
    assert (
        await desk.slack.submit(CLEO, view.id, {"verdict": "approve", "preset": "other", "reason": "The shop is down."})
    ).ok
    approval = await told(desk, EventType.REPORTED)
    approval = await told(desk, EventType.TOLD)
    assert (approval.status, approval.resolution) == (Status.RESUMED, Resolution.APPROVED)
    text = await says(desk, card, "The agent finished", "Approved alone (glass broken)* by <@U0CLEO>")
    assert "The shop is down." in text
    replies = [all_text(m.blocks) for m in desk.slack.messages(CHANNEL, thread_ts=card.ts) if m.ts != card.ts]
    notice = [text for text in replies if "broke the glass" in text]
    assert len(notice) == 1
    assert "The shop is down." in notice[0]


async def test_a_notice_survives_the_process_that_should_have_given_it(house: House, clock: VirtualClock) -> None:
    """Slack was away when the glass broke and the process ended: the next one tells, once."""
    (house.folder / "policies.yaml").write_text(RULES)
    stack = AsyncExitStack()
    async with stack:
        desk = await house.desk(clock=clock, stack=stack)
        card = await desk.ask()
        await told(desk, EventType.ANNOUNCED)
        await choose(desk, CLEO, card, "glass")
        view = await desk.modal(CLEO)
        desk.slack.faults.status("chat.postMessage", 503, times=8)
        await desk.slack.submit(CLEO, view.id, {"verdict": "deny", "preset": "0", "reason": "Fraud."})
        await told(desk, EventType.RESUMED)
    house.slack.faults.clear()
    desk = await house.desk(clock=clock)
    clock.turn(minutes=10)
    approval = await told(desk, EventType.TOLD)
    assert [message.kind for message in approval.messages].count(MessageKind.NOTICE) == 1
    replies = [all_text(m.blocks) for m in desk.slack.messages(CHANNEL, thread_ts=card.ts)]
    assert len([text for text in replies if "broke the glass" in text]) == 1


async def test_a_level_that_replaces_leaves_the_older_card_without_buttons(house: House, clock: VirtualClock) -> None:
    """The first card says that others are asked now; the new one decides; afterwards both tell the same."""
    desk, card = await opened(house, clock, RULES.replace("approve: 2", "approve: 1"))
    clock.turn(minutes=30)
    second = await desk.card(LEADS)
    await says(desk, card, "Others are asked now", "<@U0CLEO>")
    assert desk.buttons(card.ts) == []
    assert desk.buttons(second.ts, LEADS) == ["approve", "edit", "deny"]
    await desk.slack.click(CLEO, LEADS, second.ts, "approve")
    await says(desk, card, "*Approved* by <@U0CLEO>")
    await says(desk, second, "*Approved* by <@U0CLEO>")


async def test_what_a_policy_decides_quietly_is_seen_only_if_it_fails(house: House, clock: VirtualClock) -> None:
    """No card and no report for what went well; a failure has its card, which names the policy."""
    (house.folder / "policies.yaml").write_text(QUIET)
    desk = await house.desk(clock=clock, signoff_attempts=1)
    thread = await desk.start("refund", REFUND)
    async with outside(desk.settings) as eyes:
        await eyes.told(EventType.FINISHED, thread.id)
    await desk.runtime.ticker.turn()
    await desk.core.records.effects.drain()
    assert desk.slack.messages(CHANNEL) == []
    await desk.start("refund", {"customer": "8821", "amount": "a lot", "reason": "It broke."})
    card = await desk.card()
    text = await says(desk, card, "could not go on")
    assert "Approved automatically* by policy small ones" in text
    assert "retry" in desk.buttons(card.ts)


async def test_what_a_policy_decides_is_told_where_it_says_so(house: House, clock: VirtualClock) -> None:
    """`tell: true`: one card, which says that the policy decided and why; nobody is called and nothing can be clicked.
    The agent went on at once, and its report stands in the thread."""
    told_too = QUIET.replace("tell: false}", "tell: true}\n    who: [U0ANA, '@finance']")
    (house.folder / "policies.yaml").write_text(told_too)
    desk = await house.desk(clock=clock)
    card = await desk.ask()
    text = await says(desk, card, "*Approved automatically* by policy small ones", "The agent finished")
    assert "Below the limit." in text
    assert "Nobody was asked" in text
    assert desk.buttons(card.ts) == []
    await desk.core.records.effects.drain()
    messages = [desk.slack.message(CHANNEL, card.ts), *desk.slack.messages(CHANNEL, thread_ts=card.ts)]
    assert "Refunded $340.00" in await desk.report(card.ts)
    for message in filter(None, messages):
        said = message.text + json.dumps(message.blocks)
        assert re.search(r'<@|<!(?!date)|"(user|usergroup|broadcast)"', said) is None, said
    assert [m.ts for m in desk.slack.messages(CHANNEL) if m.thread_ts in (None, m.ts)] == [card.ts]
    assert [desk.slack.messages(desk.slack.dm(person)) for person in (ANA, BEN)] == [[], []]
    approval = await desk.only()
    assert [decision.actor.source for decision in approval.decisions] == [Source.POLICY]


async def test_a_decision_is_taken_back_while_it_waits(house: House, clock: VirtualClock) -> None:
    """The card offers it, anybody who may decide can, and an older copy cannot take a later decision back."""
    rules = RULES.replace("approve: 2}", "approve: 1}\n    undo: 15s")
    desk, card = await opened(house, clock, rules)
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    await says(desk, card, "until then: *Undo*")
    assert desk.buttons(card.ts) == ["undo"]
    held = desk.slack.message(CHANNEL, card.ts)
    await desk.slack.click(BEN, CHANNEL, card.ts, "undo")
    await desk.until(lambda: True if "approve" in desk.buttons(card.ts) else None)
    await desk.slack.click(BEN, CHANNEL, card.ts, "approve")
    await desk.until(lambda: True if desk.buttons(card.ts) == ["undo"] else None)
    await desk.slack.click(ANA, CHANNEL, card.ts, "undo", seen=held)
    assert "has changed" in await desk.told(ANA)
    clock.turn(seconds=15)
    assert "Refunded $340.00" in await desk.report(card.ts)
    await desk.until(lambda: True if desk.buttons(card.ts) == [] else None)
    assert [decision.actor.id for decision in (await desk.only()).decisions] == [BEN]
