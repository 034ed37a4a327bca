"""Who may see an approval: those it concerns; for everybody else it does not exist."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from approvals.policy import Policy
from localslack import Message
from tests.approvals.build import T0, opening, thread
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, Desk, House, all_text

ONLY_LEADS = """
version: 1
policies:
  - name: quiet
    match: {graph: question}
    channel: "#finance-leads"
    who: [U0BEN]
default:
  channel: "#approvals"
"""


async def quiet(house: House, **over: str) -> tuple[Desk, Message]:
    """A question whose card stands where Ana is not, and that Ben decides."""
    (house.folder / "policies.yaml").write_text(ONLY_LEADS)
    desk = await house.desk(**over)
    await desk.start("question", {"city": "Lisbon"})
    card = await desk.card("C0LEADS")
    await desk.core.records.effects.drain()
    return desk, card


async def answered(desk: Desk, user: str, line: str) -> Message:
    """What a command is answered."""
    before = {message.ts for message in desk.slack.ephemerals(user)}
    assert (await desk.slack.slash(user, CHANNEL, line)).ok
    return await desk.until(lambda: next((m for m in desk.slack.ephemerals(user) if m.ts not in before), None))


async def test_a_person_who_may_not_see_it_learns_nothing(house: House) -> None:
    """List, show, Home: for Ana it is not there, in the very words for what does not exist; for Cleo, who sees the
    card, and Ben, who decides, it is."""
    desk, _ = await quiet(house)
    approval = await desk.only()
    unknown = await answered(desk, ANA, "/approvals show AAAAAAAAAAAAAAAA")
    hidden = await answered(desk, ANA, f"/approvals show {approval.id}")
    assert hidden.text == unknown.text.replace("AAAAAAAAAAAAAAAA", approval.id)
    listed = await answered(desk, ANA, "/approvals all")
    assert "Nothing is waiting" in all_text(listed.blocks)
    await desk.slack.open_home(ANA)
    home = await desk.until(lambda: desk.slack.home(ANA))
    assert "Lisbon" not in all_text(home.blocks)
    for user in (BEN, CLEO):
        assert "Lisbon" in all_text((await answered(desk, user, f"/approvals {approval.id}")).blocks)
        assert "Lisbon" in all_text((await answered(desk, user, "/approvals all")).blocks)
    assert "Lisbon" not in repr([(m.text, m.blocks) for m in desk.slack.ephemerals(ANA)])


@pytest.mark.parametrize("verb", ["approve", "deny", "edit", "respond", "review", "retry", "repair", "show"])
async def test_a_forged_button_opens_nothing(house: House, verb: str) -> None:
    """Ana puts the id of what she may not see into another button: one answer, that there is no such approval."""
    desk, _ = await quiet(house)
    secret = await desk.only()
    other = await desk.ask()
    button = {"type": "button", "action_id": verb, "value": secret.id, "text": {"type": "plain_text", "text": "x"}}
    if verb != "show":
        button["value"] = f"{secret.id}:1"
    forged = [{"type": "actions", "block_id": "b", "elements": [button]}]
    seen = replace(other, blocks=forged)
    assert (await desk.slack.click(ANA, CHANNEL, other.ts, verb, seen=seen)).ok
    assert "There is no" in await desk.told(ANA)
    assert "Lisbon" not in repr([(m.text, m.blocks) for m in desk.slack.ephemerals(ANA)])
    assert desk.slack.modal(ANA) is None
    assert (await desk.core.records.approvals.get(secret.id)) == secret


@pytest.mark.parametrize("kind", ["edit", "respond", "deny", "approve"])
async def test_a_forged_form_decides_nothing_and_tells_nothing(house: House, kind: str) -> None:
    """The metadata of a form names what its sender may not see."""
    desk, _ = await quiet(house)
    secret = await desk.only()
    other = await desk.ask()
    await desk.slack.click(ANA, CHANNEL, other.ts, "deny")
    view = await desk.modal(ANA)
    own = desk.slack._core.views.by_id(view.id)
    assert own is not None
    own.private_metadata = json.dumps({"id": secret.id, "revision": 1, "action": 0})
    own.callback_id = kind
    assert (await desk.slack.submit(ANA, view.id, {"reason": "x"})).ok
    said = all_text((await desk.modal(ANA)).blocks)
    assert "There is no such approval" in said
    assert (await desk.core.records.approvals.get(secret.id)) == secret


async def test_a_guest_reads_the_card_and_no_more(house: House) -> None:
    """In the channel of the card, but not a full member: the full view stays closed."""
    desk = await house.desk()
    card = await desk.ask("refund", {"customer": "c", "amount": 1.0, "reason": "x" * 9000})
    await desk.slack.click("U0GUS", CHANNEL, card.ts, "review")
    assert "full members" in await desk.told("U0GUS")
    assert desk.slack.modal("U0GUS") is None


async def test_admins_see_everything(house: House) -> None:
    """`SIGNOFF_ADMINS`, by e-mail; an entry that names nobody harms nobody."""
    desk, _ = await quiet(house, signoff_admins="ana@example.com, @nobody")
    approval = await desk.only()
    assert "Lisbon" in all_text((await answered(desk, ANA, f"/approvals {approval.id}")).blocks)
    assert "1–1 of 1" in all_text((await answered(desk, ANA, "/approvals all")).blocks)


async def test_the_requester_sees_it(house: House) -> None:
    """Whoever the agent runs for, though they can neither decide nor see the card."""
    desk, _ = await quiet(house)
    await desk.start("question", {"city": "Porto"}, requester=ANA)
    await desk.until(lambda: len(desk.slack.messages("C0LEADS")) == 2 or None)
    assert "Porto" in all_text((await answered(desk, ANA, "/approvals mine")).blocks)


async def test_who_sees_few_of_many_turns_pages_of_those(house: House) -> None:
    """Ana may see every sixth of a hundred and twenty, and then none of five hundred: full pages, forth and back; where
    none is hers within reach, she can go on looking."""
    desk, _ = await quiet(house, signoff_tick_seconds="3600")
    policy = Policy(name="quiet", channel="C0LEADS", who=(BEN,))
    wanted: list[str] = []
    for number in range(620):
        hers = number < 120 and not number % 6
        made = opening(
            policy=policy,
            of=thread(f"many{number}", requester=ANA if hers else None),
            interrupt=f"i{number}",
        )
        approval = replace(made.approval, opened_at=T0 + timedelta(seconds=number))
        wanted += [approval.id] if hers else []
        await desk.core.records.store.commit(replace(made, approval=approval, due=()))

    def rows(message: Message) -> list[str]:
        return [block["accessory"]["value"] for block in message.blocks if block.get("accessory")]

    first = await answered(desk, ANA, "/approvals all")
    assert rows(first) == wanted[:8]

    async def turned(button: str, to: list[str]) -> None:
        assert (await desk.slack.click(ANA, CHANNEL, first.ts, button)).ok
        await desk.until(lambda: True if rows(desk.slack.message(CHANNEL, first.ts) or first) == to else None)

    await turned("list:next", wanted[8:16])
    await turned("list:next", wanted[16:])
    await turned("list:next", [])
    await turned("list:prev", wanted[16:])
    await turned("list:prev", wanted[8:16])
    await turned("list:prev", wanted[:8])
    assert rows(await answered(desk, ANA, "/approvals all page 2")) == wanted[8:16]


async def test_who_covers_sees_what_the_absent_may_decide(house: House) -> None:
    """Ben is away and names Ana: from then on it is hers to see, not before."""
    desk, _ = await quiet(house)
    assert "Lisbon" not in all_text((await answered(desk, ANA, "/approvals")).blocks)
    await answered(desk, BEN, "/approvals away for 3d cover @ana")
    assert "Lisbon" in all_text((await answered(desk, ANA, "/approvals")).blocks)
