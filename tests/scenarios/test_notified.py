"""Who is notified, and how often: the mentions in cards, reminders and notices, as Slack would act on them."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from approvals.events import EventType
from approvals.model import Approval, MessageKind
from bot import mentions
from bot.manifest import manifest
from localslack import LocalSlack, Message, Seed
from localslack.seed import UserSeed
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, LEADS, REFUND, Desk, House, all_text
from tests.scenarios.play import told

FINANCE = "!subteam^S0FINANCE"
RULES = """
version: 1
policies:
  - name: refunds
    match: {{graph: refund}}
    channel: "#approvals"
    who: {who}
    quorum: {{approve: 2}}
    remind: [10m]
    break_glass: [U0CLEO]
    {more}
default: {{channel: "#approvals"}}
"""


async def opened(
    house: House, clock: VirtualClock, who: str, more: str = "", *, requester: str | None = None
) -> tuple[Desk, Message]:
    """A replica whose only card its record knows."""
    (house.folder / "policies.yaml").write_text(RULES.format(who=who, more=more))
    desk = await house.desk(clock=clock)
    card = await desk.ask(requester=requester)
    await told(desk, EventType.ANNOUNCED)
    return desk, card


def pinged(message: Message) -> set[str]:
    """Everybody and everything that a message mentions; never a whole channel."""
    text = f"{message.text}\n{all_text(message.blocks)}"
    found = {mention.strip("<@>") for mention in re.findall(r"<(?:@|!(?!date))[^>]+>", text)}
    assert found.isdisjoint({"!here", "!channel", "!everyone"})
    return found


def replies(desk: Desk, card: Message, words: str = "Still waiting") -> list[Message]:
    """What was said beneath a card."""
    found = [m for m in desk.slack.messages(card.channel, thread_ts=card.ts) if m.ts != card.ts]
    return [message for message in found if words in all_text(message.blocks)]


async def reminded(desk: Desk, clock: VirtualClock, card: Message) -> Message:
    """The reminder after ten minutes, once it was given."""
    clock.turn(minutes=10)
    await told(desk, EventType.REMINDED)
    (reply,) = replies(desk, card)
    return reply


async def approve(desk: Desk, who: str, card: Message) -> None:
    """One vote of several."""
    assert (await desk.slack.click(who, card.channel, card.ts, "approve")).ok
    await desk.until(lambda: True if f"<@{who}>" in desk.text(card.ts, card.channel) else None)


async def test_a_card_and_its_reminder_call_handles_and_addresses(house: House, clock: VirtualClock) -> None:
    """As a mention each, in the card too; redrawn it says the same."""
    desk, card = await opened(house, clock, '["@finance", cleo@example.com]')
    assert pinged(card) == {FINANCE, CLEO}
    reply = await reminded(desk, clock, card)
    assert pinged(reply) == {FINANCE, CLEO}
    assert not reply.broadcast
    await approve(desk, CLEO, card)
    now = desk.slack.message(CHANNEL, card.ts)
    assert now is not None
    assert f"<{FINANCE}>" in all_text(now.blocks)


async def test_who_has_voted_is_not_called(house: House, clock: VirtualClock) -> None:
    """Of a group in which somebody has, the others are called one by one."""
    desk, card = await opened(house, clock, f'["@finance", {CLEO}]')
    await approve(desk, ANA, card)
    reply = await reminded(desk, clock, card)
    assert pinged(reply) == {BEN, CLEO}
    assert f"@finance (<@{BEN}>)" in all_text(reply.blocks)
    assert "1 of 2 approvals" in all_text(reply.blocks)


async def test_who_was_named_and_has_voted_is_not_called(house: House, clock: VirtualClock) -> None:
    """They are named all the same."""
    desk, card = await opened(house, clock, f"[{ANA}, {CLEO}]")
    await approve(desk, ANA, card)
    reply = await reminded(desk, clock, card)
    assert pinged(reply) == {CLEO}
    assert "*ana*" in all_text(reply.blocks)


async def test_the_requester_and_the_absent_are_not_called(house: House, clock: VirtualClock) -> None:
    """Ben may not decide what he requested; Cleo covers for Ana, who is away."""
    desk, card = await opened(house, clock, '["@finance"]', requester=BEN)
    assert (await desk.slack.slash(ANA, CHANNEL, "/approvals away for 3d cover @cleo")).ok
    await told(desk, EventType.ANNOUNCED, 2)
    reply = await reminded(desk, clock, card)
    assert pinged(reply) == {CLEO}


async def test_the_few_members_of_a_channel_are_called_one_by_one(house: House, clock: VirtualClock) -> None:
    """In the reminder: the card itself is a message to the channel. Guests and strangers are none of them."""
    desk, card = await opened(house, clock, '["#approvals"]')
    assert pinged(card) == set()
    reply = await reminded(desk, clock, card)
    assert pinged(reply) == {ANA, BEN, CLEO}
    assert not reply.broadcast


async def test_the_many_members_of_a_channel_see_the_reminder_in_it(
    redis_url: str, tmp_path: Path, clock: VirtualClock
) -> None:
    """Nobody is called, and the reply is shown in the channel too."""
    users = [UserSeed(f"U0X{number}", f"x{number}", f"Person {number}") for number in range(mentions.MAX_EACH)]
    seed = Seed.default().with_manifest(manifest())
    channels = [
        replace(one, members=(*one.members, *(user.id for user in users))) if one.id == CHANNEL else one
        for one in seed.channels
    ]
    seed = replace(seed, users=(*seed.users, *users), channels=tuple(channels))
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(seed))
        desk, card = await opened(House(slack, redis_url, tmp_path, stack), clock, '["#approvals"]')
        reply = await reminded(desk, clock, card)
        assert pinged(reply) == set()
        assert reply.broadcast
        assert slack.problems == []


@pytest.mark.parametrize("who", ['["@finance", cleo@example.com]', '["@nobody"]'])
async def test_what_cannot_be_looked_up_stops_no_reminder(house: House, clock: VirtualClock, who: str) -> None:
    """The directory is away, or the handle is none: it is said as it is written, in the channel too."""
    desk, card = await opened(house, clock, who)
    for method in ("usergroups.list", "usergroups.users.list", "users.info", "users.list", "users.lookupByEmail"):
        desk.slack.faults.fail(method, "internal_error", times=50)
    reply = await reminded(desk, clock, card)
    desk.slack.faults.clear()
    assert pinged(reply) == set()
    assert reply.broadcast
    assert ("@finance, cleo@example.com" if "finance" in who else "@nobody") in all_text(reply.blocks)


async def test_a_step_calls_those_whom_it_asks(house: House, clock: VirtualClock) -> None:
    """Ben is in both channels; the new card is no second call of the group that was asked before. A direct message
    calls nobody but the one who gets it, and nobody is called twice by one reminder."""
    steps = f'escalate: [{{after: 5m, to: [{CLEO}], channel: "#finance-leads"}}, {{after: 8m, to: [{BEN}]}}]'
    desk, card = await opened(house, clock, '["@finance"]', steps)
    clock.turn(minutes=5)
    leads = await desk.card(LEADS)
    assert pinged(leads) == {CLEO}
    await told(desk, EventType.ANNOUNCED, 2)
    clock.turn(minutes=3)
    direct = await desk.card(desk.slack.dm(BEN))
    await told(desk, EventType.ANNOUNCED, 3)
    clock.turn(minutes=2)
    await told(desk, EventType.REMINDED)
    called = [pinged(reply) for one in (card, leads, direct) for reply in replies(desk, one)]
    assert called == [{ANA}, {CLEO}, {BEN}]


def glass(desk: Desk, channel: str) -> list[Message]:
    """Notices in a channel that belong to no thread of it."""
    return [m for m in desk.slack.messages(channel) if "broke the glass" in all_text(m.blocks)]


async def break_glass(desk: Desk, card: Message) -> Approval:
    """Cleo decides alone; returns once that was told everywhere."""
    approval = await desk.only()
    value = f"{approval.id}:{approval.revision}:glass"
    assert (await desk.slack.click(CLEO, card.channel, card.ts, "more", value=value)).ok
    view = await desk.modal(CLEO)
    assert (await desk.slack.submit(CLEO, view.id, {"verdict": "approve", "reason": "The shop is down."})).ok
    return await desk.only()


def notices(approval: Approval) -> list[str]:
    """Where it was told."""
    return sorted(message.place for message in approval.messages if message.kind is MessageKind.NOTICE)


async def test_broken_glass_is_told_to_those_asked_and_to_the_requester(house: House, clock: VirtualClock) -> None:
    """Those of the group are called in the thread, whoever broke it is not, and the requester hears it directly."""
    desk, card = await opened(house, clock, f'["@finance", {CLEO}]', requester=BEN)
    await break_glass(desk, card)
    await told(desk, EventType.TOLD)
    await desk.until(lambda: glass(desk, desk.slack.dm(BEN)) or None)
    (reply,) = replies(desk, card, "broke the glass")
    assert pinged(reply) == {ANA}
    assert "*cleo* broke the glass" in all_text(reply.blocks)
    (direct,) = glass(desk, desk.slack.dm(BEN))
    assert "You requested this" in all_text(direct.blocks)
    assert "The shop is down." in all_text(direct.blocks)
    assert "|The same card in the channel>" in all_text(direct.blocks)
    assert notices(await told(desk, EventType.TOLD)) == ["#approvals", BEN]


async def test_the_requester_is_told_after_a_crash_and_once(house: House, clock: VirtualClock) -> None:
    """Slack was away when the glass broke and the process ended; then the answer to the direct message was lost."""
    stack = AsyncExitStack()
    async with stack:
        (house.folder / "policies.yaml").write_text(RULES.format(who=f"[{ANA}, {CLEO}]", more=""))
        desk = await house.desk(clock=clock, stack=stack)
        card = await desk.ask("refund", REFUND, requester=BEN)
        await told(desk, EventType.ANNOUNCED)
        desk.slack.faults.status("chat.postMessage", 503, times=50)
        await break_glass(desk, card)
        await told(desk, EventType.RESUMED)
    house.slack.faults.clear()
    house.slack.faults.drop_after_commit("chat.postMessage", times=3)
    desk = await house.desk(clock=clock)
    clock.turn(minutes=10)
    await desk.until(lambda: glass(desk, desk.slack.dm(BEN)) or None)
    clock.turn(minutes=10)
    for _ in range(6):
        clock.turn(minutes=5)
        await desk.runtime.ticker.turn()
        await desk.core.records.effects.drain()
    assert notices(await told(desk, EventType.TOLD)) == ["#approvals", BEN]
    assert len(glass(desk, desk.slack.dm(BEN))) == 1
    assert len(replies(desk, card, "broke the glass")) == 1
