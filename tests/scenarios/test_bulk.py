"""Several approvals in one go: chosen, confirmed, each decided by itself, and what came of each."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from approvals.events import EventType
from approvals.lifecycle import Change
from approvals.model import ActorRef, Approval, Resolution, Source, Status
from approvals.policy import Quorum
from bot.listeners import bulk
from localslack import Message, View
from tests.approvals.build import T0, opening, thread, until
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, Desk, House, all_text
from tests.scenarios.test_finding import pressed, rows, said, text
from tests.scenarios.test_links import known

RULES = """
version: 1
policies:
  - name: large refunds
    match: {graph: refund}
    when: double(action.args.amount) > 500.0
    channel: "#approvals"
    who: [U0ANA, U0BEN]
    urgency: critical
  - name: refunds
    match: {graph: refund}
    channel: "#approvals"
    who: [U0ANA, U0BEN]
    reason_required: [deny]
  - name: essays
    match: {graph: functional}
    channel: "#approvals"
    who: [U0ANA]
default:
  channel: "#approvals"
"""


ANA_REF = ActorRef(ANA, Source.SLACK)


async def house_of(house: House, **over: Any) -> Desk:
    """Ana and Ben decide refunds, Ana essays too; large refunds are critical."""
    (house.folder / "policies.yaml").write_text(RULES)
    return await house.desk(**over)


async def refunds(desk: Desk, *amounts: float) -> list[Message]:
    """The cards of some."""
    return [await desk.ask("refund", {"customer": "8821", "amount": amount}) for amount in amounts]


async def form(desk: Desk, user: str, callback: str) -> View:
    """The form on top, once it is the one that is waited for."""

    def on_top() -> View | None:
        view = desk.slack.modal(user)
        return view if view is not None and view.callback_id == callback else None

    return await desk.until(on_top)


async def opened(desk: Desk, user: str, line: str = "/approvals") -> View:
    """The form behind *Select several*."""
    shown = await said(desk, user, line)
    assert (await desk.slack.click(user, CHANNEL, shown.ts, "bulk:open")).ok
    return await form(desk, user, "bulk_pick")


def boxes(view: View) -> dict[str, list[str]]:
    """What can be ticked, by block."""
    return {
        block["block_id"]: [option["value"] for option in block["element"]["options"]]
        for block in view.blocks
        if block["type"] == "input" and block["element"]["type"] == "checkboxes"
    }


async def confirmed(desk: Desk, user: str, view: View, verdict: str = "approve") -> View:
    """Everything is ticked, and the next form is there."""
    assert (await desk.slack.submit(user, view.id, {**boxes(view), "verdict": verdict})).ok
    return await form(desk, user, "bulk_decide")


async def outcome(desk: Desk, user: str, view: View, values: dict[str, Any] | None = None) -> str:
    """What the form says came of it."""
    assert (await desk.slack.submit(user, view.id, values or {})).ok

    def there() -> str | None:
        top = desk.slack.modal(user)
        done = top is not None and any(word in str(top.title) for word in ("Done", "Nothing"))
        return str(top.title) + "\n" + all_text(top.blocks) if top is not None and done else None

    return await desk.until(there)


async def decided(desk: Desk, count: int) -> list[Approval]:
    """Those that were carried out, once there are so many."""

    async def resumed() -> int:
        return sum(approval.status is Status.RESUMED for approval in await desk.approvals())

    await until(resumed, count)
    return [approval for approval in await desk.approvals() if approval.status is Status.RESUMED]


async def test_three_are_approved_and_one_was_somebody_else_s_by_then(desk: Desk) -> None:
    """The list offers it; the critical one is not among them; the confirmation names each; one that Ben decides
    meanwhile is told with his name; the audit says that it was one of three."""
    await desk.core.records.book.publish(RULES, expected=1, actor=ANA_REF)
    cards = await refunds(desk, 25.0, 340.0, 12.0, 4200.0)
    view = await opened(desk, ANA)
    assert "1 critical" in all_text(view.blocks)
    (ticks,) = boxes(view).values()
    assert len(ticks) == 3
    view = await confirmed(desk, ANA, view)
    for amount in ("25", "340", "12"):
        assert f"amount {amount}" in all_text(view.blocks)
    assert "4200" not in all_text(view.blocks)
    assert (await desk.slack.click(BEN, CHANNEL, cards[1].ts, "approve")).ok
    told = await outcome(desk, ANA, view, {"reason": "The parcels came back."})
    assert "Done: 2 of 3" in told
    assert "*Approved* (2)" in told
    assert f"Already approved by <@{BEN}>" in told
    done = await decided(desk, 3)
    for approval in done:
        (decision,) = approval.decisions
        alone = decision.actor.id == BEN
        assert (decision.reason is None) == alone
        (event,) = [e for e in await desk.core.records.store.audit(approval.id) if e.type is EventType.DECIDED]
        assert event.data.get("bulk") == (None if alone else 3)
    assert sum(a.status is Status.PENDING for a in await desk.approvals()) == 1
    assert "bulk:open" not in pressed(await said(desk, ANA, "/approvals"))


async def test_a_denial_needs_the_reason_that_one_of_them_needs(house: House) -> None:
    """Nothing ticked is said in the form; without a reason nothing is decided; Back leads to what was ticked."""
    desk = await house_of(house)
    await refunds(desk, 25.0, 340.0)
    view = await opened(desk, ANA)
    sent = await desk.slack.submit(ANA, view.id, {"verdict": "deny"})
    assert sent.errors
    assert desk.slack.deliveries("view_submission") == []
    view = await confirmed(desk, ANA, view, "deny")
    sent = await desk.slack.submit(ANA, view.id, {})
    assert sent.errors
    assert all(approval.status is Status.PENDING for approval in await desk.approvals())
    told = await outcome(desk, ANA, view, {"reason": "Not ours to pay."})
    assert "*Denied* (2)" in told
    for approval in await decided(desk, 2):
        assert (approval.resolution, approval.decisions[0].reason) == (Resolution.DENIED, "Not ours to pay.")
    top = desk.slack.modal(ANA)
    assert top is not None
    await desk.slack.close_view(ANA, top.id)
    assert desk.slack.modal(ANA) is None


async def test_what_changed_or_is_not_theirs_is_refused_and_votes_count_as_votes(house: House) -> None:
    """One was edited after it was shown, one asks for another's vote too, one is no longer Ana's to decide: of each the
    result says so, and nothing else than what was shown is decided."""
    desk = await house_of(house)
    await refunds(desk, 10.0, 20.0, 30.0, 40.0)
    view = await confirmed(desk, ANA, await opened(desk, ANA))
    one, two, three, four = await desk.approvals()
    store = desk.core.records.store

    async def becomes(approval: Approval, **more: Any) -> None:
        found = await store.get(approval.id)
        assert found is not None
        after = replace(found, version=found.version + 1, **more)
        await store.commit(Change(after, found.version, ()))

    await becomes(one, revision=2)
    await becomes(two, policy=replace(two.policy, quorum=Quorum(approve=2)))
    await becomes(three, policy=replace(three.policy, who=(BEN,)))
    told = await outcome(desk, ANA, view)
    assert "Done: 2 of 4" in told
    assert "The question has changed since you opened it" in told
    assert "Your vote is counted; others still have to vote* (1)" in told
    assert "You are not among those who may decide this" in told
    (done,) = await decided(desk, 1)
    assert done.id == four.id
    waiting = await store.get(two.id)
    assert waiting is not None
    assert (waiting.status, len(waiting.decisions)) == (Status.PENDING, 1)


async def test_two_people_on_two_replicas_decide_overlapping_sets_at_once(house: House) -> None:
    """Each is decided exactly once, and the two results share them out between them without a lie."""
    one = await house_of(house)
    await house.desk()
    await refunds(one, 10.0, 20.0, 30.0, 40.0, 50.0)
    ids = [approval.id for approval in await one.approvals()]
    views = {user: await opened(one, user) for user in (ANA, BEN)}
    forms: dict[str, View] = {}
    for user, some in ((ANA, ids[:4]), (BEN, ids[1:])):
        picked = {block: [v for v in these if v[:16] in some] for block, these in boxes(views[user]).items()}
        assert (await one.slack.submit(user, views[user].id, {**picked, "verdict": "approve"})).ok
        forms[user] = await form(one, user, "bulk_decide")
    told = dict(
        zip(forms, await asyncio.gather(*(outcome(one, user, view) for user, view in forms.items())), strict=True)
    )
    done = await decided(one, 5)
    by = [approval.decisions[0].actor.id for approval in done]
    for user, other in ((ANA, BEN), (BEN, ANA)):
        lost = 4 - by.count(user)
        assert f"Done: {by.count(user)} of 4" in told[user] or (not by.count(user) and "Nothing was" in told[user])
        assert told[user].count(f"Already approved by <@{other}>") == lost
    for approval in done:
        events = [event.type for event in await one.core.records.store.audit(approval.id)]
        assert len(approval.decisions) == events.count(EventType.DECIDED) == events.count(EventType.RESUMED) == 1


async def test_from_the_home_tab_one_kind_of_two(house: House) -> None:
    """There are refunds and essays: the menu changes the kind; ticking all; the Home is drawn anew."""
    desk = await house_of(house)
    await refunds(desk, 10.0, 20.0)
    for topic in ("tides", "moss"):
        await desk.ask("functional", topic)
    await desk.slack.open_home(ANA)
    home = await desk.until(lambda: desk.slack.home(ANA))
    assert (await desk.slack.click_view(ANA, home.id, "bulk:open")).ok
    view = await form(desk, ANA, "bulk_pick")
    kinds = next(b["elements"][0] for b in view.blocks if b["type"] == "actions")["options"]
    other = next(option["value"] for option in kinds if "functional" in option["text"]["text"])
    assert (await desk.slack.click_view(ANA, view.id, "bulk:kind", value=other)).ok
    await desk.until(lambda: "tides" in str(getattr(desk.slack.modal(ANA), "blocks", "")) or None)
    assert (await desk.slack.click_view(ANA, view.id, "bulk:tick")).ok
    await desk.until(lambda: "initial_options" in str(getattr(desk.slack.modal(ANA), "blocks", "")) or None)
    assert (await desk.slack.submit(ANA, view.id, {"verdict": "deny"})).ok
    view = await form(desk, ANA, "bulk_decide")
    assert "moss" in all_text(view.blocks)
    assert "*Denied* (2)" in await outcome(desk, ANA, view)
    await desk.until(lambda: "tides" not in str(getattr(desk.slack.home(ANA), "blocks", "tides")) or None)
    assert {approval.graph for approval in await decided(desk, 2)} == {"functional"}


async def test_a_button_of_somebody_else_offers_only_what_is_one_s_own(house: House) -> None:
    """Cleo decides nothing: the form says so, and what she could forge is refused."""
    desk = await house_of(house)
    await refunds(desk, 10.0, 20.0)
    shown = await said(desk, ANA, "/approvals")
    assert "bulk:open" not in pressed(await said(desk, CLEO, "/approvals all"))
    assert (await desk.slack.click(CLEO, CHANNEL, shown.ts, "bulk:open", seen=shown)).ok
    await desk.until(lambda: "no two of the same kind" in str(getattr(desk.slack.modal(CLEO), "blocks", "")) or None)
    assert all(approval.status is Status.PENDING for approval in await desk.approvals())


async def test_with_five_hundred_the_first_page_is_there_and_twenty_are_chosen_at_a_time(house: House) -> None:
    """One page of rows with their links, paging to the next; the form offers the first twenty and says so."""
    desk = await house_of(house, signoff_tick_seconds="3600")
    (card,) = await refunds(desk, 10.0)
    await known(desk, 1)
    base = await desk.only()
    for number in range(500):
        made = opening(of=thread(f"many{number}"), interrupt=f"i{number}")
        approval = replace(
            base,
            id=made.approval.id,
            thread_id=made.approval.thread_id,
            interrupt=made.approval.interrupt,
            version=1,
            opened_at=T0 + timedelta(seconds=number),
            expires_at=None,
            messages=base.messages,
        )
        await desk.core.records.store.commit(replace(made, approval=approval, due=()))
    asked = len(desk.slack.calls("chat.getPermalink"))
    began = time.process_time()  # of the processor, which may be busy with others
    first = await said(desk, ANA, "/approvals")
    assert time.process_time() - began < 5
    assert len(rows(first)) == 8
    assert "list:next" in pressed(first)
    assert text(first).count(f"p{card.ts.replace('.', '')}|Open the card>") == 8
    assert len(desk.slack.calls("chat.getPermalink")) <= asked + 8
    assert (await desk.slack.click(ANA, CHANNEL, first.ts, "bulk:open")).ok
    view = await form(desk, ANA, "bulk_pick")
    assert "Here are the first 20" in all_text(view.blocks)
    assert [len(some) for some in boxes(view).values()] == [10, 10]
    sent = await desk.slack.submit(ANA, view.id, {"verdict": "approve"})
    assert "tick at least one" in str(sent.errors)


async def test_what_takes_longer_than_slack_waits_is_said_in_the_same_form(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form is answered in time, says that it goes on, and then what came of it."""
    monkeypatch.setattr(bulk, "PROMPT", 0.0)
    monkeypatch.setattr(bulk, "APART", 0.3)
    desk = await house_of(house)
    await refunds(desk, 10.0, 20.0)
    view = await confirmed(desk, ANA, await opened(desk, ANA))
    assert "Done: 2 of 2" in await outcome(desk, ANA, view)
    assert len(await decided(desk, 2)) == 2
    updates = [str(entry.args) for entry in desk.slack.calls("views.update")]
    assert any("Done: 2 of 2" in sent for sent in updates)
