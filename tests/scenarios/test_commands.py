"""`/approvals`, the Home tab, and whatever else people press: over the wire."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from approvals.model import DecisionType, Resolution, Status
from localslack import Message
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, GUS, REFUND, XIA, Desk, House, all_text
from tests.scenarios.play import settled


async def said(desk: Desk, user: str, line: str, channel: str = CHANNEL) -> Message:
    """What somebody is answered, in private, to a command."""
    before = {message.ts for message in desk.slack.ephemerals(user)}
    delivery = await desk.slack.slash(user, channel, line)
    assert delivery.ok, delivery
    return await desk.until(lambda: next((m for m in desk.slack.ephemerals(user) if m.ts not in before), None))


def shown(message: Message) -> str:
    return f"{message.text}\n{all_text(message.blocks)}"


def rows(message: Message) -> list[str]:
    """The ids behind the Show buttons of a list."""
    return [block["accessory"]["value"] for block in message.blocks if block.get("accessory")]


@pytest.fixture
async def one(house: House) -> Desk:
    """One replica over Socket Mode."""
    return await house.desk()


async def many(desk: Desk, count: int) -> list[str]:
    """So many pending refunds, oldest first; their ids."""
    for number in range(count):
        await desk.start("refund", {"customer": f"c{number}", "amount": 1.0})
    await desk.until(lambda: True if len(desk.slack.messages(CHANNEL)) == count else None)
    return [approval.id for approval in await desk.approvals()]


async def test_the_list_turns_its_pages_in_place(one: Desk) -> None:
    """More than a page: Next and Previous redraw the same private message."""
    ids = await many(one, 10)
    first = await said(one, ANA, "/approvals all")
    assert rows(first) == ids[:8]
    assert (await one.slack.click(ANA, CHANNEL, first.ts, "list:next")).ok

    def now() -> Message:
        found = one.slack.message(CHANNEL, first.ts)
        assert found is not None
        return found

    await one.until(lambda: True if rows(now()) == ids[8:] else None)
    assert (await one.slack.click(ANA, CHANNEL, first.ts, "list:prev")).ok
    await one.until(lambda: True if rows(now()) == ids[:8] else None)
    assert len(one.slack.ephemerals(ANA)) == 1
    assert rows(await said(one, ANA, "/approvals all page 2")) == ids[8:]
    assert rows(await said(one, ANA, "/approvals all graph:question")) == []


async def test_the_list_filters_by_graph_and_says_when_it_is_empty(one: Desk) -> None:
    """Nothing waits; then only what the filter names is shown."""
    assert "Nothing is waiting" in shown(await said(one, ANA, "/approvals list"))
    await one.ask()
    card = await one.ask("question", {"city": "Lisbon"})
    await settled(one)  # the record knows its card a moment after Slack shows it
    filtered = await said(one, BEN, "/approvals graph:question")
    (approval_id,) = rows(filtered)
    about = next(a for a in await one.approvals() if a.id == approval_id)
    assert about.graph == "question"
    assert about.messages[0].ts == card.ts
    assert "Nothing of the agent" in shown(await said(one, BEN, "/approvals list graph:nobody"))


async def test_show_tells_everything_about_one_and_the_list_opens_it(one: Desk) -> None:
    """By id, in any case; by the button of a row."""
    await one.ask()
    approval = await one.only()
    for line in (f"/approvals show {approval.id}", f"/approvals {approval.id.lower()}"):
        assert approval.thread_id in shown(await said(one, CLEO, line))
    listing = await said(one, CLEO, "/approvals all")
    before = len(one.slack.ephemerals(CLEO))
    assert (await one.slack.click(CLEO, CHANNEL, listing.ts, "show")).ok
    assert approval.thread_id in await one.told(CLEO, before)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("/approvals show AAAAAAAAAAAAAAAA", "There is no approval"),
        ("/approvals show nonsense", "is not the id of an approval"),
        ("/approvals show", "Which one?"),
        ("/approvals help", "What waits for people"),
        ("/approvals frobnicate", "There is no `frobnicate`"),
        ("/approvals list backwards:now", "is no filter"),
        ("/approvals run refund {oops", "not JSON"),
        ("/approvals run nothing {}", "There is no graph"),
        ("/approvals run", "Name the graph"),
    ],
)
async def test_what_cannot_be_done_is_answered_with_what_can(one: Desk, line: str, answer: str) -> None:
    """Unknown ids, verbs, graphs and broken input: a private sentence, and nothing happens."""
    assert answer in shown(await said(one, ANA, line))
    assert await one.approvals() == ()


async def test_an_agent_is_started_by_those_who_may(house: House) -> None:
    """On behalf of whoever typed it, who then cannot decide; nobody else starts anything."""
    desk = await house.desk(signoff_runners="@finance,U0CLEO")
    assert "`refund` runs" in shown(await said(desk, ANA, '/approvals run refund {"customer": "7", "amount": 20}'))
    card = await desk.card()
    assert (await desk.only()).requester == ANA
    await desk.slack.click(ANA, CHANNEL, card.ts, "approve")
    assert "own request" in await desk.told(ANA, 1)
    desk = await house.desk(signoff_runners="")
    assert (await desk.only()).status is Status.PENDING


async def test_nobody_starts_an_agent_unless_they_are_named(house: House) -> None:
    """The default names nobody."""
    desk = await house.desk(signoff_runners="@finance")
    answer = await said(desk, CLEO, '/approvals run refund {"customer": "7", "amount": 20}')
    assert "not among those who may start agents" in shown(answer)
    assert await desk.approvals() == ()


@pytest.mark.parametrize("user", [GUS, XIA])
async def test_guests_and_strangers_see_nothing(one: Desk, user: str) -> None:
    """Neither the list, nor one approval, nor the Home."""
    await one.ask()
    approval = await one.only()
    for line in ("/approvals", f"/approvals show {approval.id}", "/approvals run refund {}"):
        answer = shown(await said(one, user, line))
        assert "full members" in answer
        assert "8821" not in answer
    if user == GUS:
        await one.slack.open_home(user)
        home = await one.until(lambda: one.slack.home(user))
        assert "full members" in all_text(home.blocks)


async def test_the_home_shows_what_waits_and_opens_it(one: Desk) -> None:
    """Drawn when it is opened; Show opens the whole request in a modal."""
    await one.ask(requester=BEN)
    await one.slack.open_home(BEN)
    home = await one.until(lambda: one.slack.home(BEN))
    assert "Your own request" in all_text(home.blocks)
    assert (await one.slack.click_view(BEN, home.id, "show")).ok
    modal = await one.modal(BEN)
    assert "8821" in all_text(modal.blocks)


async def test_a_question_is_answered_in_words(one: Desk) -> None:
    """Respond opens a form; what is typed reaches the agent as it is."""
    card = await one.ask("question", {"city": "Lisbon"})
    assert (await one.slack.click(CLEO, CHANNEL, card.ts, "respond")).ok
    view = await one.modal(CLEO)
    empty = await one.slack.submit(CLEO, view.id, {"text": ""})
    assert not empty.ok
    assert (await one.slack.submit(CLEO, view.id, {"text": "Monday <!here> & *soon*"})).ok
    assert "Booked a room in Lisbon for Monday <!here> & *soon*." in await one.report(card.ts)
    assert (await one.resumed(card.ts)).resolution is Resolution.RESPONDED


# -- what is not ours


def tampered(message: Message, **over: Any) -> Message:
    """A copy whose first button says something else, as an old version or a forger would have it."""
    blocks = [dict(block) for block in message.blocks]
    for block in blocks:
        elements = [dict(element) for element in block.get("elements", [])]
        if elements and elements[0].get("type") == "button":
            elements[0] |= over
            block["elements"] = elements
            break
    return replace(message, blocks=blocks)


@pytest.mark.parametrize(
    ("over", "pressed"),
    [
        ({"action_id": "old_button"}, "old_button"),
        ({"value": "nonsense"}, "approve"),
        ({"value": ""}, "approve"),
        ({"action_id": "approve:7"}, "approve:7"),
        ({"action_id": "list:next", "value": "[]"}, "list:next"),
        ({"action_id": "list:next", "value": '{"offset": -1}'}, "list:next"),
        ({"action_id": "review:next", "value": '{"id": 3}'}, "review:next"),
        ({"action_id": "retry"}, "retry"),
        ({"action_id": "repair"}, "repair"),
        ({"action_id": "show", "value": "../../etc"}, "show"),
    ],
)
async def test_a_button_that_is_not_of_our_making_is_answered_and_changes_nothing(
    one: Desk, over: dict[str, Any], pressed: str
) -> None:
    """Acknowledged in time, answered in private, nothing decided."""
    card = await one.ask()
    delivery = await one.slack.click(ANA, CHANNEL, card.ts, pressed, seen=tampered(card, **over))
    assert delivery.ok, delivery
    await one.told(ANA)
    approval = await one.only()
    assert (approval.status, approval.decisions) == (Status.PENDING, ())


def forge(desk: Desk, view_id: str, metadata: str) -> None:
    """The open form carries something else, as that of another version would."""
    view = desk.slack._core.views.by_id(view_id)  # the local Slack's own copy: no person can do this
    assert view is not None
    view.private_metadata = metadata


@pytest.mark.parametrize("metadata", ["", "nonsense", "{}", '{"id": "A", "revision": 1, "action": null}', "[" * 2000])
async def test_a_form_with_foreign_metadata_is_answered_and_changes_nothing(one: Desk, metadata: str) -> None:
    """What a form is about is checked like anything from outside."""
    card = await one.ask()
    await one.slack.click(ANA, CHANNEL, card.ts, "deny")
    view = await one.modal(ANA)
    forge(one, view.id, metadata)
    delivery = await one.slack.submit(ANA, view.id, {"reason": "x"})
    assert delivery.ok, delivery
    assert "Nothing was changed" in all_text((await one.modal(ANA)).blocks)
    approval = await one.only()
    assert (approval.status, approval.decisions) == (Status.PENDING, ())


# -- several actions on one card


async def batch(desk: Desk) -> Message:
    return await desk.ask("middleware", {"messages": [{"role": "user", "content": "go"}]})


async def test_a_batch_is_decided_by_two_people_one_action_each(one: Desk) -> None:
    """The card says what is open; the agent goes on once all are decided."""
    card = await batch(one)
    assert "edit:1" not in one.buttons(card.ts), "the agent does not allow it"
    assert (await one.slack.click(ANA, CHANNEL, card.ts, "approve:0")).ok
    await one.until(lambda: True if "approve:0" not in one.buttons(card.ts) else None)
    assert (await one.only()).status is Status.PENDING
    await one.slack.click(CLEO, CHANNEL, card.ts, "approve:0", seen=card)
    assert "already decided this action" in await one.told(CLEO)
    assert (await one.slack.click(BEN, CHANNEL, card.ts, "approve:1")).ok
    report = await one.report(card.ts)
    assert "Paid $900.00 to Acme" in report
    assert "Deleted /archive/2019.zip" in report
    approval = await one.resumed(card.ts)
    assert [(d.type, d.action, d.actor.id) for d in approval.decisions] == [
        (DecisionType.APPROVE, 0, ANA),
        (DecisionType.APPROVE, 1, BEN),
    ]


@pytest.mark.parametrize("button", ["approve", "deny"])
async def test_a_batch_is_decided_at_once(one: Desk, button: str) -> None:
    """Approve all, deny all."""
    card = await batch(one)
    assert (await one.slack.click(ANA, CHANNEL, card.ts, button)).ok
    if button == "deny":
        view = await one.modal(ANA)
        assert (await one.slack.submit(ANA, view.id, {"reason": "Too much."})).ok
    report = await one.report(card.ts)
    assert ("Paid $900.00" in report) is (button == "approve")
    assert ("Too much." in report) is (button == "deny")
    assert len((await one.resumed(card.ts)).decisions) == 1


async def test_a_form_that_was_open_too_long_says_what_became_of_it(one: Desk) -> None:
    """Ana opens the form, Ben decides, Ana sends: she reads it in the form, nothing changes."""
    card = await one.ask(given=REFUND)
    await one.slack.click(ANA, CHANNEL, card.ts, "edit")
    view = await one.modal(ANA)
    await one.slack.click(BEN, CHANNEL, card.ts, "approve")
    await one.resumed(card.ts)
    assert (await one.slack.submit(ANA, view.id, {"arg:0": "a reason of many words"})).ok
    notice = await one.modal(ANA)
    assert "Already approved by <@U0BEN>" in all_text(notice.blocks)
    assert "a reason of many words" in all_text(notice.blocks), "what was typed is kept"
    assert len((await one.only()).decisions) == 1
