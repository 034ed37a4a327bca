"""views.*: triggers, the stack, hashes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from localslack import LocalSlack, Seed

from .conftest import Clock, modal, refusal


@pytest.fixture
async def timed(clock: Clock) -> AsyncIterator[LocalSlack]:
    async with LocalSlack(clock=clock) as local:
        yield local


async def open_trigger(slack: LocalSlack) -> str:
    """What a command gives an app that does not answer: the trigger works all the same."""
    delivery = await slack.slash("U0ANA", "C0APPROVALS", "/x")
    assert delivery.trigger_id is not None
    return delivery.trigger_id


async def test_a_trigger_opens_one_modal_for_its_user(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Spent once, refused the second time; an invented one is unknown."""
    trigger = await open_trigger(slack)
    await web.views_open(trigger_id=trigger, view=modal())
    top = slack.modal("U0ANA")
    assert top is not None
    assert top.callback_id == "form"
    assert (await refusal(web.views_open(trigger_id=trigger, view=modal())))["error"] == "exchanged_trigger_id"
    assert (await refusal(web.views_open(trigger_id="1.2.x", view=modal())))["error"] == "invalid_trigger_id"


async def test_a_trigger_is_good_for_three_seconds(timed: LocalSlack, clock: Clock) -> None:
    """On the workspace's clock, to the moment."""
    web = AsyncWebClient(timed.bot_token, base_url=timed.api_url)
    trigger, other = await open_trigger(timed), await open_trigger(timed)
    clock.forward(3)
    assert (await web.views_open(trigger_id=trigger, view=modal()))["ok"]
    clock.forward(0.01)
    assert (await refusal(web.views_open(trigger_id=other, view=modal())))["error"] == "expired_trigger_id"


async def test_a_refused_view_does_not_spend_the_trigger(slack: LocalSlack, web: AsyncWebClient) -> None:
    """An app may correct the view and try again."""
    trigger = await open_trigger(slack)
    bad = modal(title={"type": "plain_text", "text": "x" * 25})
    answer = await refusal(web.views_open(trigger_id=trigger, view=bad))
    assert answer["error"] == "invalid_arguments"
    assert "[json-pointer:/view/title/text]" in answer["response_metadata"]["messages"][0]
    assert (await web.views_open(trigger_id=trigger, view=modal()))["ok"]


async def test_three_modals_fit_on_the_stack(slack: LocalSlack, web: AsyncWebClient) -> None:
    """push_limit_reached at the fourth; each knows the root and the one beneath."""
    await web.views_open(trigger_id=await open_trigger(slack), view=modal())
    for _ in range(2):
        await web.views_push(trigger_id=await open_trigger(slack), view=modal())
    answer = await refusal(web.views_push(trigger_id=await open_trigger(slack), view=modal()))
    assert answer["error"] == "push_limit_reached"
    first, second, third = slack.modals("U0ANA")
    assert (third.previous_view_id, third.root_view_id, second.previous_view_id) == (second.id, first.id, first.id)


async def test_a_stale_hash_is_a_conflict(slack: LocalSlack, web: AsyncWebClient) -> None:
    """views.update and views.publish refuse a hash that is not the current one."""
    opened = (await web.views_open(trigger_id=await open_trigger(slack), view=modal()))["view"]
    updated = (await web.views_update(view_id=opened["id"], hash=opened["hash"], view=modal()))["view"]
    assert updated["hash"] != opened["hash"]
    answer = await refusal(web.views_update(view_id=opened["id"], hash=opened["hash"], view=modal()))
    assert answer["error"] == "hash_conflict"
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    first = (await web.views_publish(user_id="U0ANA", view=home))["view"]
    await web.views_publish(user_id="U0ANA", view=home)
    answer = await refusal(web.views_publish(user_id="U0ANA", view=home, hash=first["hash"]))
    assert answer["error"] == "hash_conflict"


async def test_an_update_keeps_what_was_typed(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Inputs with the same block_id and action_id keep their value, others start afresh."""
    opened = (await web.views_open(trigger_id=await open_trigger(slack), view=modal()))["view"]
    slack.fill("U0ANA", opened["id"], {"why": "because", "sum": 3})
    changed = modal()
    changed["blocks"][1]["block_id"] = "amount"
    await web.views_update(view_id=opened["id"], view=changed)
    top = slack.modal("U0ANA")
    assert top is not None
    assert top.values["why"]["text"]["value"] == "because"
    assert top.values["amount"]["number"]["value"] is None


async def test_external_ids_are_unique(slack: LocalSlack, web: AsyncWebClient) -> None:
    """A second view under the same external_id is refused; the first is found by it."""
    await web.views_open(trigger_id=await open_trigger(slack), view=modal(external_id="e1"))
    again = web.views_push(trigger_id=await open_trigger(slack), view=modal(external_id="e1"))
    assert (await refusal(again))["error"] == "duplicate_external_id"
    assert (await web.views_update(external_id="e1", view=modal(external_id="e1")))["ok"]
    assert (await refusal(web.views_update(view_id="V0NONE", view=modal())))["error"] == "not_found"


async def test_a_home_tab_can_be_off() -> None:
    """views.publish answers not_enabled when the manifest has no Home tab."""
    async with LocalSlack(Seed.default(home_tab=False)) as slack:
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        home = {"type": "home", "blocks": []}
        assert (await refusal(web.views_publish(user_id="U0ANA", view=home)))["error"] == "not_enabled"


async def test_a_conversation_select_can_start_where_the_person_is(slack: LocalSlack, web: AsyncWebClient) -> None:
    """default_to_current_conversation takes the channel of the command, in a pushed modal too."""
    view = modal()
    view["blocks"][0]["element"] = {
        "type": "conversations_select",
        "action_id": "where",
        "default_to_current_conversation": True,
    }
    await web.views_open(trigger_id=await open_trigger(slack), view=view)
    await web.views_push(trigger_id=await open_trigger(slack), view=view)
    chosen = [item.values["why"]["where"]["selected_conversation"] for item in slack.modals("U0ANA")]
    assert chosen == ["C0APPROVALS", "C0APPROVALS"]
