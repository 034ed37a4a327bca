"""The Web API as the SDK calls it: what it answers and what it refuses."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from localslack import LocalSlack, Seed

from .conftest import BUTTONS, Clock, refusal


@pytest.fixture
async def posted(web: AsyncWebClient) -> str:
    return str((await web.chat_postMessage(channel="C0APPROVALS", text="Pay?", blocks=BUTTONS))["ts"])


async def test_auth_test_names_the_app_and_its_scopes(web: AsyncWebClient) -> None:
    """Bolt reads identity from the body and scopes from a header."""
    answer = await web.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == ("T0LOCAL", "U0BOT", "B0LOCAL")
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (None, "not_authed"),
        ("xoxb-other", "invalid_auth"),
        ("xapp-1-A0LOCAL-local-app-token", "not_allowed_token_type"),
    ],
)
async def test_a_wrong_token_is_told_apart(slack: LocalSlack, token: str | None, error: str) -> None:
    """Missing, unknown and app-level tokens each get Slack's own error."""
    client = AsyncWebClient(token, base_url=slack.api_url)
    assert (await refusal(client.users_info(user="U0ANA")))["error"] == error


async def test_a_revoked_token_stops_working(slack: LocalSlack, web: AsyncWebClient) -> None:
    """After an uninstall every call answers token_revoked."""
    await slack.uninstall()
    assert (await refusal(web.auth_test()))["error"] == "token_revoked"


async def test_an_expired_token_can_be_renewed(slack: LocalSlack, web: AsyncWebClient) -> None:
    """token_expired, and afterwards the token works again."""
    slack.expire_token()
    assert (await refusal(web.auth_test()))["error"] == "token_expired"
    slack.expire_token(expired=False)
    assert (await web.auth_test())["ok"]


async def test_a_missing_scope_is_named() -> None:
    """The answer says which scope is needed and which are provided; so does the list of problems."""
    async with LocalSlack(Seed.default(scopes=("users:read",))) as slack:
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        answer = await refusal(web.chat_postMessage(channel="C0APPROVALS", text="hi"))
        assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "chat:write", "users:read")
        assert "email" not in (await web.users_info(user="U0ANA"))["user"]["profile"]
        assert [problem.code for problem in slack.problems] == ["missing_scope"]


async def test_conversation_scopes_are_per_kind_of_channel() -> None:
    """channels:, groups: and im: are different scopes, for reading about a channel and for its history."""
    async with LocalSlack(Seed.default(scopes=("chat:write", "channels:read", "channels:history"))) as slack:
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        assert (await web.conversations_history(channel="C0APPROVALS"))["ok"]
        answer = await refusal(web.conversations_history(channel="C0LEADS"))
        assert (answer["error"], answer["needed"]) == ("missing_scope", "groups:history")
        answer = await refusal(web.conversations_info(channel=slack.dm("U0ANA")))
        assert answer["needed"] == "im:read"
        answer = await refusal(web.conversations_list(types="public_channel,im"))
        assert answer["needed"] == "im:read"


async def test_an_unknown_method_is_refused_and_noted(slack: LocalSlack, web: AsyncWebClient) -> None:
    """A method this Slack does not have fails the call, and the test that looks at problems."""
    assert (await refusal(web.api_call("chat.teleport")))["error"] == "unknown_method"
    assert slack.problems[0].code == "unknown_method"


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0NOWHERE", "channel_not_found"),
        ("C0GENERAL", "not_in_channel"),
        ("U0NOBODY", "channel_not_found"),
        ("U0DEE", "channel_not_found"),
        ("U0BOT", "cannot_dm_bot"),
    ],
)
async def test_posting_where_the_bot_cannot(web: AsyncWebClient, channel: str, error: str) -> None:
    """Each impossible target has its own error."""
    assert (await refusal(web.chat_postMessage(channel=channel, text="hi")))["error"] == error


async def test_an_archived_channel_takes_no_messages(slack: LocalSlack, web: AsyncWebClient) -> None:
    """is_archived, as for a channel somebody put away."""
    slack.world.channels["C0LEADS"].archived = True
    assert (await refusal(web.chat_postMessage(channel="C0LEADS", text="hi")))["error"] == "is_archived"


async def test_a_private_channel_is_unknown_from_the_outside(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Without the bot in it, a private channel does not even exist for the app."""
    slack.world.channels["C0LEADS"].members.remove("U0BOT")
    assert (await refusal(web.conversations_info(channel="C0LEADS")))["error"] == "channel_not_found"


async def test_posting_to_a_person_opens_the_direct_message(slack: LocalSlack, web: AsyncWebClient) -> None:
    """The answer carries the D id, which is what a later update needs."""
    answer = await web.chat_postMessage(channel="U0ANA", text="hi")
    assert answer["channel"] == slack.dm("U0ANA")
    assert slack.messages(slack.dm("U0ANA"))[0].text == "hi"
    assert (await refusal(web.chat_update(channel="U0ANA", ts=answer["ts"], text="ho")))["error"] == "channel_not_found"
    assert (await web.chat_update(channel=answer["channel"], ts=answer["ts"], text="ho"))["ok"]


async def test_a_message_needs_something_to_show(web: AsyncWebClient) -> None:
    """Neither text nor blocks nor attachments: no_text."""
    assert (await refusal(web.api_call("chat.postMessage", json={"channel": "C0APPROVALS"})))["error"] == "no_text"


async def test_bad_blocks_are_refused_with_pointers(slack: LocalSlack, web: AsyncWebClient) -> None:
    """invalid_blocks carries one line per problem, each with a JSON pointer."""
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]
    answer = await refusal(web.chat_postMessage(channel="C0APPROVALS", text="hi", blocks=blocks))
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    ]
    assert slack.problems[0].code == "invalid_blocks"
    assert slack.messages("C0APPROVALS") == []


async def test_too_much_text_in_blocks_is_refused(web: AsyncWebClient) -> None:
    """Slack's undocumented total, kept at our own budget of 10,000 characters."""
    blocks = [{"type": "section", "text": {"type": "plain_text", "text": "x" * 2600}} for _ in range(4)]
    answer = await refusal(web.chat_postMessage(channel="C0APPROVALS", text="hi", blocks=blocks))
    assert answer["error"] == "msg_blocks_too_long"


async def test_an_update_with_text_alone_removes_the_blocks(
    slack: LocalSlack, web: AsyncWebClient, posted: str
) -> None:
    """chat.update without blocks drops the old ones and marks the message as edited."""
    await web.chat_update(channel="C0APPROVALS", ts=posted, text="Done")
    message = slack.messages("C0APPROVALS")[0]
    assert (message.text, message.blocks) == ("Done", [])
    assert message.edited is not None


async def test_an_update_with_blocks_is_not_marked_edited(slack: LocalSlack, web: AsyncWebClient, posted: str) -> None:
    """Blocks hide the edited flag; metadata stays unless given, and {} clears it."""
    metadata = {"event_type": "card", "event_payload": {"id": "1"}}
    await web.chat_update(channel="C0APPROVALS", ts=posted, text="a", blocks=BUTTONS, metadata=metadata)
    await web.chat_update(channel="C0APPROVALS", ts=posted, text="b", blocks=BUTTONS)
    message = slack.messages("C0APPROVALS")[0]
    assert message.edited is None
    assert message.metadata == metadata
    await web.chat_update(channel="C0APPROVALS", ts=posted, text="c", blocks=BUTTONS, metadata={})
    assert slack.messages("C0APPROVALS")[0].metadata is None


async def test_an_update_takes_less_text_than_a_post(web: AsyncWebClient, posted: str) -> None:
    """A post truncates at 40,000 characters; an update refuses beyond 4,000."""
    answer = await web.chat_postMessage(channel="C0APPROVALS", text="x" * 40_001)
    assert len(answer["message"]["text"]) == 40_000
    assert (await refusal(web.chat_update(channel="C0APPROVALS", ts=posted, text="x" * 4001)))[
        "error"
    ] == "msg_too_long"


async def test_only_own_messages_can_be_changed(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Another's message, a missing one and an ephemeral one each refuse the update in their way."""
    await slack.say("U0ANA", "C0APPROVALS", "mine")
    theirs = slack.messages("C0APPROVALS")[0].ts
    update = web.chat_update
    assert (await refusal(update(channel="C0APPROVALS", ts=theirs, text="x")))["error"] == "cant_update_message"
    assert (await refusal(update(channel="C0APPROVALS", ts="1.000001", text="x")))["error"] == "message_not_found"
    private = await web.chat_postEphemeral(channel="C0APPROVALS", user="U0ANA", text="psst")
    answer = await refusal(update(channel="C0APPROVALS", ts=private["message_ts"], text="x"))
    assert answer["error"] == "message_not_found"
    assert (await refusal(web.chat_delete(channel="C0APPROVALS", ts=theirs)))["error"] == "cant_delete_message"


async def test_an_ephemeral_needs_a_member(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Only the named member sees it, and it is not in the history."""
    answer = await refusal(web.chat_postEphemeral(channel="C0LEADS", user="U0ANA", text="psst"))
    assert answer["error"] == "user_not_in_channel"
    await web.chat_postEphemeral(channel="C0APPROVALS", user="U0ANA", text="psst")
    assert [message.text for message in slack.ephemerals("U0ANA")] == ["psst"]
    assert slack.messages("C0APPROVALS") == []
    assert (await web.conversations_history(channel="C0APPROVALS"))["messages"] == []


async def test_history_shows_metadata_only_when_asked(web: AsyncWebClient) -> None:
    """The way to look for a post whose answer was lost."""
    metadata = {"event_type": "card", "event_payload": {"id": "1"}}
    first = await web.chat_postMessage(channel="C0APPROVALS", text="one", metadata=metadata)
    await web.chat_postMessage(channel="C0APPROVALS", text="reply", thread_ts=first["ts"])
    plain = (await web.conversations_history(channel="C0APPROVALS"))["messages"]
    assert len(plain) == 1
    assert "metadata" not in plain[0]
    assert (plain[0]["reply_count"], plain[0]["bot_id"]) == (1, "B0LOCAL")
    full = (await web.conversations_history(channel="C0APPROVALS", include_all_metadata=True))["messages"]
    assert full[0]["metadata"] == metadata
    thread = (await web.conversations_replies(channel="C0APPROVALS", ts=str(first["ts"])))["messages"]
    assert [message["text"] for message in thread] == ["one", "reply"]


@pytest.mark.parametrize("metadata", [{"event_type": "x"}, {"event_type": "x", "event_payload": {}, "more": 1}])
async def test_metadata_has_a_shape(web: AsyncWebClient, metadata: dict[str, Any]) -> None:
    """Both fields are required and no others are taken."""
    answer = await refusal(web.chat_postMessage(channel="C0APPROVALS", text="x", metadata=metadata))
    assert answer["error"] == "invalid_metadata_schema"


async def test_lists_come_in_pages(web: AsyncWebClient) -> None:
    """Cursors lead through everything once; an invented one is refused."""
    seen: list[str] = []
    async for page in await web.users_list(limit=2):
        seen += [member["id"] for member in page["members"]]
    assert seen == ["U0ANA", "U0BEN", "U0CLEO", "U0GUS", "U0DEE", "U0BOT"]
    assert (await refusal(web.users_list(cursor="nonsense")))["error"] == "invalid_cursor"


async def test_people_as_slack_describes_them(web: AsyncWebClient) -> None:
    """Guests, strangers, the deactivated and admins carry the flags an app decides by."""
    users = {name: (await web.users_info(user=name))["user"] for name in ("U0CLEO", "U0GUS", "U0DEE", "U0XIA", "U0BOT")}
    assert users["U0CLEO"]["is_admin"]
    assert users["U0GUS"]["is_restricted"]
    assert users["U0DEE"]["deleted"]
    assert "is_restricted" not in users["U0DEE"]
    assert "tz" not in users["U0DEE"]
    assert users["U0XIA"]["is_stranger"]
    assert users["U0XIA"]["team_id"] == "T0PARTNER"
    assert users["U0XIA"]["tz_offset"] == 8 * 3600
    assert users["U0BOT"]["is_bot"]
    assert (await refusal(web.users_info(user="U0NOBODY")))["error"] == "user_not_found"


async def test_people_are_found_by_mail_if_they_are_active_here(web: AsyncWebClient) -> None:
    """The deactivated and those of other workspaces are not found."""
    assert (await web.users_lookupByEmail(email="ANA@example.com"))["user"]["id"] == "U0ANA"
    for email in ("dee@example.com", "xia@partner.example", "who@example.com"):
        assert (await refusal(web.users_lookupByEmail(email=email)))["error"] == "users_not_found"


async def test_user_groups(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Groups by handle and members by id; without the paid plan a refusal that an app must survive."""
    groups = (await web.usergroups_list(include_users=True))["usergroups"]
    assert [(group["id"], group["handle"], group["users"]) for group in groups] == [
        ("S0FINANCE", "finance", ["U0ANA", "U0BEN"])
    ]
    assert (await web.usergroups_users_list(usergroup="S0FINANCE"))["users"] == ["U0ANA", "U0BEN"]
    assert (await refusal(web.usergroups_users_list(usergroup="S0NONE")))["error"] == "no_such_subteam"
    async with LocalSlack(Seed(users=Seed.default().users, user_groups_available=False)) as free:
        client = AsyncWebClient(free.bot_token, base_url=free.api_url)
        assert (await refusal(client.usergroups_list()))["error"] == "plan_upgrade_required"


async def test_conversations(slack: LocalSlack, web: AsyncWebClient) -> None:
    """Channels, their members, direct messages, and who cannot be written to."""
    info = (await web.conversations_info(channel="C0APPROVALS"))["channel"]
    assert (info["is_ext_shared"], info["is_member"], info["is_private"]) == (True, True, False)
    assert "U0XIA" in (await web.conversations_members(channel="C0APPROVALS"))["members"]
    public = (await web.conversations_list())["channels"]
    assert [channel["name"] for channel in public] == ["general", "approvals"]
    both = (await web.users_conversations(types="public_channel,private_channel"))["channels"]
    assert [channel["name"] for channel in both] == ["approvals", "finance-leads"]
    assert (await web.conversations_open(users="U0ANA"))["channel"]["id"] == slack.dm("U0ANA")
    assert (await web.conversations_open(users="U0ANA"))["already_open"]
    assert (await refusal(web.conversations_open(users="U0DEE")))["error"] == "user_disabled"
    assert (await refusal(web.conversations_open(users="U0WHO")))["error"] == "user_not_found"
    slack.world.channels["C0APPROVALS"].members.remove("U0XIA")
    assert (await refusal(web.conversations_open(users="U0XIA")))["error"] == "user_not_visible"


async def test_small_methods(slack: LocalSlack, web: AsyncWebClient, posted: str) -> None:
    """team.info, bots.info, presence, do not disturb, reactions and permalinks answer in Slack's shapes."""
    assert (await web.team_info())["team"]["id"] == "T0LOCAL"
    assert (await web.bots_info(bot="B0LOCAL"))["bot"]["user_id"] == "U0BOT"
    slack.world.users["U0ANA"].away = slack.world.users["U0ANA"].dnd = True
    assert (await web.users_getPresence(user="U0ANA"))["presence"] == "away"
    assert (await web.dnd_info(user="U0ANA"))["dnd_enabled"]
    assert set((await web.dnd_teamInfo(users=["U0ANA", "U0BEN"]))["users"]) == {"U0ANA", "U0BEN"}
    await web.reactions_add(channel="C0APPROVALS", timestamp=posted, name="eyes")
    answer = await refusal(web.reactions_add(channel="C0APPROVALS", timestamp=posted, name="eyes"))
    assert answer["error"] == "already_reacted"
    link = str((await web.chat_getPermalink(channel="C0APPROVALS", message_ts=posted))["permalink"])
    async with aiohttp.ClientSession() as session, session.get(link, allow_redirects=False) as response:
        assert response.headers["Location"] == f"/#channel=C0APPROVALS&ts={posted}"


async def test_blocks_validate_agrees_with_posting(web: AsyncWebClient) -> None:
    """The method that only checks: ok for good blocks, structured errors for bad ones."""
    assert (await web.api_call("blocks.validate", json={"blocks": BUTTONS}))["ok"]
    answer = await refusal(web.api_call("blocks.validate", json={"blocks": [{"type": "alert", "text": "x"}]}))
    assert answer["errors"][0]["pointer"] == "/blocks/0/type"


async def test_timestamps_are_unique_and_follow_the_clock(clock: Clock) -> None:
    """Two posts in the same instant still get different, growing timestamps."""
    async with LocalSlack(clock=clock) as slack:
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        first, second = [str((await web.chat_postMessage(channel="C0APPROVALS", text="x"))["ts"]) for _ in range(2)]
        assert (first, second) == ("1750000000.000000", "1750000000.000001")
