"""What people can and cannot do, and what the app's answers do to what they see."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from localslack import LocalSlack, NotPossible, Seed

from .conftest import BUTTONS, Clock, bolt, connected, modal


@pytest.fixture
async def posted(web: AsyncWebClient) -> str:
    return str((await web.chat_postMessage(channel="C0APPROVALS", text="Pay?", blocks=BUTTONS))["ts"])


@pytest.mark.parametrize(
    ("user", "channel", "action"),
    [
        ("U0DEE", "C0APPROVALS", "yes"),
        ("U0BOT", "C0APPROVALS", "yes"),
        ("U0ANA", "C0LEADS", "yes"),
        ("U0ANA", "C0APPROVALS", "maybe"),
    ],
)
async def test_nobody_presses_what_they_cannot_see(
    slack: LocalSlack, posted: str, user: str, channel: str, action: str
) -> None:
    """The deactivated, bots, outsiders of a private channel, and buttons that are not there."""
    with pytest.raises(NotPossible):
        await slack.click(user, channel, posted, action)


async def test_a_confirm_dialog_can_be_declined(slack: LocalSlack, posted: str) -> None:
    """Then nothing is sent at all."""
    sent = await slack.click("U0ANA", "C0APPROVALS", posted, "no", confirm=False)
    assert sent.error == "not_confirmed"
    assert slack.deliveries() == []


async def test_a_button_in_an_older_drawing_can_still_be_pressed(
    slack: LocalSlack, web: AsyncWebClient, posted: str
) -> None:
    """A client that has not redrawn yet sends what it shows."""
    old = slack.messages("C0APPROVALS")[0]
    await web.chat_update(channel="C0APPROVALS", ts=posted, text="Done")
    with pytest.raises(NotPossible):
        await slack.click("U0ANA", "C0APPROVALS", posted, "yes")
    sent = await slack.click("U0ANA", "C0APPROVALS", posted, "yes", seen=old)
    assert sent.payload["actions"][0]["value"] == "a1"


async def test_choices_in_a_message_are_remembered_per_person(slack: LocalSlack, web: AsyncWebClient) -> None:
    """A select puts its choice into the action and into the state of the next press."""
    blocks = [
        {
            "type": "actions",
            "block_id": "b",
            "elements": [
                {
                    "type": "static_select",
                    "action_id": "pick",
                    "options": [{"text": {"type": "plain_text", "text": x}, "value": x} for x in ("a", "b")],
                },
                {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}},
            ],
        }
    ]
    ts = str((await web.chat_postMessage(channel="C0APPROVALS", text="x", blocks=blocks))["ts"])
    picked = await slack.click("U0ANA", "C0APPROVALS", ts, "pick", value="b")
    assert picked.payload["actions"][0]["selected_option"]["value"] == "b"
    gone = await slack.click("U0ANA", "C0APPROVALS", ts, "go")
    assert gone.payload["state"]["values"]["b"]["pick"]["selected_option"]["value"] == "b"
    other = await slack.click("U0BEN", "C0APPROVALS", ts, "go")
    assert other.payload["state"]["values"]["b"]["pick"]["selected_option"] is None
    with pytest.raises(NotPossible):
        await slack.click("U0ANA", "C0APPROVALS", ts, "pick", value="c")


async def test_a_response_url_replaces_deletes_and_runs_out(slack: LocalSlack, posted: str) -> None:
    """Five uses: a private answer, one for all, a replacement, a deletion; the sixth is refused."""
    sent = await slack.click("U0ANA", "C0APPROVALS", posted, "yes")
    assert sent.response_url is not None
    hook = AsyncWebhookClient(sent.response_url)
    await hook.send(text="for you")
    assert slack.ephemerals("U0ANA")[0].text == "for you"
    await hook.send(text="for all", response_type="in_channel")
    assert slack.messages("C0APPROVALS")[-1].text == "for all"
    await hook.send(text="Replaced", replace_original=True)
    assert (slack.messages("C0APPROVALS")[0].text, slack.messages("C0APPROVALS")[0].blocks) == ("Replaced", [])
    await hook.send(delete_original=True)
    assert [message.text for message in slack.messages("C0APPROVALS")] == ["for all"]
    await hook.send(text="fifth")
    sixth = await hook.send(text="sixth")
    assert (sixth.status_code, "used_url" in sixth.body) == (404, True)


async def test_a_response_url_lives_for_thirty_minutes(clock: Clock) -> None:
    """On the workspace's clock."""
    async with LocalSlack(clock=clock) as slack:
        sent = await slack.slash("U0ANA", "C0APPROVALS", "/x")
        hook = AsyncWebhookClient(str(sent.response_url))
        clock.forward(1800)
        assert (await hook.send(text="in time")).status_code == 200
        clock.forward(1)
        assert "expired_url" in (await hook.send(text="too late")).body


async def test_an_ephemeral_is_changed_through_its_response_url(slack: LocalSlack, web: AsyncWebClient) -> None:
    """The only way to change one; its payload has no message object."""
    await web.chat_postEphemeral(channel="C0APPROVALS", user="U0ANA", text="Sure?", blocks=BUTTONS)
    ts = slack.ephemerals("U0ANA")[0].ts
    with pytest.raises(NotPossible):
        await slack.click("U0BEN", "C0APPROVALS", ts, "yes")
    sent = await slack.click("U0ANA", "C0APPROVALS", ts, "yes")
    assert "message" not in sent.payload
    assert sent.payload["container"]["is_ephemeral"]
    await AsyncWebhookClient(str(sent.response_url)).send(text="Fine", replace_original=True)
    assert [message.text for message in slack.ephemerals("U0ANA")] == ["Fine"]


async def test_a_slash_command_nobody_registered() -> None:
    """With a manifest, other commands do not exist."""
    async with LocalSlack(Seed.default(commands=("/approvals",))) as local:
        assert (await local.slash("U0ANA", "C0APPROVALS", "/other")).error == "unknown_command"
        assert (await local.slash("U0ANA", "C0APPROVALS", "/approvals list")).payload["text"] == "list"


async def test_slash_payloads_are_flat_strings(slack: LocalSlack) -> None:
    """The install flag is the text "false", and the person's own team is not in it."""
    sent = await slack.slash("U0XIA", "C0APPROVALS", "/x  two words ")
    assert all(isinstance(value, str) for value in sent.payload.values())
    assert sent.payload["is_enterprise_install"] == "false"
    assert (sent.payload["team_id"], sent.payload["text"]) == ("T0LOCAL", "two words")


async def test_forms_update_push_and_clear(slack: LocalSlack) -> None:
    """The four answers to a submission, through a real app."""
    app = bolt(slack)
    answers: list[dict[str, Any]] = [
        {"response_action": "update", "view": modal(callback_id="form", private_metadata="2")},
        {"response_action": "push", "view": modal(callback_id="form", private_metadata="3")},
        {"response_action": "clear"},
    ]

    @app.command("/x")
    async def open_form(ack: Any, client: AsyncWebClient, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("form")
    async def form(ack: Any) -> None:
        await ack(**answers.pop(0))

    async with connected(slack, app):
        await slack.slash("U0ANA", "C0APPROVALS", "/x")
        view = await slack.wait_for(lambda: slack.modal("U0ANA"))
        await slack.submit("U0ANA", view.id, {"why": "because"})
        top = slack.modals("U0ANA")[-1]
        assert (top.id, top.private_metadata) == (view.id, "2")
        assert top.values["why"]["text"]["value"] == "because"
        await slack.submit("U0ANA", view.id)
        assert [item.private_metadata for item in slack.modals("U0ANA")] == ["2", "3"]
        with pytest.raises(NotPossible):
            await slack.submit("U0ANA", view.id)
        await slack.submit("U0ANA", slack.modals("U0ANA")[-1].id, {"why": "x"})
        assert slack.modals("U0ANA") == []
    assert slack.problems == []


async def test_a_form_closed_while_its_answer_is_on_the_way(slack: LocalSlack) -> None:
    """The answer to a form that is gone changes nothing."""
    app = bolt(slack)
    arrived, answered = asyncio.Event(), asyncio.Event()

    @app.command("/x")
    async def command(ack: Any) -> None:
        await ack()

    @app.view("form")
    async def form(ack: Any) -> None:
        arrived.set()
        await answered.wait()
        await ack()

    web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    async with connected(slack, app):
        sent = await slack.slash("U0ANA", "C0APPROVALS", "/x")
        view = (await web.views_open(trigger_id=str(sent.trigger_id), view=modal()))["view"]
        submitting = asyncio.create_task(slack.submit("U0ANA", view["id"], {"why": "x"}))
        await arrived.wait()
        await slack.close_view("U0ANA", view["id"])
        answered.set()
        assert (await submitting).ok
    assert slack.modal("U0ANA") is None


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"nowhere": "No"}},
        {"response_action": "explode"},
        {"response_action": "update", "view": {"type": "modal", "title": {"type": "plain_text", "text": "x"}}},
    ],
)
async def test_a_bad_answer_to_a_form_is_an_error_on_screen(slack: LocalSlack, answer: dict[str, Any]) -> None:
    """Errors for inputs that are not there, unknown actions and invalid views: the form stays, the test is told."""
    app = bolt(slack)

    @app.command("/x")
    async def open_form(ack: Any, client: AsyncWebClient, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("form")
    async def form(ack: Any) -> None:
        await ack(**answer)

    async with connected(slack, app):
        await slack.slash("U0ANA", "C0APPROVALS", "/x")
        view = await slack.wait_for(lambda: slack.modal("U0ANA"))
        sent = await slack.submit("U0ANA", view.id, {"why": "x"})
    assert (sent.ok, sent.error) == (False, "bad_ack")
    assert slack.modal("U0ANA") is not None
    assert slack.problems[0].code == "bad_ack"


async def test_closing_tells_only_who_asked(slack: LocalSlack) -> None:
    """view_closed comes for a view with notify_on_close, and not otherwise."""
    web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
    for notify in (True, False):
        sent = await slack.slash("U0ANA", "C0APPROVALS", "/x")
        await web.views_open(trigger_id=str(sent.trigger_id), view=modal(notify_on_close=notify))
        top = slack.modal("U0ANA")
        assert top is not None
        closed = await slack.close_view("U0ANA", top.id)
        assert (closed is not None) is notify
        assert slack.modal("U0ANA") is None


async def test_an_external_select_asks_the_app(slack: LocalSlack) -> None:
    """block_suggestion carries what was typed; the option chosen is one the app offered."""
    app = bolt(slack)
    view = modal()
    view["blocks"][0]["element"] = {"type": "external_select", "action_id": "find", "min_query_length": 2}

    @app.command("/x")
    async def open_form(ack: Any, client: AsyncWebClient, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.options("find")
    async def find(ack: Any, payload: dict[str, Any]) -> None:
        await ack(
            options=[{"text": {"type": "plain_text", "text": payload["value"].upper()}, "value": payload["value"]}]
        )

    @app.view("form")
    async def form(ack: Any) -> None:
        await ack()

    async with connected(slack, app):
        await slack.slash("U0ANA", "C0APPROVALS", "/x")
        top = await slack.wait_for(lambda: slack.modal("U0ANA"))
        assert await slack.suggest("U0ANA", top.id, "find", "a") == []
        options = await slack.suggest("U0ANA", top.id, "find", "acme")
        assert [option["text"]["text"] for option in options] == ["ACME"]
        sent = await slack.submit("U0ANA", top.id, {"why": options[0]})
    assert sent.payload["view"]["state"]["values"]["why"]["find"]["selected_option"]["value"] == "acme"


async def test_shortcuts_global_and_of_a_message(slack: LocalSlack, posted: str) -> None:
    """Both carry a trigger; the one of a message carries the message and a response URL too."""
    app = bolt(slack)
    used: list[str] = []

    @app.shortcut("do_it")
    async def do_it(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        used.append(body["type"])
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    async with connected(slack, app):
        assert (await slack.shortcut("U0ANA", "do_it")).ok
        await slack.wait_for(lambda: slack.modal("U0ANA"))
        sent = await slack.shortcut("U0BEN", "do_it", channel="C0APPROVALS", ts=posted)
        await slack.wait_for(lambda: slack.modal("U0BEN"))
    assert used == ["shortcut", "message_action"]
    assert sent.payload["message"]["ts"] == posted
    assert sent.response_url is not None


async def test_direct_messages_and_mentions_are_events(slack: LocalSlack) -> None:
    """message.im in the direct message, app_mention in a channel, nothing for other talk."""
    app = bolt(slack)
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    @app.event("message")
    async def message(event: dict[str, Any]) -> None:
        heard.put_nowait((event["channel_type"], event["text"]))

    @app.event("app_mention")
    async def mention(event: dict[str, Any]) -> None:
        heard.put_nowait(("mention", event["text"]))

    @app.event("member_joined_channel")
    async def joined(event: dict[str, Any]) -> None:
        heard.put_nowait(("joined", event["user"]))

    async with connected(slack, app):
        await slack.say("U0ANA", slack.dm("U0ANA"), "hello")
        await slack.say("U0ANA", "C0APPROVALS", "just talk")
        await slack.say("U0ANA", "C0APPROVALS", "hey <@U0BOT>")
        await slack.join("U0ANA", "C0LEADS")
        told = [await asyncio.wait_for(heard.get(), 30) for _ in range(3)]
    assert sorted(told) == [("im", "hello"), ("joined", "U0ANA"), ("mention", "hey <@U0BOT>")]


async def test_two_people_click_at_the_same_moment(slack: LocalSlack, posted: str) -> None:
    """Both presses arrive, each with its own trigger and response URL."""
    app = bolt(slack)

    @app.action("yes")
    async def yes(ack: Any) -> None:
        await ack()

    async with connected(slack, app):
        sent = await asyncio.gather(*[slack.click(user, "C0APPROVALS", posted, "yes") for user in ("U0ANA", "U0BEN")])
    assert [item.ok for item in sent] == [True, True]
    assert len({item.trigger_id for item in sent}) == len({item.response_url for item in sent}) == 2
