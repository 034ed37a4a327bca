"""Much at once: a burst is collected in one message, Slack's limits are kept to, and what is redrawn often is redrawn
once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from approvals.model import MessageKind, Resolution, Status
from bot.manifest import manifest
from localslack import LocalSlack, Message, Seed
from localslack.seed import UserSeed
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, CHANNEL, REFUND, Desk, House, all_text


def cards(slack: LocalSlack) -> list[Message]:
    """What stands in the channel, threads aside."""
    return [message for message in slack.messages(CHANNEL) if message.thread_ts in (None, message.ts)]


async def burst(desk: Desk, count: int) -> None:
    """So many agents ask at once; returns when each question stands somewhere."""
    await asyncio.gather(*(desk.start("refund", REFUND, requester="U0CLEO") for _ in range(count)))
    while sum(1 for approval in await desk.approvals() if approval.messages) < count:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def collected(slack: LocalSlack) -> Message | None:
    """The message that shows many."""
    return next((message for message in cards(slack) if "list:open" in str(message.blocks)), None)


def counted(slack: LocalSlack, sentence: str) -> bool | None:
    """Whether it says so by now."""
    shown = collected(slack)
    return (shown is not None and sentence in all_text(shown.blocks)) or None


async def test_a_burst_is_collected_in_one_message(house: House) -> None:
    """Forty questions within a moment: three cards and one message for the rest, which is decided from its list."""
    desk = await house.desk(signoff_digest_after=3)
    time = asyncio.get_running_loop().time
    began = time()
    await burst(desk, 40)
    await desk.until(lambda: counted(desk.slack, "37 decisions are waiting"))
    assert len(cards(desk.slack)) == 4
    kinds = [message.kind for approval in await desk.approvals() for message in approval.messages]
    assert sorted(kinds) == [*[MessageKind.CARD] * 3, *[MessageKind.DIGEST] * 37]

    message = collected(desk.slack)
    assert message is not None
    assert len(desk.slack.calls("chat.update")) <= 6 + (time() - began) / 2, "joins are gathered, for two seconds each"
    await desk.slack.click(ANA, CHANNEL, message.ts, "list:open")
    assert "Waiting for you" in await desk.told(ANA)


async def test_what_was_decided_leaves_the_count(house: House) -> None:
    """Decided from the list that the button opens: the message counts what still waits and says when nothing does, and
    the results stand in its thread."""
    desk = await house.desk(signoff_digest_after=1)
    await burst(desk, 3)
    await desk.until(lambda: counted(desk.slack, "2 decisions are waiting"))
    message = collected(desk.slack)
    assert message is not None
    await desk.slack.click(ANA, CHANNEL, message.ts, "list:open")
    await desk.told(ANA)
    shown = desk.slack.ephemerals(ANA)[-1]
    rows = [block["block_id"] for block in shown.blocks if "row:approve" in str(block)]
    assert len(rows) == 3
    for block_id in rows:
        assert (await desk.slack.click(ANA, CHANNEL, shown.ts, "row:approve", block_id=block_id)).ok
    drawn = lambda: all_text(desk.slack.message(CHANNEL, message.ts).blocks)  # type: ignore[union-attr]  # noqa: E731
    await desk.until(lambda: "Nothing of this is waiting any more" in drawn() or None)
    await desk.until(lambda: len(desk.slack.messages(CHANNEL, thread_ts=message.ts)) == 2 or None)
    assert {one.resolution for one in await desk.approvals()} == {Resolution.APPROVED}


async def test_a_burst_is_collected_once_by_several_replicas(house: House) -> None:
    """Three replicas post at the same time: there is one message for all that came too fast."""
    desks = [await house.desk(signoff_digest_after=2) for _ in range(3)]
    await asyncio.gather(*(desks[number % 3].start("refund", REFUND) for number in range(24)))
    await desks[0].until(lambda: counted(house.slack, "22 decisions are waiting"))
    assert len(cards(house.slack)) == 3


async def test_a_message_for_many_whose_answer_was_lost_is_found_again(house: House) -> None:
    """The connection breaks after Slack took it: it is found by its metadata, and stands once."""
    desk = await house.desk(signoff_digest_after=1)
    await burst(desk, 1)
    desk.slack.faults.drop_after_commit("chat.postMessage")
    await burst(desk, 3)
    await desk.until(lambda: counted(desk.slack, "3 decisions are waiting"))
    assert len(cards(desk.slack)) == 2


async def test_the_thread_is_reminded_once_for_all(house: House, clock: VirtualClock) -> None:
    """Thirty of them want a reminder in the same minute: the channel gets one for each card, and one for the rest."""
    desk = await house.desk(clock=clock, signoff_digest_after=2)
    for _ in range(30):
        await desk.start("refund", REFUND)
    await desk.until(lambda: collected(desk.slack))
    await desk.core.records.effects.drain()
    clock.turn(minutes=10)
    await desk.until(lambda: len(desk.slack.calls("chat.postMessage")) >= 6 or None)
    while [one.reminders for one in await desk.approvals()] != [1] * 30:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    message = collected(desk.slack)
    assert message is not None
    replies = [all_text(one.blocks) for one in desk.slack.messages(CHANNEL, thread_ts=message.ts)]
    assert [text for text in replies if "28 decisions are still waiting" in text] == replies
    assert len(replies) == 1


async def test_slack_is_never_asked_too_often(redis_url: str, tmp_path: Path) -> None:
    """Against a Slack that enforces its limits: many questions and answers, no call refused, and nothing left out."""
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(Seed.default().with_manifest(manifest()), rate_limits=True))
        house = House(slack, redis_url, tmp_path, stack)
        desk = await house.desk(signoff_digest_after=3, signoff_slack_limits=True)
        await burst(desk, 12)
        approvals = await desk.approvals()
        for approval in [one for one in approvals if one.messages[0].kind is MessageKind.CARD]:
            await desk.slack.click(ANA, CHANNEL, approval.messages[0].ts, "approve")
        await desk.until(lambda: counted(slack, "9 decisions are waiting"))
        done = lambda: sum(1 for call in slack.calls("chat.postMessage") if call.args.get("thread_ts")) == 3  # noqa: E731
        await desk.until(lambda: done() or None, timeout=60)
        assert [call for call in slack.calls() if call.status == 429] == []
        assert slack.problems == []


async def test_a_limit_met_all_the_same_holds_everybody_back(house: House, clock: VirtualClock) -> None:
    """Slack says 429 to one post: until the time is over nobody posts there, and then each card is posted once."""
    desk = await house.desk(clock=clock, signoff_slack_limits=True)
    desk.slack.faults.status("chat.postMessage", 429, retry_after=30)
    await desk.start("refund", REFUND)
    await desk.until(lambda: [c for c in desk.slack.calls("chat.postMessage") if c.status == 429] or None)
    await desk.core.records.effects.drain()
    await desk.start("refund", REFUND)
    await desk.core.records.effects.drain()
    assert cards(desk.slack) == []
    assert len(desk.slack.calls("chat.postMessage")) == 1, "the second did not even try"
    clock.turn(seconds=32)
    await desk.until(lambda: len(cards(desk.slack)) == 2 or None)
    assert [one.status for one in await desk.approvals()] == [Status.PENDING] * 2


async def test_more_copies_than_turns_are_redrawn(redis_url: str, tmp_path: Path, clock: VirtualClock) -> None:
    """A step asks fifteen people by direct message: within Slack's limits every copy says soon what was decided."""
    people = [f"U0P{number:02}" for number in range(15)]
    seed = Seed.default().with_manifest(manifest())
    seed = replace(seed, users=(*seed.users, *(UserSeed(one, one.lower(), one) for one in people)))
    step = f"{{after: 1m, to: [{', '.join(people)}]}}"
    rules = f"version: 1\ndefault:\n  channel: '#approvals'\n  who: ['@finance']\n  escalate: [{step}]\n"
    (tmp_path / "policies.yaml").write_text(rules)
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(seed))
        desk = await House(slack, redis_url, tmp_path, stack).desk(clock=clock, signoff_slack_limits=True)
        ts = (await desk.ask()).ts
        clock.turn(minutes=1)
        while len((await desk.only()).messages) <= len(people):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert (await slack.click(people[0], CHANNEL, ts, "approve")).ok

        def waiting() -> list[str]:
            copies = [(one, slack.messages(slack.dm(one))[0]) for one in people]
            return [one for one, copy in copies if "'approve'" in str(copy.blocks)]

        while waiting() and len(slack.calls("chat.update")) < 4 * len(people):
            clock.turn(seconds=1)
            await asyncio.sleep(0.02)
        assert waiting() == []
