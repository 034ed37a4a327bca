"""Finding things with `/approvals`: what waits for whom, what was decided, and deciding in the list."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from approvals.model import Resolution, Status
from localslack import Message
from tests.approvals.build import T0, opening, thread
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, Desk, House, all_text

ONLY = """
version: 1
policies:
  - name: refunds
    match: {graph: refund}
    channel: "#approvals"
    who: [U0ANA]
    expire: {after: 2h, then: deny}
  - name: questions
    match: {graph: question}
    channel: "#approvals"
    who: [U0BEN]
    expire: {after: 1h, then: deny}
default:
  channel: "#approvals"
"""


async def house_of(house: House, **over: str) -> Desk:
    """Ana decides refunds, Ben questions, in the channel where all see the cards."""
    (house.folder / "policies.yaml").write_text(ONLY)
    return await house.desk(**over)


async def said(desk: Desk, user: str, line: str) -> Message:
    """What somebody is answered, in private, to a command."""
    before = {message.ts for message in desk.slack.ephemerals(user)}
    assert (await desk.slack.slash(user, CHANNEL, line)).ok
    return await desk.until(lambda: next((m for m in desk.slack.ephemerals(user) if m.ts not in before), None))


def text(message: Message) -> str:
    return all_text(message.blocks) or message.text


def rows(message: Message) -> list[str]:
    """The ids behind the Show buttons of a list."""
    return [block["accessory"]["value"] for block in message.blocks if block.get("accessory")]


def pressed(message: Message) -> list[str]:
    """The buttons of its rows."""
    return [e["action_id"] for b in message.blocks for e in b.get("elements", []) if "action_id" in e]


async def test_each_is_shown_what_waits_for_them_and_those_for_whom_they_cover(house: House) -> None:
    """Not what others decide, which is counted; from the day on that Ana covers, the first deadline on top."""
    desk = await house_of(house)
    await desk.ask("refund", {"customer": "8821", "amount": 340.0})
    await desk.ask("question", {"city": "Lisbon"}, requester=CLEO)
    refund, question = [approval.id for approval in await desk.approvals()]
    hers = await said(desk, ANA, "/approvals")
    assert rows(hers) == [refund]
    assert "1 more waits for others: `/approvals all`" in text(hers)
    assert rows(await said(desk, BEN, "/approvals")) == [question]
    assert "Nothing waits for you. 2 wait for others" in text(await said(desk, CLEO, "/approvals"))
    assert rows(await said(desk, CLEO, "/approvals all")) == [refund, question]
    assert rows(await said(desk, CLEO, "/approvals mine")) == [question]
    assert rows(await said(desk, ANA, "/approvals all from:@cleo lisbon")) == [question]
    assert rows(await said(desk, ANA, "/approvals all from:U0CLEO older:1h")) == []
    assert "Nobody is called `@nobody`" in text(await said(desk, ANA, "/approvals all from:@nobody"))
    await said(desk, BEN, "/approvals away for 3d cover @ana")
    assert rows(await said(desk, ANA, "/approvals")) == [question, refund]


async def test_what_fits_a_row_is_decided_in_the_list_and_found_in_the_history(house: House) -> None:
    """Approve in the row: the same decision, once; the history says who; the details lead to the card."""
    desk = await house_of(house)
    card = await desk.ask("refund", {"customer": "8821", "amount": 340.0})
    shown = await said(desk, ANA, "/approvals")
    assert "8821" in text(shown)
    assert pressed(shown)[:2] == ["row:approve", "row:deny"]
    assert "row:approve" not in pressed(await said(desk, BEN, "/approvals all"))
    before = len(desk.slack.ephemerals(ANA))
    assert (await desk.slack.click(ANA, CHANNEL, shown.ts, "row:approve")).ok
    assert "Approved: " in await desk.told(ANA, before)
    approval = await desk.resumed(card.ts)
    assert (approval.resolution, len(approval.decisions)) == (Resolution.APPROVED, 1)
    assert (await desk.slack.click(ANA, CHANNEL, shown.ts, "row:approve", seen=shown)).ok
    assert "You have already approved this" in await desk.told(ANA, before + 1)
    past = await said(desk, BEN, "/approvals history @ana graph:refund")
    assert rows(past) == [approval.id]
    assert f"*Approved* by <@{ANA}>" in text(past)
    assert rows(await said(desk, BEN, "/approvals history @ben")) == []
    details = text(await said(desk, BEN, f"/approvals show {approval.id}"))
    assert f"/archives/{CHANNEL}/p{card.ts.replace('.', '')}|" in details


async def test_the_home_tab_decides_too_and_is_drawn_anew(house: House) -> None:
    """Ana approves in her Home, and it is gone from there; Ben's has no button for it."""
    desk = await house_of(house)
    card = await desk.ask("refund", {"customer": "8821", "amount": 340.0})
    await desk.slack.open_home(BEN)
    assert "row:approve" not in str((await desk.until(lambda: desk.slack.home(BEN))).blocks)
    await desk.slack.open_home(ANA)
    home = await desk.until(lambda: desk.slack.home(ANA))
    assert (await desk.slack.click_view(ANA, home.id, "row:approve")).ok
    assert (await desk.resumed(card.ts)).resolution is Resolution.APPROVED

    def gone() -> bool | None:
        view = desk.slack.home(ANA)
        return (view is not None and "row:approve" not in str(view.blocks)) or None

    await desk.until(gone)


async def test_a_row_that_somebody_else_got_does_nothing_and_deny_asks_for_a_reason(house: House) -> None:
    """Cleo is not asked: a button of Ana's list does not help her. Ana denies by the form of the card."""
    desk = await house_of(house)
    card = await desk.ask("refund", {"customer": "8821", "amount": 340.0})
    shown = await said(desk, ANA, "/approvals")
    before = len(desk.slack.ephemerals(CLEO))
    assert (await desk.slack.click(CLEO, CHANNEL, card.ts, "row:approve", seen=replace(card, blocks=shown.blocks))).ok
    assert "othing was changed" in await desk.told(CLEO, before)
    assert (await desk.only()).status is Status.PENDING
    assert (await desk.slack.click(ANA, CHANNEL, shown.ts, "row:deny")).ok
    view = await desk.modal(ANA)
    assert (await desk.slack.submit(ANA, view.id, {"reason": "Too much."})).ok
    assert (await desk.resumed(card.ts)).resolution is Resolution.DENIED


async def test_of_very_many_a_page_looks_through_four_hundred(house: House) -> None:
    """What waits for Ana stands behind 450 that are Ben's: the list says so and goes on; the history reads by when it
    was decided."""
    desk = await house_of(house, signoff_tick_seconds="3600")
    await desk.ask("question", {"city": "Lisbon"})
    base = await desk.only()
    wanted: list[str] = []
    for number in range(460):
        who = ANA if number >= 450 else BEN
        made = opening(of=thread(f"many{number}"), interrupt=f"i{number}")
        policy = replace(base.policy, who=(who,))
        ends = T0 + timedelta(days=900 - number)
        decided = T0 + timedelta(seconds=number) if number < 3 else None
        approval = replace(
            made.approval,
            policy=policy,
            opened_at=T0 + timedelta(seconds=number),
            expires_at=ends,
            status=Status.RESUMED if decided else Status.PENDING,
            resolution=Resolution.APPROVED if decided else None,
            resolved_at=decided,
            messages=base.messages,
        )
        wanted = [approval.id, *wanted] if who == ANA else wanted
        await desk.core.records.store.commit(replace(made, approval=approval, due=()))
    first = await said(desk, ANA, "/approvals")
    assert rows(first) == []
    assert "*Next* looks further" in text(first)

    async def turned(button: str, to: list[str]) -> None:
        assert (await desk.slack.click(ANA, CHANNEL, first.ts, button)).ok
        await desk.until(lambda: True if rows(desk.slack.message(CHANNEL, first.ts) or first) == to else None)

    await turned("list:next", wanted[:8])
    await turned("list:next", wanted[8:])
    await turned("list:prev", wanted[:8])
    await turned("list:prev", [])
    past = await said(desk, ANA, "/approvals history")
    assert len(rows(past)) == 3
    assert rows(past) == [a.id for a in reversed(await desk.approvals()) if a.resolved_at is not None]
