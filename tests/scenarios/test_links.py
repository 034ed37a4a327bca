"""From a list, a direct message or the menu of a message to the card, and to what was written down about it."""

from __future__ import annotations

from approvals.model import MessageKind, Resolution
from localslack import Message, View
from tests.approvals.build import until
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, GUS, LEADS, XIA, Desk, House, all_text
from tests.scenarios.test_finding import ONLY, said, text

PRIVATE = """
version: 1
policies:
  - name: refunds
    match: {graph: refund}
    channel: "#finance-leads"
    who: [U0BEN]
    escalate:
      - {after: 1s, to: [U0CLEO, U0ANA]}
default:
  channel: "#approvals"
"""


async def known(desk: Desk, cards: int) -> None:
    """Waits until the records know of so many cards: they are written down right after they are posted."""

    async def counted() -> int:
        return sum(len(approval.messages) for approval in await desk.approvals())

    await until(counted, cards)


def to(card: Message) -> str:
    """How the link to a card ends."""
    return f"/archives/{card.channel}/p{card.ts.replace('.', '')}"


async def menu(desk: Desk, user: str, callback: str, message: Message) -> View:
    """What somebody sees who uses the menu of a message."""
    assert (await desk.slack.shortcut(user, callback, channel=message.channel, ts=message.ts)).ok
    return await desk.modal(user)


async def test_lists_and_home_lead_to_the_cards_and_ask_once(house: House) -> None:
    """Each row of the page has its link, found once; without Slack's help the list comes without."""
    (house.folder / "policies.yaml").write_text(ONLY)
    desk = await house.desk()
    desk.slack.faults.fail("chat.getPermalink", "internal_error")
    first = await desk.ask("refund", {"customer": "8821", "amount": 340.0})
    await known(desk, 1)
    bare = await said(desk, ANA, "/approvals")
    assert "8821" in text(bare)
    assert "/archives/" not in text(bare)
    second = await desk.ask("refund", {"customer": "8822", "amount": 12.0})
    await known(desk, 2)
    asked = len(desk.slack.calls("chat.getPermalink"))
    shown = text(await said(desk, ANA, "/approvals"))
    assert f"{to(first)}|Open the card>" in shown
    assert f"{to(second)}|Open the card>" in shown
    await desk.slack.open_home(BEN)
    home = str((await desk.until(lambda: desk.slack.home(BEN))).blocks)
    assert to(first) in home
    assert to(second) in home
    assert f"{to(first)}|" in text(await said(desk, ANA, "/approvals history")) + text(
        await said(desk, ANA, "/approvals all")
    )
    assert len(desk.slack.calls("chat.getPermalink")) == asked + 2


async def test_a_slack_that_asks_to_wait_is_not_asked_again_at_once(house: House) -> None:
    """One call is refused with Retry-After; the list comes without links, and so does the next."""
    (house.folder / "policies.yaml").write_text(ONLY)
    desk = await house.desk()
    await desk.ask("refund", {"customer": "8821", "amount": 340.0})
    await known(desk, 1)
    desk.slack.faults.status("chat.getPermalink", 429, retry_after=3600)
    for _ in range(2):
        assert "Open the card" not in text(await said(desk, ANA, "/approvals"))
    assert len(desk.slack.calls("chat.getPermalink")) == 1


async def test_a_direct_message_leads_to_the_card_in_the_channel_for_those_who_are_there(house: House) -> None:
    """Of those who are asked by direct message only who is in the channel gets the link to its card, and keeps it when
    it is drawn anew."""
    (house.folder / "policies.yaml").write_text(PRIVATE)
    desk = await house.desk()
    await desk.start("refund", {"customer": "8821", "amount": 340.0})
    card = await desk.card(LEADS)

    def brought(user: str) -> Message | None:
        return next((m for m in desk.slack.messages(desk.slack.dm(user)) if "8821" in all_text(m.blocks)), None)

    for user, inside in ((CLEO, True), (ANA, False)):
        mine = await desk.until(lambda user=user: brought(user))
        assert (to(card) in all_text(mine.blocks)) == inside
    mine = brought(CLEO)
    assert mine is not None
    assert (await desk.slack.click(CLEO, mine.channel, mine.ts, "approve")).ok
    await desk.until(lambda: "Approved" in desk.text(mine.ts, mine.channel) or None)
    assert to(card) in desk.text(mine.ts, mine.channel)


async def test_the_menu_of_a_message_gives_the_link_and_tells_what_happened(desk: Desk) -> None:
    """On the card and on what stands in its thread, for those who may see it."""
    card = await desk.ask(requester=CLEO)
    linked = all_text((await menu(desk, BEN, "copy_link", card)).blocks)
    approval = await desk.only()
    assert to(card) in linked
    assert f"/approvals show {approval.id}" in linked
    assert (await desk.slack.click(ANA, CHANNEL, card.ts, "approve")).ok
    await desk.resumed(card.ts)
    await desk.until(lambda: True if "finished" in desk.text(card.ts) else None)
    await known(desk, 2)
    reply = next(m for m in desk.slack.messages(CHANNEL, thread_ts=card.ts) if m.ts != card.ts)
    view = await menu(desk, CLEO, "audit_trail", reply)
    told = all_text(view.blocks)
    assert "The agent refund asked; the policy refunds applies" in told
    assert f"<@{ANA}> approved" in told
    assert "The agent took the answer and finished" in told
    assert (await desk.only()).resolution is Resolution.APPROVED
    assert any(ref.kind is MessageKind.REPORT for ref in (await desk.only()).messages)
    again = all_text((await menu(desk, ANA, "copy_link", reply)).blocks)
    assert f"{to(card)}\n" in again


async def test_on_a_message_of_somebody_else_it_says_so(house: House) -> None:
    """A person's message, another app's, a guest, and somebody of another workspace: a kind word, and no form."""
    desk = await house.desk()
    card = await desk.ask()
    await desk.slack.say(BEN, CHANNEL, "Has anybody looked?")
    other = next(m for m in desk.slack.messages(CHANNEL) if "anybody" in m.text)
    assert (await desk.slack.shortcut(BEN, "audit_trail", channel=CHANNEL, ts=other.ts)).ok
    assert "That message is not about an approval" in await desk.told(BEN)
    ts = (await desk.runtime.slack.post(CHANNEL, "Hello", [], metadata={"event_type": "x", "event_payload": {}}))[1]
    before = len(desk.slack.ephemerals(BEN))
    assert (await desk.slack.shortcut(BEN, "copy_link", channel=CHANNEL, ts=ts)).ok
    assert "That message is not about an approval" in await desk.told(BEN, before)
    for stranger in (GUS, XIA):
        assert (await desk.slack.shortcut(stranger, "audit_trail", channel=CHANNEL, ts=card.ts)).ok
        assert "full members" in await desk.told(stranger)
        assert desk.slack.modal(stranger) is None
    assert desk.slack.modal(BEN) is None
