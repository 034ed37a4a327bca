"""`/approvals admin`: policies changed in Slack, over real Bolt, the local Slack and the real server."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from approvals.book import PolicyBook, Published
from approvals.due import DueKind
from approvals.errors import ConfigError
from approvals.events import EventType
from approvals.model import ActorRef, Source
from approvals.store.book import RedisBook
from approvals.store.redis import connect
from bot.admin_views import DEFAULT, NEW, At
from localslack import View
from tests.approvals.build import until
from tests.conftest import VirtualClock
from tests.scenarios.conftest import ANA, BEN, CHANNEL, CLEO, GUS, REFUND, XIA, Desk, House, all_text

RULES = """\
version: 1
# kept: above
policies:
  - name: refunds   # kept: beside
    match: {graph: refund}
    channel: "#approvals"
    who: ["@finance"]
    # kept: within
  - name: mails
    channel: "#approvals"
default:
  channel: "#approvals"
"""
OPS = ActorRef("ops", Source.CLI)


@pytest.fixture
async def one(house: House, clock: VirtualClock) -> Desk:
    """A replica on which the people of @finance (Ana and Ben) are admins; version 1 is the rules above."""
    (house.folder / "policies.yaml").write_text(RULES)
    return await house.desk(clock=clock, signoff_admins="@finance")


async def opened(desk: Desk, user: str) -> View:
    """The list, filled in."""
    await desk.slack.slash(user, CHANNEL, "/approvals admin")
    return await top(desk, user, "admin:list")


async def top(desk: Desk, user: str, callback: str, saying: str = "") -> View:
    """The uppermost view, once it is that one and says so."""

    def look() -> View | None:
        view = desk.slack.modal(user)
        said = view is not None and view.callback_id == callback and saying in all_text(view.blocks)
        return view if said else None

    return await desk.until(look)


async def choose(desk: Desk, user: str, do: str, index: int, number: int) -> None:
    """From the menu of one policy."""
    view = desk.slack.modal(user)
    assert view is not None
    value = str(At(do, index, number))
    await desk.slack.click_view(user, view.id, "admin:policy", block_id=f"policy:{index}", value=value)


async def form(desk: Desk, user: str, index: int, number: int) -> View:
    """The form of one policy."""
    await choose(desk, user, "edit", index, number)
    return await top(desk, user, "admin:save")


def typed(view: View) -> str:
    """What stands in the form."""
    return next(block["element"]["initial_value"] for block in view.blocks if block.get("block_id") == "text")


async def names(desk: Desk) -> Sequence[str]:
    """The policies that count, in order; those that are switched off in brackets."""
    found = await desk.core.records.book.policies()
    return [policy.name if policy.enabled else f"({policy.name})" for policy in found.policies]


async def text(desk: Desk) -> str:
    return (await desk.core.records.book.text())[0]


async def test_the_list_shows_each_policy_in_words(one: Desk) -> None:
    """In the order in which they are tried, the default last; and which version it is."""
    said = all_text((await opened(one, ANA)).blocks)
    first, second, last = said.index("1. refunds"), said.index("2. mails"), said.index("Everything else")
    assert first < second < last
    assert "One of @finance in #approvals, denied after 24 h." in said
    assert "Version 1 · the policy file" in said


async def test_an_edit_counts_at_the_next_question(one: Desk) -> None:
    """Without a restart; every comment and every other line stays; the audit holds who, why and what differs."""
    await opened(one, ANA)
    view = await form(one, ANA, 0, 1)
    assert typed(view) == RULES.split("  - ")[1].replace("\n    ", "\n").strip("\n")
    await one.slack.submit(ANA, view.id, {"text": typed(view).replace('"@finance"', "U0CLEO"), "note": "Ana is away"})
    await top(one, ANA, "admin:list", "Version 2 counts now")
    assert await text(one) == RULES.replace('"@finance"', "U0CLEO")
    card = await one.ask()
    assert (await one.only()).audience == ("U0CLEO",)
    assert (await one.slack.click(CLEO, CHANNEL, card.ts, "approve")).ok
    events = [e for e in await one.core.records.store.audit() if e.type is EventType.POLICY_CHANGED]
    assert [(e.actor.id, e.data["note"]) for e in events] == [("file", "policies.yaml"), (ANA, "Ana is away")]
    assert "+    who: [U0CLEO]" in str(events[1].data["difference"]).splitlines()


async def test_mistakes_stand_below_the_field_and_store_nothing(one: Desk) -> None:
    """By the lines of the field, with what to do; what is not YAML too."""
    await opened(one, ANA)
    view = await form(one, ANA, 1, 1)
    sent = await one.slack.submit(ANA, view.id, {"text": "name: mails\nchannel: ops\nwhoo: [U0ANA]"})
    assert sent.errors == {
        "text": "Line 2: channel: 'ops' is not a channel; write \"#name\" in quotes, or its id (C0123)"
        " · Line 3: whoo: unknown key; did you mean who?"
    }
    sent = await one.slack.submit(ANA, view.id, {"text": "name: mails\nwho: [@finance]"})
    assert sent.errors["text"].startswith("Line 2: not YAML")
    view = one.slack.modal(ANA)
    assert view is not None
    await one.slack.close_view(ANA, view.id)
    await one.slack.click_view(ANA, (await top(one, ANA, "admin:list")).id, "admin:add")
    view = await top(one, ANA, "admin:save")
    sent = await one.slack.submit(ANA, view.id, {"text": ""})
    assert "text" in sent.errors
    assert (await text(one), await one.core.records.book.number()) == (RULES, 1)


async def test_the_second_of_two_admins_sees_what_the_first_did_and_keeps_what_they_typed(one: Desk) -> None:
    """Nothing is overwritten unseen, and nothing typed is lost; saved again it goes on top."""
    for user in (ANA, BEN):
        await opened(one, user)
    hers, his = await form(one, ANA, 0, 1), await form(one, BEN, 1, 1)
    await one.slack.submit(ANA, hers.id, {"text": 'name: refunds\nchannel: "#finance-leads"'})
    await top(one, ANA, "admin:list", "Version 2 counts now")
    mine = 'name: mails\nchannel: "#approvals"\nconfirm: true'
    await one.slack.submit(BEN, his.id, {"text": mine, "note": "Twice"})
    again = await top(one, BEN, "admin:save", "Not saved yet")
    said = all_text(again.blocks)
    assert f"<@{ANA}> published version 2" in said
    assert '+    channel: "#finance-leads"' in said or "+  - name: refunds" in said
    assert typed(again) == mine
    await one.slack.submit(BEN, again.id, {})
    await top(one, BEN, "admin:list", "Version 3 counts now")
    found = await one.core.records.book.policies()
    assert [(p.channel, p.confirm) for p in found.policies] == [("#finance-leads", False), ("#approvals", True)]
    assert [version.note for version in await one.core.records.book.history(1)] == ["Twice"]


async def test_what_is_edited_may_have_moved_or_gone_meanwhile(one: Desk) -> None:
    """A policy is known by its name: it is saved where it stands now, and added where it is gone."""
    await opened(one, ANA)
    view = await form(one, ANA, 1, 1)
    moved = (
        'version: 1\npolicies:\n  - {name: mails, channel: "#approvals"}\n  - {name: refunds, channel: "#approvals"}\n'
    )
    tail = 'default: {channel: "#approvals"}\n'
    assert isinstance(await one.core.records.book.publish(moved + tail, expected=1, actor=OPS), Published)
    await one.slack.submit(ANA, view.id, {"text": "name: mails\nchannel: C0LEADS"})
    view = await top(one, ANA, "admin:save", "ops (command line) published version 2")
    less = 'version: 1\npolicies:\n  - {name: refunds, channel: "#approvals"}\n'
    assert isinstance(await one.core.records.book.publish(less + tail, expected=2, actor=OPS), Published)
    await one.slack.submit(ANA, view.id, {})
    view = await top(one, ANA, "admin:save", "is not in it any more")
    await one.slack.submit(ANA, view.id, {})
    await top(one, ANA, "admin:list", "Version 4 counts now")
    assert await names(one) == ["refunds", "mails"]


async def test_order_and_switches(one: Desk) -> None:
    """Each one click and one version; the text moves with its comments."""
    await opened(one, ANA)
    await choose(one, ANA, "down", 0, 1)
    await top(one, ANA, "admin:list", "Version 2 counts now")
    assert await names(one) == ["mails", "refunds"]
    await choose(one, ANA, "off", 1, 2)
    view = await top(one, ANA, "admin:list", "Version 3 counts now")
    assert await names(one) == ["mails", "(refunds)"]
    assert "switched off" in all_text(view.blocks)
    await choose(one, ANA, "on", 1, 3)
    await top(one, ANA, "admin:list", "Version 4 counts now")
    await choose(one, ANA, "up", 1, 4)
    await top(one, ANA, "admin:list", "Version 5 counts now")
    assert await text(one) == RULES
    notes = [version.note for version in await one.core.records.book.history()]
    assert notes[:4] == ["refunds moved up", "refunds switched on", "refunds switched off", "refunds moved down"]


async def test_a_click_on_an_old_list_changes_nothing_and_shows_the_new_one(one: Desk) -> None:
    """The place of a policy means something only in the version that was shown."""
    await opened(one, ANA)
    await opened(one, BEN)
    await choose(one, ANA, "down", 0, 1)
    await top(one, ANA, "admin:list", "Version 2 counts now")
    await choose(one, BEN, "off", 0, 1)
    await top(one, BEN, "admin:list", f"<@{ANA}> published version 2 meanwhile")
    assert await names(one) == ["mails", "refunds"]


async def test_policies_are_added_edited_at_the_end_and_removed(one: Desk) -> None:
    """The default too; what is removed is asked once more, and stays where somebody was faster."""
    view = await opened(one, ANA)
    await one.slack.click_view(ANA, view.id, "admin:add")
    view = await top(one, ANA, "admin:save")
    assert typed(view).startswith("name: new")
    await one.slack.submit(ANA, view.id, {"text": '# why\nname: third\nchannel: "#approvals"'})
    view = await top(one, ANA, "admin:list", "Version 2 counts now")
    await one.slack.click_view(ANA, view.id, "admin:edit")
    view = await top(one, ANA, "admin:save")
    await one.slack.submit(ANA, view.id, {"text": 'channel: "#finance-leads"\nexpire: never'})
    await top(one, ANA, "admin:list", "Version 3 counts now")
    assert (await one.core.records.book.policies()).default.expire is None
    await choose(one, ANA, "remove", 0, 3)
    view = await top(one, ANA, "admin:remove", "refunds")
    await one.slack.submit(ANA, view.id)
    await top(one, ANA, "admin:list", "Version 4 counts now")
    assert await names(one) == ["mails", "third"]
    assert "  # why\n  - name: third\n" in await text(one)
    await choose(one, ANA, "remove", 0, 4)
    view = await top(one, ANA, "admin:remove", "mails")
    assert isinstance(await one.core.records.book.publish(RULES, expected=4, actor=OPS), Published)
    await one.slack.submit(ANA, view.id)
    await top(one, ANA, "admin:list", "published version 5 meanwhile")
    assert await text(one) == RULES


async def test_an_earlier_version_is_looked_at_and_brought_back(one: Desk) -> None:
    """What it changed, and what bringing it back would; unless somebody was faster."""
    await opened(one, ANA)
    await choose(one, ANA, "down", 0, 1)
    view = await top(one, ANA, "admin:list", "Version 2 counts now")
    await one.slack.click_view(ANA, view.id, "admin:history")
    view = await top(one, ANA, "admin:versions")
    assert "refunds moved down" in all_text(view.blocks)
    await one.slack.click_view(ANA, view.id, "admin:version", block_id="version:1")
    view = await top(one, ANA, "admin:back")
    assert "+++ version 1" in all_text(view.blocks)
    assert len(one.slack.modals(ANA)) == 3
    other = RULES.replace("mails", "letters")
    assert isinstance(await one.core.records.book.publish(other, expected=2, actor=OPS), Published)
    await one.slack.submit(ANA, view.id)
    view = await top(one, ANA, "admin:back", "published version 3 meanwhile")
    await one.slack.submit(ANA, view.id)
    view = await top(one, ANA, "admin:versions", "Back to version 1")
    assert await text(one) == RULES
    assert (await one.core.records.book.history(1))[0].author.id == ANA
    await one.slack.close_view(ANA, view.id)
    await top(one, ANA, "admin:list", "Version 4 counts now")


@pytest.mark.parametrize("user", [CLEO, GUS, XIA])
async def test_who_is_no_admin_sees_nothing(one: Desk, user: str) -> None:
    """A member who is not named, a guest, somebody from elsewhere: not one policy is shown."""
    await one.slack.slash(user, CHANNEL, "/approvals admin")
    view = await top(one, user, "notice", "you are not among them")
    assert "refunds" not in json.dumps(view.blocks)


async def test_nobody_is_an_admin_unless_they_are_named(house: House) -> None:
    """The default names nobody."""
    desk = await house.desk()
    await desk.slack.slash(ANA, CHANNEL, "/approvals admin")
    await top(desk, ANA, "notice", "SIGNOFF_ADMINS")


async def test_an_admin_who_is_removed_can_do_nothing_more(one: Desk, clock: VirtualClock) -> None:
    """With everything open already: each button, each menu and each form asks again."""

    def fired() -> None:
        one.slack.world.usergroups["S0FINANCE"].members.remove(ANA)
        clock.turn(minutes=2)

    def back() -> None:
        one.slack.world.usergroups["S0FINANCE"].members.append(ANA)
        clock.turn(minutes=2)

    await opened(one, ANA)
    view = await form(one, ANA, 0, 1)
    fired()
    await one.slack.submit(ANA, view.id, {"text": "name: mine\nchannel: C0LEADS"})
    await top(one, ANA, "notice", "you are not among them")
    for do in ("down", "off", "edit", "remove"):
        back()
        await opened(one, ANA)
        fired()
        await choose(one, ANA, do, 0, 1)
        await top(one, ANA, "notice", "you are not among them")
    for action in ("admin:add", "admin:history", "admin:reapply", "admin:edit"):
        back()
        view = await opened(one, ANA)
        fired()
        await one.slack.click_view(ANA, view.id, action)
        await top(one, ANA, "notice", "you are not among them")
    back()
    await opened(one, ANA)
    await choose(one, ANA, "remove", 0, 1)
    view = await top(one, ANA, "admin:remove")
    fired()
    await one.slack.submit(ANA, view.id)
    await top(one, ANA, "notice", "you are not among them")
    back()
    await opened(one, ANA)
    await choose(one, ANA, "down", 0, 1)
    view = await top(one, ANA, "admin:list", "Version 2 counts now")
    await one.slack.click_view(ANA, view.id, "admin:history")
    view = await top(one, ANA, "admin:versions")
    await one.slack.click_view(ANA, view.id, "admin:version", block_id="version:1")
    view = await top(one, ANA, "admin:back")
    fired()
    await one.slack.submit(ANA, view.id)
    await top(one, ANA, "notice", "you are not among them")
    assert await one.core.records.book.number() == 2


async def test_what_waits_is_asked_anew_under_what_counts_now(one: Desk) -> None:
    """By the button, after asking once more: other people, other places, an audit event; what is the same stays."""
    card = await one.ask()
    await opened(one, ANA)
    view = await form(one, ANA, 0, 1)
    await one.slack.submit(ANA, view.id, {"text": typed(view).replace('"@finance"', "U0CLEO")})
    view = await top(one, ANA, "admin:list", "Version 2 counts now")
    assert (await one.only()).audience == ("@finance",)
    await one.slack.click_view(ANA, view.id, "admin:reapply", confirm=False)
    await one.slack.click_view(ANA, view.id, "admin:reapply")
    view = await top(one, ANA, "admin:list", "1 asked anew")
    assert (await one.only()).audience == ("U0CLEO",)
    told = [e for e in await one.core.records.store.audit() if e.type is EventType.POLICY_REAPPLIED]
    assert [event.actor.id for event in told] == [ANA]
    await one.until(lambda: True if CLEO in one.text(card.ts) else None)
    await one.slack.click_view(ANA, view.id, "admin:reapply")
    await top(one, ANA, "admin:list", "under these policies already")


async def test_many_policies_are_paged(one: Desk) -> None:
    """Twenty to a page; the place of a policy stays its place."""
    many = "".join(f'  - {{name: p{n}, channel: "#approvals"}}\n' for n in range(45))
    rules = f'version: 1\npolicies:\n{many}default: {{channel: "#approvals"}}\n'
    assert isinstance(await one.core.records.book.publish(rules, expected=1, actor=OPS), Published)
    view = await opened(one, ANA)
    assert "20. p19" in all_text(view.blocks)
    assert "p20" not in all_text(view.blocks)
    await one.slack.click_view(ANA, view.id, "admin:next")
    await top(one, ANA, "admin:list", "21. p20")
    view = one.slack.modal(ANA)
    assert view is not None
    value = str(At("down", 39, 2, 1))
    await one.slack.click_view(ANA, view.id, "admin:policy", block_id="policy:39", value=value)
    view = await top(one, ANA, "admin:list", "40. p40")
    await one.slack.click_view(ANA, view.id, "admin:next")
    view = await top(one, ANA, "admin:list", "41. p39")
    assert "Everything else" in all_text(view.blocks)


async def test_a_policy_too_long_for_a_form_says_where_it_can_be_changed(one: Desk) -> None:
    """Nothing is cut off by saving it."""
    long = RULES.replace("    # kept: within\n", "    # kept: within\n" * 200)
    assert isinstance(await one.core.records.book.publish(long, expected=1, actor=OPS), Published)
    await opened(one, ANA)
    await choose(one, ANA, "edit", 0, 2)
    await top(one, ANA, "notice", "signoff policy apply")


async def test_what_the_settings_say_is_edited_into_version_1(house: House) -> None:
    """Without a file and without a version."""
    desk = await house.desk(signoff_policies=None, signoff_channel="#approvals", signoff_admins="ana@example.com")
    view = await opened(desk, ANA)
    assert "Version 0: from the settings" in all_text(view.blocks)
    await desk.slack.click_view(ANA, view.id, "admin:add")
    view = await top(desk, ANA, "admin:save")
    await desk.slack.submit(ANA, view.id, {"text": 'name: first\nchannel: "#approvals"'})
    await top(desk, ANA, "admin:list", "Version 1 counts now")
    assert await names(desk) == ["first"]


async def test_what_is_changed_on_one_replica_counts_on_the_others(
    one: Desk, house: House, clock: VirtualClock
) -> None:
    """Without a restart, whichever of them opens the question."""
    other = await house.desk(clock=clock)
    changed = RULES.replace("refunds   #", "paybacks   #")
    assert isinstance(await one.core.records.book.publish(changed, expected=1, actor=OPS), Published)
    await other.ask()
    assert (await other.only()).policy.name == "paybacks"


async def test_a_replica_that_cannot_read_what_counts_asks_nobody(
    one: Desk, redis_url: str, clock: VirtualClock
) -> None:
    """Neither under the wrong policy nor never: the question stays due, and is asked once it can be read."""
    redis = connect(redis_url)
    elsewhere = PolicyBook(RedisBook(redis), clock=clock, channel="#approvals")
    leaning = "version: 1\ndefault: {}\n"
    assert isinstance(await elsewhere.publish(leaning, expected=1, actor=OPS), Published)
    thread = await one.start("refund", REFUND)

    async def asked() -> bool:
        due = (await one.core.records.store.due_at(thread.id)).get(DueKind.DRIVE)
        clock.now = max(clock.now, due or clock.now)
        return bool(await one.approvals())

    with pytest.raises(ConfigError):
        await one.core.records.book.policies()
    assert await one.approvals() == ()
    assert isinstance(await elsewhere.publish(RULES, expected=2, actor=OPS), Published)
    await until(asked)
    await redis.aclose()
    await redis.connection_pool.aclose()


def test_the_places_that_are_none_cannot_be_mistaken() -> None:
    """Of the default and of a new policy."""
    assert DEFAULT < 0 > NEW != DEFAULT
